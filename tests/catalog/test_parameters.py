"""What is asked changes what comes, by every protocol: box, period, variables, depth, units."""

import json

import data_servers as servers
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from data_servers import KEY, SECRET
from data_stand_ins import TabledapStandIn, WfsStandIn, stand_in
from ftp_server import serve_ftp
from small_ocean import QUICK, entry, one

from odatis_vre.errors import CatalogError, OdatisError

TIME, DEPTH = pd.date_range("2000-01-01", periods=6), [0.0, 10.0, 50.0, 100.0]
LAT, LON = np.arange(40.0, 48.0), np.arange(-12.0, -2.0)
GRIDS = ("file", "http", "http-3", "zarr", "s3", "s3-zarr", "ftp", "ftp-3", "opendap", "kerchunk")
BOX = (-10, 42, -6, 45)
ASKED = {
    "bbox": {"bbox": BOX},
    "time": {"time": ("2000-01-02", "2000-01-03")},
    "variables": {"variables": ["salt"]},
    "depth": {"depth": (5, 60)},
    "level": {"depth": 45},
    "units": {"units": {"sea_water_temperature": "K"}},
    "all": {
        "bbox": BOX,
        "time": ("2000-01-02", "2000-01-03"),
        "depth": (5, 60),
        "variables": "temp",
        "units": {"temp": "K"},
    },
}


def deep_ocean() -> xr.Dataset:
    """Two variables; each value tells where it is."""
    shape = (len(TIME), len(DEPTH), len(LAT), len(LON))
    values = np.arange(np.prod(shape), dtype="f8").reshape(shape) / 100
    dims = ("time", "depth", "lat", "lon")
    return xr.Dataset(
        {
            "temp": (dims, values, {"standard_name": "sea_water_temperature", "units": "degC"}),
            "salt": (dims, values + 1000, {"standard_name": "sea_water_salinity", "units": "1"}),
        },
        {
            "time": TIME,
            "depth": ("depth", DEPTH, {"units": "m", "positive": "down"}),
            "lat": ("lat", LAT, {"units": "degrees_north"}),
            "lon": ("lon", LON, {"units": "degrees_east"}),
        },
    )


def expected(asked: dict) -> xr.Dataset:
    """The same by xarray alone."""
    ds = deep_ocean()
    if "bbox" in asked:
        west, south, east, north = asked["bbox"]
        ds = ds.sel(lat=slice(south, north), lon=slice(west, east))
    if "time" in asked:
        ds = ds.sel(time=slice(*asked["time"]))
    if "depth" in asked:
        depth = asked["depth"]
        ds = (
            ds.sel(depth=slice(*depth)) if isinstance(depth, tuple) else ds.sel(depth=depth, method="nearest")
        )
    if "units" in asked:
        ds["temp"] = ds.temp + 273.15
    if "variables" in asked:
        names = asked["variables"]
        ds = ds[[names] if isinstance(names, str) else names]
    return ds


@pytest.fixture(scope="module")
def addresses(tmp_path_factory, missing):
    """The text of an entry by protocol, each from a server that runs."""
    for package in ("rclone", "xpublish_opendap", "pyftpdlib"):
        servers.require(missing, package)
    folder = tmp_path_factory.mktemp("parameters") / "ocean"
    folder.mkdir()
    ds = deep_ocean()
    ds.to_netcdf(folder / "four.nc", engine="netcdf4")
    ds.to_netcdf(folder / "three.nc", engine="scipy", format="NETCDF3_64BIT")
    chunks = {name: {"chunks": (2, 2, 4, 5)} for name in ds.data_vars}
    ds.to_zarr(folder / "two.zarr", zarr_format=2, consolidated=True, encoding=chunks)
    with (
        servers.rclone("http", folder) as http,
        servers.rclone("s3", folder.parent, "--auth-key", f"{KEY},{SECRET}") as s3,
        serve_ftp(folder) as ftp,
        servers.opendap({"ocean": ds}) as dap,
    ):
        (folder / "refs.json").write_text(json.dumps(references(folder / "two.zarr", f"{http}/two.zarr")))
        options = f"storage_options: {{endpoint_url: '{s3}'}}"
        yield {
            "file": one("netcdf", str(folder / "four.nc"), "chunks: {}, xarray_kwargs: {engine: netcdf4}"),
            "http": one("netcdf", f"{http}/four.nc"),
            "http-3": one("netcdf", f"{http}/three.nc"),
            "zarr": one("zarr", f"{http}/two.zarr"),
            "s3": one("netcdf", f"s3://{folder.name}/four.nc", options),
            "s3-zarr": one("zarr", f"s3://{folder.name}/two.zarr", options),
            "ftp": one("netcdf", f"{ftp}/four.nc"),
            "ftp-3": one("netcdf", f"{ftp}/three.nc"),
            "opendap": one("opendap", f"{dap}/ocean/opendap", "engine: netcdf4"),
            "kerchunk": one("kerchunk", f"{http}/refs.json"),
        }


def references(store, target: str) -> dict:
    refs = {}
    for path in store.rglob("*"):
        if path.is_file() and path.name != ".zmetadata":
            key = str(path.relative_to(store))
            refs[key] = (
                path.read_text() if path.name[:2] == ".z" else [f"{target}/{key}", 0, path.stat().st_size]
            )
    return refs


@pytest.fixture(autouse=True)
def _quick(monkeypatch, tmp_path):
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ODATIS_TIMEOUT", "20")
    monkeypatch.setenv("ODATIS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ODATIS_LOGIN_127_0_0_1", f"{KEY}:{SECRET}")


