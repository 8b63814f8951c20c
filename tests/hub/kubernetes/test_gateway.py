"""Values to traits of Dask Gateway's servers: one fact a test, on an empty Config."""

import pytest
from dask_gateway_server.backends.kubernetes import backend as upstream_backend
from dask_gateway_server.backends.kubernetes import controller as upstream_controller
from traitlets.config import Config

from odatis_vre.hub.kubernetes.controller import VreController, cluster_policy, traefik_routes
from odatis_vre.hub.kubernetes.gateway import configure_gateway_api, configure_gateway_controller
from odatis_vre.hub.kubernetes.namespaced import NamespacedInformer
from odatis_vre.hub.kubernetes.release import Release
from odatis_vre.hub.kubernetes.values import Values

RELEASE = Release(name="sea", namespace="ocean", version="1.2.3")


def configured(**values) -> Config:
    c = Config()
    configure_gateway_api(c, Values.model_validate(values), RELEASE)
    configure_gateway_controller(c, Values.model_validate(values), RELEASE)
    return c


def pod_made(part: str, **values) -> dict:
    """The pod that Kubernetes is asked for."""
    from odatis_vre.hub.kubernetes.backend import VreBackend

    c = configured(**values)
    backend, controller = VreBackend(config=c), VreController(config=c)
    config = backend.cluster_config_class(parent=backend, image="site/notebook:7").to_dict()
    config = upstream_controller.FrozenAttrDict(config)
    return controller.make_pod("ocean", "abc", config, is_worker=part == "worker")


def container(part: str, **values) -> dict:
    return pod_made(part, **values)["spec"]["containers"][0]


def test_the_gateway_asks_the_hub_who_calls():
    assert configured().DaskGateway.authenticator_class.endswith("JupyterHubAuthenticator")


def test_a_token_needs_the_gateways_scope():
    assert configured().JupyterHubAuthenticator.jupyterhub_service_name == "dask-gateway"


def test_idle_clusters_stop():
    assert configured(vre={"compute": {"idle_minutes": 5}}).ClusterConfig.idle_timeout == 300


def test_the_limits_of_a_user_are_those_of_the_settings():
    limits = configured(vre={"compute": {"user_max_cores": 7}}).UserLimits
    assert limits.user_max_cores == 7


@pytest.mark.parametrize("upstream", [upstream_backend, upstream_controller])
def test_nothing_is_watched_outside_the_namespace(upstream, monkeypatch):
    monkeypatch.setenv("ODATIS_VRE_NAMESPACE", "ocean")
    assert upstream.Informer is NamespacedInformer
    informer = upstream.Informer(
        method="list_pod_for_all_namespaces", method_kwargs={"label_selector": "a=b"}
    )
    assert informer.method == "list_namespaced_pod"
    assert informer.method_kwargs == {"label_selector": "a=b", "namespace": "ocean"}


def test_the_names_of_the_options_are_those_of_one_machine_and_the_image():
    fields = configured().Backend.cluster_options.get_specification()
    assert [field["field"] for field in fields] == ["worker_cores", "worker_memory", "image"]


def test_labels_of_options_are_in_both_languages():
    fields = configured().Backend.cluster_options.get_specification()
    assert all(len(field["label"].split(" / ")) == 2 for field in fields)


