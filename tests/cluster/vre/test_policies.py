"""What a user's pod and a worker may reach. Each refusal is against something that answers elsewhere."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import requests

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

# Prints which of the given host:port answer a connection.
KNOCK = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def knock(target):
    host, _, port = target.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=4).close()
        return True
    except OSError:
        return False
with ThreadPoolExecutor(16) as pool:
    print(json.dumps(list(pool.map(knock, sys.argv[1:]))))
"""
BEYOND = {"kubelet", "api-server", "metadata", "wireserver", "private", "endpoint", "internet"}
CLUSTER = """
from dask_gateway import Gateway
cluster = Gateway().new_cluster(shutdown_on_close=False)
cluster.scale(1)
cluster.get_client().wait_for_workers(1, timeout=120)
"""


def ip(pod: dict) -> str:
    return pod["status"]["podIP"]


@pytest.fixture(scope="module")
def inhabited(release):
    """Two users, each with a server, a scheduler and a worker."""

    def begin(user: str) -> tuple[str, dict]:
        server = release.server_of(user)
        release.run_in(server, CLUSTER)
        return user, server

    with ThreadPoolExecutor(2) as pool:
        servers = dict(pool.map(begin, ("researcher", "chercheuse")))
    pods = {user: {"server": server} for user, server in servers.items()}
    owner = {c["metadata"]["name"]: c["spec"]["username"] for c in release.clusters()}
    for part in ("scheduler", "worker"):
        for pod in release.pods(f"dask-{part}"):
            pods[owner[pod["metadata"]["labels"]["gateway.dask.org/cluster"]]][part] = pod
    yield pods
    for user in servers:
        release.api(release.token(user), "DELETE", f"/hub/api/users/{user}/server")
    release.wait_for(lambda: not release.clusters(), 90, "the end of the Dask clusters")


@pytest.fixture(scope="module")
def targets(release, inhabited, outside, anywhere):
    """Name to host:port; all of them answer whom no policy holds back: a free pod, or the node for pods."""
    other, own = inhabited["chercheuse"], inhabited["researcher"]
    (node, *_) = release.cluster.get("nodes")["items"]
    kubelet = next(a["address"] for a in node["status"]["addresses"] if a["type"] == "InternalIP")
    found = {
        "hub": f"{ip(release.pod('hub'))}:8081",
        "proxy": "proxy-public:80",
        "proxy-api": f"{ip(release.pod('proxy'))}:8001",
        "gateway": "gateway-proxy:8000",
        "gateway-api": f"{ip(release.pod('gateway-api'))}:8000",
        "own-scheduler": f"{ip(own['scheduler'])}:8786",
        "own-worker": f"{ip(own['worker'])}:{worker_port(release, own)}",
        "other-server": f"{ip(other['server'])}:8888",
        "other-scheduler": f"{ip(other['scheduler'])}:8786",
        "other-scheduler-pages": f"{ip(other['scheduler'])}:8787",
        "other-worker": f"{ip(other['worker'])}:{worker_port(release, other)}",
        "kubelet": f"{kubelet}:10250",
        "api-server": "kubernetes.default.svc:443",
        "metadata": f"{outside.metadata}:80",
        "wireserver": f"{outside.wireserver}:80",
        "private": f"{outside.unlisted}:80",
        "endpoint": f"{outside.private}:80",
        "internet": f"{outside.internet}:80",
    }
    beyond = {name: found[name] for name in BEYOND}
    pods = {name: target for name, target in found.items() if target[0].isdigit() and name not in BEYOND}
    silent = [name for name, open_ in answers(knock_from_here, pods) if not open_]
    silent += [name for name, open_ in answers(anywhere, beyond) if not open_]
    assert silent == [], "these would prove nothing"
    return found


def answers(ask, targets: dict[str, str]) -> list[tuple[str, bool]]:
    return list(zip(targets, json.loads(ask(KNOCK, *targets.values())), strict=True))


def knock_from_here(code: str, *words: str) -> str:
    """As the node, which every pod lets in for its probes."""
    program = [sys.executable, "-", *words]
    return subprocess.run(program, input=code, capture_output=True, text=True, check=True).stdout


def worker_port(release, of: dict) -> int:
    text = release.run_in(of["worker"], LISTENS)
    return int(text)


LISTENS = """
import socket, struct
for line in open("/proc/net/tcp").read().splitlines()[1:] + open("/proc/net/tcp6").read().splitlines()[1:]:
    fields = line.split()
    port = int(fields[1].split(":")[1], 16)
    if fields[3] == "0A" and port > 1024:
        print(port)
        break
"""


def reached(release, pod, targets) -> set[str]:
    return {name for name, open_ in answers(partial(release.run_in, pod), targets) if open_}


def test_a_user_reaches_what_the_work_needs_and_nothing_else(release, inhabited, targets):
    found = reached(release, inhabited["researcher"]["server"], targets)
    assert found == {"hub", "proxy", "gateway", "endpoint", "internet"}


def test_a_worker_reaches_its_own_scheduler_and_the_data_and_nothing_else(release, inhabited, targets):
    found = reached(release, inhabited["researcher"]["worker"], targets)
    assert found == {"own-scheduler", "own-worker", "endpoint", "internet"}


def test_a_scheduler_reaches_its_own_cluster_and_the_gateways_api_and_nothing_else(
    release, inhabited, targets
):
    found = reached(release, inhabited["researcher"]["scheduler"], targets)
    assert found == {"own-scheduler", "own-worker", "gateway-api"}


def test_the_hub_refuses_without_a_token(release, inhabited):
    code = """
import urllib.error, urllib.request
try:
    print(urllib.request.urlopen("http://hub:8081/hub/api/users", timeout=5).status)
except urllib.error.HTTPError as error:
    print(error.code)
"""
    assert release.run_in(inhabited["researcher"]["server"], code).strip() == "403"


def test_names_are_resolved(release, inhabited):
    code = "import socket; print(socket.gethostbyname('proxy-public'))"
    for pod in inhabited["researcher"].values():
        assert release.run_in(pod, code).strip()


def test_no_pod_of_a_user_holds_a_token_of_the_cluster(release, inhabited):
    code = "import os; print(os.path.exists('/var/run/secrets/kubernetes.io'))"
    for pod in inhabited["researcher"].values():
        assert release.run_in(pod, code).strip() == "False"


def test_scheduler_pages_open_for_their_owner_only(release, inhabited):
    label = inhabited["researcher"]["scheduler"]["metadata"]["labels"]["gateway.dask.org/cluster"]
    page = f"{release.address}/services/dask-gateway/clusters/{release.namespace}.{label}/status"
    stranger = requests.get(page, timeout=20)
    assert "/hub/login" in stranger.url
    owner = release.login("researcher").get(page, timeout=20)
    assert (owner.status_code, owner.url) == (200, page)
    assert "Bokeh" in owner.text or "dask" in owner.text.lower()
    other = release.login("chercheuse").get(page, timeout=20)
    assert other.status_code == 403
