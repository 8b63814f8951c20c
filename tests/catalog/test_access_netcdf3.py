"""NetCDF-3 files that end too early: the netCDF library reads them as zeros, we refuse them."""

import errno

import netCDF4
import numpy as np
import pytest
import xarray as xr
from data_stand_ins import stand_in
from small_ocean import QUICK, entry, ocean, one

from odatis_vre.catalog.access.failures import ShortRead, on_disk
from odatis_vre.catalog.access.netcdf3 import check_whole
from odatis_vre.errors import CatalogError

FORMATS = {
    "NETCDF3_CLASSIC": b"CDF\x01",
    "NETCDF3_64BIT_OFFSET": b"CDF\x02",
    "NETCDF3_64BIT_DATA": b"CDF\x05",
}
TRUNCATED = r"cut short: \d+ of \d+ bytes came"


@pytest.fixture(autouse=True)
def _quick(monkeypatch, tmp_path):
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ODATIS_CACHE", str(tmp_path / "cache"))


@pytest.fixture(params=FORMATS)
def written(request, tmp_path):
    """The small ocean in each variant of NetCDF-3, with as many records as days."""
    path = tmp_path / "ocean.nc"
    ocean().to_netcdf(path, engine="netcdf4", format=request.param, unlimited_dims=["time"])
    assert path.read_bytes().startswith(FORMATS[request.param])
    return path


def cut(path, size: int):
    path.write_bytes(path.read_bytes()[:size])
    return path


def test_a_whole_file_opens(written, tmp_path):
    ds = entry(tmp_path, one("netcdf", str(written), "xarray_kwargs: {engine: netcdf4}")).to_xarray()
    np.testing.assert_array_equal(ds.sst.values, ocean().sst.values)


@pytest.mark.parametrize("part", [0.99, 0.5, 0.1])
@pytest.mark.parametrize("address", ["{}", "file://{}", "{}*"])
def test_a_local_file_cut_short_is_refused(written, tmp_path, part, address):
    path = cut(written, int(written.stat().st_size * part))
    text = one("netcdf", address.format(path), "xarray_kwargs: {engine: netcdf4}")
    with pytest.raises(CatalogError, match=TRUNCATED):
        entry(tmp_path, text).to_xarray()


def test_one_of_several_local_files_cut_short_is_refused(tmp_path):
    for day in range(2):
        ocean().isel(time=[day]).to_netcdf(tmp_path / f"day_{day}.nc", format="NETCDF3_64BIT", engine="scipy")
    texts = [
        one("netcdf", str(tmp_path / name), "combine: by_coords") for name in ("day_*.nc", "day_{day}.nc")
    ]
    assert entry(tmp_path, texts[0]).to_xarray().sizes["time"] == 2
    cut(tmp_path / "day_1.nc", 900)
    for text in texts:
        with pytest.raises(CatalogError, match=TRUNCATED):
            entry(tmp_path, text).to_xarray()


def test_a_file_that_is_short_on_its_server_is_refused_offline_too(written, tmp_path, monkeypatch):
    content = written.read_bytes()[: written.stat().st_size // 2]
    with stand_in(lambda _: (200, "application/x-netcdf", content)) as server:
        it = entry(tmp_path, one("netcdf", f"{server.address}/ocean.nc"))
        with pytest.raises(CatalogError, match=TRUNCATED):
            it.to_xarray()
        monkeypatch.setenv("ODATIS_OFFLINE", "1")
        with pytest.raises(CatalogError, match=TRUNCATED):
            it.to_xarray()


def _made(path, kind: str, variables: dict[str, tuple], variant: str):
    """A file with 3 records and 5 places, each variable 1 throughout."""
    with netCDF4.Dataset(path, "w", format=variant) as file:
        file.createDimension("time", None)
        file.createDimension("x", 5)
        file.history = "as odd as it gets"
        for name, dims in variables.items():
            shape = tuple({"time": 3, "x": 5}[dim] for dim in dims)
            file.createVariable(name, kind, dims)[:] = np.ones(shape, kind)
    return path


@pytest.mark.parametrize("variant", FORMATS)
@pytest.mark.parametrize("kind", ["i1", "i2", "i4", "f8"])
@pytest.mark.parametrize(
    "variables",
    [
        {"a": ("time", "x")},  # alone, its records are not padded
        {"a": ("time", "x"), "b": ("time",)},
        {"a": ("x",), "b": ("time", "x")},
        {"a": ("x",), "b": ("x",)},
        {"a": ()},
    ],
)
def test_no_more_is_asked_for_than_the_library_writes_and_no_less_than_the_last_value(
    tmp_path, variables, kind, variant
):
    path = _made(tmp_path / "a.nc", kind, variables, variant)
    check_whole(path)
    # what is written after the last value are at most three bytes of padding
    cut(path, path.stat().st_size - 4)
    with pytest.raises(ShortRead):
        check_whole(path)


@pytest.mark.parametrize("variant", FORMATS)
def test_no_record_yet_and_no_variable_at_all_are_whole(tmp_path, variant):
    for name, variables in (("a.nc", {}), ("b.nc", {"time": "f8"})):
        with netCDF4.Dataset(tmp_path / name, "w", format=variant) as file:
            file.createDimension("time", None)
            for known, kind in variables.items():
                file.createVariable(known, kind, ("time",))
        check_whole(tmp_path / name)


def test_of_a_stream_the_fixed_part_must_be_there(tmp_path):
    path = _made(tmp_path / "a.nc", "f4", {"a": ("x",), "b": ("time", "x")}, "NETCDF3_CLASSIC")
    content = path.read_bytes()
    path.write_bytes(content[:4] + b"\xff\xff\xff\xff" + content[8:-20])
    check_whole(path)
    cut(path, len(content) - 61)  # 3 records of 20 bytes, and the end of `a`
    with pytest.raises(ShortRead):
        check_whole(path)


@pytest.mark.parametrize("content", [b"", b"CD", b"\x89HDF\r\n\x1a\n", b"CDF\x03", b"a,b\n1,2\n"])
def test_what_is_no_netcdf_3_is_not_looked_at(tmp_path, content):
    (tmp_path / "a.nc").write_bytes(content)
    check_whole(tmp_path / "a.nc")


def test_a_header_cut_short_or_of_absurd_lengths_is_refused(tmp_path):
    path = _made(tmp_path / "a.nc", "f4", {"a": ("x",)}, "NETCDF3_64BIT_DATA")
    content = path.read_bytes()
    for size in range(4, 60, 7):
        path.write_bytes(content[:size])
        with pytest.raises(ShortRead):
            check_whole(path)
    path.write_bytes(content[:4] + b"\x7f" * 4000)
    with pytest.raises(ShortRead):
        check_whole(path)


def test_scipy_writes_whole_files_too(tmp_path):
    for number, dtype in enumerate(("i1", "i2", "f4")):
        ds = xr.Dataset({"v": (("time", "x"), np.ones((3, 5), dtype))})
        path = tmp_path / f"{number}.nc"
        ds.to_netcdf(path, engine="scipy", unlimited_dims=["time"])
        check_whole(path)


def test_a_read_cut_short_after_28_bytes_is_no_full_disk():
    assert not on_disk(ShortRead(errno.ENOSPC, 56))
    assert on_disk(OSError(errno.ENOSPC, "no room"))
