"""Data, catalogue and notebooks: the chart's templates and the spawner say the same."""

from pathlib import Path

import pytest
import yaml

from odatis_vre.hub.kubernetes.values import Values
from odatis_vre.hub.kubernetes.volumes import data_volumes

VARIANTS = sorted((Path(__file__).parent / "variants").glob("*.yaml"))


SERVED = [None, *(path for path in VARIANTS if path.stem != "no-dashboard")]


@pytest.fixture(params=SERVED, ids=lambda path: path.stem if path else "defaults")
def files(request) -> tuple[Path, ...]:
    return (request.param,) if request.param else ()


@pytest.fixture
def explorer(objects) -> dict:
    (found,) = (o for o in objects if o["kind"] == "Deployment" and o["metadata"]["name"] == "explore")
    return found["spec"]["template"]["spec"]


def own(listed: list[dict]) -> list[dict]:
    return [one for one in listed if one["name"] != "tmp"]


def test_dashboards_see_the_volumes_of_servers(explorer, values):
    assert own(explorer["volumes"]) == data_volumes(values)[0]


def test_dashboards_see_them_at_the_same_place(explorer, values):
    assert own(explorer["containers"][0]["volumeMounts"]) == data_volumes(values)[1]


def test_dashboards_have_the_same_variables(explorer, values):
    for variable in data_volumes(values)[2]:
        assert variable in explorer["containers"][0]["env"]


def test_a_folder_of_a_server_or_node_becomes_a_claim_of_the_chart(objects, values):
    """Pod Security "restricted" refuses NFS and folders of nodes in a pod."""
    claims = {o["metadata"]["name"]: o for o in objects if o["kind"] == "PersistentVolumeClaim"}
    disks = {o["metadata"]["name"]: o for o in objects if o["kind"] == "PersistentVolume"}
    volumes = data_volumes(values)[0]
    asked = {one["persistentVolumeClaim"]["claimName"] for one in volumes if "persistentVolumeClaim" in one}
    made = {name for name in claims if name.startswith("data-")}
    assert made <= asked
    for name in made:
        disk = disks.pop(claims[name]["spec"]["volumeName"])
        assert disk["spec"]["claimRef"] == {"name": name, "namespace": "ocean"}
        assert disk["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert disks == {}


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ("1.5G", 3 * 2**29),
        ("2GB", 2**31),
        ("512 MiB", 2**29),
        ("1000", 1000),
        ("0.3K", 308),
        (2_500_000_000, 2_500_000_000),
        (2**40, 2**40),
    ],
)
def test_a_size_means_the_same_in_templates_and_settings(helm, tmp_path, written, count):
    values = {"vre": {"data": {"read_warning": written}}}
    (file := tmp_path / "values.yaml").write_text(yaml.safe_dump(values), "utf-8")
    (board,) = (
        o for o in helm.objects(file) if o["kind"] == "Deployment" and o["metadata"]["name"] == "explore"
    )
    env = board["spec"]["template"]["spec"]["containers"][0]["env"]
    expected = {"name": "ODATIS_READ_WARNING", "value": str(count)}
    assert expected in env
    assert expected in data_volumes(Values.model_validate(values))[2]
