"""A correction by hand is never overwritten; what nobody touched follows the source."""

import json

import pytest
from geonetwork_stand_in import GeoNetworkStandIn, link, record
from hypothesis import given
from hypothesis import strategies as st

from odatis_vre.catalog import open_catalog
from odatis_vre.catalog.harvest.review import ABSENT, merged, unvouched
from odatis_vre.catalog.harvest.yamltext import CatalogText
from odatis_vre.catalog.model import CHECKABLE
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import use_language


@pytest.fixture
def server(bring):
    with GeoNetworkStandIn([record("a"), record("b")]) as running:
        bring(running.api)
        yield running


def correct(path, before: str, after: str) -> None:
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after), "utf-8")


def changed(**fields):
    return record("a", "2024-09-01T00:00:00Z", **fields)


def test_a_corrected_field_stays_and_the_others_follow_the_source(server, bring, output):
    correct(output, "fr: Chlorophylle a\n", "fr: Chlorophylle de surface\n")
    title = {"langfre": "Chlorophylle (a)", "langeng": "Chlorophyll (a)", "default": "x"}
    server.records[0] = changed(resourceTitleObject=title, licenseObject=[{"default": "CC0"}])
    report = bring(server.api)
    known = open_catalog(output)["chlorophyll_a"].metadata
    assert known.title.fr == "Chlorophylle de surface"
    assert known.title.en == "Chlorophyll (a)"
    assert known.licence.name == "CC0-1.0"
    (kept,) = report.of("kept")
    assert kept.field == "metadata.title.fr"
    assert str(kept).startswith('metadata.title.fr stays as corrected ("Chlorophylle de surface");')
    assert str(kept).endswith('the source now says "Chlorophylle (a)".')


def test_a_correction_stays_harvest_after_harvest(server, bring, output):
    correct(output, "bbox: [-10, 43, -1, 48.5]", "bbox: [-9, 43, -1, 48]")
    correct(output, "verified: false", "verified: true")
    for month in ("05", "06", "07"):
        geom = {"type": "Point", "coordinates": [-5, 45]}
        server.records[0] = record("a", f"2024-{month}-01T00:00:00Z", geom=geom, format=[month])
        bring(server.api)
        entry = open_catalog(output)["chlorophyll_a"]
        assert (tuple(entry.bbox), entry.metadata.verified) == ((-9, 43, -1, 48), True)
    server.records[0] = record("a", "2024-08-01T00:00:00Z", licenseObject=[{"default": "CC0"}])
    report = bring(server.api)
    assert open_catalog(output)["chlorophyll_a"].metadata.unverified == ["licence"]
    assert [str(found) for found in report.of("again")] == [
        "changed at the source, and verified no more: licence."
    ]


def elsewhere(server) -> None:
    """The source moves a dataset to another host, under another licence."""
    moved = [link("https://other.example.org/a.nc", "WWW:DOWNLOAD-1.0-link--download")]
    server.records[0] = changed(link=moved, licenseObject=[{"default": "CC0"}])


@pytest.mark.parametrize("reviewed", ["      harvested: false\n", ""])
def test_a_reviewed_entry_that_the_source_moves_is_to_be_reviewed_again(server, bring, output, reviewed):
    correct(output, "      harvested: true\n", reviewed)
    correct(output, "verified: false", "verified: true")
    elsewhere(server)
    report = bring(server.api)
    entry = open_catalog(output)["chlorophyll_a"]
    assert entry.urlpath == "https://other.example.org/a.nc"
    assert entry.metadata.harvested
    assert entry.metadata.unverified == ["address", "licence"]
    said, _ = report.of("again")
    assert (said.record, said.code) == ("chlorophyll_a", "unreviewed")
    assert str(said).startswith("args changed at the source after the review")
    with use_language("fr"):
        assert str(said).startswith("args a changé à la source après la relecture")
        assert "à relire" in repr(report)
    correct(output, "harvested: true", "harvested: false")
    assert not bring(server.api).of("again")
    assert not open_catalog(output)["chlorophyll_a"].metadata.harvested


def test_an_address_that_a_hand_corrected_stays_reviewed(server, bring, output):
    correct(output, "https://data.example.org/a.nc", "https://mirror.example.org/a.nc")
    correct(output, "harvested: true", "harvested: false")
    elsewhere(server)
    report = bring(server.api)
    entry = open_catalog(output)["chlorophyll_a"]
    assert (entry.urlpath, entry.metadata.harvested) == ("https://mirror.example.org/a.nc", False)
    assert not report.of("again")


@pytest.mark.parametrize("field", ["driver", "args", "metadata.access", "metadata.sha256"])
@pytest.mark.parametrize("harvested", [False, "no", None])
def test_each_field_that_opens_an_entry_takes_its_trust_away(field, harvested):
    mine = {"driver": "csv", "args": {"urlpath": "https://a/a"}, "metadata": {"harvested": harvested}}
    value = {**mine, "metadata": dict(mine["metadata"])}
    (value if field in mine else value["metadata"])[field.removeprefix("metadata.")] = "other"
    found, doubts = unvouched(mine, value)
    assert found["metadata"]["harvested"] is True
    assert doubts == {"unreviewed": [field]}


@pytest.mark.parametrize("name", CHECKABLE[1:])
@pytest.mark.parametrize("verified", [True, "yes", dict.fromkeys(CHECKABLE, True)])
def test_what_changes_is_no_longer_verified_and_the_rest_still_is(name, verified):
    mine = {"driver": "csv", "args": {}, "metadata": {name: 1, "verified": verified, "harvested": False}}
    found, doubts = unvouched(mine, {**mine, "metadata": {**mine["metadata"], name: 2}})
    assert [part for part, still in found["metadata"]["verified"].items() if not still] == [name]
    assert not found["metadata"]["harvested"]
    assert doubts == {"unverified": [name]}


