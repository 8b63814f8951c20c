"""The JSON schema of a catalogue file: that of the model, and true of the shipped files."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from odatis_vre.catalog.model import CatalogFile, schema

FOLDER = Path(__file__).parents[2] / "catalogs"
FILES = sorted(FOLDER.glob("*.yaml"))
VALIDATOR = jsonschema.Draft202012Validator(schema())
GOOD = {"driver": "csv", "args": {"urlpath": "a.csv"}}


def test_the_committed_schema_is_that_of_the_model():
    committed = json.loads((FOLDER / "schema.json").read_text("utf-8"))
    assert committed == schema()


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_shipped_file_holds_to_it(path):
    VALIDATOR.validate(json.loads(json.dumps(yaml.safe_load(path.read_text("utf-8")), default=str)))


@pytest.mark.parametrize(
    "metadata",
    [
        {"title": "one text for both", "licence": "MIT", "verified": True, "version": 2},
        {"title": {"fr": "un titre"}, "bbox": [-12, 43, 2, 60], "time": ["1990", None]},
        {"variables": {"sst": {"title": "temperature"}}, "verified": {"licence": True}},
        {"access": [{"driver": "csv", "note": "one text"}, {"driver": "csv", "note": None}]},
        {"access": [{"driver": "csv", "note": {"en": "a", "fr": "b"}}], "absent": {"time": "none"}},
        {"links": [{"url": "u", "name": "files"}, {"url": "u", "name": {"en": "files", "fr": "fichiers"}}]},
        {"harvested": True},
    ],
)
def test_short_forms_are_right_for_schema_and_model(metadata):
    tree = {"sources": {"a": {**GOOD, "metadata": metadata}}}
    VALIDATOR.validate(tree)
    CatalogFile.model_validate(tree)


@pytest.mark.parametrize(
    "metadata",
    [
        {"bbox": [1, 2, 3]},
        {"verified": {"licnce": True}},
        {"address": "somewhere"},
        {"absent": {"colour": "none"}},
        {"absent": "none"},
        {"harvested": "perhaps"},
        {"access": [{"args": {}}]},
        {"sha256": "abc"},
        {"variables": ["sst"]},
    ],
)
def test_what_is_wrong_is_wrong_for_schema_and_model(metadata):
    tree = {"sources": {"a": {**GOOD, "metadata": metadata}}}
    with pytest.raises(ValueError, match="validation error"):
        CatalogFile.model_validate(tree)
    assert not VALIDATOR.is_valid(tree)
