"""Citing everything that a script has opened: DOI, version, day of access."""

import json
import os
import re
import subprocess
import sys

import pytest

from odatis_vre.catalog import citations, open_catalog, opened
from odatis_vre.catalog.citing import read_opened
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import use_language

SCRIPT = """
from odatis_vre.catalog import citations, open_catalog
cat = open_catalog()
cat["sample/mackerel_eggs_1992"].to_pandas()
cat["sample/ocean_climatology"].to_xarray()
cat["sample/ocean_climatology"].to_xarray(variables="sst")
print(citations("csl-json"))
"""


def test_a_script_cites_all_that_it_opened_each_once(tmp_path):
    kept = tmp_path / "opened.jsonl"
    environment = {**os.environ, "ODATIS_OPENED": str(kept), "ODATIS_LANG": "en"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, env=environment
    )
    items = json.loads(done.stdout)
    eggs, climatology = items[:2], items[2:]
    assert [item["id"] for item in eggs] == ["mackerel_eggs_1992", "borchers_1997"]
    assert [item["id"] for item in climatology][:2] == ["ocean_climatology", "woodruff_1987"]
    assert len(climatology) == 4
    assert items[0]["version"] == "2.2-5.7"
    assert [len(items[n].get("accessed", {}).get("date-parts", [[]])[0]) for n in (0, 1, 2)] == [3, 0, 3]
    # what it left behind says the same to another process
    assert json.loads(citations("csl-json", records=read_opened(kept))) == items


def test_the_day_of_access_is_in_every_style(eggs):
    day = citations("bibtex", [eggs]).split("urldate = {")[1][:10]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", day)
    assert f"Accessed {day}" in citations("text", [eggs])
    assert f"Y2  - {day.replace('-', '/')}" in citations("ris", [eggs])
    with use_language("fr"):
        assert f"Consulté le {day}" in citations("text", [eggs])


def test_an_entrys_doi_and_version_go_with_its_citation(write_catalog):
    path = write_catalog(
        "sources: {a: {driver: csv, args: {urlpath: a.csv}, metadata: {doi: 10.1/x, version: 3,"
        " citation: [{id: a, type: dataset, title: A}]}}}"
    )
    text = citations("text", [open_catalog(path)["a"]])
    assert text.startswith("A. 3. https://doi.org/10.1/x. Accessed ")


def test_the_same_work_is_cited_once_and_two_works_have_two_keys(site, write_catalog):
    both = [site["physics/argo_gdac"], site["biogeochemistry/argo_bgc"]]
    assert citations("bibtex", both).count("@") == 1
    source = "{{driver: csv, args: {{urlpath: a.csv}}, metadata: {{citation: [{{id: x, title: {0}}}]}}}}"
    path = write_catalog(f"sources: {{a: {source.format('A')}, b: {source.format('B')}}}")
    assert re.findall(r"@misc\{(\w+)", citations("bibtex", list(open_catalog(path)))) == ["x", "x_2"]


def test_a_dataset_without_a_citation_is_named_and_breaks_no_file(site, eggs):
    unknown = site["other_poles/formater_land_motion"]
    assert "no citation is known" in citations("text", [eggs, unknown])
    assert "% other_poles/formater_land_motion" in citations("bibtex", [unknown, eggs])
    assert json.loads(citations("csl-json", [unknown])) == []
    assert citations("ris", [unknown]) == ""


def test_nothing_opened_is_said():
    with pytest.raises(CatalogError, match="Nothing has been opened"):
        citations(records=[])


def test_a_wrong_style_gets_did_you_mean():
    with pytest.raises(CatalogError, match="bibtx") as caught:
        citations("bibtx")
    assert "bibtex" in caught.value.hint


def test_a_file_that_is_no_record_is_named(tmp_path):
    path = tmp_path / "opened.jsonl"
    path.write_text('{"half a li\n[1]\n', "utf-8")
    with pytest.raises(CatalogError, match=r"opened\.jsonl"):
        read_opened(path)


def test_a_line_that_was_being_written_loses_nothing_of_the_others(eggs, tmp_path, monkeypatch):
    path = tmp_path / "opened.jsonl"
    monkeypatch.setenv("ODATIS_OPENED", str(path))
    eggs.to_pandas()
    with path.open("a", encoding="utf-8") as file:
        file.write('{"entry": "sample/oc')
    assert [record["entry"] for record in read_opened(path)] == [eggs.id]
    assert eggs.id in [record["entry"] for record in opened()]


def test_a_line_break_in_a_title_starts_no_field_of_ris(write_catalog):
    path = write_catalog(
        'sources: {a: {driver: csv, args: {urlpath: a.csv}, metadata: {citation: [{id: a, title: "A\\nUR  - http://x"}]}}}'
    )
    assert "\nUR  - " not in citations("ris", [open_catalog(path)["a"]]).replace("\r", "")


@pytest.mark.parametrize("style", ["text", "bibtex", "ris", "csl-json"])
def test_an_entry_cites_itself_as_a_list_of_entries_does(site, write_catalog, style):
    path = write_catalog(
        "sources: {a: {driver: csv, args: {urlpath: a.csv}, metadata: {doi: 10.1/x, version: 3,"
        " citation: [{id: a, type: dataset, title: A}]}}}"
    )
    for entry in (open_catalog(path)["a"], site["sample/ocean_climatology"], site["physics/argo_gdac"]):
        assert entry.cite(style) == citations(style, [entry])
