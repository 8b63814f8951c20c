"""The ten files of the Debian package ferret-datasets: real spellings, axes and times, brought to CF."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from small_ocean import entry, one

from odatis_vre.units import canonical

FOLDER = Path("/usr/share/ferret-vis/data")
FILES = {
    "coads_climatology.cdf": {"time", "lat", "lon"},
    "esku_heat_budget.cdf": {"time", "lat", "lon"},
    "etopo5.cdf": {"lat", "lon"},
    "etopo20.cdf": {"lat", "lon"},
    "etopo40.cdf": {"lat", "lon"},
    "etopo60.cdf": {"lat", "lon"},
    "etopo120.cdf": {"lat", "lon"},
    "levitus_climatology.cdf": {"depth", "lat", "lon"},
    "monthly_navy_winds.cdf": {"time", "lat", "lon"},
    "ocean_atlas_subset.nc": {"time", "depth", "lat", "lon"},
}
# What no unit tells is told by the catalogue.
DECLARED = {"ocean_atlas_subset.nc": "variables: {TEMP: {units: degree_C}}"}
pytestmark = pytest.mark.debian


@pytest.fixture
def cleaned(tmp_path, missing):
    """Open one of the files as an entry; `clean=False` gives it raw."""

    def make(name: str, **kwargs) -> xr.Dataset:
        if not (FOLDER / name).exists():
            missing(str(FOLDER / name), "install the Debian package ferret-datasets")
        args = "xarray_kwargs: {engine: netcdf4, decode_times: false}"
        return entry(tmp_path, one("netcdf", str(FOLDER / name), args, DECLARED.get(name, ""))).to_xarray(
            **kwargs
        )

    return make


def test_all_files_of_the_package_are_tried(missing):
    if not FOLDER.exists():
        missing(str(FOLDER), "install the Debian package ferret-datasets")
    assert {path.name for path in FOLDER.iterdir()} == set(FILES)


@pytest.mark.parametrize(("name", "axes"), FILES.items())
def test_axes_have_their_names_and_attributes(cleaned, name, axes):
    ds = cleaned(name)
    assert {str(dim) for dim in ds.dims} - {"bounds"} == axes
    letters = {"time": "T", "depth": "Z", "lat": "Y", "lon": "X"}
    assert {axis: ds[axis].attrs["axis"] for axis in axes} == {axis: letters[axis] for axis in axes}
    assert float(ds.lon.min()) >= -180
    assert float(ds.lon.max()) <= 180
    assert (np.diff(ds.lon) > 0).all()
    if "depth" in axes:
        assert ds.depth.attrs["positive"] == "down"
        assert float(ds.depth.min()) == 0
    if "time" in axes:
        assert np.issubdtype(ds.time.dtype, np.datetime64)


@pytest.mark.parametrize("name", FILES)
def test_units_are_udunits_and_most_variables_have_a_standard_name(cleaned, name):
    ds = cleaned(name)
    for variable in ds.data_vars.values():
        assert canonical(variable.attrs["units"]) == variable.attrs["units"]
    named = [variable for variable in ds.data_vars.values() if "standard_name" in variable.attrs]
    counts = [v for v in ds.data_vars if str(v).startswith("K") and name.startswith("esku")]
    assert len(named) >= len(ds.data_vars) - len(counts) - 3
    assert named


@pytest.mark.parametrize("name", FILES)
def test_values_move_with_their_longitudes_and_nothing_else_happens_to_them(cleaned, name):
    ds, raw = cleaned(name), cleaned(name, clean=False)
    dims = {str(d) for d in raw.dims}
    lon = next(
        d for d in dims if d.endswith("X") or "X1_" in d or d.startswith(("XAX", "ETOPO05_X")) or "_X" in d
    )
    for variable in list(ds.data_vars)[:2]:
        field = ds[variable].isel({d: 0 for d in ds[variable].dims if d in ("time", "depth")})
        column = field.sizes["lon"] // 3
        east = float(ds.lon[column])
        place = int(np.argmin(np.abs((raw[lon].values - east + 180) % 360 - 180)))
        before = raw[variable].isel({d: 0 for d in raw[variable].dims if d == "TIME" or d.startswith("ZAX")})
        np.testing.assert_array_equal(field.isel(lon=column), before.isel({lon: place}))


@pytest.mark.parametrize("name", FILES)
def test_every_change_is_listed(cleaned, name):
    ds, raw = cleaned(name), cleaned(name, clean=False)
    told = ds.attrs["odatis_changes"]
    for dim in raw.dims:
        if dim not in ds.dims and not str(dim).endswith("edges"):
            assert f"{dim} renamed" in told
    for variable in raw.data_vars:
        if variable in ds and ds[variable].attrs.get("units") != raw[variable].attrs.get("units"):
            assert f"{variable}: unit" in told


def test_spellings_of_real_files(cleaned):
    coads = cleaned("coads_climatology.cdf")
    assert {name: field.attrs["units"] for name, field in coads.data_vars.items()} == {
        "SST": "degree_Celsius",
        "AIRT": "degree_Celsius",
        "SPEH": "g kg-1",
        "WSPD": "m s-1",
        "UWND": "m s-1",
        "VWND": "m s-1",
        "SLP": "hPa",
    }
    heat = cleaned("esku_heat_budget.cdf")
    assert heat.AH.attrs["units"] == "g kg-1"
    assert heat.FLH.attrs["units"] == "W m-2"
    assert heat.CLD.attrs["units"] == "1"
    assert "log10" in heat.KSST.attrs["long_name"]
    assert cleaned("levitus_climatology.cdf").SALT.attrs["units"] == "1e-3"


def test_sea_surface_temperature_has_the_value_read_in_the_source(cleaned):
    # 26.6 degrees Celsius at 1N, 201E in January
    sst = cleaned("coads_climatology.cdf", time=("2000-01", "2000-01")).SST
    assert float(sst.sel(lat=1, lon=201 - 360).squeeze()) == pytest.approx(26.6, abs=0.05)


def test_months_of_year_0_are_a_climatology_and_the_navys_are_real(cleaned):
    for name in ("coads_climatology.cdf", "esku_heat_budget.cdf", "ocean_atlas_subset.nc"):
        ds = cleaned(name)
        assert list(ds.time.dt.month) == list(range(1, 13))
        assert "climatology_bounds" in ds.coords
        assert cleaned(name, time=("1987-03", "1987-04")).sizes["time"] == 2
    winds = cleaned("monthly_navy_winds.cdf")
    assert str(winds.time.values[0])[:7] == "1982-01"
    assert str(winds.time.values[-1])[:7] == "1992-12"
    assert cleaned("monthly_navy_winds.cdf", time=("1985", "1985")).sizes["time"] == 12


def test_the_meridian_that_a_file_holds_twice_is_kept_once(cleaned):
    ds, raw = cleaned("etopo20.cdf"), cleaned("etopo20.cdf", clean=False)
    assert raw.sizes["ETOPO20X1_1081"] == 1081
    assert ds.sizes["lon"] == 1080
    assert "1 meridian(s) written twice, kept once" in ds.attrs["odatis_changes"]


def test_edges_become_bounds(cleaned):
    for name, axis in (("levitus_climatology.cdf", "depth"), ("esku_heat_budget.cdf", "lat")):
        ds = cleaned(name)
        assert ds[axis].attrs["bounds"] == f"{axis}_bounds"
        bounds = ds[f"{axis}_bounds"]
        assert bounds.shape == (ds.sizes[axis], 2)
        assert (bounds[:, 0] <= ds[axis]).all()
        assert (ds[axis] <= bounds[:, 1]).all()


def test_land_is_missing_and_relief_is_not(cleaned):
    assert np.isnan(cleaned("coads_climatology.cdf").SST.sel(lat=47, lon=3).isel(time=0))
    relief = cleaned("etopo60.cdf", bbox=(-12, 43, 10, 49)).ROSE
    assert float(relief.sel(lat=45.5, lon=-10.5)) < -4000
    assert float(relief.sel(lat=45.5, lon=6.5)) > 500


def test_depths_and_boxes_are_asked_for_as_of_any_other(cleaned):
    ds = cleaned(
        "levitus_climatology.cdf", bbox=(-12, 43, -2, 48), depth=(0, 100), variables="sea_water_temperature"
    )
    assert list(ds.data_vars) == ["TEMP"]
    assert (ds.sizes["lat"], ds.sizes["lon"]) == (5, 10)
    assert float(ds.depth.max()) == 100
    assert 10 < float(ds.TEMP.isel(depth=0).mean()) < 18
