"""FTP servers that break off: what passes is not seen, what lasts is told, never as a file not there."""

import threading

import data_servers as servers
import numpy as np
import pytest
from ftp_server import FtpFaults, serve_ftp
from small_ocean import QUICK, entry, ocean, one, write_all

from odatis_vre.errors import CatalogError

LISTINGS = {"stop": "broke off in the middle", "die": "broke off in the middle", "slow": "no answer in time"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch, tmp_path):
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ODATIS_TIMEOUT", "1")
    monkeypatch.setenv("ODATIS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


@pytest.fixture(scope="module")
def faults():
    return FtpFaults()


@pytest.fixture(scope="module")
def address(tmp_path_factory, faults, missing):
    servers.require(missing, "pyftpdlib")
    with serve_ftp(write_all(tmp_path_factory.mktemp("served") / "ocean"), faults=faults) as address:
        yield address


@pytest.fixture(autouse=True)
def _sound(faults):
    yield
    faults.clear()
    faults.listings.clear()
    faults.refuses = False


def same(ds) -> bool:
    np.testing.assert_array_equal(ds.sst.values, ocean().sst.values)
    return True


@pytest.mark.parametrize("kind", LISTINGS)
@pytest.mark.parametrize("name", ["four.nc", "three.nc", "f*r.nc"])
def test_a_list_of_a_folder_that_breaks_off_once_is_not_seen(address, faults, tmp_path, name, kind):
    faults.listings.append(kind)
    assert same(entry(tmp_path, one("netcdf", f"{address}/{name}")).to_xarray())
    assert faults.listings == []


@pytest.mark.parametrize(("kind", "why"), LISTINGS.items())
@pytest.mark.parametrize("name", ["four.nc", "below/four.nc", "f*r.nc"])
def test_a_list_that_keeps_breaking_off_is_told_as_that(address, faults, tmp_path, name, kind, why):
    faults.listings += [kind] * 100
    with pytest.raises(CatalogError, match=why):
        entry(tmp_path, one("netcdf", f"{address}/{name}")).to_xarray()
    # each attempt is one list
    assert len(faults.listings) == 100 - int(QUICK["ODATIS_ATTEMPTS"])


@pytest.mark.parametrize(("kind", "why"), LISTINGS.items())
def test_a_pattern_does_not_lose_the_files_of_a_folder_that_breaks_off(address, faults, tmp_path, kind, why):
    faults.listings += ["", "", *[kind] * 100]  # the first folders are listed
    with pytest.raises(CatalogError, match=why):
        entry(tmp_path, one("netcdf", f"{address}/*/zarr.json")).to_xarray()


def test_a_file_that_is_not_there_is_told_as_that(address, tmp_path):
    for name in ("none.nc", "none/four.nc", "none*.nc"):
        with pytest.raises(CatalogError, match="not there"):
            entry(tmp_path, one("netcdf", f"{address}/{name}")).to_xarray()


def test_a_server_that_starts_again_while_it_is_read_is_waited_for(address, faults, tmp_path, monkeypatch):
    monkeypatch.setenv("ODATIS_ATTEMPTS", "40")
    monkeypatch.setenv("ODATIS_RETRY_PAUSE", "0.05")
    ds = entry(tmp_path, one("netcdf", f"{address}/four.nc")).to_xarray()
    faults.append("busy")
    faults.refuses = True
    back = threading.Timer(0.5, setattr, (faults, "refuses", False))
    back.start()
    assert same(ds)
    back.join()
    assert faults == []
