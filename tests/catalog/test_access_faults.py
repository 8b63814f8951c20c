"""Servers that fail: what passes is tried again, what lasts is one message with its reason, never zeros."""

import collections
import re
import shutil
import traceback

import dask
import data_servers as servers
import numpy as np
import pytest
from data_servers import KEY, SECRET
from faulty_proxy import FaultyProxy
from ftp_server import FtpFaults, serve_ftp
from small_ocean import QUICK, entry, ocean, one, ways, write_all

from odatis_vre.errors import CatalogError

LASTING = {
    "500": "the server has an error of its own \\(500\\)",
    "403": "access refused",
    "401": "access refused",
    "429": "too many requests",
    "stop": "broke off in the middle",
    "half": "broke off in the middle",
    "slow": "no answer in time",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory, missing):
    for package in ("rclone", "xpublish_opendap", "pyftpdlib"):
        servers.require(missing, package)
    return write_all(tmp_path_factory.mktemp("served") / "ocean")


@pytest.fixture(scope="module")
def http(served):
    with servers.rclone("http", served) as address:
        yield address


@pytest.fixture
def proxy(http):
    faulty = FaultyProxy(http)
    yield faulty
    faulty.close()


@pytest.fixture(autouse=True)
def _quick(monkeypatch, tmp_path):
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ODATIS_TIMEOUT", "0.5")
    monkeypatch.setenv("ODATIS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def same(ds) -> bool:
    np.testing.assert_array_equal(ds.sst.values, ocean().sst.values)
    return True


FILES = {"netcdf": "four.nc", "zarr": "three.zarr"}


@pytest.mark.parametrize("kind", ["500", "429", "stop", "half", "slow"])
@pytest.mark.parametrize("driver", FILES)
def test_a_failure_that_passes_is_not_seen(proxy, tmp_path, driver, kind):
    it = entry(tmp_path, one(driver, f"{proxy.address}/{FILES[driver]}"))
    proxy.faults += [(".", kind), (".", kind)]
    ds = it.to_xarray()
    proxy.faults += [(".", kind), (".", kind)]
    assert same(ds)
    assert proxy.faults == []


@pytest.mark.parametrize(("kind", "why"), LASTING.items())
@pytest.mark.parametrize("driver", FILES)
def test_a_failure_that_lasts_is_told_when_it_opens(proxy, tmp_path, driver, kind, why):
    it = entry(tmp_path, one(driver, f"{proxy.address}/{FILES[driver]}"))
    proxy.always(".", kind)
    with pytest.raises(CatalogError, match=why) as caught:
        it.to_xarray()
    assert proxy.address in caught.value.message


@pytest.mark.parametrize(("kind", "why"), LASTING.items())
@pytest.mark.parametrize("driver", FILES)
def test_a_failure_that_lasts_is_told_when_it_computes(proxy, tmp_path, driver, kind, why):
    ds = entry(tmp_path, one(driver, f"{proxy.address}/{FILES[driver]}")).to_xarray()
    proxy.always(".", kind)
    with pytest.raises(CatalogError, match=f"it could not be read from 127.0.0.1: .*{why}"):
        ds.sst.compute()


def test_half_a_block_announced_as_whole_is_not_taken_for_data(proxy, tmp_path):
    ds = entry(tmp_path, one("netcdf", f"{proxy.address}/four.nc")).to_xarray()
    proxy.faults.append((".", "lie"))
    assert same(ds)
    proxy.always(".", "lie")
    again = entry(tmp_path, one("netcdf", f"{proxy.address}/four.nc"))
    with pytest.raises(CatalogError):
        again.to_xarray()


def test_half_a_file_announced_as_whole_is_gone_on_with(proxy, tmp_path):
    proxy.always("three.nc", "lie whole")
    assert same(entry(tmp_path, one("netcdf", f"{proxy.address}/three.nc")).to_xarray())


def test_half_a_file_announced_as_whole_each_time_raises(http, tmp_path):
    faulty = FaultyProxy(http, hidden=("ETag", "Last-Modified"))  # nothing to go on with
    faulty.always("three.nc", "lie whole")
    with pytest.raises(CatalogError, match=r"cut short: \d+ of \d+ bytes came"):
        entry(tmp_path, one("netcdf", f"{faulty.address}/three.nc")).to_xarray()
    assert not list((tmp_path / "cache").glob("*.nc"))
    faulty.close()


def test_a_file_that_became_longer_is_not_replaced_by_half_of_it(tmp_path, served):
    folder = tmp_path / "served"
    folder.mkdir()
    with servers.rclone("http", folder) as address:
        faulty = FaultyProxy(address, hidden=("ETag", "Last-Modified"))
        (folder / "a.csv").write_text("a\n1\n")
        it = entry(tmp_path, one("csv", f"{faulty.address}/a.csv"))
        it.download()
        (folder / "a.csv").write_text("a\n1\n2\n3\n")
        faulty.always("a.csv", "lie whole")
        with pytest.raises(CatalogError, match="cut short: 4 of 8 bytes came"):
            it.to_pandas()
        faulty.close()


def test_half_a_chunk_announced_as_whole_raises(proxy, tmp_path):
    ds = entry(tmp_path, one("zarr", f"{proxy.address}/three.zarr")).to_xarray()
    proxy.always("/sst/c/", "lie")
    with pytest.raises(CatalogError, match="could not be read"):
        ds.sst.compute()


@pytest.fixture
def dap():
    with servers.opendap({"ocean": ocean()}) as address:
        faulty = FaultyProxy(address)
        yield faulty
        faulty.close()


def dap_entry(folder, proxy):
    return entry(folder, one("opendap", f"{proxy.address}/datasets/ocean/opendap", "engine: netcdf4"))


@pytest.mark.parametrize("kind", ["500", "half", "lie", "stop", "slow"])
def test_an_opendap_answer_cut_short_is_asked_for_again_and_never_zeros(dap, tmp_path, kind):
    ds = dap_entry(tmp_path, dap).to_xarray()
    dap.faults.append((r"dods\?sst", kind))
    assert same(ds)
    dap.always(r"dods\?sst", kind)
    with pytest.raises(CatalogError, match="could not be read"):
        ds.sst.compute()


def test_an_opendap_answer_says_how_much_of_it_came(dap, tmp_path):
    ds = dap_entry(tmp_path, dap).to_xarray()
    dap.always(r"dods\?sst", "lie")
    with pytest.raises(CatalogError, match=r"cut short: \d+ of 19208 bytes came"):
        ds.sst.compute()


def test_coordinates_of_an_opendap_source_are_guarded_too(dap, tmp_path):
    dap.always(r"dods\?lat", "lie")
    with pytest.raises(CatalogError, match="cut short"):
        dap_entry(tmp_path, dap).to_xarray()


def test_s3_that_fails_once_is_asked_again(served, tmp_path, monkeypatch):
    monkeypatch.setenv("ODATIS_TIMEOUT", "5")
    monkeypatch.setenv("ODATIS_LOGIN_127_0_0_1", f"{KEY}:{SECRET}")
    with servers.rclone("s3", served.parent, "--auth-key", f"{KEY},{SECRET}") as address:
        proxy = FaultyProxy(address)
        options = f"storage_options: {{endpoint_url: '{proxy.address}'}}"
        ds = entry(tmp_path, one("zarr", f"s3://{served.name}/three.zarr", options)).to_xarray()
        for kind in ("500", "half"):
            proxy.faults.append(("/sst/c/", kind))
            assert same(ds)
        proxy.always("/sst/c/", "500")
        with pytest.raises(CatalogError, match="could not be read"):
            ds.sst.compute()
        proxy.close()


@pytest.mark.parametrize(("kind", "why"), LASTING.items())
@pytest.mark.parametrize("protocol", ["http", "s3"])
def test_files_that_cannot_be_listed_are_not_told_as_none(http, tmp_path, monkeypatch, protocol, kind, why):
    monkeypatch.setenv("ODATIS_LOGIN_127_0_0_1", f"{KEY}:{SECRET}")
    faulty = FaultyProxy(http)
    faulty.always(".", kind)
    store = f"storage_options: {{endpoint_url: '{faulty.address}'}}"
    url, args = {"http": (f"{faulty.address}/f*.nc", ""), "s3": ("s3://ocean/f*.nc", store)}[protocol]
    with pytest.raises(CatalogError, match=why):
        entry(tmp_path, one("netcdf", url, args)).to_xarray()
    faulty.close()


@pytest.mark.parametrize("kind", ["stop", "busy"])
def test_ftp_that_stops_or_is_busy_is_asked_again(served, tmp_path, monkeypatch, kind):
    monkeypatch.setenv("ODATIS_TIMEOUT", "5")
    faults = FtpFaults()
    with serve_ftp(served, faults=faults) as address:
        ds = entry(tmp_path, one("netcdf", f"{address}/four.nc")).to_xarray()
        faults.append(kind)
        assert same(ds)
        assert faults == []
        ds = entry(tmp_path, one("netcdf", f"{address}/four.nc")).to_xarray()
        faults += [kind] * 200
        with pytest.raises(CatalogError, match=r"could not be read from 127\.0\.0\.1: the answer"):
            ds.sst.compute()


def test_a_login_form_in_place_of_data_is_told(proxy, tmp_path):
    proxy.always("three.nc", "page")
    with pytest.raises(CatalogError, match="web page") as caught:
        entry(tmp_path, one("netcdf", f"{proxy.address}/three.nc")).to_xarray()
    assert "netrc" in caught.value.hint


def test_methods_are_tried_in_order_and_the_one_that_opened_is_told(http, tmp_path):
    text = ways(
        f"protocol: OPeNDAP, driver: opendap, args: {{urlpath: '{http}/none'}}",
        f"protocol: HTTP, driver: netcdf, args: {{urlpath: '{http}/four.nc'}}",
        f"protocol: Zarr, driver: zarr, args: {{urlpath: '{http}/three.zarr'}}",
    )
    ds = entry(tmp_path, text).to_xarray()
    assert same(ds)
    assert ds.attrs["odatis_access"] == f"HTTP {http}/four.nc"


def test_when_no_method_opens_it_each_is_told_with_its_reason(http, proxy, tmp_path, free_ports):
    (port,) = free_ports()
    proxy.always(".", "403")
    text = ways(
        f"protocol: OPeNDAP, driver: opendap, args: {{urlpath: '{proxy.address}/ocean'}}",
        f"protocol: HTTP, driver: netcdf, args: {{urlpath: '{http}/none.nc'}}",
        f"driver: zarr, args: {{urlpath: 'http://127.0.0.1:{port}/three.zarr'}}",
    )
    with pytest.raises(CatalogError, match="by any of its 3 methods") as caught:
        entry(tmp_path, text).to_xarray()
    lines = caught.value.message.splitlines()[1:]
    assert len(lines) == 3
    assert "access refused" in lines[0]
    assert "it is not there" in lines[1]
    assert "cannot be reached" in lines[2]
    assert "Traceback" not in "".join(traceback.format_exception_only(caught.value))


def test_an_error_on_a_worker_process_is_the_same_message(proxy, tmp_path):
    ds = entry(tmp_path, one("zarr", f"{proxy.address}/three.zarr")).to_xarray()
    proxy.always("/sst/c/", "500")
    with dask.config.set(scheduler="processes", num_workers=1), pytest.raises(CatalogError, match="500"):
        ds.sst.compute()


@pytest.mark.parametrize("kind", ["500", "stop"])
@pytest.mark.parametrize(
    ("driver", "name"),
    [
        ("netcdf", "four.nc"),
        ("netcdf", "three.nc"),
        ("zarr", "three.zarr"),
        ("csv", "a.csv"),
        ("kerchunk", "r.json"),
    ],
)
def test_attempts_do_not_multiply(proxy, tmp_path, driver, name, kind):
    """As many as `ODATIS_ATTEMPTS` for a request, whatever asks for it."""
    proxy.always(name, kind)
    it = entry(tmp_path, one(driver, f"{proxy.address}/{name}"))
    with pytest.raises(CatalogError):
        it.to_pandas() if it.is_table else it.to_xarray()
    counted = collections.Counter(line.split()[1] for line in proxy.requests)
    # of requests on their way together, the first to give up ends the others
    assert max(counted.values()) == int(QUICK["ODATIS_ATTEMPTS"])


@pytest.mark.parametrize(("driver", "name"), [("netcdf", "four.nc"), ("zarr", "three.zarr")])
@pytest.mark.parametrize("kind", ["slow", "stop", "500"])
def test_s3_that_is_slow_or_broken_is_asked_as_often_as_told(
    served, tmp_path, monkeypatch, driver, name, kind
):
    monkeypatch.setenv("ODATIS_LOGIN_127_0_0_1", f"{KEY}:{SECRET}")
    with servers.rclone("s3", served.parent, "--auth-key", f"{KEY},{SECRET}") as address:
        proxy = FaultyProxy(address)
        options = f"storage_options: {{endpoint_url: '{proxy.address}'}}"
        ds = entry(tmp_path, one(driver, f"s3://{served.name}/{name}", options)).to_xarray()
        pattern = "GET .*four.nc" if driver == "netcdf" else "GET .*/sst/c/"
        proxy.faults.append((pattern, kind))
        assert same(ds)
        proxy.requests.clear()
        proxy.always(pattern, kind)
        again = entry(tmp_path, one(driver, f"s3://{served.name}/{name}", options))
        with pytest.raises(CatalogError) as caught:
            again.to_xarray().sst.isel(time=0).compute()
        proxy.close()
    asked = [line.split()[1] for line in proxy.requests if re.search(pattern, line)]
    assert max(collections.Counter(asked).values()) == int(QUICK["ODATIS_ATTEMPTS"])
    if kind == "slow":
        assert "no answer in time" in str(caught.value)


@pytest.mark.parametrize("name", ["four.nc", "three.nc"])
def test_ftp_that_is_slow_is_asked_again_and_then_told(served, tmp_path, name):
    faults = FtpFaults()
    with serve_ftp(served, faults=faults) as address:
        it = entry(tmp_path, one("netcdf", f"{address}/{name}"))
        faults.append("slow")
        assert same(it.to_xarray())
        assert faults == []
        faults += ["slow"] * 20
        shutil.rmtree(tmp_path / "cache", ignore_errors=True)
        with pytest.raises(CatalogError, match="no answer in time"):
            it.to_xarray().load()
    # one look at the first bytes, which is content with what came
    assert len(faults) == 20 - 1 - int(QUICK["ODATIS_ATTEMPTS"])
