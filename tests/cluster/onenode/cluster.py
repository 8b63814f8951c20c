"""The cluster as a whole: brought up in the order in which its parts need each other, and taken down."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import addons, cilium, control_plane, images, network, node, outside, packages, processes, programs
from .errors import OneNodeError
from .folders import CLUSTER_TESTS, State
from .processes import run

# One cluster at a time: Cilium's names on a machine are fixed.
LOCK = Path("/run/lock/odatis-onenode")
CURRENT = Path("/run/lock/odatis-onenode.state")
NEEDED = ("kubernetes", "cilium", "coredns", "local-path-provisioner")


def up(root: Path, keeper: int | None = None, say=lambda line: None) -> State:
    """Bring a cluster up; what goes wrong, or is interrupted, leaves nothing behind.

    Parameters
    ----------
    root : pathlib.Path
        The cluster's state folder.
    keeper : int, optional
        A process: when it ends, however it does, the cluster is taken down.
    say : callable
        Told in a sentence what takes long.
    """
    state = State(root.resolve())
    packages.check()
    for name in NEEDED:
        programs.build(name, say)
    with _alone(state, say):
        if is_up(state):
            return state
        _take_down(state, say)
        with _interruptible():
            try:
                _bring_up(state, keeper, say)
            except BaseException:
                _take_down(state, say)
                raise
    return state


def _bring_up(state: State, keeper: int | None, say) -> None:
    network.remember(state)
    CURRENT.write_text(str(state.root), "utf-8")
    processes.record(state, "up", os.getpid())
    _watch(state, keeper)
    shutil.rmtree(state.logs, ignore_errors=True)
    network.check_free()
    network.add_node()
    network.guard(state)
    control_plane.sign(state)
    say("Starting the API server. / Démarrage du serveur d'API.")
    control_plane.bring_up(state)
    cilium.define(state)
    say("Starting the node. / Démarrage du nœud.")
    node.bring_up(state)
    say("Starting the network. / Démarrage du réseau.")
    cilium.bring_up(state)
    addons.bring_up(state)
    node.wait_until_ready(state)
    addons.wait_until_ready(state)
    state.ready.touch()
    (state.run / "pids" / "up").unlink()


def current() -> State | None:
    """Find the cluster that this machine has, whole or not."""
    found = State(Path(CURRENT.read_text("utf-8"))) if CURRENT.exists() else None
    return found if found and found.run.exists() else None


def is_up(state: State) -> bool:
    """Tell whether a cluster is up, and all of it."""
    names = ("etcd", "kube-apiserver", "kubelet", "containerd", "cilium-agent", "local-path-provisioner")
    return state.ready.exists() and all(processes.named(state, name) for name in names)


def down(root: Path, say=lambda line: None) -> None:
    """Take a cluster down, whatever is left of it, and put the machine's network back."""
    packages.require_root()
    state = State(root.resolve())
    if (starting := processes.named(state, "up")) and starting.pid != os.getpid():
        processes.end([starting], 60)
    with _alone(state, say, takes_down=True):
        _take_down(state, say)


def _take_down(state: State, say) -> None:
    if not state.run.exists():
        return
    say("Taking the cluster down. / Arrêt du cluster.")
    with _uninterrupted():
        with contextlib.suppress(OneNodeError, OSError):
            _delete_pods(state)
        processes.stop(state, "kubelet", 10)
        processes.stop(state, "cilium-agent", 10)
        # While watches are open it would take a minute to end by itself.
        processes.stop(state, "kube-apiserver", 0)
        processes.stop(state, "etcd", 5)
        with contextlib.suppress(OneNodeError, OSError):
            _end_containers(state)
        processes.stop(state, "containerd", 10)
        processes.end([found for found in processes.marked(state) if not _watches(found)])
        # After a restart of the machine, what has a fixed name on it may be another cluster's.
        alone = current() in (None, state)
        if alone:
            outside.remove()
            node.end_pods(state)
        _unmount(state, alone)
        if alone:
            network.restore(state)
        _forget(state)


