"""The sample files: CF-clean, true to their sources, derived again from the Debian packages."""

import hashlib
import json
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from odatis_vre.units import canonical

SAMPLE = Path(__file__).parents[2] / "catalogs" / "sample"
DERIVE = runpy.run_path(str(SAMPLE / "derive.py"))
ROOT = Path("/")


@pytest.fixture(scope="module")
def ocean():
    with xr.open_dataset(SAMPLE / "ocean_climatology.nc", engine="netcdf4") as ds:
        yield ds.load()


@pytest.fixture(scope="module")
def stations():
    return pd.read_csv(SAMPLE / "mackerel_eggs_1992.csv")


@pytest.fixture(scope="module")
def sources(missing):
    """The root under which the Debian packages are installed."""
    absent = [str(path) for path in DERIVE["SOURCES"].values() if not (ROOT / path).exists()]
    if absent:
        missing(", ".join(absent), "install the Debian packages ferret-datasets and r-cran-sm")
    return ROOT


def test_the_files_weigh_less_than_8_mb_together():
    assert sum(path.stat().st_size for path in SAMPLE.iterdir() if path.is_file()) < 8e6


def test_every_variable_has_a_standard_name_and_a_udunits_unit(ocean):
    for name, field in ocean.data_vars.items():
        if name != "climatology_bounds":
            assert field.attrs["standard_name"], name
            assert canonical(field.attrs["units"]) == field.attrs["units"], name


def test_axes_are_cf(ocean):
    assert {name: ocean[name].attrs["axis"] for name in ("time", "depth", "lat", "lon")} == {
        "time": "T",
        "depth": "Z",
        "lat": "Y",
        "lon": "X",
    }
    assert ocean.depth.attrs["positive"] == "down"
    assert ocean.lon.attrs["units"] == "degrees_east"
    for axis in ("depth", "lat", "lon"):
        assert (np.diff(ocean[axis]) > 0).all()
    assert float(ocean.lon.min()) >= -180
    assert float(ocean.lon.max()) < 180


def test_months_are_a_cf_climatology_that_plain_xarray_decodes(ocean):
    assert list(ocean.time.dt.month.values) == list(range(1, 13))
    assert ocean.time.attrs["climatology"] == "climatology_bounds"
    december = ocean.climatology_bounds.isel(time=11).values.astype("datetime64[D]").astype(str)
    assert list(december) == ["1946-12-01", "1990-01-01"]
    assert ocean.sst.attrs["cell_methods"] == "time: mean within years time: mean over years"


def test_sea_surface_temperature_has_the_value_read_in_the_source(ocean):
    # coads_climatology.cdf: 26.6 degrees Celsius at 1N, 201E in January
    assert float(ocean.sst.sel(lat=0.5, lon=201.5 - 360).isel(time=0)) == pytest.approx(26.6, abs=0.05)


def test_values_are_those_of_an_ocean(ocean):
    limits = {
        "sst": (-3, 35),
        "wind_speed": (0, 30),
        "specific_humidity": (0, 30),
        "sea_level_pressure": (940, 1060),
        "temperature": (-3, 32),
        "salinity": (0, 42),
        "bottom_depth": (0, 11000),
    }
    for name, (low, high) in limits.items():
        assert float(ocean[name].min()) > low - 1e-3, name
        assert float(ocean[name].max()) < high, name


def test_land_is_missing_and_sea_is_down(ocean):
    assert np.isnan(ocean.bottom_depth.sel(lat=47.5, lon=2.5))  # France
    assert float(ocean.bottom_depth.sel(lat=45.5, lon=-10.5)) > 4000  # Bay of Biscay, abyssal plain


def test_grid_and_stations_agree_on_the_depth_of_the_sea_floor(ocean, stations):
    at = {axis: xr.DataArray(stations[axis].values) for axis in ("lat", "lon")}
    grid = ocean.bottom_depth.sel(at, method="nearest").values
    assert np.corrcoef(np.log(grid), np.log(stations.bottom_depth))[0, 1] > 0.8


def test_all_stations_lie_in_the_sea_off_western_europe(stations):
    assert len(stations) == 696
    assert dict(stations.survey.value_counts()) == {"smacker": 417, "mackerel": 279}
    assert stations.lon.between(-15, -1).all()
    assert stations.lat.between(44, 58).all()
    assert stations.station.is_unique


def test_columns_without_a_plausible_meaning_are_left_out(stations):
    assert not {"temperature", "salinity", "Temperature", "Salinity", "D200"} & {*stations.columns}


def test_the_table_is_described_column_by_column(stations):
    described = json.loads((SAMPLE / "mackerel_eggs_1992.csv-metadata.json").read_text("utf-8"))
    columns = described["tableSchema"]["columns"]
    assert [column["name"] for column in columns] == list(stations.columns)
    assert all(column["dc:description"][lang] for column in columns for lang in ("en", "fr"))


def test_the_catalogue_says_what_the_files_say(site, ocean, stations):
    climatology = site["sample/ocean_climatology"]
    for name, facts in climatology.variables.items():
        assert ocean[name].attrs["standard_name"] == facts.standard_name
        assert ocean[name].attrs["units"] == facts.units
    eggs = site["sample/mackerel_eggs_1992"]
    assert list(eggs.variables) == list(stations.columns)
    edges = [stations.lon.min(), stations.lat.min(), stations.lon.max(), stations.lat.max()]
    assert list(eggs.bbox) == pytest.approx(edges)


def test_checksums_and_sizes_in_the_catalogue_are_those_of_the_files(site):
    for entry in site["sample"]:
        content = Path(entry.urlpath).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry.metadata.sha256
        assert len(content) == entry.metadata.size


@pytest.mark.debian
def test_derived_again_the_values_and_attributes_are_the_same(sources, ocean, stations, tmp_path):
    grid, table, sidecar = DERIVE["write"](sources, tmp_path)
    with xr.open_dataset(grid, engine="netcdf4") as again:
        xr.testing.assert_identical(again.load(), ocean)
    pd.testing.assert_frame_equal(pd.read_csv(table), stations)
    assert sidecar.read_text("utf-8") == (SAMPLE / sidecar.name).read_text("utf-8")


@pytest.mark.debian
def test_packing_keeps_the_sources_values_within_half_a_step(sources, ocean):
    fresh = DERIVE["climatology"](sources)
    for name, (step, _) in {k: v[4:] for k, v in (DERIVE["COADS"] | DERIVE["LEVITUS"]).items()}.items():
        np.testing.assert_allclose(ocean[name], fresh[name], atol=0.51 * step, rtol=1e-6, err_msg=name)
