"""Seanoe: files with their checksums, one dataset at a time; against a stand-in."""

import hashlib

import pytest
from seanoe_stand_in import SeanoeStandIn, dataset

from odatis_vre.catalog import open_catalog
from odatis_vre.errors import CatalogError

CSV = "lat;lon;Température\n48,1;-4,5;12,5\n".encode("latin-1")


def file(name: str = "ships.csv", **others) -> dict:
    return {
        "fileName": name,
        "fileUrl": f"https://www.seanoe.org/data/00361/47248/data/{name}",
        "size": len(CSV),
        "checksum": hashlib.sha256(CSV).hexdigest(),
        "openAccess": True,
        "label": {"en": "Ships", "fr": "Navires"},
    } | others


@pytest.fixture
def server():
    closed = file("closed.nc", openAccess=False)
    datasets = {
        "47248": dataset("47248", [closed, file()]),
        "10001": dataset("10001", [file("../../etc/x.csv")]),
    }
    with SeanoeStandIn(datasets) as running:
        yield running


@pytest.mark.parametrize(
    "name",
    [
        "47248",
        "10.17882/47248",
        "https://doi.org/10.17882/47248",
        "https://www.seanoe.org/data/00361/47248/",
    ],
)
def test_a_dataset_is_named_by_number_doi_or_page(server, bring, output, name):
    report = bring(f"{server.address}/api", kind="seanoe", conditions={"id": name})
    assert report.changes["added"] == ["ships_47248"]
    known = open_catalog(output)["ships_47248"].metadata
    assert known.doi == "10.17882/47248"
    assert known.sha256 == hashlib.sha256(CSV).hexdigest()
    assert known.size == len(CSV)
    assert tuple(known.bbox) == (-20, 42, 8, 60)


@pytest.mark.parametrize(
    "name", ["47248#52", "10.17882/47248#52", "https://www.seanoe.org/data/00361/47248/#52"]
)
def test_a_snapshot_is_the_one_that_was_named(server, bring, output, name):
    server.datasets["47248#52"] = dataset("47248", [file("january.csv", checksum="5" * 64)])
    bring(f"{server.address}/api", kind="seanoe", conditions={"id": name})
    (entry,) = open_catalog(output)
    assert entry.urlpath.endswith("/january.csv")
    assert (entry.metadata.doi, entry.metadata.version) == ("10.17882/47248", "52")
    assert entry.metadata.citation[0]["URL"] == "https://doi.org/10.17882/47248#52"


def test_a_snapshot_and_its_dataset_are_two_entries(server, bring, output):
    server.datasets["47248#52"] = dataset("47248", [file("january.csv")])
    bring(f"{server.address}/api", kind="seanoe", conditions={"id": "47248 47248#52"})
    found = {entry.metadata.uuid: entry.metadata.version for entry in open_catalog(output)}
    assert found == {"seanoe-47248": None, "seanoe-47248-52": "52"}


def test_a_snapshot_that_is_not_there_is_one_error_and_not_another_one(server, bring):
    with pytest.raises(CatalogError, match="find-by-fragment/47248"):
        bring(f"{server.address}/api", kind="seanoe", conditions={"id": "47248#53"})


def test_the_licence_and_the_date_are_read_as_seanoe_writes_them(server, bring, output):
    more = {"licenceUrl": "https://creativecommons.org/licenses/by-nc/4.0/", "date": "2021-05-04"}
    server.datasets["47248"] |= more
    bring(f"{server.address}/api", kind="seanoe", conditions={"id": "47248"})
    known = open_catalog(output)["ships_47248"].metadata
    assert (known.licence.name, known.citation[0]["issued"]) == ("CC-BY-NC-4.0", 2021)


def test_closed_files_are_left_out_and_several_extents_told(server, bring, output, codes):
    report = bring(f"{server.address}/api", kind="seanoe", conditions={"id": "47248"})
    assert codes(report) >= {"restricted", "several_boxes", "unknown_licence"}
    assert "closed.nc" not in output.read_text("utf-8")


def test_datasets_are_added_one_after_the_other(server, bring, output):
    server.datasets["20002"] = dataset("20002", [file("b.csv")])
    bring(f"{server.address}/api", kind="seanoe", conditions={"id": "47248"})
    report = bring(f"{server.address}/api", kind="seanoe", conditions={"id": "20002"})
    assert report.changes["gone"] == []
    assert open_catalog(output).names == ["ships_47248", "ships_20002"]


def test_a_file_name_that_leads_elsewhere_is_refused(server, bring, output, codes):
    report = bring(f"{server.address}/api", kind="seanoe", conditions={"id": "10001"})
    assert codes(report, "refused") == {"traversal"}
    assert open_catalog(output).names == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "none is named"),
        ("10.5281/zenodo.1", "no dataset of Seanoe"),
        ("47248#", "no dataset of Seanoe"),
        ("47248#../1", "no dataset of Seanoe"),
    ],
)
def test_what_is_no_dataset_of_seanoe_is_one_error(server, bring, name, said):
    with pytest.raises(CatalogError, match=said):
        bring(f"{server.address}/api", kind="seanoe", conditions={"id": name})


def test_a_dataset_that_is_not_there_is_one_error(server, bring):
    with pytest.raises(CatalogError, match="find-by-id/99999"):
        bring(f"{server.address}/api", kind="seanoe", conditions={"id": "99999"})


def test_from_the_record_to_the_values(bring, output, monkeypatch, tmp_path):
    monkeypatch.setenv("ODATIS_ALLOWED_HOSTS", "127.0.0.1")
    monkeypatch.setenv("ODATIS_CACHE", str(tmp_path / "cache"))

    class WithFile(SeanoeStandIn):
        def answer(self, method, path, body):
            return (200, CSV) if path.endswith("ships.csv") else super().answer(method, path, body)

    with WithFile({}) as server:
        url = f"{server.address}/data/ships.csv"
        server.datasets["47248"] = dataset("47248", [file(fileUrl=url)])
        bring(f"{server.address}/api", kind="seanoe", conditions={"id": "47248"})
        table = open_catalog(output)["ships_47248"].to_pandas()
    assert table["Température"].tolist() == [12.5]
    assert table.attrs["odatis_entry"] == "ships_47248"
