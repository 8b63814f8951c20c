"""A cluster that is gone, however it went, leaves the machine as it was.

That the shared one does, after all tests on it, is asserted at its end (conftest.py).
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from machine import machine, ours
from onenode import cluster as onenode
from onenode import processes
from onenode.control_plane import kubectl
from onenode.folders import State, cache
from onenode.outside import INTERNET, outside
from onenode.processes import run
from pods import until

HERE = Path(__file__).parent


@pytest.fixture
def state(missing, leave_out, counted):
    """The folders of a cluster of the test's own; no packet of its pods was on its way out."""
    found = State((cache() / "onenode").resolve())
    if os.environ.get("KUBECONFIG"):
        leave_out("these tests bring up one of their own")
    if other := onenode.current():
        missing("A machine without a cluster", f"`python -m onenode down --state {other.root}` ends it")
    onenode.down(found.root)
    found.dropped.unlink(missing_ok=True)
    yield found
    onenode.down(found.root)
    counted.append(int(found.dropped.read_text("utf-8")))
    assert counted[-1] == 0


def begin(state: State, *words: object) -> subprocess.Popen:
    command = [sys.executable, "-m", "onenode", "up", "--state", state.root, *words]
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    return subprocess.Popen(
        [str(word) for word in command],
        env=environment,
        start_new_session=True,
        # A test run in the background ignores Ctrl-C, and what it starts would too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def is_down(state: State, seconds: float) -> bool:
    return bool(until(lambda: not state.run.exists() and not ours(), seconds))


def test_cluster_goes_when_its_keeper_is_killed(state):
    before = machine()
    keeper = subprocess.Popen(["sleep", "600"])
    try:
        assert begin(state, "--while", keeper.pid).wait(200) == 0
        time.sleep(2)
        assert onenode.is_up(state)
    except BaseException:
        keeper.kill()
        raise
    assert machine() != before
    assert "Running" in kubectl(state, "get", "pods", "-A")
    # What a killed test leaves goes too: the world outside is still there when the cluster ends.
    with outside():
        assert run("ip", "route", "get", INTERNET).startswith(f"{INTERNET} via")
        keeper.kill()
        keeper.wait()
        assert is_down(state, 60)
        assert machine() == before


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        # The API server comes; the node comes; the node runs, and the network comes.
        (signal.SIGINT, "kube-apiserver"),
        (signal.SIGTERM, "kubelet"),
        (signal.SIGKILL, "cilium-agent"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_start_that_is_interrupted_leaves_nothing(state, number, moment):
    before = machine()
    starting = begin(state)
    assert until(lambda: processes.named(state, moment), 100)
    starting.send_signal(number)
    starting.wait(100)
    assert is_down(state, 60)
    assert machine() == before


def test_down_works_after_everything_was_killed(state):
    before = machine()
    onenode.up(state.root, os.getpid())
    # As the test of a full home has it when it is killed.
    disk, folder = state.run / "disk", state.run / "home"
    folder.mkdir()
    with disk.open("wb") as file:
        file.truncate(2**20)
    run("mkfs.ext4", "-q", disk)
    run("mount", "-o", "loop", disk, folder)
    processes.end(processes.marked(state))
    onenode.down(state.root)
    assert machine() == before
