"""Hostile records of each kind of catalogue: each gets its sentence in the report, and none gets in."""

import re

import pytest
from csw_server import csw_server
from csw_stand_in import BOMB, CswStandIn
from geonetwork_stand_in import GeoNetworkStandIn, link, record
from harvest_sources import Source
from iso_records import gmd, mdb
from seanoe_stand_in import SeanoeStandIn, dataset

from odatis_vre.catalog import open_catalog
from odatis_vre.catalog.harvest import harvest
from odatis_vre.i18n import use_language

ENDLESS = "a" * 10_000_000
SOUND = Source("https://data.example.org/a.nc")
# What is wrong with a record, the code of the finding, its sentence in both languages.
HOSTILE = {
    "script": ({"titre": "<script>alert(1)</script>"}, "script", "markup that runs", "un balisage"),
    "traversal": (
        {"links": [Source("https://data.example.org/x", "WWW:DOWNLOAD", "../../etc/cron.d/x.nc")]},
        "traversal",
        "leads out of its folder",
        "sort de son dossier",
    ),
    "upwards": (
        {"links": [Source("https://data.example.org/%2e%2e/%2e%2e/x.nc")]},
        "traversal",
        "leads out of its folder",
        "sort de son dossier",
    ),
    "file": ({"links": [Source("file:///etc/passwd")]}, "scheme", "address of file", "adresse en file"),
    "private": (
        {"links": [Source("http://169.254.169.254/latest/a.nc")]},
        "private",
        "of a private network",
        "réseau privé",
    ),
    "loopback": ({"links": [Source("http://127.0.0.1:9/a.nc")]}, "private", "this machine", "cette machine"),
    "endless": (
        {"abstract": ENDLESS},
        "too_long",
        "more than 100000 characters",
        "plus de 100000 caractères",
    ),
}


def nothing_in(output, report) -> None:
    """Only the sound record got in, each other one has its sentence, and no file holds what was refused."""
    assert open_catalog(output).names == ["chlorophyll_good"]
    found = {finding.record: finding for finding in report.of("refused")}
    for name, (_, code, english, french) in HOSTILE.items():
        assert found[name].code == code
        assert english in str(found[name])
        with use_language("fr"):
            assert french in str(found[name])
    for path in output.parent.glob("harvested*"):
        text = path.read_text("utf-8")
        assert not re.search(r"alert\(1\)|passwd|169\.254|127\.0\.0\.1:9|cron\.d|a{1000}|\.\./", text), (
            path.name
        )


def test_hostile_records_of_geonetwork_get_their_message_and_none_gets_in(tmp_path):
    names = {"titre": "resourceTitleObject", "abstract": "resourceAbstractObject"}
    records = [record("good")]
    for uuid, (facts, *_) in HOSTILE.items():
        fields = {names[key]: {"default": value} for key, value in facts.items() if key in names}
        if "links" in facts:
            fields["link"] = [link(*source) for source in facts["links"]]
        records.append(record(uuid, **fields))
    output = tmp_path / "out" / "harvested.yaml"
    with GeoNetworkStandIn(records) as server:
        report = harvest(server.api, output, pause=0)
    nothing_in(output, report)


def test_hostile_records_of_a_real_csw_get_their_message_and_none_gets_in(tmp_path, free_ports, missing):
    records = {"good": gmd("good")} | {name: gmd(name, **facts) for name, (facts, *_) in HOSTILE.items()}
    output = tmp_path / "out" / "harvested.yaml"
    try:
        with csw_server(tmp_path / "pycsw", records, free_ports()[0]) as address:
            report = harvest(address, output, "csw", pause=0)
    except RuntimeError as error:
        missing("pycsw 2.6.2", f"its environment cannot be made from the package index: {error}")
    nothing_in(output, report)


def test_hostile_records_in_iso_19115_3_get_their_message_and_none_gets_in(tmp_path):
    records = [mdb("good"), *(mdb(name, **facts) for name, (facts, *_) in HOSTILE.items())]
    output = tmp_path / "out" / "harvested.yaml"
    with CswStandIn(*records) as server:
        report = harvest(server.address, output, "csw", {"schema": "mdb"}, pause=0)
    nothing_in(output, report)


@pytest.mark.parametrize("schema", [gmd, mdb])
def test_xml_whose_entities_expand_or_name_files_gets_its_message_and_does_not_get_in(tmp_path, schema):
    hostile = BOMB + schema("bomb", abstract="x").replace(">x<", ">&b;&c;<")
    output = tmp_path / "out" / "harvested.yaml"
    with CswStandIn(schema("good"), hostile) as server:
        report = harvest(server.address, output, "csw", pause=0)
    assert open_catalog(output).names == ["chlorophyll_good"]
    ((finding),) = report.of("refused")
    assert "declares a document type" in str(finding)
    assert not [path for path in output.parent.iterdir() if "root:" in path.read_text("utf-8")]


def test_a_file_of_seanoe_whose_name_leads_elsewhere_gets_its_message_and_does_not_get_in(tmp_path):
    files = [
        {"fileName": name, "fileUrl": "https://www.seanoe.org/data/1/a.csv", "openAccess": True}
        for name in ("../../etc/x.csv", "a.csv")
    ]
    output = tmp_path / "out" / "harvested.yaml"
    with SeanoeStandIn({"10001": dataset("10001", files)}) as server:
        report = harvest(f"{server.address}/api", output, "seanoe", {"id": "10001"}, pause=0)
    assert [finding.code for finding in report.of("refused")] == ["traversal"]
    assert ".." not in output.read_text("utf-8").replace("…", "")
