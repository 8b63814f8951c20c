"""Every protocol, from a real server on the loopback: the right values, lazily, and only what is asked."""

import json

import data_servers as servers
import numpy as np
import pytest
from data_servers import KEY, SECRET
from faulty_proxy import FaultyProxy
from ftp_server import serve_ftp
from small_ocean import QUICK, entry, ocean, one, write_all, write_repository

from odatis_vre.errors import CatalogError

DAY = ("2000-01-05", "2000-01-06")
BOX = (-10, 42, -5, 45)


@pytest.fixture(scope="module")
def served(tmp_path_factory, missing):
    """A folder of files, and the same one as a bucket."""
    for package in ("rclone", "xpublish_opendap", "pyftpdlib"):
        servers.require(missing, package)
    top = tmp_path_factory.mktemp("served")
    return write_all(top / "ocean")


@pytest.fixture(scope="module")
def http(served):
    with servers.rclone("http", served) as address:
        yield address


@pytest.fixture(scope="module")
def s3(served):
    with servers.rclone("s3", served.parent, "--auth-key", f"{KEY},{SECRET}") as address:
        yield address


@pytest.fixture(autouse=True)
def _quick(monkeypatch, tmp_path):
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ODATIS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def same(ds) -> bool:
    expected = ocean()
    np.testing.assert_array_equal(ds.sst.values, expected.sst.values)
    np.testing.assert_array_equal(ds.time.values, expected.time.values)
    return all(field.chunks for field in ds.data_vars.values())


def part(ds) -> bool:
    expected = ocean().sel(time=slice(*DAY), lat=slice(42, 45), lon=slice(-10, -5))
    np.testing.assert_array_equal(ds.sst.values, expected.sst.values)
    return True


@pytest.mark.parametrize("name", ["four.nc", "three.nc"])
def test_netcdf_over_http(http, tmp_path, name):
    it = entry(tmp_path, one("netcdf", f"{http}/{name}", "xarray_kwargs: {engine: h5netcdf}"))
    assert same(it.to_xarray())
    assert part(it.to_xarray(bbox=BOX, time=DAY))


def test_netcdf_4_over_http_is_read_by_parts_and_not_copied(http, tmp_path):
    proxy = FaultyProxy(http)
    entry(tmp_path, one("netcdf", f"{proxy.address}/four.nc")).to_xarray(time=DAY).sst.load()
    proxy.close()
    assert all("Range: bytes=" in head for head in proxy.heads)
    assert not (tmp_path / "cache").exists()


def test_several_files_over_http_become_one_dataset(served, tmp_path):
    folder = tmp_path / "days"
    folder.mkdir()
    ds = ocean()
    for number in range(3):
        ds.isel(time=slice(8 * number, 8 * number + 8)).to_netcdf(folder / f"{number}.nc", engine="netcdf4")
    with servers.rclone("http", folder) as address:
        urls = ", ".join(f"'{address}/{number}.nc'" for number in range(3))
        text = f"driver: netcdf, args: {{urlpath: [{urls}], combine: by_coords}}"
        assert same(entry(tmp_path, text).to_xarray())
        assert same(entry(tmp_path, one("netcdf", f"{address}/*.nc", "combine: by_coords")).to_xarray())


@pytest.mark.parametrize("name", ["two.zarr", "three.zarr", "series.zarr"])
def test_zarr_over_http(http, tmp_path, name):
    it = entry(tmp_path, one("zarr", f"{http}/{name}"))
    assert same(it.to_xarray())
    assert part(it.to_xarray(bbox=BOX, time=DAY))


def test_zarr_asks_for_the_chunks_of_the_selection_only(http, tmp_path):
    proxy = FaultyProxy(http)
    entry(tmp_path, one("zarr", f"{proxy.address}/three.zarr")).to_xarray(time=DAY).sst.load()
    proxy.close()
    assert sorted(line.split()[1] for line in proxy.requests if "/sst/c/" in line) == [
        "/three.zarr/sst/c/4/0/0",
        "/three.zarr/sst/c/5/0/0",
    ]


@pytest.mark.parametrize("name", ["three.zarr", "two.zarr", "four.nc"])
def test_s3_with_a_key_from_the_environment(s3, served, tmp_path, monkeypatch, name):
    monkeypatch.setenv("ODATIS_LOGIN_127_0_0_1", f"{KEY}:{SECRET}")
    driver = "zarr" if name.endswith("zarr") else "netcdf"
    url = f"s3://{served.name}/{name}"
    it = entry(tmp_path, one(driver, url, f"storage_options: {{endpoint_url: '{s3}'}}"))
    assert same(it.to_xarray())


@pytest.mark.parametrize("name", ["three.zarr", "four.nc"])
def test_s3_refuses_a_wrong_key_in_words(s3, served, tmp_path, monkeypatch, name):
    monkeypatch.setenv("ODATIS_LOGIN_127_0_0_1", f"{KEY}:another")
    driver = "zarr" if name.endswith("zarr") else "netcdf"
    url = f"s3://{served.name}/{name}"
    it = entry(tmp_path, one(driver, url, f"storage_options: {{endpoint_url: '{s3}'}}"))
    with pytest.raises(CatalogError, match="access refused: a login is missing, or it is wrong"):
        it.to_xarray()


