"""Every variant of the values renders objects that Kubernetes takes, and that are safe."""

import re
from pathlib import Path

import pytest
from traitlets.config import Config

from odatis_vre.hub.kubernetes.pods import CONTAINER_SECURITY, POD_SECURITY
from odatis_vre.hub.kubernetes.traits import configure_kubernetes

OF_THE_CLUSTER = {"PersistentVolume"}
NAMED = re.compile(r"(@sha256:[0-9a-f]{64}|:v?\d[\w.-]*)$")


def containers(pod: dict) -> list[dict]:
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def test_kubernetes_takes_every_object(objects, kubernetes_takes):
    kubernetes_takes(objects)


def test_nothing_is_said_twice(objects):
    names = [(found["kind"], found["metadata"]["name"]) for found in objects]
    assert len(names) == len(set(names))


def test_the_hub_starts_from_the_values(objects, values):
    (hub,) = (o for o in objects if o["kind"] == "Deployment" and o["metadata"]["name"] == "hub")
    names = [one["name"] for one in hub["spec"]["template"]["spec"]["containers"][0]["env"]]
    configure_kubernetes(c := Config(), values, dict.fromkeys(names, "x"))
    assert c.KubeSpawner.image


def test_two_renders_are_the_same(helm, files):
    assert helm.template(*(word for file in files for word in ("--values", file))).stdout == helm.text(*files)


def test_no_secret_is_rendered(objects):
    assert [found for found in objects if found["kind"] == "Secret"] == []


def test_nothing_has_rights_beyond_its_namespace(objects):
    kinds = {found["kind"] for found in objects}
    assert not kinds & {"ClusterRole", "ClusterRoleBinding"}


def test_everything_is_in_the_namespace(objects):
    for found in objects:
        assert found["metadata"].get("namespace", "ocean") == "ocean"
        assert not found["kind"].startswith("Cluster")


def test_no_rule_allows_everything(objects):
    for role in (found for found in objects if found["kind"] == "Role"):
        for rule in role["rules"]:
            assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]], role["metadata"][
                "name"
            ]


def test_every_rule_has_its_reason(helm, files):
    for document in helm.text(*files).split("\n---\n"):
        if "\nkind: Role\n" in document:
            lines = document.splitlines()
            for number, line in enumerate(lines):
                if line.lstrip().startswith("- apiGroups"):
                    assert lines[number - 1].lstrip().startswith("# "), document


def test_pods_are_restricted(pods):
    for name, pod in pods.items():
        spec = pod["spec"]
        security = spec["securityContext"]
        assert security["runAsNonRoot"] is True, name
        assert security["runAsUser"] > 0, name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys(), name
        kinds = {kind for volume in spec.get("volumes", []) for kind in volume if kind != "name"}
        assert kinds <= {"configMap", "emptyDir", "persistentVolumeClaim", "secret", "projected"}, name
        for container in containers(pod):
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False, name
            assert own["capabilities"] == {"drop": ["ALL"]}, name
            assert own["readOnlyRootFilesystem"] is True, name
            assert not own.get("privileged"), name
            assert not any("hostPort" in port for port in container.get("ports", [])), name


def test_a_token_of_kubernetes_is_where_it_is_needed(pods):
    """The nightly check has one in its second container: test_catalog_check.py."""
    with_token = {name for name, pod in pods.items() if pod["spec"]["automountServiceAccountToken"]}
    projected = {
        n for n, pod in pods.items() if any("projected" in v for v in pod["spec"].get("volumes", []))
    }
    assert projected <= {"CronJob catalog-check"}
    assert with_token == {
        "Deployment gateway-api",
        "Deployment gateway-controller",
        "Deployment hub",
        "Job vre-secrets",
    }


def test_containers_have_resources_and_an_exact_image(pods):
    for name, pod in pods.items():
        for container in containers(pod):
            assert {"cpu", "memory"} <= container["resources"]["requests"].keys(), name
            assert "memory" in container["resources"]["limits"], name
            assert NAMED.search(container["image"]), container["image"]


def test_containers_that_stay_are_looked_after(pods):
    for name, pod in pods.items():
        for container in pod["spec"]["containers"] if name.startswith("Deployment") else []:
            assert {"livenessProbe", "readinessProbe"} <= container.keys(), name


