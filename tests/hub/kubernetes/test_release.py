"""What a pod reads of its release."""

import json
import runpy
from pathlib import Path

import pytest
from traitlets.config import Config

from odatis_vre.errors import SettingsError
from odatis_vre.hub import kubernetes
from odatis_vre.hub.kubernetes.pods import image_reference
from odatis_vre.hub.kubernetes.release import Release, read_values
from odatis_vre.hub.kubernetes.value_parts import Image
from odatis_vre.hub.kubernetes.values import Values

WORDS = {"name": {"en": "n", "fr": "n"}, "description": {"en": "d", "fr": "d"}}


@pytest.fixture
def read(tmp_path):
    """Values, as a pod reads them from the file that Helm wrote."""

    def back(values: dict) -> Values:
        (file := tmp_path / "values.json").write_text(json.dumps(values), "utf-8")
        return read_values(file)

    return back


def test_the_facts_come_from_the_environment():
    found = {"ODATIS_VRE_RELEASE": "sea", "ODATIS_VRE_NAMESPACE": "ocean", "ODATIS_VRE_VERSION": "1.2.3"}
    assert Release.of(found) == Release("sea", "ocean", "1.2.3")


def test_profiles_are_in_the_order_of_their_size(read):
    sizes = {"a": ("8G", 2), "b": ("1G", 4), "c": ("1G", 1)}
    profiles = {key: {**WORDS, "memory": memory, "cores": cores} for key, (memory, cores) in sizes.items()}
    assert list(read({"vre": {"profiles": profiles}}).vre.profiles) == ["c", "b", "a"]


def test_names_are_those_of_the_chart(read):
    assert read({"singleuser": {"startTimeout": 77}}).singleuser.start_timeout == 77


def test_what_helm_adds_is_let_be(read):
    assert read({"global": {"anything": 1}})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"hub": {"nope": 1}}, "unknown key hub.nope. Allowed here: nodeSelector, tolerations"),
        (
            {"vre": {"hub": {"titel": 1}}},
            "unknown key vre.hub.titel. Allowed here: address, port, title. Did",
        ),
        (
            {"vre": {"profiles": {"s": {**WORDS, "memory": "1G", "cores": 1, "image": "a:latest"}}}},
            "vre.profiles.s.image cannot be 'a:latest'. Write an image with an exact tag",
        ),
        ({"vre": {"auth": {"users": []}}}, "nobody may log in"),
        ({"vre": {"auth": {"kind": "oidc"}}}, "the key vre.auth.oidc is missing"),
        ({"hub": {"db": {"type": "url"}}}, "hub.db: hub.db.url names the Secret"),
        ({"data": {"mounts": {"sea": {"path": "/tmp", "pvc": "p"}}}}, "data.mounts: sea cannot be mounted"),
        ({"hub": {"config": {"JupyterHub": {"base_url": "/vre/"}}}}, "base_url cannot be /vre/"),
    ],
)
def test_a_mistake_is_a_line_that_names_file_and_key(read, values, said):
    with pytest.raises(SettingsError) as caught:
        read(values)
    assert said in str(caught.value)
    assert "values.json, line 1: " in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_mistake_of_the_values_is_told_in_french(read, monkeypatch):
    monkeypatch.setenv("ODATIS_LANG", "fr")
    with pytest.raises(SettingsError, match=r"hub\.config : JupyterHub\.base_url ne peut pas valoir /vre/"):
        read({"hub": {"config": {"JupyterHub": {"base_url": "/vre/"}}}})


def test_a_secret_in_the_values_is_not_repeated(read):
    with pytest.raises(SettingsError) as caught:
        read({"hub": {"config": {"GenericOAuthenticator": {"client_secret": "hush"}}}})
    assert "GenericOAuthenticator.client_secret is a secret" in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("name", ["jupyterhub_config.py", "dask_gateway_config.py"])
def test_a_hub_and_a_gateway_that_cannot_start_say_why_in_a_line(tmp_path, monkeypatch, name):
    (file := tmp_path / "values.json").write_text('{"vre": {"compute": {"max_workers": 0}}}', "utf-8")
    monkeypatch.setattr(read_values, "__defaults__", (file,))
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(Path(kubernetes.__file__).with_name(name)), {"get_config": Config})
    assert caught.value.code == f"{file}, line 1: vre.compute.max_workers cannot be 0. At least 1."


def test_where_the_hub_of_one_machine_listens_says_nothing_of_a_pod(read):
    title = {"en": "Sea", "fr": "Mer"}
    given = {"vre": {"hub": {"address": "0.0.0.0", "port": 80, "title": title}}}
    assert read(given) == read({"vre": {"hub": {"title": title}}})


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ({"name": "vre/hub"}, "vre/hub:1.2.3"),
        ({"name": "vre/hub", "tag": "2"}, "vre/hub:2"),
        ({"name": "vre/hub", "tag": "2", "digest": "sha256:" + "b" * 64}, "vre/hub@sha256:" + "b" * 64),
    ],
)
def test_an_image_is_exact(image, name):
    assert image_reference(Image.model_validate(image), Release(version="1.2.3")) == name