@pytest.mark.parametrize("part", ["scheduler", "worker"])
class TestAPod:
    def test_has_no_token(self, part):
        assert pod_made(part)["spec"]["automountServiceAccountToken"] is False

    def test_is_nobody_special(self, part):
        context = pod_made(part)["spec"]["securityContext"]
        assert (context["runAsNonRoot"], context["seccompProfile"]) == (True, {"type": "RuntimeDefault"})

    def test_may_gain_no_right_and_write_no_image(self, part):
        context = container(part)["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}

    def test_is_promised_the_memory_it_may_use(self, part):
        resources = container(part)["resources"]
        assert resources["requests"]["memory"] == resources["limits"]["memory"]

    def test_may_be_promised_less_on_a_small_machine(self, part):
        resources = container(part, gateway={part: {"requests": {"cpu": "10m"}}})["resources"]
        assert (resources["requests"]["cpu"], resources["limits"]["cpu"] != "10m") == ("10m", True)

    def test_goes_where_the_storage_is(self, part):
        pod = pod_made(part, gateway={part: {"node_selector": {"disk": "near"}}})
        assert pod["spec"]["nodeSelector"] == {"disk": "near"}

    def test_sees_the_data(self, part):
        mounts = container(part, data={"mounts": {"coads": {"path": "/data", "pvc": "coads"}}})[
            "volumeMounts"
        ]
        assert {"name": "data-coads", "mountPath": "/data", "readOnly": True} in mounts

    def test_writes_only_what_lives_as_long_as_it_does(self, part):
        volumes = {volume["name"]: volume for volume in pod_made(part)["spec"]["volumes"]}
        writable = [m["name"] for m in container(part)["volumeMounts"] if not m.get("readOnly")]
        assert writable
        assert all("emptyDir" in volumes[name] for name in writable)

    def test_bears_the_labels_of_the_policies(self, part):
        labels = pod_made(part)["metadata"]["labels"]
        assert labels["app.kubernetes.io/name"] == "odatis-vre"
        assert labels["app.kubernetes.io/instance"] == "sea"
        assert labels["app.kubernetes.io/component"] == f"dask-{part}"

    def test_runs_dasks_own_command(self, part):
        made = container(part)
        assert [*made["command"], *made["args"][:3]] == ["python", "-m", "dask", part]

    def test_draws_its_image_with_the_registrys_secret(self, part):
        pod = pod_made(part, image_pull_secrets=["site"])
        assert pod["spec"]["imagePullSecrets"] == [{"name": "site"}]


@pytest.mark.parametrize("part", ["scheduler", "worker"])
def test_pods_of_clusters_have_every_object_store(part):
    stores = {"default": {"endpoint": "https://a.example.org"}, "ice": {"secret": "ice"}}
    env = {one["name"]: one for one in container(part, data={"objectStores": stores})["env"]}
    assert env["AWS_ENDPOINT_URL"]["value"] == "https://a.example.org"
    key = {"secretKeyRef": {"name": "ice", "key": "AWS_ACCESS_KEY_ID"}}
    assert env["ODATIS_STORE_ICE_ACCESS_KEY_ID"]["valueFrom"] == key


def test_a_worker_has_no_page():
    made = container("worker")
    assert "--no-dashboard" in made["args"]
    assert {"name": "DASK_DISTRIBUTED__WORKER__HTTP__ROUTES", "value": "[]"} in made["env"]


def test_pods_of_a_cluster_reach_each_other_and_no_other_cluster():
    cluster = {"apiVersion": "v", "kind": "DaskCluster", "metadata": {"name": "abc", "uid": "1"}}
    spec = cluster_policy(cluster, "sea", {})["spec"]
    own = {
        "podSelector": {
            "matchLabels": {"gateway.dask.org/cluster": "abc", "gateway.dask.org/instance": "sea"}
        }
    }
    assert spec["podSelector"] == own["podSelector"]
    assert (spec["ingress"], spec["egress"]) == ([{"from": [own]}], [{"to": [own]}])


def test_the_policy_of_a_cluster_goes_with_it():
    cluster = {"apiVersion": "v", "kind": "DaskCluster", "metadata": {"name": "abc", "uid": "1"}}
    owner = cluster_policy(cluster, "sea", {})["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("DaskCluster", "abc", "1")


def test_a_schedulers_pages_are_behind_the_login():
    routes = traefik_routes({"ocean.abc": "10.0.0.7"}, "/services/dask-gateway")
    (router,) = routes["http"]["routers"].values()
    assert router["rule"] == "PathPrefix(`/services/dask-gateway/clusters/ocean.abc/`)"
    assert router["middlewares"] == ["scheduler-pages@file"]


def test_a_schedulers_protocol_is_found_by_its_name_and_not_opened():
    (router,) = traefik_routes({"ocean.abc": "fd00::7"}, "/p")["tcp"]["routers"].values()
    assert (router["rule"], router["tls"]) == ("HostSNI(`daskgateway-ocean.abc`)", {"passthrough": True})


def test_without_clusters_there_are_no_routes():
    assert traefik_routes({}, "/p") == {}


@pytest.fixture
async def controller(monkeypatch):
    monkeypatch.setenv("ODATIS_VRE_NAMESPACE", "ocean")
    found = VreController(config=configured())
    found.cluster_info = upstream_controller.collections.defaultdict(upstream_controller.ClusterInfo)
    found.stopped_clusters = {}
    found.queue = upstream_controller.WorkQueue()
    return found


def waiting_worker(name: str) -> dict:
    return {
        "metadata": {
            "name": name,
            "namespace": "ocean",
            "labels": {"gateway.dask.org/cluster": "abc", "app.kubernetes.io/component": "dask-worker"},
        },
        "spec": {"containers": [{"name": "dask-worker"}]},
        "status": {"phase": "Pending"},
    }


async def test_a_worker_without_a_node_is_known_to_be_coming(controller):
    controller.on_pod_update(waiting_worker("w1"))
    assert controller.cluster_info["ocean.abc"].pending == {"w1"}


async def test_workers_that_are_no_longer_wanted_do_not_wait_for_a_node(controller):
    deleted = []

    class Core:
        async def delete_namespaced_pod(self, name, namespace):
            deleted.append(name)

    controller.core_client = Core()
    for name in ("w1", "w2", "w3"):
        controller.on_pod_update(waiting_worker(name))
    cluster = {"metadata": {"namespace": "ocean", "name": "abc"}}
    await controller.handle_scale_down(cluster, None, controller.cluster_info["ocean.abc"], 1, -2)
    assert len(deleted) == 2
