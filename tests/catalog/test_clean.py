"""Clean-up: small datasets with one fault each; what is changed is said, what is right is left alone."""

import cftime
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from small_ocean import entry, ocean, one

from odatis_vre.catalog.clean import clean_grid, clean_table
from odatis_vre.catalog.model import Variable
from odatis_vre.catalog.request import read_period
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import use_language
from odatis_vre.units import UnitsError


def changes(ds) -> list[str]:
    return ds.attrs["odatis_changes"].splitlines()


def on_time(values, units: str, **attrs) -> xr.Dataset:
    time = ("time", np.asarray(values, dtype=float), {"units": units, **attrs})
    return xr.Dataset({"v": ("time", np.arange(len(values), dtype=float))}, {"time": time})


def test_a_dataset_that_is_clean_is_left_as_it_is(climatology):
    ds, raw = climatology.to_xarray(), climatology.to_xarray(clean=False)
    assert ds.attrs["odatis_changes"] == ""
    assert {name: ds[name].attrs for name in ds.variables} == {name: raw[name].attrs for name in ds.variables}
    xr.testing.assert_equal(ds, raw)


def test_cleaning_twice_changes_nothing_more():
    ds = xr.Dataset(
        {"T": (("z", "X"), [[1.0, 2.0, 3.0]], {"units": "DEG C", "long_name": "TEMPERATURE"})},
        {
            "X": ("X", [10.0, 200.0, 300.0], {"units": "degrees_east"}),
            "z": ("z", [-5.0], {"units": "METERS"}),
        },
    )
    once = clean_grid(ds)
    twice = clean_grid(once)
    assert len(changes(once)) >= 5
    assert [line for line in changes(twice) if "missing" not in line] == []
    xr.testing.assert_equal(once, twice)


def test_longitudes_come_back_within_180_ascending_with_their_values():
    lon = np.arange(20.0, 380.0, 30.0)
    ds = clean_grid(xr.Dataset({"v": ("lon", lon)}, {"lon": ("lon", lon, {"units": "degrees_east"})}))
    assert (np.diff(ds.lon) > 0).all()
    np.testing.assert_array_equal((ds.v - ds.lon) % 360, 0)
    assert "longitudes 20 … 350 brought to -160 … 170" in changes(ds)


def test_longitude_bounds_move_with_their_cells():
    bounds = np.array([[0.0, 90.0], [90.0, 180.0], [180.0, 270.0], [270.0, 360.0]])
    lon = ("lon", bounds.mean(axis=1), {"units": "degrees_east", "bounds": "lon_bnds"})
    ds = clean_grid(
        xr.Dataset({"v": ("lon", np.arange(4.0))}, {"lon": lon, "lon_bnds": (("lon", "n"), bounds)})
    )
    np.testing.assert_array_equal(ds.lon_bnds.mean("n"), ds.lon)


def test_a_curved_grid_keeps_its_places():
    lon = np.array([[170.0, 190.0], [171.0, 191.0]])
    coords = {"nav_lon": (("y", "x"), lon, {"units": "degrees_east"})}
    ds = clean_grid(xr.Dataset({"v": (("y", "x"), lon)}, coords))
    np.testing.assert_array_equal(ds.lon, [[170.0, -170.0], [171.0, -169.0]])
    np.testing.assert_array_equal(ds.v, lon)


@settings(deadline=None)
@given(st.lists(st.integers(-360, 720), min_size=1, max_size=40, unique_by=lambda lon: lon % 360))
def test_no_longitude_is_lost_or_moved(lons):
    lons = sorted(float(lon) for lon in lons)
    ds = clean_grid(xr.Dataset({"v": ("lon", lons)}, {"lon": ("lon", lons, {"units": "degrees_east"})}))
    assert ds.sizes["lon"] == len(lons)
    assert float(ds.lon.min()) >= -180
    assert float(ds.lon.max()) <= 180
    np.testing.assert_allclose((ds.v - ds.lon) % 360, 0, atol=1e-6)


@pytest.mark.parametrize("attrs", [{"positive": "up"}, {"positive": "Up"}, {}])
def test_depth_counts_downwards(attrs):
    z = ("Z", [-100.0, -10.0, 0.0], {"units": "m", **attrs})
    ds = clean_grid(xr.Dataset({"v": ("Z", [100.0, 10.0, 0.0])}, {"Z": z}))
    np.testing.assert_array_equal(ds.depth, [100, 10, 0])
    np.testing.assert_array_equal(ds.v, ds.depth)
    assert ds.depth.attrs["positive"] == "down"
    assert "depth counted upwards, now downwards" in changes(ds)


