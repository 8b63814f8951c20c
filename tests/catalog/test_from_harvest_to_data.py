"""From another catalogue's record to the values, through every protocol; from a hostile record to nothing.

On loopback. Real servers: pycsw (ISO 19139), rclone (HTTP with byte ranges, S3 with keys), xpublish with
OPeNDAP, pyftpdlib. Stand-ins, since no light real server exists: GeoNetwork's `_search`, a CSW that gives ISO
19115-3 (which pycsw 2.6 does not read), ERDDAP's tabledap, WFS.
"""

import contextlib
import re
from typing import NamedTuple

import data_servers as servers
import numpy as np
import pytest
from csw_server import csw_server
from csw_stand_in import BOMB, CswStandIn
from data_servers import KEY, SECRET, FaultyProxy, FtpFaults
from geonetwork_stand_in import GeoNetworkStandIn, link, record
from iso_records import gmd, mdb
from seanoe_stand_in import SeanoeStandIn, dataset
from small_ocean import QUICK, ocean, write_all

from odatis_vre.catalog import open_catalog
from odatis_vre.catalog.harvest import harvest
from odatis_vre.errors import CatalogError, DataNotFound
from odatis_vre.i18n import use_language

BOX, DAYS = (-20, 40, -1, 49), ("2000-01-01", "2000-01-24")
ROWS = [
    {
        "time": f"2000-01-0{day}T00:00:00Z",
        "latitude": 40.0 + day,
        "longitude": -10.0 - day,
        "temp": 10.5 + day,
    }
    for day in range(1, 6)
]
FEATURES = [
    {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [row["longitude"], row["latitude"]]},
        "properties": {"temp": row["temp"]},
    }
    for row in ROWS
]


class Source(NamedTuple):
    """Where a record's link leads, and in which words the record says it."""

    url: str
    protocol: str = "WWW:LINK"
    name: str = ""


