"""Catalogue files: a broken one is one error which names the file and the field."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odatis_vre.catalog import open_catalog
from odatis_vre.errors import CatalogError

SAMPLE_FILE = Path(__file__).parents[2] / "catalogs" / "sample.yaml"
GOOD = "driver: csv, args: {urlpath: a.csv}"
LOOP = "sources: {a: {driver: yaml_file_cat, args: {path: '{{ CATALOG_DIR }}/catalog.yaml'}}}"
BROKEN = {
    "sources: {a: {driver: csv": "line",
    "just text": "sources",
    "": "sources",
    "metadata: {}": "sources",
    "sources: 5": "sources",
    "sources: {a: {args: {}}}": "sources.a.driver",
    "sources: {a: 3}": "sources.a",
    f"sources: {{a: {{{GOOD}, metadata: {{bbox: [1, 2, 3]}}}}}}": "sources.a.metadata.bbox",
    f"sources: {{a: {{{GOOD}, metadata: {{bbox: [0, 50, 10, 40]}}}}}}": "sources.a.metadata.bbox",
    f"sources: {{a: {{{GOOD}, metadata: {{time: [soon, later]}}}}}}": "sources.a.metadata.time",
    f"sources: {{a: {{{GOOD}, metadata: {{sha256: abc}}}}}}": "sources.a.metadata.sha256",
    f"sources: {{a: {{{GOOD}, metadata: {{variables: [sst]}}}}}}": "sources.a.metadata.variables",
    "sources: {a: {driver: yaml_file_cat, args: {}}}": "sources.a.args.path",
    LOOP: "sources.a.args.path",
    "sources: {a: {driver: csv, args: {urlpath: '{{ HOME }}/a.csv'}}}": "sources.a.args.urlpath",
    "sources: {a: {driver: csv, args: {urlpath: '{{ env(\"HOME\") }}'}}}": "sources.a.args.urlpath",
}


@pytest.mark.parametrize(("text", "field"), BROKEN.items())
def test_a_broken_file_is_one_error_naming_file_and_field(write_catalog, text, field):
    with pytest.raises(CatalogError, match=r"catalog\.yaml") as caught:
        open_catalog(write_catalog(text))
    assert field in caught.value.message
    assert caught.value.hint


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 6000), replacement=st.text(alphabet=" :{}[]-\n\t\"'#&*!|%@é0a", max_size=3))
def test_a_damaged_catalogue_opens_or_is_a_catalogue_error(write_catalog, position, replacement):
    text = SAMPLE_FILE.read_text("utf-8")
    path = write_catalog(text[:position] + replacement + text[position + len(replacement) :])
    try:
        open_catalog(path)
    except CatalogError as error:
        message = error.message
    else:
        return
    assert "catalog.yaml" in message


def test_bytes_that_are_not_utf8_are_one_error(tmp_path):
    (tmp_path / "catalog.yaml").write_bytes("sources: {é: 1}".encode("latin-1"))
    with pytest.raises(CatalogError, match="UTF-8"):
        open_catalog(tmp_path / "catalog.yaml")


def test_a_missing_file_is_named():
    with pytest.raises(CatalogError, match=r"no catalogue at nowhere\.yaml"):
        open_catalog("nowhere.yaml")


def test_a_missing_nested_file_is_named(write_catalog):
    path = write_catalog("sources: {a: {driver: yaml_file_cat, args: {path: '{{ CATALOG_DIR }}/gone.yaml'}}}")
    with pytest.raises(CatalogError, match=r"gone\.yaml"):
        open_catalog(path)


def test_the_site_catalogue_is_the_one_the_environment_names(write_catalog, monkeypatch):
    path = write_catalog(f"sources: {{mine: {{{GOOD}}}}}")
    monkeypatch.setenv("ODATIS_CATALOG", str(path))
    assert open_catalog().names == ["mine"]


def test_without_it_the_site_catalogue_is_the_shipped_one():
    assert "sample/ocean_climatology" in open_catalog().names
