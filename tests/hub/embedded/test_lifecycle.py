"""`odatis up`, `status`, `down`: starts, says, stops."""

import json
import signal
import socket
import stat
import subprocess
import time

import psutil
import pytest
import requests

pytestmark = pytest.mark.hub


def test_the_greeting_gives_address_user_and_password(vre):
    assert {vre.address, "researcher, trainee", vre.password} <= {
        part.split(":", 1)[-1].strip() for line in vre.said().splitlines() for part in (line,)
    }


def test_the_password_is_kept_for_the_owner_alone(vre):
    assert stat.S_IMODE((vre.state / "password").stat().st_mode) == 0o600


def test_status_says_what_runs(vre):
    told = json.loads(vre.odatis("status", "--state", str(vre.state), "--json").stdout)
    assert told["running"]
    assert told["address"] == vre.address
    assert told["user"] == "researcher"
    assert told["users"] == ["researcher", "trainee"]
    assert told["password_file"] == str(vre.state / "password")
    assert set(told["services"].values()) == {True}
    assert {"odatis", "hub", "proxy", "dask-gateway", "dask-gateway-proxy", "idle-culler"} <= set(
        told["pids"]
    )
    assert told["pids"]["odatis"] == [vre.process.pid]


def test_status_never_tells_the_password(vre):
    for words in (["status"], ["status", "--json"]):
        assert vre.password not in vre.odatis(*words, "--state", str(vre.state)).stdout


def test_a_second_start_from_the_same_folder_is_refused_in_words(vre):
    second = vre.odatis("up", str(vre.settings), "--state", str(vre.state))
    assert second.returncode == 1
    assert "already runs" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_taken_port_is_one_sentence(new_vre):
    vre = new_vre()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", vre.port))
        taken.listen()
        told = vre.odatis("up", str(vre.settings), "--state", str(vre.state), "--port", str(vre.port))
    assert told.returncode == 1
    assert f"Port {vre.port} of 127.0.0.1 cannot be used" in told.stderr
    assert len(told.stderr.splitlines()) == 2


def test_a_folder_that_cannot_be_written_is_one_sentence(new_vre):
    vre = new_vre()
    vre.state.write_text("a file stands where the folder should be")
    told = vre.odatis("up", str(vre.settings), "--state", str(vre.state))
    assert told.returncode == 1
    assert "cannot be written" in told.stderr
    assert len(told.stderr.splitlines()) == 2


def test_a_full_disk_is_one_sentence(new_vre, missing):
    vre = new_vre()
    vre.state.mkdir()
    small = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(vre.state)]
    if subprocess.run(small, capture_output=True).returncode != 0:
        missing("a small file system", "run as root, which may mount one")
    try:
        told = vre.odatis("up", str(vre.settings), "--state", str(vre.state), "--port", str(vre.port))
    finally:
        subprocess.run(["umount", str(vre.state)], check=True)
    assert told.returncode == 1
    assert "is full: less than 50 MB are free" in told.stderr
    assert len(told.stderr.splitlines()) == 2


def test_a_folder_with_other_files_is_left_alone(new_vre):
    vre = new_vre()
    (vre.state / "clusters").mkdir(parents=True)
    (vre.state / "clusters" / "mine.csv").write_text("1")
    told = vre.odatis("up", str(vre.settings), "--state", str(vre.state))
    assert told.returncode == 1
    assert "not a VRE's" in told.stderr
    assert (vre.state / "clusters" / "mine.csv").exists()


def test_wrong_settings_are_told_before_anything_starts(new_vre):
    vre = new_vre("hub: {prot: 1}\n")
    told = vre.odatis("up", str(vre.settings), "--state", str(vre.state))
    assert "line 1: unknown key hub.prot" in told.stderr
    assert not vre.state.exists()


def test_status_and_down_where_nothing_runs(new_vre):
    vre = new_vre()
    told = vre.odatis("status", "--state", str(vre.state), "--json")
    assert (told.returncode, json.loads(told.stdout)["running"]) == (1, False)
    assert vre.odatis("down", "--state", str(vre.state)).stdout == "Nothing was running.\n"


def test_it_speaks_french(new_vre):
    vre = new_vre(lang="fr")
    told = vre.odatis("status", "--state", str(vre.state))
    assert "Aucun VRE ne tourne" in told.stdout


def test_everything_listens_on_this_machine_only_and_ctrl_c_stops_it(with_work):
    listening = {
        (process.pid, connection.laddr.ip)
        for process in with_work.processes()
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    # The hub, its proxy, the gateway and its proxy, a dashboard, a server, a kernel, a scheduler.
    assert len({pid for pid, _ in listening}) >= 7
    assert {address for _, address in listening} <= {"127.0.0.1", "::1"}
    assert with_work.stop(signal.SIGINT) == 0
    assert with_work.processes() == []
    assert with_work.saved() == "field notes"


def test_a_closed_terminal_stops_every_process(new_vre):
    vre = new_vre().start()
    assert vre.stop(signal.SIGHUP) == 0
    assert vre.processes() == []


def test_a_signal_in_the_middle_of_a_stop_does_not_cut_it_short(with_work):
    with_work.process_of("jupyterhub_config.py").kill()
    patience = time.monotonic() + 30
    while with_work.process.poll() is None and time.monotonic() < patience:
        with_work.process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    assert with_work.process.wait(30) in (0, 1)
    assert "Traceback" not in with_work.said()
    assert with_work.processes() == []


def test_nohup_holds_until_it_is_told_to_end(new_vre):
    vre = new_vre().start(ignored=signal.SIGHUP)
    vre.process.send_signal(signal.SIGHUP)
    time.sleep(1)
    assert all(vre.answers().values())
    assert vre.stop(signal.SIGTERM) == 0
    assert vre.processes() == []


def test_a_running_vre_bears_odd_events_and_edited_settings(new_vre):
    vre = new_vre().start()
    with (vre.state / "events.jsonl").open("a") as events:
        events.write('{"kind": "login", "us\n[]\n{"kind": "never heard"}\n')
    vre.settings.write_text("hub: {prot: 1}\n")
    with pytest.raises(requests.HTTPError, match="403"):
        vre.login("intruder")
    vre.wait_for(lambda: "A login was refused" in vre.said(), 10, "word of the refusal")
    assert "intruder" not in vre.said()
    assert json.loads(vre.odatis("status", "--state", str(vre.state), "--json").stdout)["users"] == [
        "researcher",
        "trainee",
    ]


def test_down_stops_every_process_from_elsewhere(with_work):
    told = with_work.odatis("down", "--state", str(with_work.state))
    assert told.returncode == 0
    assert with_work.process.wait(10) == 0
    assert with_work.processes() == []
    assert with_work.saved() == "field notes"