def test_altitudes_are_no_depths():
    z = ("z", [10.0, 100.0], {"units": "m", "positive": "up", "standard_name": "altitude"})
    ds = clean_grid(xr.Dataset({"v": ("z", [1.0, 2.0])}, {"z": z}))
    np.testing.assert_array_equal(ds.z, [10, 100])


def test_hours_since_year_0_are_a_climatology():
    ds = clean_grid(
        on_time(366 + 730.485 * np.arange(12), "hour since 0000-01-01 00:00:00", modulo=" "),
        period=read_period(("1946", "1989")),
    )
    assert list(ds.time.dt.month) == list(range(1, 13))
    assert ds.time.attrs["climatology"] == "climatology_bounds"
    december = ds.climatology_bounds.values[11].astype("datetime64[D]").astype(str)
    assert list(december) == ["1946-12-01", "1990-01-01"]
    assert any("is a climatology" in line for line in changes(ds))


def test_days_since_year_0_that_go_on_are_real_dates():
    # cftime's own day numbers are the reference: 730120 days in the mixed calendar, with a year 0
    days = cftime.date2num(
        cftime.datetime(1999, 1, 1, calendar="standard", has_year_zero=True),
        "days since 0000-01-01",
        "standard",
        True,
    )
    ds = clean_grid(on_time([days, days + 31], "days since 0000-01-01"))
    assert list(ds.time.dt.strftime("%Y-%m-%d").values) == ["1999-01-01", "1999-02-01"]


def test_a_year_of_360_days_is_decoded_and_selected(tmp_path):
    ds = on_time(np.arange(720.0), "days since 2000-01-01", calendar="360_day")
    ds.to_netcdf(tmp_path / "a.nc", engine="netcdf4")
    it = entry(tmp_path, one("netcdf", f"{tmp_path}/a.nc", "xarray_kwargs: {engine: netcdf4}"))
    cut = it.to_xarray(time=("2000-02", "2000-02"))
    assert cut.sizes["time"] == 30
    assert cut.time.values[-1] == cftime.Datetime360Day(2000, 2, 30)
    assert it.to_xarray(time=("2001-12-30", None)).sizes["time"] == 1


@pytest.mark.parametrize(
    ("values", "units", "dates"),
    [
        ([0, 1, 13], "months since 1990-01-01", ["1990-01-01", "1990-02-01", "1991-02-01"]),
        ([0.5, 1.5], "Months since 1990-01-01 00:00:00", ["1990-01-16", "1990-02-15"]),
        ([0, 2], "years since 1990-06-15", ["1990-06-15", "1992-06-15"]),
        ([20100131, 20100301.5], "day as %Y%m%d.%f", ["2010-01-31", "2010-03-01"]),
        ([20100131], "YYYYMMDD", ["2010-01-31"]),
        ([24], "hrs since 1990-01-01", ["1990-01-02"]),
    ],
)
def test_times_in_other_spellings_are_decoded(values, units, dates):
    assert list(clean_grid(on_time(values, units)).time.dt.strftime("%Y-%m-%d").values) == dates


def test_a_time_that_nobody_understands_is_left_and_said():
    ds = clean_grid(on_time([1.0, 2.0], "fortnights since yesterday"))
    assert ds.time.values.tolist() == [1.0, 2.0]
    assert any("left undecoded" in line for line in changes(ds))


@pytest.mark.parametrize("written", ["Fill_Value", "fillvalue", "nodata", "missing"])
def test_missing_values_under_another_name_are_missing(written):
    ds = clean_grid(xr.Dataset({"v": ("x", [1.0, -999.0], {written: -999.0})}))
    assert np.isnan(ds.v.values[1])
    assert any(written in line for line in changes(ds))


def test_missing_values_told_as_a_text_are_missing():
    ds = clean_grid(xr.Dataset({"v": ("x", [1.0, -999.0], {"missing_value": "-999"})}))
    assert np.isnan(ds.v.values[1])


def test_missing_values_that_nobody_declares_are_missing():
    ds = clean_grid(xr.Dataset({"v": ("x", np.array([1, 9.96921e36, -1e34], dtype="f4"))}))
    assert np.isnan(ds.v.values).tolist() == [False, True, True]


def test_units_and_names_the_catalogue_knows_fill_what_the_file_does_not_say():
    declared = {"TEMP": Variable(standard_name="sea_water_temperature", units="degC")}
    ds = clean_grid(xr.Dataset({"TEMP": ("x", [1.0])}), declared)
    assert ds.TEMP.attrs == {"units": "degree_Celsius", "standard_name": "sea_water_temperature"}
    assert len(changes(ds)) == 3


def test_a_name_is_given_only_where_the_unit_fits():
    for units, found in (("M/S", "eastward_wind"), ("DEG C", None), ("PARSNIPS", None)):
        ds = clean_grid(xr.Dataset({"u": ("x", [1.0], {"units": units, "long_name": "Zonal wind"})}))
        assert ds.u.attrs.get("standard_name") == found
    assert any("PARSNIPS" in line and "not understood" in line for line in changes(ds))