def test_a_field_taken_out_or_added_by_hand_stays_so(server, bring, output):
    correct(output, "      keywords: [couleur de l'eau]\n", "      climatology: true\n")
    server.records[0] = changed(tag=[{"default": "ocean colour"}])
    bring(server.api)
    known = open_catalog(output)["chlorophyll_a"].metadata
    assert known.climatology
    assert "keywords" not in (known.model_extra or {})


def test_an_entry_taken_out_by_hand_stays_out(server, bring, output):
    text = output.read_text("utf-8")
    output.write_text(text[: text.index("  chlorophyll_b:")], "utf-8")
    server.records[1] = record("b", "2024-09-01T00:00:00Z", format=["x"])
    report = bring(server.api)
    assert report.changes["removed_by_hand"] == ["chlorophyll_b"]
    assert open_catalog(output).names == ["chlorophyll_a"]


def test_an_entry_written_by_hand_stays_as_it_is(server, bring, output):
    mine = "  mine: {driver: csv, args: {urlpath: mine.csv}}  # ours\n"
    output.write_text(output.read_text("utf-8") + mine, "utf-8")
    server.records[0] = changed(licenseObject=[{"default": "CC0"}])
    bring(server.api)
    assert mine in output.read_text("utf-8")


def test_a_name_stays_when_the_title_changes(server, bring, output):
    server.records[0] = changed(resourceTitleObject={"default": "Quite another title"})
    bring(server.api)
    assert open_catalog(output)["chlorophyll_a"].title == "Quite another title"


def test_comments_stay_also_in_entries_that_are_written_again(server, bring, output):
    correct(output, "sources:\n", "sources:\n  # checked by Ana\n")
    correct(
        output,
        "      domain: biogeochemistry\n",
        "      domain: biogeochemistry  # so says the # thesaurus\n",
    )
    correct(output, "  chlorophyll_b:\n", "  # of another cruise\n  chlorophyll_b:\n")
    server.records[0] = changed(licenseObject=[{"default": "CC0"}], format=["# no comment"])
    bring(server.api)
    text = output.read_text("utf-8")
    assert "  # checked by Ana\n  chlorophyll_a:\n    # so says the # thesaurus\n" in text
    assert "  # of another cruise\n  chlorophyll_b:\n" in text
    assert open_catalog(output)["chlorophyll_a"].metadata.licence.name == "CC0-1.0"


def test_what_nothing_changes_keeps_its_very_bytes(server, bring, output):
    correct(output, "title: Chlorophyll b\n", 'title:    "Chlorophyll b"   # as it is\n')
    before = output.read_text("utf-8")
    server.records[0] = changed(licenseObject=[{"default": "CC0"}])
    bring(server.api)
    after = output.read_text("utf-8")
    assert after != before
    assert after[after.index("  chlorophyll_b:") :] == before[before.index("  chlorophyll_b:") :]


def test_the_file_beside_is_what_the_source_said(server, bring, output):
    correct(output, "fr: Chlorophylle a\n", "fr: Autre\n")
    bring(server.api)
    said = json.loads(output.with_suffix(".harvest.json").read_text("utf-8"))
    assert said["records"]["a"]["entries"][0]["entry"]["metadata"]["title"]["fr"] == "Chlorophylle a"
    assert said["until"] == "2024-01-02T00:00:00Z"


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        "not json",
        '{"version": 1, "source": {}, "until": null, "records": {"a": {}}}',
        "[" * 10_000,
    ],
)
def test_a_file_beside_that_is_not_ours_is_one_error(server, bring, output, text):
    output.with_suffix(".harvest.json").write_text(text, "utf-8")
    with pytest.raises(CatalogError, match=r"harvested\.harvest\.json, records"):
        bring(server.api)


@pytest.mark.parametrize(
    "text",
    [
        "sources: {a: {driver: csv, args: {urlpath: a.csv}}}",
        "sources:\n    a:\n        driver: csv\n",
        "metadata: {}",
        "sources: 3",
        "- a",
        "sources: [",
        "sources:\n  a: &a\n    driver: csv\n  b: *c\n",
    ],
)
def test_a_catalogue_file_that_is_not_in_blocks_is_one_error_and_stays(server, bring, output, text):
    output.write_text(text, "utf-8")
    with pytest.raises(CatalogError, match=r"harvested\.yaml"):
        bring(server.api)
    assert output.read_text("utf-8") == text


@pytest.mark.parametrize(
    "text", ["sources: {}\n", "# mine\nsources:\n# below\nplugins: {}\n", "sources:   # none yet\n"]
)
def test_an_empty_catalogue_file_is_filled(text):
    found = CatalogText(text, "x.yaml")
    found.put("a", {"driver": "csv"})
    assert "sources:\n  a:\n    driver: csv\n" in found.text
    assert CatalogText(found.text, "x.yaml").entries == {"a": {"driver": "csv"}}


VALUES = st.recursive(
    st.integers(0, 3), lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=5
)


@given(base=VALUES, mine=VALUES, theirs=VALUES)
def test_merging_keeps_what_a_hand_changed_and_takes_what_it_did_not(base, mine, theirs):
    assert merged(base, base, theirs) == (theirs, [])
    assert merged(base, mine, base) == (mine, [])
    value, conflicts = merged(base, mine, theirs)
    again, _ = merged(theirs, value, theirs)
    assert again == value  # once merged, the same news change nothing
    for field, by_hand, _ in conflicts:
        at = value
        for key in field.split(".") if field else []:
            at = at.get(key, ABSENT)
        assert at == by_hand
