"""Hostile records: each gets its message in the report, and none gets in."""

import contextlib

import pytest
from geonetwork_stand_in import GeoNetworkStandIn, link, record

from odatis_vre.catalog import open_catalog
from odatis_vre.catalog.harvest import Link, Record
from odatis_vre.catalog.harvest.hostile import Hostile, check_name, check_text, check_url


def title(text: str) -> dict:
    return {"resourceTitleObject": {"default": text}}


RECORDS = {
    "script": title("<script>alert(1)</script> Salinity"),
    "script2": title("Salinity &lt;img src=x onerror=alert(1)&gt;"),
    "script3": {"resourceAbstractObject": {"default": "&amp;lt;iframe src=x&amp;gt;"}},
    "long": {"resourceAbstractObject": {"default": "a" * 10_000_000}},
}
LINKS = {
    "file:///etc/passwd": "scheme",
    "javascript:alert(1)": "scheme",
    "http://127.0.0.1:8888/api/contents": "private",
    "http://localhost/a.nc": "private",
    "http://169.254.169.254/latest/meta-data": "private",
    "http://[::1]/a.nc": "private",
    "http://[::ffff:10.0.0.1]/a.nc": "private",
    "http://2130706433/a.nc": "private",
    "http://0x7f.1/a.nc": "private",
    "https://hub.internal/a.nc": "private",
    "https://data.example.org/../../etc/a.nc": "traversal",
    "https://data.example.org/%2e%2e%2fetc/a.nc": "traversal",
    "https://data.example.org/a.nc::simplecache": "bad_url",
    "https://data.example.org/{{ env(HOME) }}.nc": "bad_url",
    "zip://a.csv::file:///etc/b.zip": "scheme",
    "https://data.example.org/a b.nc": "bad_url",
    "https://": "bad_url",
    "http://[oops/a.nc": "bad_url",
}


def test_records_that_bring_scripts_or_endless_texts_are_refused_and_the_others_come(bring, output):
    records = [record("good"), *(record(uuid, **fields) for uuid, fields in RECORDS.items())]
    with GeoNetworkStandIn(records) as server:
        report = bring(server.api)
    assert open_catalog(output).names == ["chlorophyll_good"]
    refused = {finding.record: finding.code for finding in report.of("refused")}
    assert refused == {"script": "script", "script2": "script", "script3": "script", "long": "too_long"}
    assert all(finding.name in repr(report) for finding in report.of("refused"))
    for path in output.parent.iterdir():
        assert "alert(1)" not in path.read_text("utf-8")


@pytest.mark.parametrize(("url", "code"), LINKS.items())
def test_an_address_that_leads_elsewhere_is_refused(url, code):
    with pytest.raises(Hostile) as caught:
        check_url(url)
    assert caught.value.code == code


def test_a_record_loses_its_hostile_links_and_keeps_the_others(bring, output):
    links = [*(link(url) for url in LINKS), link("https://data.example.org/a.nc")]
    with GeoNetworkStandIn([record("r", link=links)]) as server:
        report = bring(server.api)
    assert open_catalog(output)["chlorophyll_r"].urlpath == "https://data.example.org/a.nc"
    assert len(report.of("refused")) == len(LINKS)
    text = output.read_text("utf-8")
    assert not [url for url in LINKS if url in text and url != "https://"]


def test_a_record_with_nothing_but_hostile_links_is_left_out(bring, output):
    with GeoNetworkStandIn([record("r", link=[link("file:///etc/passwd")])]) as server:
        report = bring(server.api)
    assert open_catalog(output).names == []
    assert report.changes["without_access"] == ["r"]


def test_the_site_may_allow_a_private_host(monkeypatch):
    monkeypatch.setenv("ODATIS_ALLOWED_HOSTS", "127.0.0.1, *.internal")
    assert check_url("http://127.0.0.1/a.nc")
    assert check_url("https://hub.internal/a.nc")


@pytest.mark.parametrize(
    "name", ["../../etc/cron.d/x", "/etc/passwd", "..\\x.nc", "C:\\x", "~/x", "%2e%2e/x"]
)
def test_a_file_name_that_leads_out_of_its_folder_is_refused(name):
    with pytest.raises(Hostile) as caught:
        check_name(name)
    assert caught.value.code == "traversal"


def test_harmless_markup_becomes_text_and_marks_of_direction_go():
    assert check_text("Sea <b>surface</b>&nbsp;T &lt; 5 °C\u202e") == "Sea surface T < 5 °C"
    assert check_name("r:layer.v1..2") == "r:layer.v1..2"


def test_an_identifier_is_shown_without_control_characters(bring):
    with GeoNetworkStandIn([record("a\x1b[2Jb", **title("<script>"))]) as server:
        report = bring(server.api)
    assert "a?[2Jb" in repr(report)
    assert "\x1b" not in repr(report)


def test_a_page_that_is_too_large_is_asked_for_in_parts(bring, output, monkeypatch):
    monkeypatch.setattr("odatis_vre.catalog.harvest.harvesting.Asker", _small)
    huge = record("huge", resourceAbstractObject={"default": "a" * 80_000})
    with GeoNetworkStandIn([record("a"), huge, record("z")]) as server:
        report = bring(server.api, page_size=10)
    assert sorted(open_catalog(output).names) == ["chlorophyll_a", "chlorophyll_z"]
    assert [finding.code for finding in report.of("refused")] == ["large_record"]


def _small(**options):
    from odatis_vre.catalog.harvest.wire import Asker

    return Asker(limit=30_000, **options)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 99_999,
        "<" * 99_999,
        "<!--" * 24_999,
        "://a:" * 19_999,
        "<on " * 24_999,
        "< " * 49_999,
        "&amp;" * 19_999,
    ],
)
def test_a_text_made_to_keep_patterns_busy_is_read_at_once(text):
    found = Record("r", title={"": text}, links=[Link(text)])
    assert Record.from_dict(found.to_dict()).title
    with contextlib.suppress(Hostile):
        assert check_text(text) is not None
