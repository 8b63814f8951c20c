"""Values, schema and model are one; what is wrong is refused before anything is installed."""

import json
import tomllib
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel
from traitlets.config import Config

from odatis_vre.hub.kubernetes.gateway import configure_gateway_api, configure_gateway_controller
from odatis_vre.hub.kubernetes.release import Release, read_values
from odatis_vre.hub.kubernetes.traits import configure_kubernetes
from odatis_vre.hub.kubernetes.values import Values, schema

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "odatis-vre"
SMALL = {
    "name": {"en": "Small", "fr": "Petit"},
    "description": {"en": "A little.", "fr": "Un peu."},
    "memory": "1G",
    "cores": 1,
}
OIDC = {"issuer": "https://login.example.org", "client_id": "vre"}
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
        ({"vre": {"profiles": {"s": {**SMALL, "image": "foo:latest"}}}}, "/vre/profiles/s/image"),
        ({"vre": {"profiles": {"s": {**SMALL, "image": "registry:5000/foo"}}}}, "/vre/profiles/s/image"),
        ({"vre": {"profiles": {"s": {**SMALL, "memory": "0G"}}}}, "/vre/profiles/s/memory"),
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
        ({"data": {"objectStores": {"ice": {}}}}, "data.objectStores.ice: give an endpoint, or a secret"),
        ({"data": {"objectStores": {"Ice": {"secret": "s"}}}}, "Ice"),
        ({"data": {"objectStores": {"ice": {"key": "s"}}}}, "additional properties 'key'"),
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
        ({"vre": {"auth": {"users": [], "groups": ["ocean"]}}}, "Nobody may log in"),
        (
            {
                "vre": {"auth": {"kind": "github", "groups": ["ocean"], "github": {"client_id": "v"}}},
                "hub": {"clientSecret": {"name": "s", "key": "k"}},
            },
            "Nobody may log in: give vre.auth.users, vre.auth.github.organizations",
        ),
        (
            {
                "vre": {
                    "auth": {
                        "kind": "oidc",
                        "oidc": OIDC,
                        "github": {"client_id": "v", "organizations": ["o"]},
                    }
                },
                "hub": {"clientSecret": {"name": "s", "key": "k"}},
            },
            "Nobody may log in: give vre.auth.users, vre.auth.groups",
        ),
        ({"catalog": {"files": {"physics.yaml": "sources: {}"}}}, "odatis.yaml"),
        ({"catalog": {"files": {"odatis.yaml": "a"}, "volume": {"pvc": "p"}}}, "not both"),
        ({"httpRoute": {"enabled": True}}, "httpRoute.gateway"),
    ],
)
def test_a_mistake_is_refused_and_named(helm, tmp_path, values, said):
    assert said in helm.refusal(tmp_path, values)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"vre": {"profiles": {"s": {**SMALL, "image": "foo:latest"}}}},
            "vre.profiles.s.image is foo:latest",
        ),
        ({"traefik": {"image": {"tag": "latest"}}}, "traefik.image.tag is latest"),
    ],
)
def test_the_newest_image_is_refused_without_the_schema_too(helm, tmp_path, values, said):
    assert said in helm.refusal(tmp_path, values, "--skip-schema-validation")


TAKEN = {
    "an address of another machine": {"hub": {"address": "0.0.0.0", "port": 80}},
    "no address": {"hub": {"address": "localhost", "port": 1}},
    "an exact image": {"profiles": {"s": {**SMALL, "image": "registry:5000/foo:1"}}},
    "hardly any memory": {"compute": {"worker_memory": "0.0001"}},
    "bytes": {"compute": {"worker_memory": 2**30}},
    "another provider's settings": {"auth": {"oidc": OIDC}},
    "everybody": {"auth": {"users": [], "allow_all": True}},
    "an empty catalogue": {"data": {"catalog": ""}},
    "folders of one machine": {"notebooks": {"templates": "/nowhere"}},
}
REFUSED = {
    "an image by name": {"profiles": {"s": {**SMALL, "image": "foo"}}},
    "the newest image": {"profiles": {"s": {**SMALL, "image": "registry:5000/foo:latest"}}},
    "a short digest": {"profiles": {"s": {**SMALL, "image": "foo@sha256:abc"}}},
    "an odd tag": {"profiles": {"s": {**SMALL, "image": "foo:1 2"}}},
    "no memory": {"compute": {"worker_memory": "0.0G"}},
    "much memory": {"compute": {"user_max_memory": "9" * 400}},
    "very much memory": {"compute": {"user_max_memory": 1e30}},
    "no worker": {"compute": {"max_workers": 0}},
    "no profile": {"profiles": {}},
    "a profile in capitals": {"profiles": {"Small": SMALL}},
    "a board that is not there": {"dashboards": {"niche": {"title": {"en": "N", "fr": "N"}}}},
    "administrators alone": {"auth": {"users": [], "admins": ["ana"]}},
    "groups of no provider": {"auth": {"users": [], "groups": ["ocean"]}},
    "somebody in capitals": {"auth": {"users": ["Ana"]}},
    "words that open no machine": {"auth": {"beyond_this_machine": "yes"}},
}


@pytest.mark.parametrize("vre", TAKEN.values(), ids=TAKEN)
def test_what_the_chart_takes_starts_the_hub_and_the_gateway(helm, tmp_path, vre):
    (file := tmp_path / "values.yaml").write_text(yaml.safe_dump({"vre": vre}), "utf-8")
    objects = [found for found in yaml.load_all(helm.text(file), yaml.CSafeLoader) if found]
    (text,) = (o["data"]["values.json"] for o in objects if "values.json" in o.get("data", {}))
    (read := tmp_path / "values.json").write_text(text, "utf-8")
    values = read_values(read)
    configure_kubernetes(c := Config(), values, defaultdict(str))
    configure_gateway_api(c, values, Release())
    configure_gateway_controller(c, values, Release())
    assert c.KubeSpawner.image


@pytest.mark.parametrize("vre", REFUSED.values(), ids=REFUSED)
def test_what_the_hub_would_not_start_with_is_not_installed(helm, tmp_path, vre):
    said = helm.refusal(tmp_path, {"vre": vre})
    assert "specifications of the schema" in said or "Nobody may log in" in said
    with pytest.raises(ValueError, match="validation error"):
        Values.model_validate({"vre": vre})
