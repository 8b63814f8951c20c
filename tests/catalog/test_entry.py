"""Opening a dataset: what is asked changes what comes, and nothing else."""

import pickle

import dask
import numpy as np
import pytest
import xarray as xr

from odatis_vre.catalog import open_catalog
from odatis_vre.errors import CatalogError, DataNotFound

NORTH_EAST_ATLANTIC = (-20, 40, 5, 62)


def test_a_grid_opens_lazily_and_decoded(climatology):
    ds = climatology.to_xarray()
    assert all(field.chunks for field in ds.data_vars.values())
    assert ds.sst.dims == ("time", "lat", "lon")
    assert ds.temperature.dims == ("depth", "lat", "lon")
    assert ds.bottom_depth.dims == ("lat", "lon")
    assert np.issubdtype(ds.time.dtype, np.datetime64)
    assert "climatology_bounds" in ds.coords


def test_a_box_keeps_the_points_within(climatology):
    ds = climatology.to_xarray(bbox=NORTH_EAST_ATLANTIC)
    assert (float(ds.lon[0]), float(ds.lon[-1])) == (-19.5, 4.5)
    assert (float(ds.lat[0]), float(ds.lat[-1])) == (40.5, 61.5)


def test_a_box_across_the_date_line_comes_back_ascending_with_the_same_values(climatology):
    whole = climatology.to_xarray(variables="sst").isel(time=0)
    ds = climatology.to_xarray(bbox=(175, -5, -175, 5), variables="sst").isel(time=0)
    assert list(ds.lon.values) == [175.5 + step for step in range(10)]
    assert float(ds.sst.sel(lat=0.5, lon=181.5)) == float(whole.sst.sel(lat=0.5, lon=-178.5))


def test_longitudes_follow_the_convention_of_the_box(climatology):
    east = climatology.to_xarray(bbox=(340, 40, 350, 50), variables="sst")
    west = climatology.to_xarray(bbox=(-20, 40, -10, 50), variables="sst")
    assert list(east.lon.values) == [340.5 + step for step in range(10)]
    np.testing.assert_array_equal(east.sst, west.sst)


@pytest.mark.parametrize(
    "world", [(-180, -90, 180, 90), (0, -90, 360, 90), (-180, -90, 360, 90), (-20, -90, 350, 90)]
)
def test_the_whole_world_holds_each_meridian_once(climatology, world):
    ds = climatology.to_xarray(bbox=world, variables="bottom_depth")
    assert ds.sizes["lon"] == 360
    assert float(ds.lon[0]) == world[0] + 0.5


def test_a_box_from_greenwich_reads_files_of_0_to_360_too(tmp_path, write_catalog):
    field = xr.DataArray(np.arange(36.0), dims="lon", coords={"lon": np.arange(0, 360, 10.0)})
    ds = xr.Dataset({"v": field.expand_dims(lat=[0.0, 10.0])})
    ds.to_netcdf(tmp_path / "grid.nc", engine="netcdf4")
    cat = open_catalog(write_catalog(GRID))
    assert list(cat["grid"].to_xarray(bbox=(-20, -5, 20, 5)).v.values[0]) == [34, 35, 0, 1, 2]


GRID = """
sources:
  grid:
    driver: netcdf
    args: {urlpath: "{{ CATALOG_DIR }}/grid.nc", chunks: {}, xarray_kwargs: {engine: netcdf4}}
"""


@pytest.mark.parametrize(
    ("time", "months"),
    [
        (("1992-03", "1992-07"), [3, 4, 5, 6, 7]),
        (("2019-11", "2020-02"), [1, 2, 11, 12]),
        (("1900", "2000"), list(range(1, 13))),
        ((None, "1950"), list(range(1, 13))),
        (("2030-06-15", "2030-06-15"), [6]),
    ],
)
def test_a_climatology_answers_to_any_period_with_its_months(climatology, time, months):
    assert list(climatology.to_xarray(time=time, variables="sst").time.dt.month.values) == months


def test_a_period_keeps_the_instants_within_both_ends_included(tmp_path, write_catalog):
    time = np.arange("2000-01-01", "2000-03-01", dtype="datetime64[D]").astype("datetime64[ns]")
    xr.Dataset({"v": ("time", np.arange(time.size))}, {"time": time}).to_netcdf(
        tmp_path / "grid.nc", engine="netcdf4"
    )
    entry = open_catalog(write_catalog(GRID))["grid"]
    assert entry.to_xarray(time=("2000-01-31", "2000-02")).sizes["time"] == 30
    with pytest.raises(DataNotFound, match="nothing within") as caught:
        entry.to_xarray(time=("2001", "2002"))
    assert "2000-02-29" in caught.value.hint


def test_variables_are_named_by_name_or_standard_name(climatology):
    assert list(climatology.to_xarray(variables=["sea_water_salinity", "sst"]).data_vars) == [
        "salinity",
        "sst",
    ]
    with pytest.raises(CatalogError, match='no variable "salinty"') as caught:
        climatology.to_xarray(variables=["salinty"])
    assert "salinity" in caught.value.hint


