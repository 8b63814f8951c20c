"""The nightly check of the catalogue: what opens data has no rights, what has a right opens no data."""

from pathlib import Path

import pytest

VARIANTS = Path(__file__).parent / "variants"
REMOTE, OFF = VARIANTS / "check-remote.yaml", VARIANTS / "no-check.yaml"
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"


def named(objects: list[dict], kind: str, name: str = "catalog-check") -> dict:
    (found,) = (o for o in objects if (o["kind"], o["metadata"]["name"]) == (kind, name))
    return found


@pytest.fixture
def job(objects) -> dict:
    return named(objects, "CronJob")["spec"]


@pytest.fixture
def pod(job) -> dict:
    return job["jobTemplate"]["spec"]["template"]["spec"]


@pytest.fixture
def files() -> tuple[Path, ...]:
    return ()


def test_one_runs_at_a_time_and_none_is_tried_again(job):
    assert job["concurrencyPolicy"] == "Forbid"
    assert job["jobTemplate"]["spec"]["backoffLimit"] == 0
    assert job["jobTemplate"]["spec"]["template"]["spec"]["restartPolicy"] == "Never"


def test_it_ends_before_the_next_night(job):
    assert 4 * 3600 < job["jobTemplate"]["spec"]["activeDeadlineSeconds"] < 24 * 3600


def test_the_token_is_with_what_publishes_alone(pod):
    assert pod["automountServiceAccountToken"] is False
    (check,), (publish,) = pod["initContainers"], pod["containers"]
    assert TOKEN in [mount["mountPath"] for mount in publish["volumeMounts"]]
    token = next(volume["name"] for volume in pod["volumes"] if "projected" in volume)
    assert token not in [mount["name"] for mount in check["volumeMounts"]]


def test_what_publishes_sees_no_data(pod):
    (publish,) = pod["containers"]
    assert {mount["name"] for mount in publish["volumeMounts"]} == {"found", "tmp", "token"}


def test_its_right_is_to_change_one_map(objects):
    (rule,) = named(objects, "Role")["rules"]
    assert rule == {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": ["catalog-status"],
        "verbs": ["patch"],
    }


def test_an_upgrade_says_nothing_of_what_was_found(objects):
    assert not {"data", "binaryData"} & named(objects, "ConfigMap", "catalog-status").keys()


def test_it_opens_what_dashboards_open(objects, pod):
    board = named(objects, "Deployment", "explore")["spec"]["template"]["spec"]
    (check,), (shown,) = pod["initContainers"], board["containers"]
    own = {"JUPYTERHUB", "HOME"}
    expected = [one for one in shown["env"] if not one["name"].startswith(tuple(own))]
    assert [one for one in check["env"] if one["name"] != "HOME"] == expected
    assert check["image"] == shown["image"]


def test_the_program_is_told_what_the_values_say(helm):
    def words(*files: Path) -> list[str]:
        spec = named(helm.objects(*files), "CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        return spec["initContainers"][0]["args"]

    assert words()[-1:] == ["--hours=4"]
    assert words(REMOTE)[-2:] == ["--hours=0.5", "--remote"]


def test_it_may_reach_data_and_names_and_the_api(helm):
    policy = named(helm.objects(REMOTE), "NetworkPolicy")
    egress = policy["spec"]["egress"]
    assert "ingress" not in policy["spec"]
    assert any("0.0.0.0/0" in str(rule) for rule in egress)
    assert any("data-server" in str(rule) for rule in egress)
    assert any({"protocol": "TCP", "port": 6443} in rule.get("ports", []) for rule in egress)


def test_where_it_is_off_nothing_of_it_is_left(helm):
    text = helm.text(OFF)
    assert "catalog-check" not in text
    assert "catalog-status" not in text
    assert "ODATIS_CATALOG_STATUS" not in text
    # What the pods' spawner reads.
    assert '\\"enabled\\":false' in text


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ({"schedule": "every night"}, "/catalog/check/schedule"),
        ({"hours": 0}, "/catalog/check/hours"),
        ({"hours": 24}, "/catalog/check/hours"),
        ({"storage": "1Gi"}, "additional properties 'storage'"),
    ],
)
def test_a_mistake_is_named(helm, tmp_path, check, said):
    assert said in helm.refusal(tmp_path, {"catalog": {"check": check}})