@pytest.fixture(autouse=True)
def _quick(monkeypatch, tmp_path):
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ODATIS_TIMEOUT", "1")
    monkeypatch.setenv("ODATIS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("ODATIS_LOGIN_127_0_0_1", f"{KEY}:{SECRET}")
    monkeypatch.delenv("ODATIS_ALLOWED_HOSTS", raising=False)


class Data(NamedTuple):
    """Servers of the small ocean: the source of each protocol, proxies before those that speak HTTP."""

    sources: dict[str, Source]
    proxies: dict[str, FaultyProxy]
    ftp_faults: FtpFaults
    s3: str


@pytest.fixture(scope="module")
def data(tmp_path_factory, missing):
    for package in ("rclone", "xpublish_opendap", "pyftpdlib"):
        servers.require(missing, package)
    folder = write_all(tmp_path_factory.mktemp("served") / "ocean")
    faults = FtpFaults()
    with contextlib.ExitStack() as stack:
        addresses = {
            "http": stack.enter_context(servers.rclone("http", folder, "--user", KEY, "--pass", SECRET)),
            "s3": stack.enter_context(servers.rclone("s3", folder.parent, "--auth-key", f"{KEY},{SECRET}")),
            "opendap": stack.enter_context(servers.opendap({"ocean": ocean()})),
            "tabledap": stack.enter_context(
                servers.stand_in(servers.TabledapStandIn(ROWS, {"temp": "degree_C"}))
            ).address,
            "wfs": stack.enter_context(servers.stand_in(servers.WfsStandIn({"floats": FEATURES}))).address,
        }
        ftp = stack.enter_context(servers.ftp(folder, KEY, SECRET, faults))
        proxies = {name: FaultyProxy(address) for name, address in addresses.items()}
        for proxy in proxies.values():
            stack.callback(proxy.close)
        at = {name: proxy.address for name, proxy in proxies.items()}
        sources = {
            "netcdf": Source(f"{at['http']}/four.nc", "WWW:DOWNLOAD-1.0-http--download"),
            "zarr": Source(f"{at['http']}/three.zarr"),
            "s3": Source(f"s3://{folder.name}/two.zarr"),
            "opendap": Source(f"{at['opendap']}/datasets/ocean/opendap", "WWW:OPENDAP"),
            "ftp": Source(f"{ftp}/three.nc", "WWW:FTP"),
            "tabledap": Source(f"{at['tabledap']}/erddap/tabledap/floats.html"),
            "wfs": Source(f"{at['wfs']}/wfs", "OGC:WFS", "floats"),
        }
        behind = {"netcdf": "http", "zarr": "http"} | {
            name: name for name in ("s3", "opendap", "tabledap", "wfs")
        }
        yield Data(sources, {name: proxies[server] for name, server in behind.items()}, faults, at["s3"])


@contextlib.contextmanager
def geonetwork(sources: dict[str, Source], folder, port):
    """The stand-in for GeoNetwork 4."""
    west, south, east, north = BOX
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    period = [{"gte": f"{DAYS[0]}T00:00:00Z", "lte": f"{DAYS[1]}T00:00:00Z"}]
    records = [
        record(
            name,
            link=[link(*source)],
            geom={"type": "Polygon", "coordinates": [ring]},
            resourceTemporalExtentDateRange=period,
        )
        for name, source in sources.items()
    ]
    with GeoNetworkStandIn(records) as server:
        yield {"url": server.api, "kind": "geonetwork"}


def iso(schema, sources: dict[str, Source]) -> dict[str, str]:
    return {
        name: schema(name, links=[source], box=BOX, start=DAYS[0], end=DAYS[1])
        for name, source in sources.items()
    }


@contextlib.contextmanager
def iso_19139(sources: dict[str, Source], folder, port):
    """A real pycsw."""
    with csw_server(folder / "pycsw", iso(gmd, sources), port) as address:
        yield {"url": address, "kind": "csw"}


@contextlib.contextmanager
def iso_19115_3(sources: dict[str, Source], folder, port):
    """The stand-in for a CSW that gives ISO 19115-3."""
    with CswStandIn(*iso(mdb, sources).values()) as server:
        yield {"url": server.address, "kind": "csw", "conditions": {"schema": "mdb"}}


CATALOGUES = {"geonetwork": geonetwork, "iso_19139": iso_19139, "iso_19115_3": iso_19115_3}


def reviewed(path, s3: str) -> None:
    """What an operator does with a harvested file: look at it, and correct what the source cannot know.

    The data servers are private ones, which only a reviewed entry may reach; the bucket needs its endpoint,
    and a key instead of being anonymous.
    """
    text = path.read_text("utf-8").replace("harvested: true", "harvested: false")
    path.write_text(re.sub(r"anon: true", f"endpoint_url: {s3}", text), "utf-8")


def brought(data: Data, catalogue: str, folder, port: int):
    """The file that a harvest made and an operator reviewed."""
    output = folder / "harvested.yaml"
    with pytest.MonkeyPatch.context() as patch:
        # to a harvest, a private host is a hostile one until the site names it
        patch.setenv("ODATIS_ALLOWED_HOSTS", "127.0.0.1")
        patch.setenv("ODATIS_RETRY_PAUSE", "0.01")
        with CATALOGUES[catalogue](data.sources, folder, port) as asked:
            report = harvest(output=output, pause=0, page_size=3, **asked)
            assert sorted(report.changes["added"]) == sorted(f"chlorophyll_{name}" for name in data.sources)
            assert report.of("refused") == []
            reviewed(output, data.s3)
            again = harvest(output=output, pause=0, full=True, **asked)
            assert not again.changed  # what the operator corrected stays
    return output


@pytest.fixture(scope="module", params=CATALOGUES)
def harvested(request, data, tmp_path_factory, free_ports, missing):
    try:
        return brought(data, request.param, tmp_path_factory.mktemp(request.param), free_ports()[0])
    except RuntimeError as error:
        missing("pycsw 2.6.2", f"its environment cannot be made from the package index: {error}")


@pytest.fixture(scope="module")
def from_geonetwork(data, tmp_path_factory):
    return brought(data, "geonetwork", tmp_path_factory.mktemp("faults"), 0)


@pytest.fixture
def proxy(request, data):
    """The proxy before a protocol's server, without faults before and after."""

    def before(name: str) -> FaultyProxy:
        found = data.proxies[name]
        found.faults.clear()
        found.heads.clear()
        found.requests.clear()
        request.addfinalizer(found.faults.clear)
        return found

    return before


GRIDS = ("netcdf", "zarr", "s3", "opendap", "ftp")
TABLES = ("tabledap", "wfs")


def right(name: str, entry) -> bool:
    """The values are those that the server holds."""
    if name in GRIDS:
        ds = entry.to_xarray()
        np.testing.assert_array_equal(ds.sst.values, ocean().sst.values)
        np.testing.assert_array_equal(ds.time.values, ocean().time.values)
        np.testing.assert_array_equal(ds.lat.values, ocean().lat.values)
        np.testing.assert_array_equal(ds.lon.values, ocean().lon.values)
        return bool(ds.sst.chunks)
    table = entry.to_pandas()
    assert table.temp.tolist() == [row["temp"] for row in ROWS]
    assert table.lat.tolist() == [row["latitude"] for row in ROWS]
    assert table.lon.tolist() == [row["longitude"] for row in ROWS]
    return len(table) == len(ROWS)


@pytest.mark.parametrize("name", [*GRIDS, *TABLES])
def test_a_record_leads_to_the_values_that_its_server_holds(harvested, name):
    entry = open_catalog(harvested)[f"chlorophyll_{name}"]
    assert (tuple(entry.bbox), entry.period.start.year) == (BOX, 2000)
    assert right(name, entry)


@pytest.mark.parametrize("name", [*GRIDS, *TABLES])
def test_a_box_asked_for_changes_the_data_of_a_harvested_entry(harvested, name):
    entry = open_catalog(harvested)[f"chlorophyll_{name}"]
    if name in GRIDS:
        part = entry.to_xarray(bbox=(-10, 42, -5, 45), time=("2000-01-05", "2000-01-06"))
        expected = ocean().sel(time=slice("2000-01-05", "2000-01-06"), lat=slice(42, 45), lon=slice(-10, -5))
        np.testing.assert_array_equal(part.sst.values, expected.sst.values)
    else:
        assert entry.to_pandas(bbox=(-12, 40, -10, 43)).temp.tolist() == [11.5, 12.5]


def test_a_question_in_french_leads_to_the_values(harvested):
    hits = open_catalog(harvested).search("chlorophylle, golfe de Gascogne, 1999-2001")
    assert len(hits) == len(GRIDS) + len(TABLES)
    assert right("netcdf", hits["chlorophyll_netcdf"])


def test_a_file_behind_http_is_read_by_byte_ranges(from_geonetwork, proxy):
    before = proxy("netcdf")
    assert right("netcdf", open_catalog(from_geonetwork)["chlorophyll_netcdf"])
    assert all("Range: bytes=" in head for head in before.heads)


FAULTS = {
    "500": "error of its own",
    "stop": "broke off in the middle",
    "half": "broke off in the middle",
    "slow": "no answer in time",
    "403": "access refused",
}
BEHIND_HTTP = ("netcdf", "zarr", "s3", "opendap", "tabledap", "wfs")


@pytest.mark.parametrize("kind", ["500", "stop", "half", "slow"])
@pytest.mark.parametrize("name", BEHIND_HTTP)
def test_a_server_that_fails_once_still_gives_the_right_values(from_geonetwork, proxy, name, kind):
    before = proxy(name)
    before.faults.append((".", kind))
    assert right(name, open_catalog(from_geonetwork)[f"chlorophyll_{name}"])
    assert before.faults == []


@pytest.mark.parametrize(("kind", "why"), FAULTS.items())
@pytest.mark.parametrize("name", BEHIND_HTTP)
def test_a_server_that_keeps_failing_is_told_with_its_reason(
    from_geonetwork, proxy, monkeypatch, name, kind, why
):
    if kind == "slow":
        monkeypatch.setenv("ODATIS_TIMEOUT", "0.3")
    proxy(name).always(".", kind)
    with pytest.raises(CatalogError, match=why) as caught:
        right(name, open_catalog(from_geonetwork)[f"chlorophyll_{name}"])
    assert SECRET not in f"{caught.value.message}{caught.value.hint}"
    assert caught.value.hint


@pytest.mark.parametrize("kind", ["stop", "busy"])
def test_ftp_that_fails_once_gives_the_right_values_and_else_its_reason(
    from_geonetwork, data, monkeypatch, tmp_path, kind
):
    entry = open_catalog(from_geonetwork)["chlorophyll_ftp"]
    data.ftp_faults[:] = [kind]
    assert right("ftp", entry)
    assert data.ftp_faults == []
    monkeypatch.setenv("ODATIS_CACHE", str(tmp_path / "another"))
    data.ftp_faults[:] = [kind] * 200
    with pytest.raises(CatalogError, match=r"broke off in the middle|cut short"):
        entry.to_xarray()
    data.ftp_faults.clear()


@pytest.mark.parametrize("name", ["netcdf", "zarr", "s3", "ftp"])
def test_a_key_that_is_refused_is_told_and_not_shown(from_geonetwork, monkeypatch, name):
    monkeypatch.setenv("ODATIS_LOGIN_127_0_0_1", f"{KEY}:an0ther-w0rd")
    with pytest.raises(CatalogError, match="access refused: a login is missing, or it is wrong") as caught:
        right(name, open_catalog(from_geonetwork)[f"chlorophyll_{name}"])
    assert "an0ther-w0rd" not in f"{caught.value.message}{caught.value.hint}"


def test_a_service_with_no_rows_there_says_so(from_geonetwork):
    for name in TABLES:
        with pytest.raises(DataNotFound):
            open_catalog(from_geonetwork)[f"chlorophyll_{name}"].to_pandas(bbox=(100, 10, 110, 20))


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
