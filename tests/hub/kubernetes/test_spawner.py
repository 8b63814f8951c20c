"""The pods of notebook servers: what KubeSpawner is told, and the pod that it would make of it."""

import pytest
from jupyterhub import orm
from jupyterhub.objects import Hub
from jupyterhub.user import User
from kubernetes_asyncio.client import ApiClient
from tornado.log import app_log

from odatis_vre.hub.kubernetes.data_values import TAKEN
from odatis_vre.hub.kubernetes.server_pods import ServerPods

DIGEST = "sha256:" + "a" * 64
PROFILES = {
    "tiny": {
        "name": {"en": "Tiny", "fr": "Minuscule"},
        "description": {"en": "T", "fr": "M"},
        "memory": "512M",
        "cores": 1,
        "cores_guarantee": 0.1,
        "image": "example.org/own:1",
    }
}


@pytest.fixture
def pod(configured, monkeypatch):
    """The pod of a server of one user, as the API would be asked to make it."""

    # The one thing that is not here: a cluster to load an address and a token from.
    monkeypatch.setattr("kubespawner.spawner.load_config", lambda **_: None)
    db = orm.new_session_factory("sqlite:///:memory:")()

    async def make(name: str = "ana", options: dict | None = None, server: str = "", **values) -> dict:
        c = configured(**values)
        person = orm.User.find(db, name) or orm.User(name=name)
        db.add(person)
        db.commit()
        hub = Hub(ip="hub", port=8081, connect_url="http://hub:8081", base_url="/hub/")
        settings = {"spawner_class": ServerPods, "config": c, "hub": hub, "base_url": "/", "log": app_log}
        spawner = User(person, settings, db).get_or_create_spawner(server, server)
        spawner.api_token = "the-servers-token"
        spawner.user_options = options or {}
        c.Spawner.apply_user_options(spawner, spawner.user_options)
        await spawner.load_user_options()
        async with ApiClient() as client:
            return client.sanitize_for_serialization(await spawner.get_pod_manifest())

    return make


def container(pod: dict) -> dict:
    (found,) = pod["spec"]["containers"]
    return found


def environment(pod: dict) -> dict:
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in container(pod)["env"]}


def mounts(pod: dict) -> dict:
    return {one["mountPath"]: one for one in container(pod)["volumeMounts"]}


def volumes(pod: dict) -> dict:
    return {one["name"]: one for one in pod["spec"]["volumes"]}


async def test_the_image_is_the_charts_version(pod):
    assert container(await pod())["image"] == "odatis-vre/notebook:1.2.3"


async def test_a_digest_wins(pod):
    image = {"name": "example.org/notebook", "tag": "1", "digest": DIGEST}
    assert container(await pod(singleuser={"image": image}))["image"] == f"example.org/notebook@{DIGEST}"


async def test_a_profile_may_have_an_image_of_its_own(pod):
    assert container(await pod(vre={"profiles": PROFILES}))["image"] == "example.org/own:1"


async def test_workers_are_asked_for_with_the_image_of_the_server(pod):
    made = environment(await pod())
    assert made["DASK_GATEWAY__CLUSTER__OPTIONS__IMAGE"] == "$(JUPYTER_IMAGE_SPEC)"
    names = list(made)
    assert names.index("JUPYTER_IMAGE_SPEC") < names.index("DASK_GATEWAY__CLUSTER__OPTIONS__IMAGE")


async def test_memory_that_is_promised_is_all_there_is(pod):
    resources = container(await pod(vre={"profiles": PROFILES}))["resources"]
    assert resources["requests"]["memory"] == resources["limits"]["memory"] == 512 * 2**20


async def test_a_few_cores_are_promised(pod):
    resources = container(await pod(vre={"profiles": PROFILES}))["resources"]
    assert (resources["requests"]["cpu"], resources["limits"]["cpu"]) == (0.1, 1)


async def test_a_chosen_profile_counts(pod):
    made = await pod(options={"profile": "medium"})
    assert container(made)["resources"]["limits"]["memory"] == 4 * 2**30


async def test_a_server_speaks_the_language_of_the_form(pod):
    assert environment(await pod(options={"lang": "fr"}))["ODATIS_LANG"] == "fr"


