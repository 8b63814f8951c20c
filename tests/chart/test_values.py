"""Values, schema and model are one; what is wrong is refused before anything is installed."""

import json
import re
import tomllib
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel
from traitlets.config import Config

from odatis_vre.hub.kubernetes.data_values import TAKEN as FOLDERS
from odatis_vre.hub.kubernetes.data_values import WHOLE
from odatis_vre.hub.kubernetes.gateway import configure_gateway_api, configure_gateway_controller
from odatis_vre.hub.kubernetes.passthrough import SECRETS
from odatis_vre.hub.kubernetes.release import Release, read_values
from odatis_vre.hub.kubernetes.traits import configure_kubernetes
from odatis_vre.hub.kubernetes.values import Values, schema
from odatis_vre.i18n import LANGUAGES, tr

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "odatis-vre"
SMALL = {
    "name": {"en": "Small", "fr": "Petit"},
    "description": {"en": "A little.", "fr": "Un peu."},
    "memory": "1G",
    "cores": 1,
}
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"
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
        ({"data": {"mounts": {"sea": {"path": "/d:ro", "pvc": "p"}}}}, "/data/mounts/sea/path"),
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


def refused_in_both_languages(helm, folder, values: dict, key: str, **fields) -> None:
    """By the chart and by the model, in the same words."""
    said = helm.refusal(folder, values)
    for lang in LANGUAGES:
        assert tr(f"hub.kubernetes.{key}", lang=lang, **fields) in said
    with pytest.raises(ValueError, match="validation error") as caught:
        Values.model_validate(values)
    assert tr(f"hub.kubernetes.{key}", **fields) in str(caught.value)


INSIDE = [(path, path) for path in ("/opt/odatis/lib", "/usr/lib", "/lib64", "/srv/catalog/x")]
SAME = [("/tmp", "/tmp"), ("/tmp/", "/tmp"), ("//home/odatis", "/home/odatis"), ("/data/../srv", "/srv")]


@pytest.mark.parametrize(("written", "path"), [*SAME, *INSIDE, ("/", "/"), ("/home", "/home")])
def test_a_mount_over_the_vres_own_folders_is_refused(helm, tmp_path, written, path):
    values = {"data": {"mounts": {"sea": {"path": written, "pvc": "p"}}}}
    refused_in_both_languages(helm, tmp_path, values, "mount_taken", name="sea", path=path)


def test_chart_and_model_know_the_same_folders_and_secrets():
    text = (CHART / "templates" / "_validate.tpl").read_text("utf-8")
    lists = [set(re.findall(r'"([^"]+)"', found)) for found in re.findall(r'list ((?:"[^"]+" ?)+)', text)]
    assert set(WHOLE) in lists
    assert set(FOLDERS) - set(WHOLE) in lists
    assert set(SECRETS) in lists


def test_every_folder_of_a_pod_of_the_chart_is_known(helm):
    said = {path.rstrip("/") for path in re.findall(r"mountPath: (/\S*)", helm.text())}
    # Of pods that have no data.
    assert said - {"/etc/odatis-vre", "/etc/traefik", "/srv/hub", TOKEN} <= set(FOLDERS)


def test_two_mounts_at_one_place_are_refused(helm, tmp_path):
    mounts = {"a": {"path": "/d", "pvc": "p"}, "b": {"path": "/d/", "pvc": "q"}}
    fields = {"first": "a", "second": "b", "path": "/d"}
    refused_in_both_languages(helm, tmp_path, {"data": {"mounts": mounts}}, "mount_twice", **fields)


def test_mounts_beside_and_below_the_vres_own_folders_are_taken(helm, tmp_path):
    paths = ("/data", "/srv/data", "/tmpdata", "/home/odatis/data", "/data/sea")
    mounts = {f"m{number}": {"path": path, "pvc": "p"} for number, path in enumerate(paths)}
    (file := tmp_path / "values.yaml").write_text(yaml.safe_dump({"data": {"mounts": mounts}}), "utf-8")
    assert helm.objects(file)
    assert len(Values.model_validate({"data": {"mounts": mounts}}).data.mounts) == len(paths)


HUSH = {
    **{f"SomeAuthenticator.{trait}": "hush" for trait in SECRETS},
    "JupyterHub.db_url": "postgresql://hub:hush@db/hub",
    "SomeHub.db_url": "postgresql://db/hub?user=hub&password=hush",
    "JupyterHub.services": [{"name": "s", "api_token": "hush"}],
}


@pytest.mark.parametrize("trait", HUSH)
def test_a_secret_among_the_traits_is_refused_and_not_repeated(helm, tmp_path, trait):
    name, _, short = trait.partition(".")
    values = {"hub": {"config": {name: {short: HUSH[trait]}}}}
    refused_in_both_languages(helm, tmp_path, values, "secret_trait", name=name, trait=short)
    assert "hush" not in helm.refusal(tmp_path, values)


MOVED = {"base_url": "/vre/", "bind_url": "http://:8000/vre/"}


@pytest.mark.parametrize("trait", MOVED)
def test_a_hub_below_its_host_name_is_refused(helm, tmp_path, trait):
    values = {"hub": {"config": {"JupyterHub": {trait: MOVED[trait]}}}}
    fields = {"name": "JupyterHub", "trait": trait, "value": MOVED[trait]}
    refused_in_both_languages(helm, tmp_path, values, "base_url", **fields)


def test_traits_that_are_no_secret_and_move_nothing_are_taken(helm, tmp_path):
    hub = {"db_url": "postgresql://hub@db/hub", "base_url": "/", "bind_url": "http://:8000/"}
    values = {"hub": {"config": {"JupyterHub": hub, "GenericOAuthenticator": {"token_url": "https://a/t"}}}}
    (file := tmp_path / "values.yaml").write_text(yaml.safe_dump(values), "utf-8")
    assert helm.objects(file)
    assert Values.model_validate(values).hub.config["JupyterHub"] == hub


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
