import os
import signal
import time

import psutil
import pytest

from odatis_vre.compute import cluster, stop_noted
from odatis_vre.compute.noted import note
from odatis_vre.errors import ClusterError
from odatis_vre.i18n import use_language


def children() -> set[int]:
    return {p.pid for p in psutil.Process().children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE}


def gone(pids: set[int]) -> bool:
    for _ in range(50):
        if not pids & children():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.usefixtures("outside_vre")
def test_outside_the_vre_the_workers_are_processes_of_this_machine(lines):
    before = children()
    with cluster(workers=2, worker_memory=0.5, say=lines.append) as client:
        pids = set(client.run(os.getpid).values())
        assert len(pids) == 2
        assert os.getpid() not in pids
        assert client.submit(sum, [1, 2]).result() == 3
    assert lines[0] == "Workers starting on this machine: 2."
    assert lines[-1] == "2 of 2 workers are here."
    assert gone(pids - before)


@pytest.mark.usefixtures("outside_vre")
def test_local_workers_are_bounded_in_memory_and_listen_on_loopback_only():
    with cluster(workers=1, worker_memory=0.5, say=lambda line: None) as client:
        (worker,) = client.scheduler_info()["workers"].values()
        assert worker["memory_limit"] == 2**29
        assert client.scheduler.address.startswith("tcp://127.0.0.1:")
        pids = {os.getpid(), *client.run(os.getpid).values()}
        listening = {
            c.laddr.ip
            for pid in pids
            for c in psutil.Process(pid).net_connections("tcp")
            if c.status == psutil.CONN_LISTEN
        }
    assert listening <= {"127.0.0.1", "::1"}


@pytest.mark.usefixtures("outside_vre")
def test_the_default_client_ends_with_the_block():
    from distributed import default_client

    with cluster(workers=1, worker_memory=0.5, say=lambda line: None) as client:
        assert default_client() is client
    assert client.status == "closed"


@pytest.mark.usefixtures("outside_vre")
def test_an_error_in_the_block_comes_through_and_the_workers_stop():
    pids = set()

    def work() -> None:
        with cluster(workers=1, worker_memory=0.5, say=lambda line: None) as client:
            pids.update(client.run(os.getpid).values())
            raise KeyError("sst")

    with pytest.raises(KeyError, match="sst"):
        work()
    assert gone(pids)


@pytest.mark.usefixtures("outside_vre")
def test_the_lines_are_printed_in_the_language_of_the_reader(capsys):
    with use_language("fr"), cluster(workers=1, worker_memory=0.5):
        pass
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "Workers en cours de démarrage sur cette machine : 1."
    assert printed[-1] == "Workers présents : 1 sur 1."


@pytest.mark.parametrize(
    "options", [{"workers": 0}, {"workers": 1.5}, {"worker_memory": -1}, {"worker_cores": 0}, {"timeout": 0}]
)
def test_a_parameter_out_of_range_is_named(options):
    name, value = next(iter(options.items()))
    with pytest.raises(ClusterError, match=f"{name} = {value}"), cluster(**options):
        pass


def enter(server, inside_vre) -> str:
    return inside_vre(server.address, server.proxy_address, server.password)


def test_in_the_vre_the_workers_come_from_the_gateway(gateway, inside_vre, lines):
    enter(gateway, inside_vre)
    with cluster(workers=2, timeout=90, say=lines.append) as client:
        assert client.scheduler.address.startswith("gateway://")
        pids = set(client.run(os.getpid).values())
        assert len(pids) == 2
        assert client.submit(sum, [1, 2]).result() == 3
        assert len(list(gateway.clusters.iterdir())) == 1
    assert lines[:3] == [
        "Asking the gateway for a cluster.",
        "The gateway accepted; its scheduler is starting.",
        "The scheduler is up.",
    ]
    assert lines[-1] == "2 of 2 workers are here."
    assert stopped(pids)


def stopped(pids: set[int]) -> bool:
    for _ in range(200):
        if not any(psutil.pid_exists(p) and psutil.Process(p).status() != "zombie" for p in pids):
            return True
        time.sleep(0.1)
    return False


def test_an_error_in_the_block_stops_the_gateway_cluster_too(gateway, inside_vre):
    enter(gateway, inside_vre)
    pids = set()

    def work() -> None:
        with cluster(workers=1, timeout=90, say=lambda line: None) as client:
            pids.update(client.run(os.getpid).values())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert stopped(pids)