async def test_a_pod_is_found_by_its_labels(pod):
    labels = (await pod())["metadata"]["labels"]
    assert labels["app.kubernetes.io/name"] == "odatis-vre"
    assert labels["app.kubernetes.io/instance"] == "sea"
    assert labels["app.kubernetes.io/component"] == "singleuser-server"


@pytest.mark.parametrize("name", ["ana", "ana.b@example.org", "a" * 70, "Élodie"])
async def test_every_user_has_a_name_that_kubernetes_takes(pod, name):
    metadata = (await pod(name))["metadata"]
    assert len(metadata["name"]) <= 63
    assert metadata["name"].replace("-", "").isascii()
    assert metadata["annotations"]["hub.jupyter.org/username"] == name


async def test_a_pod_is_restricted(pod):
    made = await pod()
    security = container(made)["securityContext"]
    assert made["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert made["spec"]["securityContext"]["runAsNonRoot"] is True
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}


async def test_programs_are_the_images_user(pod):
    assert container(await pod())["securityContext"]["runAsUser"] == 1000


async def test_the_image_cannot_be_written_to(pod):
    assert container(await pod())["securityContext"]["readOnlyRootFilesystem"] is True


async def test_a_pod_has_no_token_of_kubernetes(pod):
    assert (await pod())["spec"]["automountServiceAccountToken"] is False


async def test_a_pod_does_not_read_the_services_of_the_namespace(pod):
    assert (await pod())["spec"]["enableServiceLinks"] is False


async def test_the_home_is_a_claim_of_the_user(pod):
    made = await pod()
    assert mounts(made)["/home/odatis"]["name"] == "home"
    assert volumes(made)["home"]["persistentVolumeClaim"]["claimName"] == "home-ana"


def test_homes_are_never_deleted(configured):
    assert configured().KubeSpawner.delete_pvc is False


def test_a_home_has_its_class_and_size(configured):
    c = configured(singleuser={"storage": {"capacity": "50Gi", "storageClass": "fast"}})
    assert (c.KubeSpawner.storage_capacity, c.KubeSpawner.storage_class) == ("50Gi", "fast")


