"""GeoNetwork 4: pages, deltas, the traps of real records; against a stand-in for `_search`."""

import json

import intake
import pytest
from geonetwork_stand_in import GeoNetworkStandIn, link, record, surval
from hypothesis import given, settings
from hypothesis import strategies as st

from odatis_vre.catalog import open_catalog
from odatis_vre.catalog.harvest import Record
from odatis_vre.catalog.harvest.draft import Draft
from odatis_vre.catalog.harvest.geonetwork import record_of
from odatis_vre.catalog.harvest.hostile import Hostile
from odatis_vre.catalog.harvest.yamltext import written
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import use_language


@pytest.fixture
def seven():
    with GeoNetworkStandIn([record(f"u{number}") for number in range(7)]) as server:
        yield server


def test_records_become_entries_that_a_search_finds(seven, bring, output):
    report = bring(seven.api)
    assert (report.records, len(report.changes["added"])) == (7, 7)
    hits = open_catalog(output).search("chlorophylle, golfe de Gascogne, 2010-2020", platform="Sentinel-3")
    assert len(hits) == 7
    entry = hits["chlorophyll_u3"]
    assert (entry.title, entry.metadata.doi, entry.metadata.licence.name) == (
        "Chlorophyll u3",
        "10.12770/u3",
        "CC-BY-4.0",
    )
    assert (tuple(entry.bbox), str(entry.period)) == ((-10, 43, -1, 48.5), "2010-01-01 – 2020-12-31")
    assert entry.metadata.odatis_variables == ["/Biogéochimie marine/Pigments"]
    assert entry.metadata.domain == "biogeochemistry"
    assert not entry.metadata.verified
    assert entry.urlpath == "https://data.example.org/u3.nc"


def test_plain_intake_reads_the_same_file(seven, bring, output):
    bring(seven.api)
    assert len(list(intake.open_catalog(str(output)))) == 7


def test_pages_are_asked_one_after_the_other(seven, bring):
    bring(seven.api, page_size=3)
    assert [(body["from"], body["size"]) for _, _, body in seven.asked] == [(0, 3), (3, 3), (6, 3)]


def test_the_same_input_gives_the_same_bytes_in_either_language(seven, bring, output, tmp_path):
    bring(seven.api, page_size=2)
    first = output.read_bytes(), output.with_suffix(".harvest.json").read_bytes()
    output.unlink()
    output.with_suffix(".harvest.json").unlink()
    seven.records.reverse()
    with use_language("fr"):
        bring(seven.api, page_size=5)
    assert (output.read_bytes(), output.with_suffix(".harvest.json").read_bytes()) == first


def test_a_second_harvest_asks_for_what_changed_since(seven, bring, output):
    bring(seven.api)
    before = output.read_bytes()
    seven.records[2] = record("u2", "2024-05-01T00:00:00Z", licenseObject=[{"default": "Licence Ouverte"}])
    seven.records.append(record("u9", "2024-06-01T00:00:00Z"))
    seven.records[0]["changeDate"] = "2023-01-01T00:00:00Z"
    report = bring(seven.api)
    assert seven.asked[-1][2]["query"]["bool"]["filter"][-1] == {
        "range": {"changeDate": {"gte": "2024-01-02T00:00:00Z"}}
    }
    assert report.changes["updated"] == ["chlorophyll_u2"]
    assert report.fields["chlorophyll_u2"] == ["metadata.licence.name", "metadata.licence.url"]
    assert report.changes["added"] == ["chlorophyll_u9"]
    assert report.changes["gone"] == []  # a delta cannot know
    assert output.read_bytes().startswith(before[:1500])


def test_a_full_harvest_tells_what_is_gone_and_keeps_it(seven, bring, output):
    bring(seven.api)
    del seven.records[4]
    report = bring(seven.api, full=True)
    assert report.changes["gone"] == ["chlorophyll_u4"]
    assert "chlorophyll_u4" in open_catalog(output).names


def test_conditions_are_the_facets_of_the_index(seven, bring):
    seven.records[1]["th_odatis_centre_donnees"] = [{"default": "CDS-AVISO"}]
    assert bring(seven.api, conditions={"data_centre": "CDS-AVISO"}).changes["added"] == ["chlorophyll_u1"]


def test_a_dry_run_writes_nothing(seven, bring, output):
    report = bring(seven.api, dry_run=True)
    assert len(report.changes["added"]) == 7
    assert list(output.parent.iterdir()) == []


def test_the_traps_of_a_real_record_are_found_and_told(bring, output, codes):
    with GeoNetworkStandIn([surval()]) as server:
        report = bring(server.api)
    assert codes(report, "suspicious") == {
        "geom_list",
        "world_box",
        "empty_format",
        "http",
        "licence_is_citation",
        "open_range",
        "open_or_not",
    }
    (entry,) = open_catalog(output)
    known = entry.metadata
    assert known.licence.name == "Etalab-2.0"
    assert known.doi == "10.12770/cf5048f6-5bbf-4e44-ba74-e6f429af51ea"
    assert str(entry.period) == "1974-01-01 – …"
    assert known.title.fr == known.title.en == "Surval - Données par paramètre"
    assert known.odatis_variables[1] == "/Biologie marine/Matière en suspension"
    assert known.access[0].driver == "wfs"  # the layer once, though it is named twice
    assert len(known.access) == 1
    assert [way.protocol for way in known.links] == ["WWW:LINK", "OGC:WMS", "OGC:WPS"]