def test_depths_are_levels_within_or_the_nearest(climatology):
    assert list(climatology.to_xarray(depth=(0, 50)).depth.values) == [0, 10, 20, 30, 50]
    assert float(climatology.to_xarray(depth=180).depth) == 200
    with pytest.raises(DataNotFound, match="no level at depth 9000") as caught:
        climatology.to_xarray(depth=9000)
    assert "5000" in caught.value.hint
    with pytest.raises(CatalogError, match="number of metres"):
        climatology.to_xarray(depth="deep")


@pytest.mark.parametrize(
    ("name", "attrs"),
    [
        ("depth", {"positive": "up", "standard_name": "depth"}),
        ("depth", {"positive": "Up"}),
        ("z", {"positive": "up"}),
        ("z", {"axis": "Z", "standard_name": "altitude"}),
    ],
)
def test_levels_that_are_positive_up_are_asked_for_in_depths(tmp_path, write_catalog, name, attrs):
    levels = xr.DataArray([-100.0, -50.0, -10.0, 0.0], dims=name, attrs=attrs)
    ds = xr.Dataset({"v": (name, [100.0, 50.0, 10.0, 0.0])}, {name: levels})
    ds.to_netcdf(tmp_path / "grid.nc", engine="netcdf4")
    entry = open_catalog(write_catalog(GRID))["grid"]
    assert list(entry.to_xarray(depth=(0, 50)).v.values) == [50, 10, 0]
    assert float(entry.to_xarray(depth=48).v) == 50


def test_a_box_between_grid_points_names_the_nearest(climatology):
    with pytest.raises(DataNotFound, match="nothing within") as caught:
        climatology.to_xarray(bbox=(-10.4, 45.6, -10.1, 45.9))
    assert "latitude 45.5, longitude -10.5" in caught.value.hint


def test_a_table_loads_with_its_units(eggs):
    table = eggs.to_pandas(bbox=(-10, 45, 0, 50), variables=["lat", "lon", "egg_density"])
    assert table.lat.between(45, 50).all()
    assert 0 < len(table) < 696
    assert table.attrs["units"] == {"lat": "degrees_north", "lon": "degrees_east", "egg_density": "m-2 day-1"}


def test_an_empty_box_of_a_table_names_the_nearest_station(eggs):
    with pytest.raises(DataNotFound) as caught:
        eggs.to_pandas(bbox=(150, 0, 160, 10))
    assert "the dataset covers 14.78°W – 1.28°W" in caught.value.hint


def test_a_table_without_dates_answers_by_its_period(eggs):
    assert len(eggs.to_pandas(time=("1992-05", "1993"))) == 696
    with pytest.raises(DataNotFound, match="2000") as caught:
        eggs.to_pandas(time=("2000", "2001"))
    assert "1992" in caught.value.hint


def test_a_grid_is_no_table_and_a_table_is_no_grid(climatology, eggs):
    with pytest.raises(CatalogError, match="is a grid") as caught:
        climatology.to_pandas()
    assert "to_xarray" in caught.value.hint
    with pytest.raises(CatalogError, match="is a table"):
        eggs.to_xarray()


def test_the_data_carry_their_provenance(climatology, eggs):
    for attrs in (climatology.to_xarray().attrs, eggs.to_pandas().attrs):
        assert attrs["odatis_entry"].startswith("sample/")
        assert len(attrs["odatis_sha256"]) == 64
        assert "(" in attrs["odatis_citation"]


def test_another_file_than_the_catalogues_is_refused(tmp_path, write_catalog):
    (tmp_path / "table.csv").write_text("a\n1\n")
    path = write_catalog(
        "sources: {t: {driver: csv, args: {urlpath: '{{ CATALOG_DIR }}/table.csv'},"
        f" metadata: {{sha256: '{'0' * 64}'}}}}}}"
    )
    with pytest.raises(CatalogError, match="not the one the catalogue means"):
        open_catalog(path)["t"].to_pandas()


def test_a_missing_or_broken_file_is_one_error_that_names_it(tmp_path, write_catalog):
    entry = open_catalog(write_catalog(GRID))["grid"]
    with pytest.raises(CatalogError, match=r"grid\.nc"):
        entry.to_xarray()
    (tmp_path / "grid.nc").write_bytes(b"not a grid")
    with pytest.raises(CatalogError, match=r"grid\.nc"):
        entry.to_xarray()


def test_an_account_written_into_a_url_is_never_shown(write_catalog):
    entry = open_catalog(
        write_catalog("sources: {s: {driver: csv, args: {urlpath: 'https://me:secret@host/a.csv'}}}")
    )["s"]
    assert entry.urlpath == "https://host/a.csv"
    assert "secret" not in f"{entry!r}{entry._repr_html_()}{entry.to_dict()}"


def test_datasets_and_entries_travel_to_other_processes(climatology):
    ds = climatology.to_xarray(bbox=NORTH_EAST_ATLANTIC, variables="sst")
    with dask.config.set(scheduler="processes", num_workers=2):
        mean = float(ds.sst.mean().compute())
    assert mean == pytest.approx(float(ds.sst.load().mean()), rel=1e-5)
    there = pickle.loads(pickle.dumps(climatology))
    assert there.to_xarray(variables="sst").sizes == climatology.to_xarray(variables="sst").sizes


