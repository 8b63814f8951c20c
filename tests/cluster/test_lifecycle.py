"""A cluster that is gone, however it went, leaves the machine as it was."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from onenode import cluster as onenode
from onenode import network, node, processes
from onenode.control_plane import kubectl
from onenode.folders import State, cache
from onenode.outside import INTERNET, outside
from onenode.processes import run
from pods import until

HERE = Path(__file__).parent
COUNTERS = re.compile(r"packets \d+ bytes \d+|\[\d+:\d+\]|^#.*$", re.MULTILINE)


@pytest.fixture
def state(missing):
    found = State((cache() / "onenode").resolve())
    if os.environ.get("KUBECONFIG"):
        missing("A machine of its own", "these tests bring up a cluster: run without KUBECONFIG")
    if other := onenode.current():
        missing("A machine without a cluster", f"`python -m onenode down --state {other.root}` ends it")
    onenode.down(found.root)
    yield found
    onenode.down(found.root)


def machine() -> dict[str, object]:
    """Look at all of this machine that a cluster changes."""

    def told(*words: str) -> str:
        return COUNTERS.sub("", run(*words, check=False)).strip()

    def listed(*words: str) -> list:
        return sorted(json.dumps(item, sort_keys=True) for item in json.loads(run("ip", "-j", *words)))

    mounts = [
        mount for mount in network.mounts() if "onenode" in mount or mount.startswith(("/run/", "/sys/"))
    ]
    return {
        "links": network.links(),
        "routes": listed("-4", "route", "show", "table", "all"),
        "rules": listed("rule"),
        "traffic control": told("tc", "qdisc"),
        "iptables": told("iptables-save"),
        "nftables": told("nft", "list", "ruleset"),
        "address sets": told("ipset", "list", "-name"),
        "forwarding": Path("/proc/sys/net/ipv4/ip_forward").read_text("utf-8"),
        "mounts": mounts,
        "cgroups": [str(group) for group in node.cgroups() if group.exists()],
        "namespaces": told("ip", "netns"),
        "folders": [folder for folder in network.TRACES if Path(folder).exists()],
        "processes": sorted(_ours()),
    }


def _ours() -> list[str]:
    found = []
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
            if process.environ().get(processes.MARK) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(command[:3]))
        except psutil.Error:
            continue
    return found


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
    return bool(until(lambda: not state.run.exists() and not _ours(), seconds))


def test_after_down_the_machine_is_as_before(state):
    before = machine()
    onenode.up(state.root, os.getpid())
    assert machine() != before
    assert "Running" in kubectl(state, "get", "pods", "-A")
    with outside():
        assert run("ip", "route", "get", INTERNET).startswith(f"{INTERNET} via")
    onenode.down(state.root)
    assert machine() == before


def test_cluster_goes_when_its_keeper_is_killed(state):
    before = machine()
    keeper = subprocess.Popen(["sleep", "600"])
    try:
        assert begin(state, "--while", keeper.pid).wait(200) == 0
        time.sleep(2)
        assert onenode.is_up(state)
    finally:
        keeper.kill()
        keeper.wait()
    assert is_down(state, 60)
    assert machine() == before


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name
)
def test_start_that_is_interrupted_leaves_nothing(state, number):
    before = machine()
    starting = begin(state)
    # In the middle: the node runs, the network comes.
    assert until(lambda: processes.named(state, "cilium-agent"), 100)
    starting.send_signal(number)
    starting.wait(100)
    assert is_down(state, 60)
    assert machine() == before


def test_down_works_after_everything_was_killed(state):
    before = machine()
    onenode.up(state.root, os.getpid())
    processes.end(processes.marked(state))
    onenode.down(state.root)
    assert machine() == before
