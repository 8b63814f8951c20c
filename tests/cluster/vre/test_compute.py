"""Dask on the cluster: two workers compute, and no user passes the caps, whatever is tried."""

import time

import pytest
from not_run import NOT_RUN

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

TWO_WORKERS = """
import odatis_vre as ov
with ov.cluster(workers=2) as client:
    import socket
    print(sorted(client.run(socket.gethostname).values()))
    print(client.submit(sum, range(101)).result())
"""
TOO_MANY = """
import odatis_vre as ov
from odatis_vre.errors import ClusterError
try:
    with ov.cluster(workers=4):
        print("started")
except ClusterError as error:
    print(error)
"""
RACE = """
from concurrent.futures import ThreadPoolExecutor
from dask_gateway import Gateway
gateway = Gateway()
names = [gateway.submit() for _ in range(2)]
clusters = [gateway.connect(name) for name in names]
def scale(cluster):
    try:
        cluster.scale(2)
        return "taken"
    except Exception as error:
        return str(error)
with ThreadPoolExecutor(2) as pool:
    print(list(pool.map(scale, clusters)))
for cluster in clusters:
    try:
        cluster.adapt(minimum=2, maximum=10)
    except Exception as error:
        print(error)
import time
most = 0
for _ in range(40):
    most = max(most, sum(len(c.scheduler_info.get("workers", {})) for c in clusters))
    time.sleep(0.5)
print("most", most)
"""
THIRD = """
from dask_gateway import Gateway
try:
    print(Gateway().submit())
except Exception as error:
    print(error)
"""
STOP_ALL = """
from dask_gateway import Gateway
gateway = Gateway()
for report in gateway.list_clusters():
    gateway.stop_cluster(report.name)
"""
OTHER_IMAGE = """
from dask_gateway import Gateway
try:
    print(Gateway().submit(image="localhost/other:1"))
except Exception as error:
    print(error)
"""


@pytest.fixture
def server(release):
    """A running server of the researcher, whose Dask clusters are stopped afterwards."""
    pod = release.server_of("researcher")
    yield pod
    release.run_in(pod, STOP_ALL)
    release.wait_for(lambda: not release.pods("dask-worker"), 60, "the end of the workers")


def test_two_workers_compute(release, server, pytestconfig):
    began = time.monotonic()
    hosts, total = release.run_in(server, TWO_WORKERS).splitlines()[-2:]
    told = f"a Dask cluster of two workers, from its request to its result: {time.monotonic() - began:.0f} s"
    pytestconfig.stash[NOT_RUN].append(told)
    assert len(set(eval(hosts))) == 2
    assert total == "5050"


def test_workers_are_what_a_security_officer_wants(release, server):
    release.run_in(server, "from dask_gateway import Gateway\nGateway().new_cluster(shutdown_on_close=False)")
    (pod,) = release.pods("dask-scheduler")
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert pod["spec"]["containers"][0]["image"] == server["spec"]["containers"][0]["image"]


def test_more_than_the_cap_is_refused_in_words(release, server):
    said = release.run_in(server, TOO_MANY)
    assert "started" not in said
    assert str(release.values["vre"]["compute"]["user_max_cores"]) in said


def test_two_clusters_together_never_pass_the_caps(release, server):
    said = release.run_in(server, RACE).splitlines()
    cap = release.values["vre"]["compute"]["user_max_cores"]
    scheduler = release.values["vre"]["compute"]["scheduler_cores"]
    # A worker has one core: all that is left beside the schedulers is used, and no more.
    assert int(said[-1].split()[1]) + 2 * scheduler == cap
    replicas = sum(c["spec"].get("replicas", 0) for c in release.clusters("researcher"))
    assert replicas + 2 * scheduler <= cap
    assert "You have 2 Dask clusters" in release.run_in(server, THIRD)
    assert len(release.clusters("researcher")) == 2


def test_another_image_than_the_servers_is_refused_with_both_names(release, server):
    said = release.run_in(server, OTHER_IMAGE)
    assert "localhost/other:1" in said
    assert server["spec"]["containers"][0]["image"] in said
    assert release.clusters("researcher") == []
