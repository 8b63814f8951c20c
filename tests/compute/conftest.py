import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import dask
import dask_gateway  # noqa: F401 - sets Dask's gateway defaults before a test overrides some
import pytest

from odatis_vre.i18n import use_language

GATEWAY_CONFIG = """
c.DaskGateway.backend_class = "dask_gateway_server.backends.local.UnsafeLocalBackend"
c.DaskGateway.authenticator_class = "dask_gateway_server.auth.SimpleAuthenticator"
c.SimpleAuthenticator.password = {password!r}
c.DaskGateway.address = "127.0.0.1:{port}"
c.Proxy.address = "127.0.0.1:{proxy_port}"
c.LocalBackend.clusters_directory = {directory!r}
c.LocalBackend.sigint_timeout = 2
c.LocalBackend.inherited_environment = ["PATH", "PYTHONPATH", "OPENBLAS_CORETYPE", "HOME"]
c.DBBackendBase.cluster_status_period = 1
c.DBBackendBase.worker_status_period = 1
c.ClusterConfig.cluster_max_workers = 2
c.ClusterConfig.scheduler_cmd = {scheduler!r}
c.ClusterConfig.worker_cmd = {worker!r}
"""
# Four cores: one scheduler and three workers, or two schedulers and two workers.
LIMITS = """
c.DaskGateway.backend_class = "odatis_vre.hub.gateway.LocalBackend"
c.UserLimits.user_max_clusters = 2
c.UserLimits.user_max_cores = 4
c.UserLimits.user_max_memory = 8 * 2**30
c.ClusterConfig.worker_memory = c.ClusterConfig.scheduler_memory = "1G"
c.ClusterConfig.cluster_max_workers = 9
"""
SCHEDULER = [sys.executable, "-m", "dask", "scheduler", "--no-dashboard"]
WORKER = [sys.executable, "-m", "dask", "worker", "--no-dashboard"]


@dataclass
class GatewayServer:
    """A Dask Gateway server of this test, on loopback."""

    address: str
    proxy_address: str
    password: str
    clusters: Path
    process: subprocess.Popen

    def stop(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(5)


def start_gateway(folder: Path, ports: list[int], worker=WORKER, more: str = "") -> GatewayServer:
    (port, proxy_port), password = ports, secrets.token_hex(16)
    clusters = folder / "clusters"
    clusters.mkdir()
    config = folder / "dask_gateway_config.py"
    config.write_text(
        GATEWAY_CONFIG.format(
            password=password,
            port=port,
            proxy_port=proxy_port,
            directory=str(clusters),
            scheduler=SCHEDULER,
            worker=worker,
        )
        + more
    )
    with (folder / "gateway.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dask_gateway_server", "-f", str(config)],
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        )
    address = f"http://127.0.0.1:{port}"
    server = GatewayServer(address, f"gateway://127.0.0.1:{proxy_port}", password, clusters, process)
    for _ in range(150):
        try:
            urllib.request.urlopen(f"{address}/api/health", timeout=2).close()
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, (folder / "gateway.log").read_text()
            time.sleep(0.2)
        else:
            return server
    server.stop()
    pytest.fail((folder / "gateway.log").read_text())


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, free_ports):
    server = start_gateway(tmp_path_factory.mktemp("gateway"), free_ports(2))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def limited_gateway(tmp_path_factory, free_ports):
    """A gateway as `make run` has it: all clusters of a user count together."""
    server = start_gateway(tmp_path_factory.mktemp("limited"), free_ports(2), more=LIMITS)
    yield server
    server.stop()


@pytest.fixture
def slow_gateway(tmp_path, free_ports):
    """A gateway whose workers never come: their command only sleeps."""
    sleeper = [sys.executable, "-c", "import time; time.sleep(120)", "--"]
    server = start_gateway(tmp_path, free_ports(2), worker=sleeper)
    yield server
    server.stop()


@pytest.fixture
def small_gateway(tmp_path, free_ports):
    """A gateway whose workers have one core and 300 MiB."""
    bounds = f"c.ClusterConfig.worker_memory = {300 * 2**20}\nc.ClusterConfig.worker_cores = 1\n"
    server = start_gateway(tmp_path, free_ports(2), more=bounds)
    yield server
    server.stop()


@pytest.fixture
def inside_vre(monkeypatch):
    """Set the environment of a server of the VRE, with a gateway and a token."""

    def enter(address: str, proxy_address: str = "", password: str = "") -> str:
        token = f"hub-token-{secrets.token_hex(8)}"
        monkeypatch.setenv("JUPYTERHUB_API_TOKEN", token)
        monkeypatch.setenv("DASK_GATEWAY__ADDRESS", address)
        monkeypatch.setenv("DASK_GATEWAY__PROXY_ADDRESS", proxy_address)
        monkeypatch.setenv("DASK_GATEWAY__AUTH__TYPE", "basic")
        kwargs = {"username": "chercheuse", "password": password}
        stack.enter_context(dask.config.set({"gateway.auth.kwargs": kwargs}))
        return token

    with ExitStack() as stack:
        yield enter


@pytest.fixture
def outside_vre(monkeypatch):
    for name in ("JUPYTERHUB_API_TOKEN", "DASK_GATEWAY__ADDRESS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def english():
    with use_language("en"):
        yield


@pytest.fixture
def lines():
    """What a start said."""
    return []
