"""A record with several files: an entry for each, and never one file's values for another's."""

import pytest
from geonetwork_stand_in import GeoNetworkStandIn, link, record

from odatis_vre.catalog import open_catalog
from odatis_vre.catalog.harvest import Link
from odatis_vre.catalog.harvest.files import files_of

DATA = "https://data.example.org"
YEARS = [f"{DATA}/sst/{year}.nc" for year in (2010, 2011)]


def with_links(*urls: str, changed: str = "2024-01-02T00:00:00Z"):
    return record("u", changed, link=[link(url) for url in urls])


@pytest.fixture
def server():
    with GeoNetworkStandIn([with_links(*YEARS)]) as running:
        yield running


def addresses(output) -> dict[str, str]:
    return {entry.id: entry.urlpath for entry in open_catalog(output)}


def test_each_file_of_a_record_is_an_entry_and_no_other_way_to_another_file(server, bring, output, codes):
    report = bring(server.api)
    assert addresses(output) == {"chlorophyll_u_2010": YEARS[0], "chlorophyll_u_2011": YEARS[1]}
    assert report.changes["added"] == ["chlorophyll_u_2010", "chlorophyll_u_2011"]
    assert codes(report, "note") == {"several_files"}
    for entry, year in zip(open_catalog(output), ("2010", "2011"), strict=True):
        assert entry.metadata.access == []
        assert entry.metadata.uuid == "u"
        assert entry.title == f"Chlorophyll u ({year}.nc)"


@pytest.mark.parametrize(
    "urls",
    [
        [f"{DATA}/thredds/dodsC/sst/a.nc", f"{DATA}/thredds/fileServer/sst/a.nc"],
        [f"{DATA}/sst/a.nc", "ftp://ftp.example.org/pub/sst/a.nc"],
        [f"{DATA}/sst/a.nc", "http://data.example.org/sst/a.nc"],
        ["s3://bucket/sst.zarr", "https://s3.example.org/bucket/sst.zarr"],
    ],
)
def test_two_ways_to_the_same_file_are_ways_of_one_entry(bring, output, urls):
    with GeoNetworkStandIn([with_links(*urls)]) as server:
        bring(server.api)
    (entry,) = open_catalog(output)
    assert sorted(way.args["urlpath"] for way in entry.metadata.access) == sorted(urls)


@pytest.mark.parametrize(
    "urls",
    [
        [f"{DATA}/2010/data.nc", f"{DATA}/2011/data.nc"],
        [f"{DATA}/2010/data.nc", "ftp://ftp.example.org/2011/data.nc"],
        [f"{DATA}/data.nc", "ftp://ftp.example.org/data.nc"],
        [f"{DATA}/sst/2010/data.nc", "ftp://ftp.example.org/sss/2010/data.nc"],
        [f"{DATA}/2010/data.nc", "http://other.example.org/2010/data.nc"],
        [f"{DATA}/thredds/dodsC/sst/a.nc", f"{DATA}/thredds/fileServer/sss/a.nc"],
        [f"{DATA}/sst.zarr", f"{DATA}/sst.nc"],
        [f"{DATA}/erddap/tabledap/floats", f"{DATA}/erddap/griddap/floats"],
        [f"{DATA}/get/a.nc?year=2010", f"{DATA}/get/a.nc?year=2011"],
    ],
)
def test_files_that_may_be_others_are_entries_of_their_own(bring, output, urls):
    with GeoNetworkStandIn([with_links(*urls)]) as server:
        bring(server.api)
    assert len(open_catalog(output)) == 2
    for entry in open_catalog(output):
        assert len({way.driver for way in entry.metadata.access}) <= 1


def test_files_with_other_checksums_are_others_whatever_their_names():
    links = [Link(f"{DATA}/sst/a.nc", sha256="0" * 64), Link("ftp://f.example.org/sst/a.nc", sha256="1" * 64)]
    assert len(files_of(links)) == 2


