"""Linear interpolation between the cells of a grid."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.interpolate import RegularGridInterpolator

from odatis_vre import matchup
from odatis_vre.errors import MatchupError
from odatis_vre.i18n import use_language


@pytest.fixture
def sloping_sea() -> xr.Dataset:
    """A field that is linear in latitude, longitude, depth and time: interpolation gives it back exactly."""
    time, depth = pd.date_range("2001-01-01", periods=6, freq="10D"), np.array([0.0, 10, 50, 200])
    lat, lon = np.arange(60.0, 39, -2), np.arange(-20.0, 11, 2.5)
    days = np.arange(6) * 10.0
    field = days[:, None, None, None] + 0.1 * depth[:, None, None] + 2 * lat[:, None] - 3 * lon
    return xr.Dataset(
        {"t": (("time", "depth", "lat", "lon"), field)},
        {"time": time, "depth": depth, "lat": lat, "lon": lon},
    )


def casts(n: int = 80) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    return pd.DataFrame(
        {
            "lat": rng.uniform(40, 60, n),
            "lon": rng.uniform(-20, 10, n),
            "depth": rng.uniform(0, 200, n),
            "time": pd.Timestamp("2001-01-01") + pd.to_timedelta(rng.uniform(0, 50, n), "D"),
        }
    )


TOLERANCE = {"lat": 2, "lon": 2, "depth": 100, "time": 10}


@pytest.mark.parametrize("chunks", [None, {"time": 2, "depth": 3, "lat": 4, "lon": 5}])
@pytest.mark.parametrize("shift", [0, 360])
def test_a_linear_field_is_given_back(sloping_sea, chunks, shift):
    grid = sloping_sea.chunk(chunks) if chunks else sloping_sea
    table = casts()
    env = matchup.points(grid, table.assign(lon=table.lon + shift), TOLERANCE, method="linear")
    assert set(env.status) == {"matched"}
    days = (table.time - pd.Timestamp("2001-01-01")) / pd.Timedelta(days=1)
    np.testing.assert_allclose(env.t, days + 0.1 * table.depth + 2 * table.lat - 3 * table.lon)


def test_it_equals_the_interpolation_of_scipy(sloping_sea):
    rng = np.random.default_rng(9)
    sloping_sea["t"] = sloping_sea.t.copy(data=rng.normal(size=sloping_sea.t.shape))
    table = casts()
    env = matchup.points(sloping_sea, table, TOLERANCE, method="linear")
    lines = [np.arange(6) * 10.0, sloping_sea.depth, sloping_sea.lat[::-1], sloping_sea.lon]
    peer = RegularGridInterpolator([np.asarray(line) for line in lines], sloping_sea.t.values[:, :, ::-1])
    days = (table.time - pd.Timestamp("2001-01-01")) / pd.Timedelta(days=1)
    np.testing.assert_allclose(env.t, peer(np.stack([days, table.depth, table.lat, table.lon], axis=1)))


def test_the_nearest_cell_and_its_distance_are_told(sloping_sea):
    haul = pd.DataFrame({"lat": [50.3], "lon": [-10.0], "depth": [49.0], "time": ["2001-01-12"]})
    env = matchup.points(sloping_sea, haul, TOLERANCE, method="linear")
    assert (env.matched_lat[0], env.matched_lon[0], env.matched_depth[0]) == (50, -10, 50)
    assert env.distance_km[0] == pytest.approx(0.3 * 111.195, rel=1e-4)


def test_a_dry_cell_that_bears_on_the_value_is_a_reason(sloping_sea):
    sloping_sea["t"] = sloping_sea.t.where((sloping_sea.lat != 50) | (sloping_sea.lon != -10))
    haul = {"depth": 0.0, "time": pd.Timestamp("2001-01-01")}
    table = pd.DataFrame([{"lat": 51, "lon": -9.0, **haul}, {"lat": 52, "lon": -9.0, **haul}])
    env = matchup.points(sloping_sea, table, TOLERANCE, method="linear")
    assert list(env.status) == ["dry", "matched"]  # on the parallel of 52, the cells of 50 do not bear
    assert np.isnan(env.t[0])
    assert np.isnan(env.distance_km[0])


def test_beyond_the_outermost_grid_point_its_value_is_taken_within_the_tolerance(sloping_sea):
    table = pd.DataFrame(
        {"lat": [60.5, 63.0], "lon": [-21.0, -21.0], "depth": [0.0, 0.0], "time": pd.Timestamp("2001-01-01")}
    )
    env = matchup.points(sloping_sea, table, TOLERANCE, method="linear")
    assert list(env.status) == ["matched", "outside"]
    assert env.t[0] == 2 * 60 + 3 * 20


@pytest.mark.parametrize("start", [-180, 0, 20])
def test_across_the_seam_of_a_globe(start):
    lon = np.arange(start, start + 360, 10.0)
    globe = xr.Dataset(
        {"s": (("lat", "lon"), np.tile(np.cos(np.radians(lon)), (3, 1)))}, {"lat": [-10.0, 0, 10], "lon": lon}
    )
    between = pd.DataFrame({"lat": 3.0, "lon": [start - 2.0, 357.0, 179.0, -181.0]})
    env = matchup.points(globe, between, {"lat": 10, "lon": 10}, method="linear")
    low = np.floor(between.lon / 10) * 10
    share = (between.lon - low) / 10
    expected = np.cos(np.radians(low)) * (1 - share) + np.cos(np.radians(low + 10)) * share
    np.testing.assert_allclose(env.s, expected)


def test_a_climatology_is_still_matched_by_month(ocean_cube):
    months = ocean_cube[["sst"]].assign_coords(time=np.arange(1, 13)).rename(time="month")
    haul = pd.DataFrame({"lat": [45.9], "lon": [-8.1], "time": ["1992-05-31"]})
    assert matchup.points(months, haul, method="linear").sst[0] == pytest.approx(5)


def test_an_axis_in_disorder_is_refused(sloping_sea):
    shuffled = sloping_sea.isel(depth=[1, 0, 3, 2])
    with use_language("en"), pytest.raises(MatchupError, match=r"coordinate depth.*\nPut it in order"):
        matchup.points(shuffled, casts(2), TOLERANCE, method="linear")