def test_more_workers_than_allowed_is_refused_with_the_limit(gateway, inside_vre):
    enter(gateway, inside_vre)
    with (
        pytest.raises(ClusterError, match=r"cannot have 3 workers here: 2 at most") as caught,
        cluster(workers=3, timeout=90, say=lambda line: None),
    ):
        pass
    assert "cluster(workers=2)" in caught.value.hint


def test_an_option_the_gateway_does_not_know_is_refused_in_one_sentence(gateway, inside_vre):
    enter(gateway, inside_vre)
    with pytest.raises(ClusterError, match="The gateway refused the cluster: "), cluster(colour="blue"):
        pass


def test_a_wrong_identity_is_told_without_the_token(gateway, inside_vre, caplog, capsys):
    token = inside_vre(gateway.address, gateway.proxy_address, password="wrong")
    with pytest.raises(ClusterError, match=r"does not let you in .HTTP 401") as caught, cluster():
        pass
    told = "".join([str(caught.value), repr(caught.value), caplog.text, *capsys.readouterr()])
    assert token not in told
    assert caught.value.__suppress_context__


def test_a_gateway_that_is_not_there_is_named(inside_vre):
    inside_vre("http://127.0.0.1:9")
    with pytest.raises(ClusterError, match=r"does not answer at http://127\.0\.0\.1:9"), cluster(timeout=20):
        pass


def test_workers_that_do_not_come_are_counted_when_time_is_over(slow_gateway, inside_vre, lines):
    enter(slow_gateway, inside_vre)
    with (
        pytest.raises(ClusterError, match=r"after 15 s\. Waited for the workers \(0 of 2 are here\)"),
        cluster(workers=2, timeout=15, say=lines.append),
    ):
        pass
    assert lines[-1] == "0 of 2 workers are here."
    assert cluster_folders_empty(slow_gateway)


def cluster_folders_empty(server) -> bool:
    """The gateway removes a cluster's folder when it has stopped it."""
    for _ in range(200):
        if not any(server.clusters.iterdir()):
            return True
        time.sleep(0.1)
    return False


def test_a_gateway_that_stops_answering_does_not_hang_the_start(slow_gateway, inside_vre):
    enter(slow_gateway, inside_vre)
    os.kill(slow_gateway.process.pid, signal.SIGSTOP)
    began = time.monotonic()
    try:
        with (
            pytest.raises(ClusterError, match=r"after 2 s\. Waited for the gateway's answer"),
            cluster(timeout=2),
        ):
            pass
    finally:
        os.kill(slow_gateway.process.pid, signal.SIGCONT)
    assert time.monotonic() - began < 40


def test_clusters_that_a_run_leaves_behind_are_stopped_and_no_other(
    gateway, inside_vre, tmp_path, monkeypatch
):
    """As of a kernel that was killed within the block."""
    from dask_gateway import Gateway

    inside_vre(gateway.address, gateway.proxy_address, gateway.password)
    noted = tmp_path / ".clusters"
    with Gateway(address=gateway.address, auth="basic") as mine:
        left, other = mine.submit(), mine.submit()
        monkeypatch.setenv("ODATIS_CLUSTERS", str(noted))
        note(left)
        try:
            stop_noted(noted)
            for _ in range(100):
                names = {cluster.name for cluster in mine.list_clusters()}
                if left not in names:
                    break
                time.sleep(0.2)
            assert names == {other}
        finally:
            mine.stop_cluster(other)
    assert not noted.exists()


def test_a_cluster_of_a_run_is_noted_by_its_name(gateway, inside_vre, tmp_path, monkeypatch):
    inside_vre(gateway.address, gateway.proxy_address, gateway.password)
    monkeypatch.setenv("ODATIS_CLUSTERS", str(tmp_path / ".clusters"))
    with cluster(workers=1, say=lambda line: None) as client:
        (name,) = (tmp_path / ".clusters").read_text().split()
        assert client.submit(sum, [1, 2]).result() == 3
    stop_noted(tmp_path / ".clusters")
    assert name


def test_a_file_of_clusters_that_no_gateway_knows_is_no_error(inside_vre, tmp_path):
    inside_vre("http://127.0.0.1:9")
    (tmp_path / ".clusters").write_text("gone\n")
    stop_noted(tmp_path / ".clusters")
    assert not (tmp_path / ".clusters").exists()