def test_two_layers_of_a_feature_service_are_two_entries(bring, output):
    layers = [link(f"{DATA}/wfs", "OGC:WFS", name) for name in ("stations", "areas")]
    with GeoNetworkStandIn([record("u", link=layers)]) as server:
        bring(server.api)
    assert open_catalog(output).names == ["chlorophyll_u_areas", "chlorophyll_u_stations"]
    for entry in open_catalog(output):
        assert [way.args["typename"] for way in entry.metadata.access] == [entry.id.rpartition("_")[2]]


def test_a_record_of_more_files_than_entries_are_wanted_is_a_page_with_its_links(bring, output, codes):
    urls = [f"{DATA}/days/{day:03}.nc" for day in range(120)]
    with GeoNetworkStandIn([with_links(*urls)]) as server:
        report = bring(server.api)
    assert codes(report, "note") == {"many_files"}
    (entry,) = open_catalog(output)
    assert (entry.metadata.address, entry.metadata.access) == ("page", [])
    assert entry.urlpath == "https://doi.org/10.12770/u"
    assert [found.url for found in entry.metadata.links] == urls


def test_a_record_may_get_a_file_and_lose_one_and_corrections_stay(server, bring, output):
    bring(server.api)
    text = output.read_text("utf-8")
    output.write_text(text.replace("en: Chlorophyll u (2010.nc)", "en: The year 2010"), "utf-8")
    server.records = [with_links(YEARS[0], f"{DATA}/sst/2012.nc", changed="2024-05-01T00:00:00Z")]
    report = bring(server.api)
    assert report.changes["added"] == ["chlorophyll_u_2012"]
    assert report.changes["gone"] == ["chlorophyll_u_2011"]
    assert open_catalog(output)["chlorophyll_u_2010"].title == "The year 2010"


def test_a_second_file_leaves_the_first_entry_its_name_and_an_address_that_moves_is_followed(bring, output):
    with GeoNetworkStandIn([with_links(YEARS[0])]) as server:
        bring(server.api)
        assert open_catalog(output).names == ["chlorophyll_u"]
        server.records = [with_links(f"{DATA}/new/2010.nc", changed="2024-04-01T00:00:00Z")]
        bring(server.api)
        assert addresses(output) == {"chlorophyll_u": f"{DATA}/new/2010.nc"}
        server.records = [with_links(f"{DATA}/new/2010.nc", YEARS[1], changed="2024-05-01T00:00:00Z")]
        report = bring(server.api)
    assert report.changes["gone"] == []
    assert addresses(output) == {"chlorophyll_u": f"{DATA}/new/2010.nc", "chlorophyll_u_2011": YEARS[1]}


def test_files_of_the_same_name_in_a_record_with_a_long_title_get_names_that_differ(bring, output):
    urls = [f"{DATA}/{folder}/{'very_long_name_of_a_file_' * 4}.nc" for folder in "abc"]
    title = {"default": "A title that is much longer than a name may ever be in a catalogue file"}
    with GeoNetworkStandIn(
        [record("u", link=[link(url) for url in urls], resourceTitleObject=title)]
    ) as server:
        bring(server.api)
    assert sorted(addresses(output).values()) == urls


def test_a_harvested_entry_says_so_and_a_correction_of_it_stays(server, bring, output):
    bring(server.api)
    assert output.read_text("utf-8").count("      harvested: true\n") == 2
    assert all(entry.metadata.harvested for entry in open_catalog(output))
    output.write_text(output.read_text("utf-8").replace("harvested: true", "harvested: false", 1), "utf-8")
    server.records = [with_links(*YEARS, changed="2024-05-01T00:00:00Z")]
    bring(server.api)
    assert [entry.metadata.harvested for entry in open_catalog(output)] == [False, True]


def test_what_an_older_harvest_wrote_beside_is_read_on(server, bring, output):
    import json

    server.records = [with_links(YEARS[0])]
    bring(server.api)
    path = output.with_suffix(".harvest.json")
    known = json.loads(path.read_text("utf-8"))
    ((one,),) = [facts.pop("entries") for facts in known["records"].values()]
    known["records"]["u"] |= one
    path.write_text(json.dumps(known | {"version": 1}), "utf-8")
    report = bring(server.api)
    assert (report.changes["added"], report.changes["unchanged"]) == ([], ["chlorophyll_u"])