def test_reversed_dates_are_told_and_left_out(bring, output):
    dates = [{"gte": "2020-01-01T00:00:00Z", "lte": "2010-01-01T00:00:00Z"}]
    with GeoNetworkStandIn([record("r", resourceTemporalExtentDateRange=dates)]) as server:
        report = bring(server.api)
    (finding,) = report.of("suspicious")
    assert str(finding) == "the period ends (2010-01-01) before it starts (2020-01-01): left out."
    assert open_catalog(output)["chlorophyll_r"].period is None


def test_older_records_carry_the_label_or_the_tree(bring, output):
    tree = {"th_odatis_variables_tree": {"key": ["/Biologie marine", "/Biologie marine/Toxines"]}}
    old = record("o") | tree
    del old["th_odatis_variables"]
    with GeoNetworkStandIn([old]) as server:
        bring(server.api)
    assert open_catalog(output)["chlorophyll_o"].metadata.odatis_variables == ["/Biologie marine/Toxines"]


def test_an_account_in_a_link_is_stripped_told_and_written_nowhere(bring, output, codes):
    urls = ["https://me:s3cret@data.example.org/a.nc", "https://data.example.org/b.nc?v=1&token=s3cret"]
    about = {"default": "see ftp://me:s3cret@ftp.example.org/x"}
    broken = [record("a", link=[link(url) for url in urls], resourceAbstractObject=about), record("b")]
    with GeoNetworkStandIn(broken) as server:
        server.faults = [None, *[500] * 9]
        with pytest.raises(CatalogError):
            bring(server.api, page_size=1)
        written = [path.read_text("utf-8") for path in output.parent.iterdir()]
        assert written
        server.faults = []
        report = bring(server.api, page_size=1)
    assert {"account"} == codes(report, "stripped")
    assert [f.values["url"] for f in report.of("stripped")] == [
        "https://data.example.org/a.nc",
        "https://data.example.org/b.nc?v=1",
    ]
    written += [path.read_text("utf-8") for path in output.parent.iterdir()]
    assert not [text for text in [*written, repr(report), json.dumps(report.to_dict())] if "s3cret" in text]


def test_a_harvest_that_was_broken_off_goes_on_where_it_was(seven, bring, output):
    seven.faults = [None, None, *[503] * 8]
    with pytest.raises(CatalogError, match="No answer of"):
        bring(seven.api, page_size=2)
    assert not output.exists()
    asked = len(seven.asked)
    seven.faults = []
    report = bring(seven.api, page_size=2)
    assert seven.asked[asked][2]["from"] == 4
    assert len(report.changes["added"]) == 7
    assert sorted(path.name for path in output.parent.iterdir()) == [
        "harvested.harvest.json",
        "harvested.yaml",
    ]


@pytest.mark.parametrize("faults", [[500], [503, 502], ["cut"], [429, "cut"]])
def test_a_server_that_stumbles_is_asked_again(seven, bring, faults):
    seven.faults = faults
    assert len(bring(seven.api).changes["added"]) == 7


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"<html>Sign in</html>", "no JSON"),
        (b'{"hits": {}}', "hits.hits is missing"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "hits.hits is missing"),
    ],
)
def test_an_answer_that_is_none_is_one_error(seven, bring, output, answer, said):
    seven.faults = [answer]
    with pytest.raises(CatalogError) as caught:
        bring(seven.api)
    assert said in caught.value.message
    assert caught.value.hint
    assert not output.exists()


def test_a_redirection_to_another_server_is_not_followed(bring):
    class Elsewhere(GeoNetworkStandIn):
        def answer(self, method, path, body):
            return 302, b""

    with GeoNetworkStandIn([record("u")]) as other, Elsewhere([]) as server:
        server.location = other.api.replace("127.0.0.1", "localhost") + "/search/records/_search"
        with pytest.raises(CatalogError, match="redirects to another server"):
            bring(server.api)
        assert other.asked == []


def test_another_source_into_the_same_file_is_refused(seven, bring):
    bring(seven.api)
    with pytest.raises(CatalogError, match="another source"):
        bring(seven.api, conditions={"theme": "x"})


@pytest.mark.parametrize(
    ("asked", "said"),
    [({"kind": "stac"}, "stac"), ({"url": "ftp://example.org"}, "ftp://example.org")],
)
def test_wrong_arguments_are_one_error(seven, bring, asked, said):
    with pytest.raises(CatalogError, match=said):
        bring(**({"url": seven.api} | asked))


def test_more_records_than_the_index_pages_are_told_apart_by_their_dates(seven, bring, monkeypatch):
    monkeypatch.setattr("odatis_vre.catalog.harvest.geonetwork._WINDOW", 4)
    for number, one in enumerate(seven.records):
        one["changeDate"] = f"2024-01-0{number + 1}T00:00:00Z"
    assert bring(seven.api, page_size=2).records == 7


def test_the_report_speaks_french(seven, bring):
    with use_language("fr"):
        assert "7 ajoutée(s)" in repr(bring(seven.api))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=10) | st.integers(-(10**6), 10**6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(changes=st.dictionaries(st.sampled_from(sorted(surval() | record("u"))), JSON, max_size=4))
def test_any_hit_becomes_a_record_and_an_entry_or_is_refused(changes):
    try:
        found = record_of({"_id": "u", "_source": record("u") | changes})
    except (KeyError, TypeError, ValueError, AttributeError):
        return  # the page counts it as unreadable
    assert isinstance(found, Record)
    try:
        draft = Draft(found)
    except Hostile:
        return
    for _, entry in draft.entries:
        assert written(entry)
    assert all(str(finding) for finding in draft.findings)
