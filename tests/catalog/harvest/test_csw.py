"""CSW 2.0.2: a real pycsw with ISO records; and answers that no honest server gives."""

import pytest
from csw_server import csw_server
from csw_stand_in import BOMB, CswStandIn
from iso_records import gmd, mdb

from odatis_vre.catalog import open_catalog
from odatis_vre.errors import CatalogError


@pytest.fixture(scope="module")
def server(tmp_path_factory, free_ports, missing):
    records = {f"r{number}": gmd(f"r{number}") for number in range(5)}
    records["now"] = gmd("now", end=None, titre="Vent de surface", changed="2025-02-01T00:00:00")
    records["bad"] = gmd("bad", start="2020-01-01", end="2010-01-01", box=(-180, -90, 180, 90))
    try:
        with csw_server(tmp_path_factory.mktemp("csw") / "pycsw", records, free_ports()[0]) as address:
            yield address
    except RuntimeError as error:
        missing("pycsw 2.6.2", f"its environment cannot be made from the package index: {error}")


def test_iso_records_come_in_pages_with_both_languages_and_accents(server, bring, output, codes):
    report = bring(server, kind="csw", page_size=2)
    assert report.records == 7
    cat = open_catalog(output)
    entry = cat["chlorophyll_r3"]
    assert (entry.metadata.title.fr, entry.metadata.title.en) == ("Chlorophylle r3", "Chlorophyll r3")
    assert entry.metadata.odatis_variables == ["/Biogéochimie marine/Pigments"]
    assert (tuple(entry.bbox), str(entry.period)) == ((-10, 43, -1, 48.5), "2010-01-01 – 2020-12-31")
    assert (entry.metadata.licence.name, entry.metadata.doi) == ("CC-BY-4.0", "10.12770/r3")
    assert str(cat["chlorophyll_now"].period) == "2010-01-01 – …"
    assert {"reversed", "world_box", "open_range"} <= codes(report, "suspicious")
    assert len(cat.search("chlorophylle golfe de Gascogne")) == 7


def test_a_second_harvest_by_csw_asks_for_what_changed(server, bring):
    bring(server, kind="csw")
    report = bring(server, kind="csw")
    assert (report.records, report.changed) == (1, False)


def test_any_text_narrows_a_csw(server, bring):
    assert bring(server, kind="csw", conditions={"query": "Vent"}).changes["added"] == ["chlorophyll_now"]


def test_a_service_that_refuses_says_why(server, bring):
    with pytest.raises(CatalogError, match="Invalid outputSchema"):
        bring(server, kind="csw", conditions={"schema": "urn:none"})


def test_records_in_iso_19115_3_are_read(bring, output):
    with CswStandIn(mdb("m1"), mdb("m2", end=None)) as server:
        bring(server.address, kind="csw", conditions={"schema": "mdb"})
    entry = open_catalog(output)["chlorophyll_m1"]
    assert (entry.metadata.title.fr, entry.metadata.licence.name) == ("Chlorophylle m1", "CC-BY-4.0")
    assert tuple(entry.bbox) == (-10, 43, -1, 48.5)


def test_a_record_whose_entities_expand_is_refused_and_the_others_come(bring, output):
    hostile = BOMB + gmd("hostile", abstract="x").replace(">x<", ">&b;&c;<")
    with CswStandIn(gmd("a"), hostile, gmd("z")) as server:
        report = bring(server.address, kind="csw", page_size=10)
    assert open_catalog(output).names == ["chlorophyll_a", "chlorophyll_z"]
    ((finding),) = report.of("refused")
    assert (finding.record, finding.code) == ("#2", "entities")
    for path in output.parent.iterdir():
        assert "root:" not in path.read_text("utf-8")


def test_a_record_that_is_none_is_told_and_the_others_come(bring, output):
    with CswStandIn(
        "<x/>", gmd("a"), gmd("b").replace("<gco:CharacterString>b</gco:CharacterString>", "")
    ) as server:
        report = bring(server.address, kind="csw")
    assert open_catalog(output).names == ["chlorophyll_a"]
    assert [finding.code for finding in report.of("refused")] == ["unreadable", "unreadable"]


@pytest.mark.parametrize("answer", [b"", b"<html>", b"<a/>", b"\xff\xfe", b"<a>" * 300 + b"</a>" * 300])
def test_an_answer_that_is_no_csw_is_one_error(bring, answer):
    with CswStandIn(gmd("a")) as server:
        server.faults = [answer] * 9
        with pytest.raises(CatalogError, match="No answer of http://127"):
            bring(server.address, kind="csw")


def test_a_server_that_does_not_move_on_is_not_asked_for_ever(bring):
    class Still(CswStandIn):
        def answer(self, method, path, body):
            status, content = super().answer(method, path, body)
            return status, content.replace(b'nextRecord="0"', b'nextRecord="1"')

    with Still(gmd("a")) as server:
        assert bring(server.address, kind="csw").records == 1
