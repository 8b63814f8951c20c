"""The cluster of the tests is a real one: what it refuses, limits, names and keeps."""

import json

import pytest
from onenode import images, network
from onenode.outside import INTERNET, METADATA, PRIVATE
from onenode.processes import run
from pods import address, ask, pod, server, start, until

OUTSIDE = (INTERNET, PRIVATE, METADATA)


@pytest.fixture(scope="module", autouse=True)
def probe(cluster, leave_out):
    """The image of the pods below."""
    if not cluster.state:
        leave_out("these tests look at the machine of the one that they bring up")
    cluster.load(images.probe())


def policy(name: str, selects: dict, **rules) -> dict:
    kinds = [kind.capitalize() for kind in rules]
    spec = {"podSelector": {"matchLabels": selects}, "policyTypes": kinds, **rules}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": spec,
    }


def test_restricted_pod_runs_as_user_1000(cluster, namespace):
    start(cluster, namespace, pod("plain"))
    assert cluster.kubectl("-n", namespace, "exec", "plain", "--", "id", "-u").strip() == "1000"


def test_privileged_pod_is_refused(cluster, namespace):
    privileged = pod("strong", securityContext={"privileged": True})
    said = cluster.kubectl("-n", namespace, "apply", "-f", "-", input=json.dumps(privileged), check=False)
    assert "violates PodSecurity" in said
    assert cluster.get("-n", namespace, "pods")["items"] == []


def test_pod_that_passes_its_memory_limit_is_killed(cluster, namespace):
    takes = pod("large", "python3", "-c", "b'x' * 200_000_000", resources={"limits": {"memory": "64Mi"}})
    fits = pod("small", "python3", "-c", "b'x' * 20_000_000", resources={"limits": {"memory": "64Mi"}})
    cluster.kubectl("-n", namespace, "apply", "-f", "-", input=json.dumps(takes))
    cluster.kubectl("-n", namespace, "apply", "-f", "-", input=json.dumps(fits))

    def ends():
        # A pod that the kubelet has not seen yet has no containers.
        return {
            item["metadata"]["name"]: container["state"]["terminated"]["reason"]
            for item in cluster.get("-n", namespace, "pods")["items"]
            for container in item["status"].get("containerStatuses", [])
            if "terminated" in container["state"]
        }

    assert until(lambda: len(ends()) == 2)
    assert ends() == {"large": "OOMKilled", "small": "Completed"}


def test_service_is_reached_by_its_name(cluster, namespace):
    ports = [{"port": 80, "targetPort": 8000}]
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"}}
    service["spec"] = {"selector": {"app": "shop"}, "ports": ports}
    start(cluster, namespace, server("keeper", app="shop"), pod("buyer"), service)
    for name in ("shop", f"shop.{namespace}", f"shop.{namespace}.svc.cluster.local"):
        assert until(lambda name=name: ask(cluster, namespace, "buyer", f"http://{name}/") == "here")
    assert "Name or service not known" in ask(cluster, namespace, "buyer", "http://shop.example.org/")


@pytest.mark.parametrize("kind", ["local-path", "local-path-retain"])
def test_volume_is_bound_and_written_by_user_1000(cluster, namespace, kind):
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "home"}}
    claim["spec"] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Mi"}}}
    # The default class is the one that a claim without a class gets.
    if kind != "local-path":
        claim["spec"]["storageClassName"] = kind
    writer = pod("writer", volumeMounts=[{"name": "home", "mountPath": "/home/me"}])
    writer["spec"]["volumes"] = [{"name": "home", "persistentVolumeClaim": {"claimName": "home"}}]
    start(cluster, namespace, claim, writer)
    write = ("sh", "-c", "echo kept > /home/me/note && stat -c %u /home/me/note")
    assert cluster.kubectl("-n", namespace, "exec", "writer", "--", *write).strip() == "1000"
    bound = cluster.get("-n", namespace, "pvc", "home")
    assert bound["spec"]["storageClassName"] == kind
    volume = bound["spec"]["volumeName"]
    cluster.kubectl("-n", namespace, "delete", "pod/writer", "pvc/home", "--wait=true")
    if kind == "local-path":
        assert until(lambda: "NotFound" in cluster.kubectl("get", "pv", volume, check=False))
    else:
        assert until(lambda: cluster.get("pv", volume)["status"]["phase"] == "Released")
        cluster.kubectl("delete", "pv", volume)