@pytest.mark.parametrize("variable", ["JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "XDG_CACHE_HOME"])
async def test_what_a_start_writes_is_not_on_the_home(pod, variable):
    made = await pod()
    assert environment(made)[variable].startswith("/run/vre/")
    assert "emptyDir" in volumes(made)[mounts(made)["/run/vre"]["name"]]


async def test_data_are_mounted_read_only(pod):
    made = await pod(data={"mounts": {"sea": {"path": "/data/sea", "pvc": "sea", "subPath": "v1"}}})
    assert volumes(made)["data-sea"]["persistentVolumeClaim"] == {"claimName": "sea", "readOnly": True}
    assert mounts(made)["/data/sea"]["readOnly"] is True
    assert mounts(made)["/data/sea"]["subPath"] == "v1"


async def test_the_sites_catalogue_is_the_one_that_opens(pod):
    made = await pod(catalog={"files": {"odatis.yaml": "sources: {}"}})
    assert environment(made)["ODATIS_CATALOG"] == "/srv/catalog/odatis.yaml"
    assert mounts(made)["/srv/catalog"]["readOnly"] is True


async def test_a_catalogue_may_be_an_address(pod):
    made = await pod(vre={"data": {"catalog": "https://example.org/odatis.yaml"}})
    assert environment(made)["ODATIS_CATALOG"] == "https://example.org/odatis.yaml"


@pytest.mark.parametrize("name", ["templates", "gallery", "workshops"])
async def test_templates_gallery_and_workshops_may_come_from_a_claim(pod, name):
    made = await pod(notebooks={name: {"pvc": "notebooks"}})
    assert environment(made)[f"ODATIS_{name.upper()}"] == f"/srv/{name}"
    assert mounts(made)[f"/srv/{name}"]["readOnly"] is True


async def test_keys_of_an_object_store_stay_in_their_secret(pod):
    stores = {"default": {"endpoint": "https://s3.example.org", "secret": "s3"}}
    made = environment(await pod(data={"objectStores": stores}))
    key = made["AWS_SECRET_ACCESS_KEY"]
    assert key == {"secretKeyRef": {"name": "s3", "key": "AWS_SECRET_ACCESS_KEY"}}
    assert made["AWS_ENDPOINT_URL"] == "https://s3.example.org"


async def test_each_object_store_has_variables_of_its_own(pod):
    stores = {
        "default": {"endpoint": "https://s3.example.org", "secret": "s3"},
        "sea-ice": {"endpoint": "https://ice.example.org", "secret": "ice", "region": "gra"},
    }
    made = environment(await pod(data={"objectStores": stores}))
    assert made["ODATIS_STORE_SEA_ICE_ENDPOINT_URL"] == "https://ice.example.org"
    assert made["ODATIS_STORE_SEA_ICE_DEFAULT_REGION"] == "gra"
    key = made["ODATIS_STORE_SEA_ICE_SECRET_ACCESS_KEY"]
    assert key == {"secretKeyRef": {"name": "ice", "key": "AWS_SECRET_ACCESS_KEY"}}
    assert made["AWS_SECRET_ACCESS_KEY"]["secretKeyRef"]["name"] == "s3"


async def test_the_address_of_a_store_may_be_in_its_secret(pod):
    made = environment(await pod(data={"objectStores": {"ice": {"secret": "ice"}}}))
    address = {"secretKeyRef": {"name": "ice", "key": "AWS_ENDPOINT_URL"}}
    assert made["ODATIS_STORE_ICE_ENDPOINT_URL"] == address
    assert not any(name.startswith("AWS_") for name in made)


async def test_a_store_without_keys_is_read_anonymously(pod):
    stores = {"default": {"endpoint": "https://s3.example.org"}}
    made = environment(await pod(data={"objectStores": stores}))
    assert made["FSSPEC_S3_ANON"] == "true"
    assert "AWS_ACCESS_KEY_ID" not in made


async def test_no_secret_of_the_hub_is_in_a_pod(pod):
    made = str(await pod())
    for secret in ("a-shared-password", "the-gateway-token", "the-explore-token", "a-database-password"):
        assert secret not in made


async def test_pods_run_where_the_values_say(pod):
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}
    place = {
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "users", "operator": "Exists"}],
        "affinity": affinity,
    }
    shared = {"storage": {"accessModes": ["ReadWriteMany"]}}
    spec = (await pod(singleuser=place | shared))["spec"]
    assert {key: spec[key] for key in place} == place


async def test_a_private_registry_is_opened(pod):
    assert (await pod(imagePullSecrets=["regcred"]))["spec"]["imagePullSecrets"] == [{"name": "regcred"}]


async def test_the_operator_adds_variables(pod):
    assert environment(await pod(singleuser={"extraEnv": {"LAB": "sea"}}))["LAB"] == "sea"


@pytest.mark.parametrize("text", ['{"theme": "dark"}', "{username}", "{", "{}", "$(NAME)"])
async def test_a_variable_is_taken_word_for_word(pod, text):
    assert environment(await pod(singleuser={"extraEnv": {"LAB": text}}))["LAB"] == text


async def test_braces_in_places_of_data_are_no_template(pod):
    address = "https://example.org/{a}.yaml"
    mount = {"path": "/data/{sea}", "pvc": "sea", "subPath": "{v1}"}
    stores = {"default": {"endpoint": "https://s3.example.org/{b}"}}
    notebooks = {"templates": {"pvc": "notebooks", "subPath": "{t}"}}
    vre = {"data": {"catalog": address}}
    made = await pod(vre=vre, data={"mounts": {"sea": mount}, "objectStores": stores}, notebooks=notebooks)
    assert environment(made)["ODATIS_CATALOG"] == address
    assert environment(made)["AWS_ENDPOINT_URL"] == "https://s3.example.org/{b}"
    assert mounts(made)["/data/{sea}"]["subPath"] == "{v1}"
    assert mounts(made)["/srv/templates"]["subPath"] == "{t}"
    assert volumes(made)["home"]["persistentVolumeClaim"]["claimName"] == "home-ana"


async def test_no_folder_of_a_pod_may_hold_data(pod):
    volume = {"pvc": "notebooks"}
    stores = dict.fromkeys(("templates", "gallery", "workshops"), volume)
    made = await pod(notebooks=stores, catalog={"volume": volume})
    assert mounts(made).keys() <= set(TAKEN)