def test_coordinates_under_another_dimension_become_axes():
    ds = xr.Dataset(
        {"v": (("j", "i"), np.ones((2, 3)))},
        {"latitude": ("j", [1.0, 2.0], {"units": "degrees_north"}), "longitude": ("i", [1.0, 2.0, 3.0])},
    )
    clean = clean_grid(ds)
    assert clean.v.dims == ("lat", "lon")
    assert clean.lon.attrs == {"standard_name": "longitude", "axis": "X", "units": "degrees_east"}


def test_positions_along_a_track_stay_along_it():
    ds = xr.Dataset(
        {"v": ("obs", [1.0, 2.0, 3.0])},
        {"lat": ("obs", [1.0, 2.0, 3.0]), "lon": ("obs", [4.0, 5.0, 6.0])},
    )
    assert clean_grid(ds).v.dims == ("obs",)


def test_two_latitudes_are_nobodys_choice():
    coords = {
        "lat_u": ("lat_u", [1.0], {"units": "degrees_north"}),
        "lat_v": ("lat_v", [2.0], {"units": "degrees_north"}),
    }
    ds = clean_grid(xr.Dataset({"u": ("lat_u", [1.0]), "v": ("lat_v", [1.0])}, coords))
    assert {"lat_u", "lat_v"} <= set(ds.dims)


def test_cleaning_is_lazy():
    ds = ocean().assign_coords(lon=np.arange(180.0, 380.0, 10.0)).chunk(time=1)
    ds.lon.attrs["units"] = "degrees_east"
    assert all(field.chunks for field in clean_grid(ds).data_vars.values())


def test_raw_is_what_the_file_has(tmp_path):
    ds = on_time([366.0], "hour since 0000-01-01 00:00:00")
    ds.to_netcdf(tmp_path / "a.nc", engine="netcdf4")
    kwargs = "xarray_kwargs: {engine: netcdf4, decode_times: false}"
    it = entry(tmp_path, one("netcdf", f"{tmp_path}/a.nc", kwargs))
    raw = it.to_xarray(clean=False)
    assert raw.time.values.tolist() == [366.0]
    assert "odatis_changes" not in raw.attrs
    assert it.to_xarray().time.dt.month.values.tolist() == [1]


def test_units_are_converted_on_request_by_name_or_standard_name(climatology):
    asked = {"sea_surface_temperature": "K", "sea_level_pressure": "Pa"}
    ds = climatology.to_xarray(units=asked, bbox=(-12, 43, 2, 60))
    plain = climatology.to_xarray(bbox=(-12, 43, 2, 60))
    np.testing.assert_allclose(ds.sst, plain.sst + 273.15, rtol=1e-6)
    np.testing.assert_allclose(ds.sea_level_pressure, plain.sea_level_pressure * 100, rtol=1e-6)
    assert ds.sst.attrs["units"] == "K"
    assert ds.sst.chunks
    assert "sst: converted from degree_Celsius to K" in changes(ds)


def test_a_conversion_that_does_not_fit_is_refused(climatology):
    with pytest.raises(UnitsError, match="do not measure the same thing"):
        climatology.to_xarray(units={"sst": "m s-1"})
    with pytest.raises(CatalogError, match='no variable "sss"'):
        climatology.to_xarray(units={"sss": "1"})


def test_changes_are_said_in_both_languages():
    ds = xr.Dataset({"v": ("x", [1.0], {"units": "M/S", "_FillValue": -1.0})})
    assert changes(clean_grid(ds)) == ['v: unit "M/S" written m s-1']
    with use_language("fr"):
        assert changes(clean_grid(ds)) == ["v : unité « M/S » écrite m s-1"]


def test_a_clean_dataset_can_be_saved_and_read_again(tmp_path):
    ds = clean_grid(on_time(366 + 730.485 * np.arange(12), "hour since 0000-01-01 00:00:00"))
    ds.to_netcdf(tmp_path / "a.nc", engine="netcdf4")
    with xr.open_dataset(tmp_path / "a.nc", engine="netcdf4") as again:
        assert list(again.time.dt.month) == list(range(1, 13))


@pytest.mark.parametrize("name", ["Latitude", "LATITUDE (degrees_north)", "Position : Latitude", "lat"])
def test_columns_of_positions_are_found(name):
    assert "lat" in clean_table(pd.DataFrame({name: [1.0], "Longitude": [2.0]})).columns


def test_columns_that_the_catalogue_describes_keep_their_names():
    table = clean_table(pd.DataFrame({"Latitude": [1.0]}), {"Latitude": Variable()})
    assert list(table.columns) == ["Latitude"]