def test_the_images_first_process_passes_on_the_signal_to_end(pods):
    """A command would replace it; a program that is the first itself hears no SIGTERM, and takes 30 s."""
    assert [name for name, pod in pods.items() if any("command" in c for c in containers(pod))] == []


def test_services_find_their_pods(objects, pods):
    for service in (found for found in objects if found["kind"] == "Service"):
        selector = service["spec"]["selector"].items()
        matched = [pod for pod in pods.values() if selector <= pod["metadata"]["labels"].items()]
        assert len(matched) == 1, service["metadata"]["name"]
        names = {port["name"]: port["containerPort"] for c in containers(matched[0]) for port in c["ports"]}
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in {*names, *names.values()}, service["metadata"]["name"]


def test_deployments_select_their_pods_alone(objects, pods):
    for deployment in (found for found in objects if found["kind"] == "Deployment"):
        selector = deployment["spec"]["selector"]["matchLabels"].items()
        matched = [name for name, pod in pods.items() if selector <= pod["metadata"]["labels"].items()]
        assert matched == [f"Deployment {deployment['metadata']['name']}"]


def test_objects_carry_their_labels(objects):
    for found in objects:
        labels = found["metadata"]["labels"]
        assert labels["app.kubernetes.io/name"] == "odatis-vre"
        assert labels["app.kubernetes.io/instance"] == "sea"
        assert labels["app.kubernetes.io/managed-by"] == "Helm"
        assert {"app.kubernetes.io/component", "helm.sh/chart"} <= labels.keys()


def test_what_pods_mount_and_read_is_there(objects, pods):
    """Claims, ConfigMaps and Secrets of the chart's own; those that the values name are the operator's."""
    made = {(found["kind"], found["metadata"]["name"]) for found in objects}
    for name, pod in pods.items():
        for volume in pod["spec"].get("volumes", []):
            if "configMap" in volume:
                assert ("ConfigMap", volume["configMap"]["name"]) in made, name
        mounted = {mount["name"] for c in containers(pod) for mount in c.get("volumeMounts", [])}
        assert mounted == {volume["name"] for volume in pod["spec"].get("volumes", [])}, name


def test_the_hubs_database_outlives_the_release(helm):
    (claim,) = (o for o in helm.objects() if o["kind"] == "PersistentVolumeClaim")
    assert claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_the_proxy_does_not_restart_for_a_value(helm, tmp_path):
    (file := tmp_path / "values.yaml").write_text("vre: {culling: {idle_minutes: 5}}", "utf-8")

    def proxy(*files):
        return next(o for o in helm.objects(*files) if o["metadata"]["name"] == "proxy")["spec"]

    assert proxy() == proxy(file)


@pytest.mark.parametrize("name", ["hub", "gateway-api", "gateway-controller"])
def test_what_reads_the_values_restarts_for_them(helm, tmp_path, name):
    (file := tmp_path / "values.yaml").write_text("vre: {culling: {idle_minutes: 5}}", "utf-8")

    def pod(*files):
        found = (o for o in helm.objects(*files) if o["kind"] == "Deployment")
        return next(o for o in found if o["metadata"]["name"] == name)["spec"]["template"]

    assert pod() != pod(file)


def test_chart_and_spawner_say_the_same_of_safety(pods):
    (hub,) = (pod for name, pod in pods.items() if name == "Deployment hub")
    assert hub["spec"]["securityContext"] == POD_SECURITY
    assert hub["spec"]["containers"][0]["securityContext"] == CONTAINER_SECURITY


@pytest.mark.parametrize(
    ("variant", "told"), [("ingress", True), ("httproute", True), ("loadbalancer", False)]
)
def test_what_ends_tls_tells_the_hub_of_https(helm, variant, told):
    file = Path(__file__).parent / "variants" / f"{variant}.yaml"
    proxy = next(
        o for o in helm.objects(file) if o["metadata"]["name"] == "proxy" and o["kind"] == "Deployment"
    )
    args = proxy["spec"]["template"]["spec"]["containers"][0]["args"]
    assert ("--no-x-forward" in args) is told