def test_opening_works_on_a_dask_worker(climatology):
    opened = dask.delayed(
        lambda: open_catalog(climatology._leaf.file)["ocean_climatology"].to_xarray().sizes["time"]
    )
    with dask.config.set(scheduler="processes", num_workers=1):
        assert opened().compute() == 12


def track(folder, **lons) -> xr.Dataset:
    """Six fixes of a ship that goes east, comes back, and drifts north."""
    lon = lons.get("lon", [-5.0, -4.0, -3.0, -4.0, -5.0, -4.0])
    lat = [45.0, 45.5, 46.0, 46.5, 47.0, 48.0]
    ds = xr.Dataset(
        {"sst": ("time", np.arange(6.0))},
        {
            "time": np.arange("2000-01-01", "2000-01-07", dtype="datetime64[D]").astype("datetime64[ns]"),
            "lat": ("time", lat, {"standard_name": "latitude"}),
            "lon": ("time", lon, {"standard_name": "longitude"}),
        },
    )
    ds.to_netcdf(folder / "grid.nc", engine="netcdf4")
    return ds


@pytest.mark.parametrize("clean", [True, False])
def test_a_box_along_a_track_keeps_the_fixes_in_it_in_their_order(tmp_path, write_catalog, clean):
    track(tmp_path)
    entry = open_catalog(write_catalog(GRID))["grid"]
    ds = entry.to_xarray(bbox=(-4.5, 45, -2.5, 47), clean=clean)
    assert ds.sst.values.tolist() == [1, 2, 3]
    assert ds.lon.values.tolist() == [-4, -3, -4]
    assert ds.lat.values.tolist() == [45.5, 46, 46.5]
    assert entry.estimate(bbox=(-4.5, 45, -2.5, 47)).bytes_kept == 3 * 8


def test_a_track_across_the_date_line_is_in_the_convention_of_the_box(tmp_path, write_catalog):
    track(tmp_path, lon=[178.0, 179.5, -179.0, -178.0, 179.0, 170.0])
    entry = open_catalog(write_catalog(GRID))["grid"]
    assert entry.to_xarray(bbox=(175, 40, -175, 50)).lon.values.tolist() == [178, 179.5, 181, 182, 179]


def test_an_empty_box_along_a_track_names_the_nearest_fix(tmp_path, write_catalog):
    track(tmp_path)
    with pytest.raises(DataNotFound, match="nothing within") as caught:
        open_catalog(write_catalog(GRID))["grid"].to_xarray(bbox=(-5, 47.8, -4.7, 48.2))
    assert "latitude 48, longitude -4" in caught.value.hint


def test_an_annual_climatology_counted_in_months_answers_too(tmp_path, write_catalog):
    ds = xr.Dataset(
        {"v": ("time", [5.0]), "climatology_bounds": (("time", "nv"), [[0.0, 816.0]])},
        {"time": ("time", [408.0], ANNUAL | {"units": "months since 1955-01-01 00:00:00"})},
    )
    ds.to_netcdf(tmp_path / "grid.nc", engine="netcdf4")
    entry = open_catalog(write_catalog(GRID))["grid"]
    assert entry.to_xarray(time=("1992-03", "1992-04")).v.values.tolist() == [5.0]


ANNUAL = {"units": "days since 1955-01-01", "climatology": "climatology_bounds", "standard_name": "time"}


def test_an_annual_climatology_answers_to_any_months(tmp_path, write_catalog):
    ds = xr.Dataset(
        {"v": ("time", [5.0]), "climatology_bounds": (("time", "nv"), [[0.0, 24837.0]])},
        {"time": ("time", [12418.5], ANNUAL)},
    )
    ds.to_netcdf(tmp_path / "grid.nc", engine="netcdf4")
    entry = open_catalog(write_catalog(GRID))["grid"]
    for clean in (True, False):
        march = entry.to_xarray(time=("1992-03", "1992-04"), variables="v", clean=clean)
        assert march.v.values.tolist() == [5.0]


def test_a_climatology_without_the_months_asked_for_says_which_it_has(tmp_path, write_catalog):
    winter = [[0.0, 59.0], [182.0, 273.0]]
    ds = xr.Dataset(
        {"v": ("time", [1.0, 2.0]), "climatology_bounds": (("time", "nv"), winter)},
        {"time": ("time", [30.0, 227.0], ANNUAL)},
    )
    ds.to_netcdf(tmp_path / "grid.nc", engine="netcdf4")
    entry = open_catalog(write_catalog(GRID))["grid"]
    assert entry.to_xarray(time=("1992-02", "1992-02")).v.values.tolist() == [1.0]
    with pytest.raises(DataNotFound, match="nothing within") as caught:
        entry.to_xarray(time=("1992-04", "1992-05"))
    assert "1, 2, 7, 8, 9" in caught.value.hint
