"""The check of a whole site by night: what is known is read here, all of it written there."""

import gzip
import json
import subprocess
import sys

import pytest

from odatis_vre.catalog import open_catalog
from odatis_vre.catalog.check import status_of
from odatis_vre.catalog.check.nightly import check_by_night

SITE = """
sources:
  warm: {driver: csv, args: {urlpath: "{{ CATALOG_DIR }}/warm.csv"}}
  gone: {driver: csv, args: {urlpath: "{{ CATALOG_DIR }}/gone.csv"}}
"""


@pytest.fixture
def site_of_two(tmp_path, write_catalog, monkeypatch):
    """A site whose catalogue has a dataset that opens and one that is gone; its status is kept elsewhere."""
    (tmp_path / "warm.csv").write_text("lat,lon,sst\n1,2,3\n", "utf-8")
    monkeypatch.setenv("ODATIS_CATALOG", str(write_catalog(SITE)))
    monkeypatch.setenv("ODATIS_CATALOG_STATUS", str(tmp_path / "shown" / "status.json.gz"))
    return tmp_path


def publish(folder) -> None:
    (folder / "shown").mkdir(exist_ok=True)
    (folder / "shown" / "status.json.gz").write_bytes((folder / "found.json.gz").read_bytes())


def states() -> dict:
    found = {entry.id: status_of(entry) for entry in open_catalog()}
    return {name: checked and checked.state for name, checked in found.items()}


def test_what_was_found_is_told_once_it_is_where_pods_read_it(site_of_two):
    said = check_by_night(site_of_two / "found.json.gz")
    assert said == "1 as said, 0 differ, 1 do not open, 0 left out."
    assert states() == {"warm": None, "gone": None}
    publish(site_of_two)
    assert states() == {"warm": "as_said", "gone": "unopened"}


def test_what_is_known_is_only_read(site_of_two):
    check_by_night(site_of_two / "found.json.gz")
    publish(site_of_two)
    before = (site_of_two / "shown" / "status.json.gz").read_bytes()
    (site_of_two / "gone.csv").write_text("a\n1\n", "utf-8")
    check_by_night(site_of_two / "found.json.gz")
    assert (site_of_two / "shown" / "status.json.gz").read_bytes() == before
    publish(site_of_two)
    assert states()["gone"] == "as_said"


def test_what_the_time_was_too_short_for_is_the_next_nights_first(site_of_two, monkeypatch):
    clock = iter([0, 0, 100_000, 200_000, 200_000, 300_000])
    monkeypatch.setattr("odatis_vre.catalog.check.nightly.time.monotonic", lambda: next(clock))
    assert check_by_night(site_of_two / "found.json.gz").startswith("1 as said, 0 differ, 0 do not open")
    publish(site_of_two)
    assert states() == {"warm": "as_said", "gone": None}
    check_by_night(site_of_two / "found.json.gz")
    publish(site_of_two)
    assert states() == {"warm": "as_said", "gone": "unopened"}


def run(*words) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "odatis_vre.catalog.check.nightly", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100)


def test_an_entry_that_does_not_open_is_no_failure_of_the_check(site_of_two):
    done = run(site_of_two / "found.json.gz", "--hours=0.5")
    assert done.returncode == 0, done.stderr
    assert "gone: " in done.stdout
    known = json.loads(gzip.decompress((site_of_two / "found.json.gz").read_bytes()))
    assert {name: facts["state"] for name, facts in known["entries"].items()} == {
        "catalog.yaml#warm": "as_said",
        "catalog.yaml#gone": "unopened",
    }


def test_a_catalogue_that_cannot_be_read_is_one(site_of_two, monkeypatch):
    monkeypatch.setenv("ODATIS_CATALOG", str(site_of_two / "none.yaml"))
    done = run(site_of_two / "found.json.gz")
    assert done.returncode == 1
    assert "none.yaml" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (site_of_two / "found.json.gz").exists()
