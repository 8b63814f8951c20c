"""Values, schema and model are one; what is wrong is refused before anything is installed."""

import json
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from odatis_vre.hub.kubernetes.values import Values, schema

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "odatis-vre"
ABOUT = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))


def test_the_schema_is_the_models():
    assert (CHART / "values.schema.json").read_text("utf-8") == schema()


def test_the_values_are_the_models_defaults():
    defaults = Values().model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"global_"})
    assert yaml.safe_load((CHART / "values.yaml").read_text("utf-8")) == {**defaults, "vre": {}}


@pytest.mark.parametrize("key", ["version", "appVersion"])
def test_the_chart_has_the_packages_version(key):
    package = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert ABOUT[key] == package == version("odatis-vre")


def test_the_chart_needs_no_other():
    assert "dependencies" not in ABOUT


def test_every_object_of_the_schema_is_closed_or_a_mapping():
    open_parts = []

    def walk(node, path):
        if isinstance(node, dict):
            if node.get("type") == "object" and node.get("additionalProperties", True) is True:
                open_parts.append(path)
            for key, value in node.items():
                walk(value, f"{path}/{key}")
        elif isinstance(node, list):
            for number, value in enumerate(node):
                walk(value, f"{path}/{number}")

    walk(json.loads(schema()), "")
    # Written in Kubernetes' or JupyterHub's own words; they check these.
    own_words = ("affinity", "tolerations", "config", "extraEgress", "global")
    assert [path for path in open_parts if not any(word in path for word in own_words)] == []


def test_helm_finds_nothing_to_say(helm):
    done = helm.run("lint", "--strict", CHART)
    assert done.returncode == 0, done.stdout
    assert "WARNING" not in done.stdout


def _parts(part: BaseModel, path: tuple = ()) -> list[tuple]:
    found = [path]
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        if isinstance(value, BaseModel):
            found += _parts(value, (*path, field.serialization_alias or field.alias or name))
    return found


def test_an_unknown_key_at_any_level_is_refused_by_name(helm, tmp_path):
    values: dict = {}
    for number, path in enumerate(paths := _parts(Values())):
        part = values
        for key in path:
            part = part.setdefault(key, {})
        part[f"unknown{number}"] = 1
    said = helm.refusal(tmp_path, values)
    assert len(paths) > 30
    for number, path in enumerate(paths):
        assert f"at '{'/' + '/'.join(path) if path else ''}': additional properties 'unknown{number}'" in said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"hub": {"image": {"tag": "latest"}}}, "/hub/image/tag"),
        ({"hub": {"image": {"digest": "sha256:short"}}}, "/hub/image/digest"),
        ({"vre": {"auth": {"kind": "dummy"}}}, "/vre/auth/kind"),
        ({"vre": {"profiles": {"s": {"memory": "2 GB"}}}}, "/vre/profiles/s"),
        ({"proxy": {"service": {"port": 0}}}, "/proxy/service/port"),
        ({"data": {"mounts": {"Sea": {"path": "/d", "pvc": "p"}}}}, "Sea"),
        ({"data": {"mounts": {"sea": {"path": "d", "pvc": "p"}}}}, "/data/mounts/sea/path"),
        ({"networkPolicy": {"private": ["10.0.0.0"]}}, "/networkPolicy/private/0"),
        ({"data": {"mounts": {"sea": {"path": "/d"}}}}, "data.mounts.sea: give one of pvc, nfs, hostPath"),
        ({"data": {"mounts": {"sea": {"path": "/d", "pvc": "p", "hostPath": "/p"}}}}, "data.mounts.sea"),
        ({"hub": {"db": {"type": "url"}}}, "hub.db.url"),
        ({"vre": {"auth": {"kind": "oidc"}}}, "vre.auth.oidc"),
        ({"vre": {"auth": {"kind": "github", "github": {"client_id": "v"}}}}, "hub.clientSecret"),
        (
            {
                "vre": {"auth": {"kind": "github", "github": {"client_id": "v"}}},
                "hub": {"clientSecret": {"name": "s", "key": "k"}},
            },
            "Nobody may log in",
        ),
        ({"vre": {"auth": {"users": []}}}, "Nobody may log in"),
        ({"catalog": {"files": {"physics.yaml": "sources: {}"}}}, "odatis.yaml"),
        ({"catalog": {"files": {"odatis.yaml": "a"}, "volume": {"pvc": "p"}}}, "not both"),
        ({"httpRoute": {"enabled": True}}, "httpRoute.gateway"),
    ],
)
def test_a_mistake_is_refused_and_named(helm, tmp_path, values, said):
    assert said in helm.refusal(tmp_path, values)