def _delete_pods(state: State) -> None:
    if not processes.named(state, "kube-apiserver"):
        return
    for name in ("kube-controller-manager", "kube-scheduler", "local-path-provisioner"):
        processes.stop(state, name, 2)
    if not processes.named(state, "kubelet"):
        return
    control_plane.kubectl(
        state, "delete", "pods", "-A", "--all", "--grace-period=1", "--wait=false", seconds=20
    )
    patience = time.monotonic() + 25
    while node.pods(state) and time.monotonic() < patience:
        time.sleep(0.2)


def _end_containers(state: State) -> None:
    if not processes.named(state, "containerd"):
        return
    for task in images.ctr(state, "tasks", "ls", "-q", seconds=10).split():
        images.ctr(state, "tasks", "rm", "--force", task, check=False, seconds=10)
    for container in images.ctr(state, "containers", "ls", "-q", seconds=10).split():
        images.ctr(state, "containers", "rm", container, check=False, seconds=10)


def _unmount(state: State, alone: bool) -> None:
    before = (
        json.loads(state.before.read_text("utf-8"))["mounts"] if state.before.exists() else network.mounts()
    )
    for mount in reversed(network.mounts()):
        shared = mount == "/sys/fs/bpf" or mount.startswith("/run/cilium/")
        if mount.startswith(f"{state.root}/") or (alone and shared and mount not in before):
            if mount == "/sys/fs/bpf":
                # What is pinned there holds on to the interfaces.
                network.unpin()
            run("umount", "--lazy", mount, check=False)


def _forget(state: State) -> None:
    left = [mount for mount in network.mounts() if mount.startswith(f"{state.root}/")]
    if left:
        raise OneNodeError(
            f"{left[0]} is still mounted: end what uses it, and run `down` again.",
            f"{left[0]} est encore monté : arrêtez ce qui l'utilise, puis relancez `down`.",
        )
    shutil.rmtree(state.volumes, ignore_errors=True)
    state.kubeconfig.unlink(missing_ok=True)
    if current() == state:
        CURRENT.unlink()
    watching = [found for found in processes.marked(state) if _watches(found)]
    shutil.rmtree(state.run, ignore_errors=True)
    # They see that the cluster is gone, and end.
    processes.end(watching, 5)


def _watch(state: State, keeper: int | None) -> None:
    """Start what takes the cluster down when the process that wants it ends."""
    command = [sys.executable, "-m", "onenode.supervisor", state.root, os.getpid(), keeper or 0]
    processes.start(state, "supervisor", command, PYTHONPATH=str(CLUSTER_TESTS))


def _watches(process) -> bool:
    with contextlib.suppress(Exception):
        return "onenode.supervisor" in process.cmdline()
    return False


@contextmanager
def _alone(state: State, say, takes_down: bool = False) -> Iterator[None]:
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    with LOCK.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(
                "Waiting for another command of a test cluster to end."
                " / Attente de la fin d'une autre commande d'un cluster de test."
            )
            fcntl.flock(lock, fcntl.LOCK_EX)
        if current() not in (None, state) and not takes_down:
            end = f"`python -m onenode down --state {current().root}`"
            raise OneNodeError(
                f"This machine has a test cluster already: {end} ends it.",
                f"Cette machine a déjà un cluster de test : {end} l'arrête.",
            )
        yield


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGTERM end a start as Ctrl-C does."""

    def interrupt(number, frame):
        raise KeyboardInterrupt

    with _handlers({signal.SIGTERM: interrupt, signal.SIGHUP: interrupt}):
        yield


@contextmanager
def _uninterrupted() -> Iterator[None]:
    with _handlers(dict.fromkeys((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), signal.SIG_IGN)):
        yield


@contextmanager
def _handlers(wanted: dict) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
