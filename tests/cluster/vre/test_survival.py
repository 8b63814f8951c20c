"""Pods of the hub and the gateway go and come back; servers, clusters and files stay."""

import pytest
from dask_program import PROGRAM

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

CONNECT_ANEW = """
import sys
from dask_gateway import Gateway
client = Gateway().connect(sys.argv[1]).get_client()
print(client.submit(sum, [20, 22], pure=False).result(timeout=60), open("kept.txt").read())
"""
STOP = "import sys\nfrom dask_gateway import Gateway\nGateway().stop_cluster(sys.argv[1])"


@pytest.fixture(scope="module")
def at_work(release):
    """A server on which one program waits for a slow future: its pod, and what to say to the program."""
    server = release.server_of("researcher")
    with release.conversation(server, PROGRAM) as say:
        name, *said = say("hold always").split()
        assert said == ["42", "pending"]
        yield server, say
    release.run_in(server, STOP, name)


def another(release, component: str, gone: dict) -> bool:
    """Whether another pod of a component is ready."""
    conditions = [
        condition
        for pod in release.pods(component)
        if pod["metadata"]["uid"] != gone["metadata"]["uid"]
        for condition in pod["status"].get("conditions", [])
    ]
    return any(found["type"] == "Ready" and found["status"] == "True" for found in conditions)


@pytest.mark.parametrize("component", ["hub", "gateway-api", "gateway-controller", "gateway-proxy", "proxy"])
def test_a_deleted_pod_loses_nothing(release, at_work, component):
    server, say = at_work
    pod = release.pod(component)
    name = pod["metadata"]["name"]
    # Traefik's pod stays as long as somebody's link to a cluster is open, and takes no new ones.
    held = component == "gateway-proxy"
    release.kubectl("delete", "pod", name, f"--wait={str(not held).lower()}")
    release.wait_for(lambda: another(release, component, pod), 120, f"another pod of {component}")
    release.connect()
    cluster, *said = say("look").split()
    assert said == ["42", "pending"], "the same client computes, and the slow future is not lost"
    assert release.run_in(server, CONNECT_ANEW, cluster).split() == ["42", "kept"]
    token = release.token("researcher")
    release.wait_for(
        lambda: release.servers("researcher", token).get("", {}).get("ready"), 60, "the server on the hub"
    )
    assert release.pod("singleuser-server", "researcher")["metadata"]["uid"] == server["metadata"]["uid"]
    release.wait_for(
        lambda: release.api(token, "GET", "/user/researcher/api/status").ok, 60, "the server behind the proxy"
    )


def test_the_slow_future_gives_its_result_after_all_of_that(release, at_work):
    _, say = at_work
    pods = release.get("pods", "-l", "app.kubernetes.io/component=gateway-proxy")
    ending = [pod for pod in pods if "deletionTimestamp" in pod["metadata"]]
    assert len(ending) == 1, "the deleted pod of Traefik, which holds the open link"
    assert say("release always") == "42"


def test_what_a_link_that_is_cut_leaves(release, at_work):
    """A node that dies takes Traefik at once: Dask forgets futures, not what is published."""
    _, say = at_work
    say("hold lost")
    say("hold published")
    say("publish published")
    selector = "app.kubernetes.io/component=gateway-proxy"
    release.kubectl("delete", "pods", "--selector", selector, "--grace-period=0", "--force")
    release.kubectl("rollout", "status", "deployment/gateway-proxy", "--timeout=120s")
    release.wait_for(lambda: say("look").split()[1:2] == ["42"], 120, "the same client, on a new link")
    assert "scheduler-connection-lost" in say("release lost")
    assert say("get published") == "42"


def test_a_full_home_does_not_block_a_start(release, full_home):
    token = release.token(full_home)
    release.start_server(full_home, token, 120, profile="small")
    server = release.pod("singleuser-server", full_home)
    fill = "import shutil\nprint(shutil.disk_usage('.').free)"
    assert int(release.run_in(server, fill)) == 0
    kernels = release.api(token, "POST", f"/user/{full_home}/api/kernels", json={})
    assert kernels.status_code == 201, kernels.text
    release.stop_server(full_home, token)
