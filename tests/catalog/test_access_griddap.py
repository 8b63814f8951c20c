"""Grids of an ERDDAP, whose DAP2 is written in capitals; asked through a stand-in for it."""

import numpy as np
import pytest
from data_stand_ins import stand_in
from griddap_stand_in import GriddapStandIn
from small_ocean import QUICK, entry, ocean, one

from odatis_vre.catalog.access import dap2
from odatis_vre.errors import CatalogError

# As coastwatch.pfeg.noaa.gov's ERDDAP 2 declares jplMURSST41, with fewer variables.
MUR = """Dataset {
  Float64 time[time = 8893];
  Float32 latitude[latitude = 17999];
  Float32 longitude[longitude = 36000];
  GRID {
    ARRAY:
      Float64 analysed_sst[time = 8893][latitude = 17999][longitude = 36000];
    MAPS:
      Float64 time[time = 8893];
      Float32 latitude[latitude = 17999];
      Float32 longitude[longitude = 36000];
  } analysed_sst;
  GRID {
    ARRAY:
      Byte mask[time = 8893][latitude = 17999][longitude = 36000];
    MAPS:
      Float64 time[time = 8893];
      Float32 latitude[latitude = 17999];
      Float32 longitude[longitude = 36000];
  } mask;
} jplMURSST41;
"""


@pytest.fixture(autouse=True)
def _quick(monkeypatch, tmp_path):
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ODATIS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def erddap():
    """The small ocean, with what ERDDAP may add: an Int16 array, a Byte array, an accent in Latin-1."""
    ds = ocean().isel(lon=slice(0, 19))
    ds.attrs["institution"] = "Océan"
    ds["rows"] = (ds.sst % 10000).astype("i2").assign_attrs(_FillValue=np.int16(-1))
    ds["flag"] = (ds.sst % 100).astype("u1")
    with stand_in(GriddapStandIn(ds, "ocean")) as server:
        yield server


def griddap(folder, server, name: str = "ocean"):
    return entry(folder, one("opendap", f"{server.address}/erddap/griddap/{name}", "engine: netcdf4"))


def test_the_keywords_of_a_dds_have_no_case():
    known = {array.name: array for array in dap2.parse_dds(MUR)}
    assert list(known) == ["time", "latitude", "longitude", "analysed_sst", "mask"]
    assert known["mask"].dims == ("time", "latitude", "longitude")
    assert known["mask"].path == "mask.mask"
    assert known["time"].path == "time"
    lower = dap2.parse_dds(
        "dataset { grid { array: FLOAT32 sst[lat = 2]; maps: float64 lat[lat = 2]; } sst; } a;"
    )
    assert [(array.path, array.kind) for array in lower] == [("sst.sst", "Float32"), ("sst.lat", "Float64")]
    assert dap2.parse_das('ATTRIBUTES { sst { string units "K"; } }') == {"sst": {"units": "K"}}


def test_griddap_gives_the_values_that_its_server_holds(tmp_path, erddap):
    ds = griddap(tmp_path, erddap).to_xarray()
    expected = ocean().isel(lon=slice(0, 19))
    np.testing.assert_array_equal(ds.sst.values, expected.sst.values)
    np.testing.assert_array_equal(ds["rows"].values, expected.sst.values % 10000)
    np.testing.assert_array_equal(ds.flag.values, expected.sst.values % 100)
    for axis in ("time", "lat", "lon"):
        np.testing.assert_array_equal(ds[axis].values, expected[axis].values)
    assert ds.attrs["institution"] == "Océan"


def test_griddap_is_asked_for_the_selection_only(tmp_path, erddap):
    part = griddap(tmp_path, erddap).to_xarray(
        bbox=(-10, 42, -5, 45), time=("2000-01-05", "2000-01-06"), variables="sst"
    )
    erddap.asked.clear()
    expected = ocean().sel(time=slice("2000-01-05", "2000-01-06"), lat=slice(42, 45), lon=slice(-10, -5))
    np.testing.assert_array_equal(part.sst.values, expected.sst.values)
    assert erddap.asked == ["/erddap/griddap/ocean.dods?sst.sst[4:5][2:5][10:15]"]


def test_a_griddap_dataset_that_is_not_there_is_told(tmp_path, erddap):
    with pytest.raises(CatalogError, match="it is not there"):
        griddap(tmp_path, erddap, "none").to_xarray()
