"""Mini-cubes around observations."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from odatis_vre import matchup
from odatis_vre.errors import MatchupError
from odatis_vre.i18n import use_language

SIZE = {"time": 5, "lat": 11, "lon": 11}


@pytest.fixture
def daily_globe() -> xr.Dataset:
    """Twenty days on a globe of 6 degrees, with a dry block: each value says which cell it comes from."""
    time, lat, lon = (
        pd.date_range("2010-03-01", periods=20),
        np.arange(-87.0, 90, 6),
        np.arange(-177.0, 180, 6),
    )
    index = np.arange(20 * 30 * 60, dtype=np.float32).reshape(20, 30, 60)
    index[:, 10:14, 20:30] = np.nan
    attrs = {"units": "degC"}
    return xr.Dataset({"sst": (("time", "lat", "lon"), index, attrs)}, {"time": time, "lat": lat, "lon": lon})


def seen(lat, lon, time="2010-03-10") -> pd.DataFrame:
    lat, lon = np.atleast_1d(lat), np.atleast_1d(lon)
    when = np.resize(pd.to_datetime(np.atleast_1d(time)), len(lat))
    return pd.DataFrame({"lat": lat, "lon": lon, "time": when}, index=[f"cast {k}" for k in range(len(lat))])


def naive(field: np.ndarray, centre: tuple[int, ...], size: tuple[int, ...], wrap: int) -> np.ndarray:
    """A window, cell by cell; `wrap` is the axis that closes on itself."""
    out = np.full(size, np.nan)
    for offset in np.ndindex(size):
        at = [c + o - s // 2 for c, o, s in zip(centre, offset, size, strict=True)]
        at[wrap] %= field.shape[wrap]
        if all(0 <= k < n for k, n in zip(at, field.shape, strict=True)):
            out[offset] = field[tuple(at)]
    return out


def test_a_window_is_the_grid_around_the_observation(daily_globe):
    cubes = matchup.windows(daily_globe, seen([3.4, -20.0], [13.0, 100.0]), size=SIZE)
    assert cubes.sst.dims == ("obs", "time", "lat", "lon")
    assert cubes.sst.dtype == np.float32
    assert cubes.sst.attrs == {"units": "degC"}
    field = daily_globe.sst.values
    np.testing.assert_array_equal(cubes.sst[0], naive(field, (9, 15, 32), (5, 11, 11), 2))
    np.testing.assert_array_equal(cubes.sst[1], naive(field, (9, 11, 46), (5, 11, 11), 2))
    assert list(cubes.obs.values) == ["cast 0", "cast 1"]
    assert list(cubes.lat.values) == list(range(-5, 6))


def test_each_window_tells_its_real_coordinates(daily_globe):
    cubes = matchup.windows(daily_globe, seen(3.4, 178.0), size={"time": 3, "lat": 3, "lon": 5})
    np.testing.assert_array_equal(cubes.window_lat[0], [-3, 3, 9])
    np.testing.assert_array_equal(cubes.window_lon[0], [165, 171, 177, -177, -171])
    np.testing.assert_array_equal(cubes.window_time[0], daily_globe.time[8:11])
    east = matchup.windows(daily_globe, seen(3.4, 182.0), size={"time": 3, "lat": 3, "lon": 5})
    np.testing.assert_array_equal(east.window_lon[0], [171, 177, 183, 189, 195])
    # 0.4 degrees of latitude and 1 degree of longitude at 3 N: 44.5 km and 111.0 km.
    assert cubes.distance_km[0] == pytest.approx(np.hypot(44.5, 111.0), abs=0.2)


def test_a_window_goes_on_across_the_date_line_of_a_globe(daily_globe):
    cubes = matchup.windows(daily_globe, seen(3.0, -177.0), size=SIZE)
    np.testing.assert_array_equal(
        cubes.sst[0], naive(daily_globe.sst.values, (9, 15, 0), (5, 11, 11), wrap=2)
    )
    assert np.isfinite(cubes.sst).all()


@pytest.mark.parametrize("roll", [0, 17, 30])
@pytest.mark.parametrize("convention", [0, 180])
@pytest.mark.parametrize("northwards", [True, False])
def test_the_order_of_the_grid_only_turns_the_window(daily_globe, roll, convention, northwards):
    expected = matchup.windows(daily_globe, seen([40.0, -10.0], [-176.0, 80.0]), size=SIZE)
    grid = daily_globe.roll(lon=roll, roll_coords=True)
    grid = grid.assign_coords(lon=(grid.lon + convention) % 360 - convention)
    grid = grid if northwards else grid.isel(lat=slice(None, None, -1))
    cubes = matchup.windows(grid, seen([40.0, -10.0], [184.0, 80.0]), size=SIZE)
    turned = cubes.sst.values if northwards else cubes.sst.values[:, :, ::-1]
    np.testing.assert_array_equal(turned, expected.sst.values)


def test_beyond_the_edges_of_the_grid_there_is_nan(daily_globe):
    region = daily_globe.isel(lon=slice(5, 40))
    cubes = matchup.windows(region, seen(-86.0, -147.0, "2010-03-01"), size=SIZE)
    assert np.isnan(cubes.sst[0, :2]).all()  # before the first day
    assert np.isnan(cubes.sst[0, :, :5]).all()  # south of the pole
    assert np.isnan(cubes.sst[0, :, :, :5]).all()  # west of the region
    assert np.isfinite(cubes.sst[0, 2:, 5:, 5:]).all()
    assert np.isnat(cubes.window_time[0, :2]).all()
    assert np.isnan(cubes.window_lat[0, :5]).all()
    assert np.isnan(cubes.window_lon[0, :5]).all()


def test_what_is_not_matched_stays_with_its_reason(daily_globe):
    casts = pd.DataFrame(
        {
            "lat": [np.nan, 3.0, 3.0, 3.0, -21.0, 3.0],
            "lon": [0.0, 0.0, 0.0, 100.0, -27.0, 1.0],
            "time": pd.to_datetime(["2010-03-10", None, "1999-01-01"] + ["2010-03-10"] * 3),
        }
    )
    with use_language("fr"):
        cubes = matchup.windows(daily_globe.isel(lon=slice(0, 40)), casts, size={"lat": 3, "lon": 3})
    assert list(cubes.status.values) == [
        "no_position",
        "no_time",
        "outside_time",
        "outside",
        "dry",
        "matched",
    ]
    assert cubes.reason.values[0] == "position inconnue ou impossible"
    assert np.isnan(cubes.sst[:5]).all()
    assert np.isfinite(cubes.sst[5]).all()
    assert np.isnan(cubes.distance_km[:4]).all()
    np.testing.assert_array_equal(cubes.obs_lon, casts.lon)


def test_an_axis_without_a_size_takes_the_nearest_step(daily_globe):
    cubes = matchup.windows(daily_globe, seen(3.0, 3.0, "2010-03-04T10:00"), size={"lat": 3, "lon": 3})
    assert cubes.sst.dims == ("obs", "lat", "lon")
    np.testing.assert_array_equal(cubes.sst[0], daily_globe.sst[3, 14:17, 29:32])


def test_each_variable_has_the_axes_it_has(ocean_cube):
    casts = pd.DataFrame({"lat": [45.6], "lon": [-8.4], "time": ["2001-06-20"], "depth": [40.0]})
    cubes = matchup.windows(ocean_cube, casts, size={"time": 3, "depth": 3, "lat": 1})
    assert cubes.temperature.dims == ("obs", "time", "depth", "lat")
    assert cubes.sst.dims == ("obs", "time", "lat")
    np.testing.assert_allclose(
        cubes.temperature[0, :, :, 0], [[5, 5.1, np.nan], [6, 6.1, np.nan], [7, 7.1, np.nan]]
    )
    np.testing.assert_array_equal(cubes.window_depth[0], [0, 50, 200])


def test_a_climatology_of_twelve_months_closes_on_itself(ocean_cube):
    months = ocean_cube[["sst"]].assign_coords(time=np.arange(1, 13)).rename(time="month")
    casts = pd.DataFrame({"lat": [45.6], "lon": [-8.4], "time": ["1987-12-24"]})
    cubes = matchup.windows(months, casts, size={"time": 5})
    np.testing.assert_array_equal(cubes.sst[0], [10, 11, 12, 1, 2])
    np.testing.assert_array_equal(cubes.window_time[0], [10, 11, 12, 1, 2])


def test_integers_become_floats_so_that_there_is_a_nan(daily_globe):
    daily_globe["flag"] = daily_globe.sst.fillna(0).astype(np.int16)
    cubes = matchup.windows(daily_globe, seen(-86.0, 0.0), size={"lat": 3}, variables=["flag"])
    assert np.isnan(cubes.flag[0, 0])


def test_no_observation_gives_no_window(daily_globe):
    for lazy in (False, True):
        cubes = matchup.windows(daily_globe, seen([], []), size=SIZE, lazy=lazy).compute()
        assert cubes.sst.shape == (0, 5, 11, 11)


@pytest.mark.parametrize("kind", ["memory", "dask", "file"])
def test_a_lazy_result_holds_the_same_and_reads_when_computed(daily_globe, kind, tmp_path):
    rng = np.random.default_rng(3)
    casts = seen(rng.uniform(-90, 90, 40), rng.uniform(-180, 180, 40), "2010-03-04")
    expected = matchup.windows(daily_globe, casts, size=SIZE)
    grid = daily_globe
    if kind == "dask":
        grid = daily_globe.chunk(time=6, lat=10, lon=17)
    if kind == "file":
        daily_globe.to_zarr(
            tmp_path / "globe.zarr", encoding={"sst": {"chunks": (6, 10, 17)}}, consolidated=False
        )
        grid = xr.open_zarr(tmp_path / "globe.zarr", chunks=None, consolidated=False)
    lazy = matchup.windows(grid, casts, size=SIZE, lazy=True, memory=40_000)
    assert len(lazy.sst.chunks[0]) > 1
    np.testing.assert_array_equal(lazy.sst.compute(), expected.sst)
    xr.testing.assert_equal(lazy.window_lat, expected.window_lat)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        ({"time": 4}, "size 4 of the window along time is not possible.\nGive an odd number"),
        ({"lat": -1}, "size -1"),
        ({"lat": 3.0}, "size 3.0"),
        ({"latt": 3}, "along latt.*\nDid you mean lat?"),
        ({"depth": 3}, "along depth.*\nSizes may be given for: lat, lon, time"),
        ({}, "No size"),
        (5, "size=5 does not say which axis"),
        ({"lon": 61}, "larger than the circle: it has 60.\nGive 59 at most"),
    ],
)
def test_a_size_that_cannot_be_is_explained(daily_globe, size, text):
    with use_language("en"), pytest.raises(MatchupError, match=text):
        matchup.windows(daily_globe, seen(3.0, 3.0), size=size)


def test_a_grid_that_holds_a_meridian_twice_is_refused(daily_globe):
    twice = xr.concat([daily_globe, daily_globe.isel(lon=[0]).assign_coords(lon=[183.0])], "lon")
    with use_language("en"), pytest.raises(MatchupError, match="holds a value twice"):
        matchup.windows(twice, seen(3.0, 3.0), size=SIZE)
