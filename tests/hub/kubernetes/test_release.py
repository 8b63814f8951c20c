"""What a pod reads of its release."""

import json

import pytest
from pydantic import ValidationError

from odatis_vre.hub.kubernetes.pods import image_reference
from odatis_vre.hub.kubernetes.release import Release, read_values
from odatis_vre.hub.kubernetes.values import Image, Values

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


def test_an_unknown_key_is_an_error(read):
    with pytest.raises(ValidationError, match="nope"):
        read({"hub": {"nope": 1}})


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