@pytest.mark.parametrize("protocol", GRIDS)
def test_each_parameter_changes_a_grid(addresses, tmp_path, monkeypatch, protocol):
    if "ftp" in protocol:
        monkeypatch.delenv("ODATIS_LOGIN_127_0_0_1")
    it = entry(tmp_path, addresses[protocol])
    seen = {}
    for name, asked in ASKED.items():
        ds, right = it.to_xarray(**asked), expected(asked)
        assert set(ds.data_vars) == set(right.data_vars)
        for field in ds.data_vars:
            assert ds[field].dims == right[field].dims
            np.testing.assert_allclose(ds[field].values, right[field].values, rtol=1e-6)
        assert ds.temp.units == "K" if "units" in asked else True
        seen[name] = str({field: (ds[field].shape, float(ds[field].sum())) for field in ds.data_vars})
    assert len(set(seen.values())) == len(ASKED)
    with pytest.raises(TypeError):
        it.to_xarray(part="2")


@pytest.mark.parametrize("protocol", ["file", "opendap", "zarr"])
@pytest.mark.parametrize(
    "asked", [{"variables": ["chl"]}, {"units": {"chl": "K"}}, {"units": {"temp": "m"}}, {"depth": "deep"}]
)
def test_what_cannot_be_applied_is_an_error(addresses, tmp_path, protocol, asked):
    with pytest.raises((OdatisError, ValueError), match=r"chl|temp|metres|unit|converted"):
        entry(tmp_path, addresses[protocol]).to_xarray(**asked)


ROWS = [
    {"time": f"2010-0{1 + i}-15T00:00:00Z", "latitude": 40.0 + i, "longitude": -10.0 + i, "temp": 12.0 + i}
    for i in range(5)
]
FEATURES = [
    {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [row["longitude"], row["latitude"]]},
        "properties": {"day": row["time"], "temp": row["temp"]},
    }
    for row in ROWS
]
TABLE_ASKED = [
    ({}, [12.0, 13.0, 14.0, 15.0, 16.0]),
    ({"bbox": (-9.5, 40, -7.5, 50)}, [13.0, 14.0]),
    ({"time": ("2010-03", "2010-04")}, [14.0, 15.0]),
    ({"bbox": (-9.5, 40, -7.5, 50), "time": ("2010-03", None)}, [14.0]),
    ({"variables": "temp"}, [12.0, 13.0, 14.0, 15.0, 16.0]),
]


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    csv = tmp_path_factory.mktemp("tables") / "a.csv"
    pd.DataFrame(ROWS).to_csv(csv, index=False)
    units = {"time": "UTC", "latitude": "degrees_north", "longitude": "degrees_east", "temp": "degree_C"}
    with (
        stand_in(TabledapStandIn(ROWS, units)) as erddap,
        stand_in(WfsStandIn({"a": FEATURES})) as wfs,
    ):
        yield {
            "csv": one("csv", str(csv)),
            "tabledap": one("tabledap", f"{erddap.address}/erddap/tabledap/a", "variables: [temp]"),
            "wfs": one("wfs", f"{wfs.address}/wfs", "typename: a, time: day"),
        }


@pytest.mark.parametrize("protocol", ["csv", "tabledap", "wfs"])
@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize(("asked", "temp"), TABLE_ASKED)
def test_each_parameter_changes_a_table(tables, tmp_path, protocol, clean, asked, temp):
    table = entry(tmp_path, tables[protocol]).to_pandas(**asked, clean=clean)
    assert table.temp.tolist() == temp
    assert (list(table.columns) == ["temp"]) is ("variables" in asked)


def test_a_plain_intake_opens_an_opendap_entry(tmp_path, missing):
    """As the catalogues write it: the netCDF library reads the same server."""
    import intake

    servers.require(missing, "xpublish_opendap")
    with servers.opendap({"ocean": deep_ocean()}) as address:
        text = one("opendap", f"{address}/ocean/opendap", "chunks: {}, engine: netcdf4")
        path = tmp_path / "plain.yaml"
        path.write_text(f"sources: {{it: {{{text}}}}}")
        ds = intake.open_catalog(str(path))["it"].to_dask()
        np.testing.assert_array_equal(ds.temp.values, deep_ocean().temp.values)
        np.testing.assert_array_equal(entry(tmp_path, text).to_xarray().temp.values, ds.temp.values)


def test_a_listed_reference_whose_bytes_are_gone_is_an_error_and_not_a_fill_value(addresses, tmp_path):
    """Of a plain Zarr store, a chunk that is not there means the fill value: only a list tells otherwise."""
    address = addresses["kerchunk"].split("'")[1].removesuffix("/refs.json")
    with stand_in(lambda _: (404, "text/plain", b"")) as gone:
        from urllib.request import urlopen

        refs = json.loads(urlopen(f"{address}/refs.json").read())
        for key in [key for key in refs if key.startswith("temp/0.")]:
            refs[key] = [f"{gone.address}/{key}", *refs[key][1:]]
        (tmp_path / "refs.json").write_text(json.dumps(refs))
        ds = entry(tmp_path, one("kerchunk", str(tmp_path / "refs.json"))).to_xarray()
        assert ds.salt.isel(time=0).notnull().all()
        with pytest.raises(CatalogError, match="could not be read"):
            ds.temp.isel(time=0).load()
