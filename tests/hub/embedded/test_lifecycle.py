"""`odatis up`, `status`, `down`: starts, says, stops, and survives being killed."""

import json
import os
import signal
import socket
import stat
import subprocess

import psutil
import pytest

pytestmark = pytest.mark.hub
USER = "researcher"
FIELD_NOTES = {"type": "file", "format": "text", "content": "field notes"}


@pytest.fixture
def with_work(new_vre):
    """A VRE with a running server, a saved file and a Dask cluster."""
    vre = new_vre().start()
    token = vre.token(USER)
    vre.start_server(USER, token, profile="small")
    vre.api(token, "PUT", f"/user/{USER}/api/contents/notes.txt", json=FIELD_NOTES).raise_for_status()
    vre.gateway(token, "POST", "/api/v1/clusters/", json={"cluster_options": {}}).raise_for_status()
    vre.wait_for(
        lambda: any("dask scheduler" in " ".join(p.cmdline()) for p in vre.processes()), 60, "the scheduler"
    )
    return vre


def saved(vre) -> str:
    return (vre.state / "homes" / USER / "notes.txt").read_text()


def answers(vre) -> dict:
    return json.loads(vre.odatis("status", "--state", str(vre.state), "--json").stdout).get("services", {})


def test_everything_listens_on_this_machine_only(vre):
    listening = [
        connection.laddr.ip
        for process in vre.processes()
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 5
    assert set(listening) <= {"127.0.0.1", "::1"}


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
    assert "No space left on device" in told.stderr
    assert len(told.stderr.splitlines()) == 2


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


def test_ctrl_c_stops_every_process(with_work):
    assert with_work.stop(signal.SIGINT) == 0
    assert with_work.processes() == []
    assert saved(with_work) == "field notes"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_every_process(new_vre, number):
    vre = new_vre().start()
    assert vre.stop(number) == 0
    assert vre.processes() == []


def test_down_stops_every_process_from_elsewhere(with_work):
    told = with_work.odatis("down", "--state", str(with_work.state))
    assert told.returncode == 0
    assert with_work.process.wait(10) == 0
    assert with_work.processes() == []
    assert saved(with_work) == "field notes"


def test_after_a_kill_the_next_start_cleans_and_starts(with_work):
    with_work.process.kill()
    with_work.process.wait()
    before = {process.pid for process in with_work.processes()}
    assert len(before) > 6
    assert "processes are left" in with_work.odatis("status", "--state", str(with_work.state)).stdout
    with_work.start()
    assert "processes that an earlier start had left" in with_work.said()
    assert before & {process.pid for process in with_work.processes()} == set()
    assert all(answers(with_work).values())
    assert saved(with_work) == "field notes"


def test_a_killed_hub_stops_all_and_the_next_start_works(with_work):
    with_work.process_of("jupyterhub_config.py").kill()
    assert with_work.process.wait(60) == 1
    assert "The hub stopped by itself" in with_work.said()
    assert with_work.processes() == []
    with_work.start()
    assert all(answers(with_work).values())
    assert saved(with_work) == "field notes"


@pytest.mark.parametrize("part", ["configurable-http-proxy", "dask_gateway_config.py"])
def test_a_killed_proxy_or_gateway_comes_back(with_work, part):
    os.kill(with_work.process_of(part).pid, signal.SIGKILL)
    with_work.wait_for(lambda: "it runs again" in with_work.said(), 90, f"word of {part}")
    with_work.wait_for(lambda: all(answers(with_work).values()), 90, f"{part} to come back")
    token = with_work.token(USER)
    notes = with_work.api(token, "GET", f"/user/{USER}/api/contents/notes.txt")
    assert notes.json()["content"] == "field notes"
    assert len(with_work.gateway(token, "GET", "/api/v1/clusters/").json()) == 1
    assert with_work.stop() == 0
    assert with_work.processes() == []
    with_work.start()
    assert all(answers(with_work).values())
