"""A real cluster for the tests: the one that KUBECONFIG names, or one brought up on this machine."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from not_run import NOT_RUN

import odatis_vre

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from machine import machine  # noqa: E402
from onenode import addons, images, network, programs  # noqa: E402
from onenode import cluster as onenode  # noqa: E402
from onenode.errors import OneNodeError  # noqa: E402
from onenode.folders import State, cache  # noqa: E402
from onenode.outside import outside as make_outside  # noqa: E402
from sharing import keeper, shared  # noqa: E402

collect_ignore = ["onenode", "programs"]
COMMAND = "make test-cluster"
_LAST = ("test_crowd.py", "test_upgrade.py")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Two processes share the cluster: one has the VRE that most tests use, the other all the rest."""
    from xdist.scheduler import LoadScopeScheduling

    class Halves(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "vre" if nodeid.startswith("tests/cluster/vre/test_") else "rest"

    return Halves(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Leave out the cluster's tests where nobody asks for a cluster."""
    ours = [item for item in items if item.path.is_relative_to(HERE)]
    for item in ours:
        item.add_marker(pytest.mark.cluster)
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(600))
    if ours and not (config.getoption("--cluster", default=False) or os.environ.get("ODATIS_TEST_CLUSTER")):
        config.hook.pytest_deselected(items=ours)
        items[:] = [item for item in items if item not in set(ours)]
        config.stash[NOT_RUN].append(
            f"{len(ours)} tests on a real Kubernetes were not run / n'ont pas été lancés : {COMMAND}"
        )
    items.sort(key=_when)


def _when(item) -> tuple[bool, int]:
    """Those that bring up a cluster of their own come before the one that the others share.

    The crowd has the machine for itself when the other process is done; the release is gone after the last.
    """
    shares = item.path.is_relative_to(HERE) and "cluster" in item.fixturenames
    return shares, _LAST.index(item.path.name) if shares and item.path.name in _LAST else -1


@dataclass(frozen=True)
class Cluster:
    """A running cluster, and the real programs that speak to it.

    Parameters
    ----------
    kubeconfig : pathlib.Path
        How to reach it, as its administrator.
    own : bool
        Whether these tests brought it up, and take it down.
    state : State or None
        Its folders, where it runs on this machine.
    """

    kubeconfig: Path
    own: bool
    state: State | None

    def kubectl(
        self,
        *words: object,
        input: str | None = None,  # noqa: A002
        check: bool = True,
        timeout: float = 120,
    ) -> str:
        """Run kubectl and return what it says; with `check=False` also where it refuses."""
        return self._run("kubectl", words, input, check, timeout)

    def helm(
        self,
        *words: object,
        input: str | None = None,  # noqa: A002
        check: bool = True,
        timeout: float = 600,
    ) -> str:
        """Run Helm and return what it says."""
        return self._run("helm", words, input, check, timeout)

    def get(self, *words: object) -> dict:
        """Get objects as kubectl's JSON."""
        return json.loads(self.kubectl("get", *words, "-o", "json"))

    def load(self, *archives: Path) -> list[str]:
        """Make images known to the cluster of this machine; return the names by which its pods get them."""
        return images.load(self.state, archives)

    def published(self, *names: str) -> list[str]:
        """The names by which the pods of somebody else's cluster get this checkout's images."""
        prefix = os.environ.get("ODATIS_IMAGE_PREFIX")
        if not prefix:
            pytest.fail(
                "Say with ODATIS_IMAGE_PREFIX where the cluster of KUBECONFIG finds the images.",
                pytrace=False,
            )
        return [f"{prefix}/{name}:{odatis_vre.__version__}" for name in names]

    def packets(self) -> int | None:
        """Count the packets of pods that were kept from leaving this machine."""
        return network.dropped() if self.state else None

    def names(self, **addresses: str) -> None:
        """Let names outside the cluster lead to addresses, in place of those before."""
        addons.name(self.state, addresses)

    def start(self, *words: object, **kwargs) -> subprocess.Popen:
        """Start a kubectl that goes on, such as port-forward."""
        command = [self.program("kubectl"), *map(str, words)]
        return subprocess.Popen(command, env=self.environment(), **kwargs)

    def program(self, name: str) -> str:
        """Find `kubectl` or `helm`: the machine's own for somebody else's cluster, else those built here."""
        built = {"kubectl": "kubernetes"}.get(name, name)
        return str((not self.state and shutil.which(name)) or programs.build(built) / name)

    def environment(self) -> dict[str, str]:
        """Variables of a program that speaks to this cluster."""
        return {**os.environ, "KUBECONFIG": str(self.kubeconfig)}

    def _run(self, name: str, words, given, check, timeout) -> str:
        done = subprocess.run(
            [self.program(name), *map(str, words)],
            input=given,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self.environment(),
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"{name} {' '.join(map(str, words))}: {done.stderr or done.stdout}")
        return done.stdout if check else done.stdout + done.stderr


@pytest.fixture(scope="session")
def counted(pytestconfig) -> Iterator[list[int]]:
    """Collect, a number a cluster, the packets of pods that were kept from leaving this machine."""
    counts = []
    yield counts
    if counts:
        line = f"packets of pods kept from leaving this machine: {sum(counts)} (clusters: {len(counts)})"
        pytestconfig.stash[NOT_RUN].append(line)


@pytest.fixture(scope="session")
def cluster(counted) -> Iterator[Cluster]:
    """A cluster that is up: of KUBECONFIG, or of this machine, which is afterwards as before."""
    given = os.environ.get("KUBECONFIG")
    state = State(Path(given).resolve().parent if given else (cache() / "onenode").resolve())
    if given and not state.ready.exists():
        yield Cluster(Path(given), own=False, state=None)
        return
    note = state.root / "shared.json"

    def first() -> None:
        own = not given and not onenode.is_up(state)
        if own:
            onenode.down(state.root)
        note.write_text(json.dumps({"own": own, "machine": machine() if own else None}), "utf-8")
        if own:
            onenode.up(state.root, keeper(), lambda line: print(line, file=sys.stderr))  # noqa: T201

    def last() -> None:
        noted = json.loads(note.read_text("utf-8"))
        if noted["own"]:
            onenode.down(state.root)
        counted.append(int(state.dropped.read_text("utf-8")) if noted["own"] else network.dropped())
        assert counted[-1] == 0, "packets of pods were on their way out of this machine"
        if noted["own"]:
            assert json.loads(json.dumps(machine())) == noted["machine"]

    try:
        with shared(state.root, first, last):
            yield Cluster(state.kubeconfig, json.loads(note.read_text("utf-8"))["own"], state)
    except OneNodeError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def leave_out():
    """Leave a test out where KUBECONFIG names another cluster: that is a choice, and no missing tool."""

    def skip(why: str) -> None:
        pytest.skip(f"left out on the cluster that KUBECONFIG names: {why}")

    return skip


@pytest.fixture
def namespace(cluster) -> Iterator[str]:
    """A namespace of its own, with Pod Security `restricted`."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    cluster.kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def outside(cluster, leave_out) -> Iterator[None]:
    """Addresses outside the cluster that answer, in a network of their own on this machine."""
    if not cluster.state:
        leave_out("the world outside is made on its machine")
    with make_outside():
        yield
