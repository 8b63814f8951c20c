"""Servers of the small ocean, records that lead to them, and the file that a harvest makes of those.

On loopback. Real servers: pycsw (ISO 19139), rclone (HTTP with byte ranges, S3 with keys), xpublish with
OPeNDAP, pyftpdlib. Stand-ins, since no light real server exists: GeoNetwork's `_search`, a CSW that gives ISO
19115-3 (which pycsw 2.6 does not read), ERDDAP's griddap and tabledap, WFS.
"""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import data_servers as servers
import numpy as np
import pandas as pd
import pytest
from csw_server import csw_server
from csw_stand_in import CswStandIn
from data_servers import KEY, SECRET
from data_stand_ins import TabledapStandIn, WfsStandIn, stand_in
from faulty_proxy import FaultyProxy
from ftp_server import FtpFaults, serve_ftp
from geonetwork_stand_in import GeoNetworkStandIn, link, record
from griddap_stand_in import GriddapStandIn
from iso_records import gmd, mdb
from small_ocean import QUICK, ocean, write_all

from odatis_vre.catalog.harvest import harvest

__all__ = ["BOX", "CATALOGUES", "ENVIRONMENT", "GRIDS", "TABLES", "Data", "Source"]
__all__ += ["brought", "read_here", "right", "served", "served_with_login"]

BOX, DAYS = (-20, 40, -1, 49), ("2000-01-01", "2000-01-24")
# Of a test that reads from them; a timeout of a second.
ENVIRONMENT = QUICK | {"ODATIS_TIMEOUT": "1", "ODATIS_LOGIN_127_0_0_1": f"{KEY}:{SECRET}"}
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


class Data(NamedTuple):
    """Servers of the small ocean: the source of each protocol, proxies before those that speak HTTP."""

    sources: dict[str, Source]
    proxies: dict[str, FaultyProxy]
    ftp_faults: FtpFaults
    s3: str


@contextlib.contextmanager
def served(folder: Path, login: bool = True) -> Iterator[Data]:
    """All servers; with `login`, the files are behind one. S3 always has its key."""
    write_all(folder)
    pd.DataFrame(ROWS).to_csv(folder / "floats.csv", index=False)
    faults = FtpFaults()
    account = (KEY, SECRET) if login else (None, "")
    behind_login = ("--user", KEY, "--pass", SECRET) if login else ()
    with contextlib.ExitStack() as stack:
        addresses = {
            "http": stack.enter_context(servers.rclone("http", folder, *behind_login)),
            "s3": stack.enter_context(servers.rclone("s3", folder.parent, "--auth-key", f"{KEY},{SECRET}")),
            "opendap": stack.enter_context(servers.opendap({"ocean": ocean()})),
            "griddap": stack.enter_context(stand_in(GriddapStandIn(ocean(), "ocean"))).address,
            "tabledap": stack.enter_context(stand_in(TabledapStandIn(ROWS, {"temp": "degree_C"}))).address,
            "wfs": stack.enter_context(stand_in(WfsStandIn({"floats": FEATURES}))).address,
        }
        ftp = stack.enter_context(serve_ftp(folder, *account, faults))
        proxies = {name: FaultyProxy(address) for name, address in addresses.items()}
        for proxy in proxies.values():
            stack.callback(proxy.close)
        at = {name: proxy.address for name, proxy in proxies.items()}
        sources = {
            "netcdf": Source(f"{at['http']}/four.nc", "WWW:DOWNLOAD-1.0-http--download"),
            "zarr": Source(f"{at['http']}/three.zarr"),
            "s3": Source(f"s3://{folder.name}/two.zarr"),
            "opendap": Source(f"{at['opendap']}/datasets/ocean/opendap", "WWW:OPENDAP"),
            "griddap": Source(f"{at['griddap']}/erddap/griddap/ocean.html"),
            "ftp": Source(f"{ftp}/three.nc", "WWW:FTP"),
            "csv": Source(f"{at['http']}/floats.csv", "WWW:DOWNLOAD-1.0-http--download"),
            "tabledap": Source(f"{at['tabledap']}/erddap/tabledap/floats.html"),
            "wfs": Source(f"{at['wfs']}/wfs", "OGC:WFS", "floats"),
        }
        behind = {"netcdf": "http", "zarr": "http", "csv": "http"} | {
            name: name for name in ("s3", "opendap", "griddap", "tabledap", "wfs")
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


def reviewed(path: Path, s3: str) -> None:
    """What an operator does with a harvested file: look at it, and correct what the source cannot know.

    The data servers are private ones, which only a reviewed entry may reach; the bucket needs its endpoint,
    and a key instead of being anonymous.
    """
    text = path.read_text("utf-8").replace("harvested: true", "harvested: false")
    path.write_text(re.sub(r"anon: true", f"endpoint_url: {s3}", text), "utf-8")


def brought(data: Data, catalogue: str, folder: Path, port: int, review: bool = True) -> Path:
    """The file that a harvest made, which an operator reviewed, or as it came."""
    output = folder / "harvested.yaml"
    with pytest.MonkeyPatch.context() as patch:
        # to a harvest, a private host is a hostile one until the site names it
        patch.setenv("ODATIS_ALLOWED_HOSTS", "127.0.0.1")
        patch.setenv("ODATIS_RETRY_PAUSE", "0.01")
        with CATALOGUES[catalogue](data.sources, folder, port) as asked:
            report = harvest(output=output, pause=0, page_size=3, **asked)
            assert sorted(report.changes["added"]) == sorted(f"chlorophyll_{name}" for name in data.sources)
            assert report.of("refused") == []
            if review:
                reviewed(output, data.s3)
                again = harvest(output=output, pause=0, full=True, **asked)
                assert not again.changed  # what the operator corrected stays
    return output


GRIDS = ("netcdf", "zarr", "s3", "opendap", "griddap", "ftp")
TABLES = ("csv", "tabledap", "wfs")


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


def read_here(monkeypatch, tmp_path: Path) -> None:
    """What a test that reads from the servers has in its environment, and nothing of the user's own."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ODATIS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.delenv("ODATIS_ALLOWED_HOSTS", raising=False)


@contextlib.contextmanager
def served_with_login(folder: Path, missing) -> Iterator[Data]:
    """The servers, or word of the one that is not installed."""
    for package in ("rclone", "xpublish_opendap", "pyftpdlib"):
        servers.require(missing, package)
    with served(folder) as data:
        yield data
