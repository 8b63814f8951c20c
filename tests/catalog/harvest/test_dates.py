"""Until when a source was harvested: a wrong date of one record does not empty the harvests to come."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from geonetwork_stand_in import GeoNetworkStandIn, record
from iso_records import gmd

from odatis_vre.catalog import open_catalog

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
SOUND = "2024-01-02T00:00:00Z"


def until(output) -> str | None:
    return json.loads(output.with_suffix(".harvest.json").read_text("utf-8"))["until"]


@pytest.mark.parametrize(
    "date",
    ["9999-12-31T00:00:00Z", pytest.param(TOMORROW, id="tomorrow"), "zzz", "2024-13-45", "20240102T00", ""],
)
def test_a_date_that_is_none_or_to_come_is_told_and_the_next_harvest_asks_on(bring, output, codes, date):
    with GeoNetworkStandIn([record("a", SOUND), record("b", date)]) as server:
        report = bring(server.api)
        assert (report.records, until(output)) == (2, SOUND)
        assert ("bad_change" in codes(report, "suspicious")) == bool(date)
        server.records.append(record("c", "2024-03-01T00:00:00Z"))
        assert "chlorophyll_c" in bring(server.api).changes["added"]
    assert until(output) == "2024-03-01T00:00:00Z"


def test_a_refused_record_does_not_set_the_date(bring, output):
    hostile = record("b", "2024-06-01T00:00:00Z", resourceTitleObject={"default": "<script>x</script>"})
    with GeoNetworkStandIn([record("a", SOUND), hostile]) as server:
        assert [finding.code for finding in bring(server.api).of("refused")] == ["script"]
    assert until(output) == SOUND


def test_dates_are_compared_as_instants_not_as_letters(bring, output):
    dates = ["2024-01-02T23:00:00-05:00", "2024-01-03T01:00:00Z"]  # the first is 04:00 UTC of the 3rd
    with GeoNetworkStandIn([record(f"u{n}", date) for n, date in enumerate(dates)]) as server:
        bring(server.api)
    assert until(output) == dates[0]


def test_a_state_that_was_led_astray_is_mended_by_asking_for_all(bring, output):
    with GeoNetworkStandIn([record("a", SOUND)]) as server:
        bring(server.api)
        path = output.with_suffix(".harvest.json")
        path.write_text(
            path.read_text("utf-8").replace(f'"until": "{SOUND}"', '"until": "9999-01-01"'), "utf-8"
        )
        assert bring(server.api).records == 1
    assert until(output) == SOUND


def test_beyond_the_window_of_pages_a_wrong_date_does_not_end_the_harvest(bring, output, monkeypatch):
    monkeypatch.setattr("odatis_vre.catalog.harvest.geonetwork._WINDOW", 4)

    class Liar(GeoNetworkStandIn):
        """Sorts by its own dates, and gives another one with the first record."""

        def answer(self, method, path, body):
            status, found = super().answer(method, path, body)
            for hit in found["hits"]["hits"]:
                if hit["_id"] == "u0":
                    hit["_source"] = hit["_source"] | {"changeDate": "9999-12-31T00:00:00Z"}
            return status, found

    with Liar([record(f"u{n}", f"2024-01-0{n + 1}T00:00:00Z") for n in range(7)]) as server:
        bring(server.api, page_size=2)
    assert len(open_catalog(output)) == 7


def test_iso_records_say_their_date_with_or_without_a_time(bring, output):
    from csw_stand_in import CswStandIn

    with CswStandIn(gmd("a", changed="2024-02-03"), gmd("b", changed="9999-01-01")) as server:
        report = bring(server.address, kind="csw")
    assert until(output) == "2024-02-03"
    assert [finding.record for finding in report.of("suspicious") if finding.code == "bad_change"] == ["b"]