def test_ingress_policy_lets_in_by_label(cluster, namespace):
    start(
        cluster,
        namespace,
        server("vault", app="vault"),
        pod("friend", labels={"may": "enter"}),
        pod("stranger"),
    )
    url = f"http://{address(cluster, namespace, 'vault')}:8000/"
    assert ask(cluster, namespace, "stranger", url) == "here"
    guests = [{"podSelector": {"matchLabels": {"may": "enter"}}}]
    start(cluster, namespace, policy("door", {"app": "vault"}, ingress=[{"from": guests}]))
    assert until(lambda: ask(cluster, namespace, "stranger", url, 2) == "no answer: timed out")
    assert ask(cluster, namespace, "friend", url) == "here"


def test_egress_policy_refuses_what_it_excepts(cluster, namespace, outside):
    start(cluster, namespace, pod("user", labels={"app": "user"}), pod("free"))

    def answers(name):
        return {there: ask(cluster, namespace, name, f"http://{there}/", 2) for there in OUTSIDE}

    everything = {there: f"outside {there}" for there in OUTSIDE}
    assert answers("user") == everything
    world = {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "172.16.0.0/12", "169.254.169.254/32"]}
    start(cluster, namespace, policy("out", {"app": "user"}, egress=[{"to": [{"ipBlock": world}]}]))
    refused = "no answer: timed out"
    wanted = {INTERNET: f"outside {INTERNET}", PRIVATE: refused, METADATA: refused}
    assert until(lambda: answers("user") == wanted), answers("user")
    assert answers("free") == everything


def test_names_outside_lead_where_the_test_says(cluster, namespace, outside):
    start(cluster, namespace, pod("user"))
    cluster.names(**{"data.example.org": INTERNET})
    try:
        url = "http://data.example.org/"
        assert until(lambda: ask(cluster, namespace, "user", url) == f"outside {INTERNET}")
    finally:
        cluster.names()


def test_guard_drops_what_pods_send_through_a_real_interface(cluster, namespace, outside):
    routes = json.loads(run("ip", "-j", "-4", "route", "show", "default"))
    assert {route["dev"] for route in routes} <= set(network.guarded())
    assert cluster.packets() == 0
    start(cluster, namespace, pod("user"))
    url = f"http://{INTERNET}/"
    assert ask(cluster, namespace, "user", url) == f"outside {INTERNET}"
    # The way to the outside of the tests stands for a real interface: a broken guard would harm nobody.
    with network.also_guarded("onenode-out"):
        assert ask(cluster, namespace, "user", url, 2) == "no answer: timed out"
        assert cluster.packets() > 0
    assert ask(cluster, namespace, "user", url) == f"outside {INTERNET}"
    assert cluster.packets() == 0


def test_image_that_is_there_is_not_loaded_again(cluster):
    said = []
    assert images.load(cluster.state, [images.busybox(), images.probe()], said.append) == [
        images.BUSYBOX,
        images.PROBE,
    ]
    assert said == []


def test_image_that_was_not_loaded_is_asked_of_no_registry(cluster, namespace):
    stranger = pod("stranger", image="registry.example.org/nothing:1")
    cluster.kubectl("-n", namespace, "apply", "-f", "-", input=json.dumps(stranger))

    def said():
        events = cluster.get("-n", namespace, "events")["items"]
        return " ".join(event["message"] for event in events)

    assert until(lambda: "127.0.0.1:1: connect: connection refused" in said()), said()


def test_helm_sees_the_cluster(cluster, namespace):
    assert "kube-system" in cluster.kubectl("get", "namespaces")
    assert json.loads(cluster.helm("list", "--namespace", namespace, "-o", "json")) == []