def test_opendap(tmp_path):
    with servers.opendap({"ocean": ocean()}) as address:
        it = entry(tmp_path, one("opendap", f"{address}/ocean/opendap", "engine: netcdf4"))
        assert same(it.to_xarray())
        assert part(it.to_xarray(bbox=BOX, time=DAY))
        every_third = it.to_xarray().isel(time=slice(1, None, 3), lon=slice(None, None, -2))
        expected = ocean().isel(time=slice(1, None, 3), lon=slice(None, None, -2))
        np.testing.assert_array_equal(every_third.sst.values, expected.sst.values)


def test_opendap_asks_for_the_selection_only(tmp_path):
    with servers.opendap({"ocean": ocean()}) as address:
        proxy = FaultyProxy(address)
        url = f"{proxy.address}/datasets/ocean/opendap"
        entry(tmp_path, one("opendap", url, "engine: netcdf4")).to_xarray(bbox=BOX, time=DAY).sst.load()
        proxy.close()
    (asked,) = [line for line in proxy.requests if "sst" in line]
    assert "sst.sst%5B4:5%5D%5B2:5%5D%5B10:15%5D" in asked


@pytest.mark.parametrize("name", ["four.nc", "three.nc"])
def test_netcdf_over_ftp(served, tmp_path, name):
    with serve_ftp(served) as address:
        assert same(entry(tmp_path, one("netcdf", f"{address}/{name}")).to_xarray())


def test_ftp_with_a_login_and_with_a_wrong_one(served, tmp_path, monkeypatch):
    with serve_ftp(served, "ana", "wave") as address:
        it = entry(tmp_path, one("netcdf", f"{address}/four.nc"))
        monkeypatch.setenv("ODATIS_LOGIN_127_0_0_1", "ana:wave")
        assert same(it.to_xarray())
        monkeypatch.setenv("ODATIS_LOGIN_127_0_0_1", "ana:wind")
        with pytest.raises(CatalogError, match="access refused"):
            it.to_xarray()


def references(served, target: str) -> dict:
    """Kerchunk's references to the chunks of a Zarr 2 store, byte range by byte range."""
    refs: dict = {}
    for path in sorted((served / "two.zarr").rglob("*")):
        if path.is_file() and path.name != ".zmetadata":
            key = str(path.relative_to(served / "two.zarr"))
            text = path.name.startswith(".z")
            refs[key] = path.read_text("utf-8") if text else [f"{target}/{key}", 0, path.stat().st_size]
    return refs


@pytest.mark.parametrize("templates", [False, True])
def test_a_kerchunk_reference_file(http, served, tmp_path, templates):
    if templates:
        tree = {"version": 1, "templates": {"u": http}, "refs": references(served, "{{u}}/two.zarr")}
    else:
        tree = references(served, f"{http}/two.zarr")
    (tmp_path / "refs").mkdir()
    (tmp_path / "refs" / "ocean.json").write_text(json.dumps(tree))
    with servers.rclone("http", tmp_path / "refs") as address:
        it = entry(tmp_path, one("kerchunk", f"{address}/ocean.json"))
        assert same(it.to_xarray())
        assert part(it.to_xarray(bbox=BOX, time=DAY))


@pytest.mark.parametrize(
    ("tree", "why"),
    [
        ({"version": 1, "gen": [{"key": "a", "url": "b"}], "refs": {}}, "generated by templates"),
        (
            {"version": 1, "templates": {"u": "x"}, "refs": {"a": ["{{u + 1}}", 0, 1]}},
            "generated by templates",
        ),
        ([1, 2], "no Kerchunk reference file"),
        ({"a": ["gcs://bucket/a", 0, 1]}, "gcs"),
    ],
)
def test_references_that_are_programs_or_none_are_refused(tmp_path, tree, why):
    path = tmp_path / "refs.json"
    path.write_text(json.dumps(tree))
    with pytest.raises(CatalogError, match=why):
        entry(tmp_path, one("kerchunk", str(path))).to_xarray()


@pytest.fixture
def repository(served, tmp_path, missing):
    """The ocean as an Icechunk repository."""
    servers.require(missing, "icechunk")
    return write_repository(tmp_path / "lake" / "ocean")


def test_an_icechunk_repository_on_disk_and_over_s3(repository, tmp_path, monkeypatch):
    assert same(entry(tmp_path, one("icechunk", str(repository))).to_xarray())
    monkeypatch.setenv("ODATIS_LOGIN_127_0_0_1", f"{KEY}:{SECRET}")
    with servers.rclone("s3", repository.parent.parent, "--auth-key", f"{KEY},{SECRET}") as address:
        access = (
            f"driver: icechunk, login: environment, args: {{urlpath: 's3://{repository.parent.name}/ocean', "
            f"storage_options: {{endpoint_url: '{address}'}}}}"
        )
        text = f"driver: icechunk, args: {{urlpath: x}}, metadata: {{access: [{{{access}}}]}}"
        assert same(entry(tmp_path, text).to_xarray())


def test_an_icechunk_repository_over_http_is_refused_in_a_sentence(tmp_path, missing):
    servers.require(missing, "icechunk")
    with pytest.raises(CatalogError, match="its library reads none over http"):
        entry(tmp_path, one("icechunk", "http://127.0.0.1:9/repository")).to_xarray()
