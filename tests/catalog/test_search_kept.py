"""Large catalogues: what was read before is kept by content, and nothing else than the file is believed."""

import os

import pytest
import typer
from typer.testing import CliRunner

from odatis_vre.catalog import open_catalog, yamlfile
from odatis_vre.catalog.search import index as indexing
from odatis_vre.catalog.tree import keep_for_all
from odatis_vre.cli.catalog import register
from odatis_vre.errors import CatalogError

ENTRY = """\
  set_{number}:
    driver: netcdf
    args: {{urlpath: "{{{{ CATALOG_DIR }}}}/set_{number}.nc", xarray_kwargs: {{engine: h5netcdf}}}}
    metadata:
      title: {{en: Salinity {number}, fr: Salinité {number}}}
      description: "{filling}"
      bbox: [-12, 43, 2, 60]
      time: [1990-01-01, {year}-12-31]
      since: 2020-02-03
"""


@pytest.fixture
def large(tmp_path, monkeypatch):
    """Write a catalogue that is large enough to be kept, in a cache of its own; its path."""
    monkeypatch.setenv("ODATIS_CACHE", str(tmp_path / "cache"))

    def write(extra: str = "", number: int = 52):
        entries = "".join(
            ENTRY.format(number=n, filling="w" * 2400, year=2000 + n % 20) for n in range(number)
        )
        path = tmp_path / "large.yaml"
        path.write_text(f"metadata: {{title: Large}}\nsources:\n{entries}{extra}", "utf-8")
        return path

    return write


def kept(tmp_path, ending: str):
    return [path for path in (tmp_path / "cache" / "catalogs").iterdir() if f".{ending}" in path.name]


def facts(cat):
    return [entry.to_dict() for entry in cat]


def test_the_second_opening_gives_the_same_entries_without_reading_yaml(large, tmp_path, monkeypatch):
    path = large()
    first = facts(open_catalog(path))
    assert len(kept(tmp_path, "sources")) == 1
    monkeypatch.setattr("odatis_vre.catalog.yamlfile.read_yaml", lambda text: pytest.fail("YAML was read"))
    again = open_catalog(path)
    assert facts(again) == first
    assert again.metadata.title.en == "Large"
    assert again["set_3"].metadata.model_extra["since"].year == 2020


def test_the_second_search_does_not_build_the_index_again(large, monkeypatch):
    path = large()
    names = open_catalog(path).search("salinité 7").names
    monkeypatch.setattr(indexing, "build", lambda entries: pytest.fail("the index was built"))
    assert open_catalog(path).search("salinité 7").names == names
    assert names[0] == "set_7"


def test_a_changed_file_is_read_again(large):
    path = large()
    open_catalog(path).search("salinity")
    path.write_text(path.read_text("utf-8").replace("Salinity 7,", "Nitrate 7,"), "utf-8")
    assert open_catalog(path).search("nitrate").names == ["set_7"]


@pytest.mark.parametrize(
    "damage", [lambda content: content[:-20], lambda content: content[:40] + b"x" + content[41:]]
)
@pytest.mark.parametrize("ending", ["sources", "index"])
def test_what_is_damaged_in_the_cache_is_made_again(large, tmp_path, damage, ending):
    path = large()
    first = open_catalog(path).search("salinity").names
    (file,) = kept(tmp_path, ending)
    file.write_bytes(damage(file.read_bytes()))
    assert open_catalog(path).search("salinity").names == first


def test_a_cache_that_cannot_be_written_is_done_without(large, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be", "utf-8")
    assert len(open_catalog(large()).search("salinity")) == 52


def test_the_same_content_elsewhere_leads_to_files_elsewhere(large, tmp_path):
    path = large()
    open_catalog(path)
    other = tmp_path / "other" / "large.yaml"
    other.parent.mkdir()
    other.write_bytes(path.read_bytes())
    assert open_catalog(other)["set_1"].urlpath == f"{other.parent}/set_1.nc"


def test_a_catalogue_with_a_key_in_an_address_is_not_kept(large, tmp_path):
    key = "  secret: {driver: csv, args: {urlpath: 'https://me:secret@example.org/a.csv?token=abc'}}\n"
    path = large(key)
    assert "secret" in open_catalog(path).names
    cache = tmp_path / "cache"
    assert not [file for file in cache.rglob("*") if file.is_file() and b"secret@" in file.read_bytes()]


def test_what_is_not_allowed_is_refused_whether_kept_or_not(large):
    path = large("  bad: {driver: csv, args: {urlpath: 'a.csv', converters: 'os.system'}}\n")
    for _ in range(2):
        with pytest.raises(CatalogError, match=r"sources\.bad\.args\.converters"):
            open_catalog(path)


@pytest.fixture
def for_all(large, tmp_path, monkeypatch):
    """A large catalogue that somebody kept for all; its path, as a person opens it who never did before."""
    path = large()
    keep_for_all(path)
    monkeypatch.setenv("ODATIS_CACHE", str(tmp_path / "cache of another person"))
    return path


def test_whoever_opens_a_catalogue_for_the_first_time_has_what_was_kept_beside_it(for_all, monkeypatch):
    monkeypatch.setattr("odatis_vre.catalog.yamlfile.read_yaml", lambda text: pytest.fail("YAML was read"))
    monkeypatch.setattr(indexing, "build", lambda entries: pytest.fail("the index was built"))
    assert open_catalog(for_all).search("salinité 7").names[0] == "set_7"


def test_what_another_than_the_files_owner_kept_beside_it_is_not_believed(for_all, monkeypatch, missing):
    if os.geteuid():
        missing("root", "run as root, who may give files away")
    for file in (for_all.parent / ".kept").iterdir():
        os.chown(file, 4321, -1)
    read = []
    monkeypatch.setattr(
        "odatis_vre.catalog.yamlfile.read_yaml",
        lambda text, whole=yamlfile.read_yaml: read.append(1) or whole(text),
    )
    assert len(open_catalog(for_all)) == 52
    assert read


def test_what_is_kept_for_all_is_read_by_all_and_does_not_grow(large):
    for number in range(52, 64):
        path = large(number=number)
        keep_for_all(path)
    kept = [file for file in (path.parent / ".kept").iterdir() if file.name != ".gitignore"]
    assert len(kept) == 8
    assert all(file.stat().st_mode & 0o444 == 0o444 for file in kept)


def test_a_folder_that_cannot_be_written_is_done_without(large):
    path = large()
    (path.parent / ".kept").write_text("a file where the folder should be", "utf-8")
    keep_for_all(path)
    assert len(open_catalog(path).search("salinity")) == 52


def test_a_check_keeps_the_catalogue_for_all(large):
    path = large()
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    told = CliRunner().invoke(app, ["catalog", "check", "--path", str(path)])
    assert "52" in told.stdout
    names = " ".join(file.name for file in (path.parent / ".kept").iterdir())
    assert ".sources" in names
    assert ".index" in names
