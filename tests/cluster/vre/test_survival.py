"""Pods of the hub and the gateway go and come back; servers, clusters and files stay."""

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

START = """
from dask_gateway import Gateway
cluster = Gateway().new_cluster(shutdown_on_close=False)
cluster.scale(1)
cluster.get_client().wait_for_workers(1, timeout=120)
open("kept.txt", "w").write("kept")
print(cluster.name)
"""
GO_ON = """
import sys
from dask_gateway import Gateway
client = Gateway().connect(sys.argv[1]).get_client()
print(client.submit(sum, [20, 22]).result(timeout=60), open("kept.txt").read())
"""


@pytest.fixture(scope="module")
def at_work(release):
    """A server with a Dask cluster of one worker, the same for each pod that goes: its pod and name."""
    server = release.server_of("researcher")
    name = release.run_in(server, START).split()[-1]
    yield server, name
    release.run_in(server, f"from dask_gateway import Gateway\nGateway().stop_cluster({name!r})")


@pytest.mark.parametrize("component", ["hub", "gateway-api", "gateway-controller", "gateway-proxy", "proxy"])
def test_a_deleted_pod_loses_nothing(release, at_work, component):
    server, name = at_work
    pod = release.pod(component)["metadata"]["name"]
    release.kubectl("delete", "pod", pod, "--wait=true")
    release.kubectl("rollout", "status", f"deployment/{component}", "--timeout=120s")
    release.connect()
    release.wait_for(lambda: "42 kept" in release.run_in(server, GO_ON, name), 60, "the same cluster")
    token = release.token("researcher")
    release.wait_for(
        lambda: release.servers("researcher", token).get("", {}).get("ready"), 60, "the server on the hub"
    )
    assert release.pod("singleuser-server", "researcher")["metadata"]["uid"] == server["metadata"]["uid"]
    release.wait_for(
        lambda: release.api(token, "GET", "/user/researcher/api/status").ok, 60, "the server behind the proxy"
    )


def test_a_full_home_does_not_block_a_start(release, full_home):
    token = release.token(full_home)
    release.start_server(full_home, token, 120)
    server = release.pod("singleuser-server", full_home)
    fill = "import shutil\nprint(shutil.disk_usage('.').free)"
    assert int(release.run_in(server, fill)) == 0
    kernels = release.api(token, "POST", f"/user/{full_home}/api/kernels", json={})
    assert kernels.status_code == 201, kernels.text
    release.stop_server(full_home, token)