def test_clusters_stop_with_the_last_server(configured):
    assert configured().KubeSpawner.post_stop_hook.__name__ == "stop_clusters"


def test_clusters_go_on_where_the_settings_say_so(configured):
    assert "post_stop_hook" not in configured(vre={"compute": {"stop_with_server": False}}).KubeSpawner


RUN = {"server": "run-0a1b2c3d4e5f", "options": {"run": "runs/optimal_niche-1", "profile": "medium"}}
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def required(pod: dict) -> list[dict]:
    return pod["spec"]["affinity"]["podAffinity"][REQUIRED]


async def test_a_run_executes_its_folder_and_nothing_that_a_user_names(pod):
    wanted = {**RUN["options"], "cmd": ["sh"], "image": "evil:1", "extra_pod_config": {"hostNetwork": True}}
    made = await pod(server=RUN["server"], options=wanted)
    assert container(made)["args"] == ["python", "-m", "odatis_vre.runs.serve", "runs/optimal_niche-1"]
    assert container(made)["image"] == "odatis-vre/notebook:1.2.3"
    assert "hostNetwork" not in made["spec"]


async def test_the_own_dashboard_is_a_program_of_the_image(pod):
    made = await pod(server="dashboard")
    assert container(made)["args"] == ["python", "-m", "odatis_vre.dashboards.serve", "own"]


async def test_a_run_has_identity_home_and_policies_of_a_notebook_server(pod):
    server, run = await pod(), await pod(**RUN)
    label = "hub.jupyter.org/servername"
    same = [
        lambda p: {k: v for k, v in p["metadata"]["labels"].items() if k != label},
        lambda p: p["metadata"]["annotations"]["hub.jupyter.org/username"],
        lambda p: p["spec"]["volumes"],
        lambda p: p["spec"]["securityContext"],
        lambda p: p["spec"]["automountServiceAccountToken"],
        lambda p: container(p)["securityContext"],
        lambda p: container(p)["volumeMounts"],
        lambda p: container(p)["ports"],
        lambda p: container(p)["image"],
    ]
    for part in same:
        assert part(server) == part(run)
    assert server["metadata"]["name"] != run["metadata"]["name"]
    assert volumes(run)["home"]["persistentVolumeClaim"]["claimName"] == "home-ana"


async def test_a_run_has_the_size_that_was_chosen_and_an_end(pod):
    made = await pod(**RUN, vre={"runs": {"max_hours": 2}})
    assert container(made)["resources"]["limits"]["memory"] == 4 * 2**30
    assert environment(made)["ODATIS_RUN_SECONDS"] == "7200"


async def test_a_run_that_was_killed_is_not_carried_out_again(pod):
    assert (await pod(**RUN))["spec"]["restartPolicy"] == "Never"


async def test_servers_of_a_user_share_the_node_that_has_the_home(pod):
    """Kubernetes lets the first pod of such a group in: the term matches the pod itself."""
    server, run = await pod("ana.b@example.org"), await pod("ana.b@example.org", **RUN)
    [term] = required(run)
    assert term["topologyKey"] == "kubernetes.io/hostname"
    for made in (server, run):
        assert term["labelSelector"]["matchLabels"].items() <= made["metadata"]["labels"].items()
    assert required(server) == [term]
    assert required(await pod("bo")) != [term]


async def test_a_home_that_many_nodes_open_binds_nobody(pod):
    made = await pod(**RUN, singleuser={"storage": {"accessModes": ["ReadWriteMany"]}})
    assert "affinity" not in made["spec"]


async def test_the_operators_affinity_stays_beside_it(pod):
    term = {"labelSelector": {"matchLabels": {"a": "b"}}, "topologyKey": "zone"}
    affinity = {"podAffinity": {REQUIRED: [term]}, "nodeAffinity": {REQUIRED: {"nodeSelectorTerms": []}}}
    made = await pod(singleuser={"affinity": affinity})
    assert required(made)[0] == term
    assert len(required(made)) == 2
    assert "nodeAffinity" in made["spec"]["affinity"]
