"""Grids whose latitude and longitude have two dimensions."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from odatis_vre import matchup
from odatis_vre.errors import MatchupError
from odatis_vre.i18n import use_language
from odatis_vre.matchup.nearest import great_circle_km


@pytest.fixture
def stations(tilted_shelf) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    south, north = float(tilted_shelf.lat.min()), float(tilted_shelf.lat.max())
    west, east = float(tilted_shelf.lon.min()), float(tilted_shelf.lon.max())
    when = pd.to_datetime("2001-01-20") + pd.to_timedelta(rng.integers(0, 30, 200), "D")
    return pd.DataFrame(
        {"lat": rng.uniform(south, north, 200), "lon": rng.uniform(west, east, 200), "time": when}
    )


def full_search(grid: xr.Dataset, row, tolerance: dict) -> tuple[float, float]:
    """Distance and value of the nearest wet cell within the tolerances, all cells looked at."""
    step = int(np.argmin(np.abs(grid.time.values - np.datetime64(row.time))))
    sst, lat, lon = grid.sst.values[step], grid.lat.values, grid.lon.values
    dlon = np.abs((lon - row.lon + 180) % 360 - 180)
    near = (np.abs(lat - row.lat) <= tolerance["lat"]) & (dlon <= tolerance["lon"]) & np.isfinite(sst)
    distance = np.where(near, great_circle_km(row.lat, row.lon, lat, lon), np.inf)
    at = np.unravel_index(distance.argmin(), distance.shape)
    return distance[at], sst[at]


@pytest.mark.parametrize("tolerance", [{"lat": 0.3, "lon": 0.5}, {"lat": 0.03, "lon": 0.4}])
@pytest.mark.parametrize("chunks", [None, {"time": 1, "y": 7, "x": 9}])
def test_the_nearest_wet_cell_is_that_of_a_full_search(tilted_shelf, stations, tolerance, chunks):
    rng = np.random.default_rng(6)
    tilted_shelf["sst"] = tilted_shelf.sst.where(rng.random(tilted_shelf.sst.shape) < 0.5)
    grid = tilted_shelf.chunk(chunks) if chunks else tilted_shelf
    env = matchup.points(grid, stations, tolerance=tolerance)
    for row in env.itertuples():
        distance, value = full_search(tilted_shelf, row, tolerance)
        if np.isfinite(distance):
            assert row.distance_km == pytest.approx(distance)
            assert row.sst == pytest.approx(value)
        else:
            assert row.status in ("outside", "dry", "outside_time")
    assert {"matched", "outside"} <= set(env.status)


def test_without_a_tolerance_an_observation_has_to_lie_in_a_cell(tilted_shelf):
    inside = tilted_shelf.isel(y=10, x=10)
    table = pd.DataFrame(
        {"lat": [float(inside.lat) + 0.01, 44.0], "lon": [float(inside.lon), -10.0], "time": "2001-01-15"}
    )
    env = matchup.points(tilted_shelf, table, tolerance={})
    assert list(env.status) == ["matched", "outside"]
    assert env.matched_lat[0] == pytest.approx(float(inside.lat))


def test_interpolation_gives_a_field_that_is_linear_back(tilted_shelf, stations):
    env = matchup.points(
        tilted_shelf, stations, method="linear", tolerance={"lat": 0.2, "lon": 0.2, "time": 31}
    )
    hit = env[env.status == "matched"]
    share = ((hit.time - pd.Timestamp("2001-01-15")) / pd.Timedelta(days=31)).clip(0, 1)
    # The cells of 0.1 degrees are flat to 1e-4 degrees on the tangent plane.
    np.testing.assert_allclose(hit.sst, hit.lat + hit.lon / 10 + 100 * share, atol=1e-3)
    assert len(hit) > 50
    assert "dry" in set(env.status)  # beyond the outermost cells nothing is extrapolated


def test_windows_lie_along_the_dimensions_of_the_grid(tilted_shelf):
    cell = tilted_shelf.isel(y=1, x=20)
    cast = pd.DataFrame({"lat": [float(cell.lat)], "lon": [float(cell.lon)], "time": ["2001-02-14"]})
    cubes = matchup.windows(tilted_shelf, cast, size={"y": 5, "x": 3})
    assert cubes.sst.dims == ("obs", "y", "x")
    np.testing.assert_array_equal(cubes.sst[0, 1:], tilted_shelf.sst[1, 0:4, 19:22])
    np.testing.assert_allclose(cubes.window_lat[0, 1:], tilted_shelf.lat[0:4, 19:22])
    np.testing.assert_allclose(cubes.window_lon[0, 1:], tilted_shelf.lon[0:4, 19:22])
    assert np.isnan(cubes.sst[0, 0]).all()
    assert np.isnan(cubes.window_lat[0, 0]).all()
    with use_language("en"), pytest.raises(MatchupError, match=r"(?s)along lat.*Sizes.*: y, x, time"):
        matchup.windows(tilted_shelf, cast, size={"lat": 3})


@pytest.mark.parametrize("shift", [0, 360])
def test_the_date_line_is_no_border(tilted_shelf, shift):
    moved = tilted_shelf.assign_coords(lon=(tilted_shelf.lon + 189 + 180) % 360 - 180)
    cell = moved.isel(y=12, x=25)
    assert -180 < float(cell.lon) < -179 < 179 < float(moved.lon[12, 10]) < 180
    cast = pd.DataFrame({"lat": [float(cell.lat)], "lon": [float(cell.lon) + shift], "time": ["2001-01-15"]})
    env = matchup.points(moved, cast, tolerance={"lat": 1, "lon": 3})
    assert env.sst[0] == float(cell.sst[0])
    assert env.matched_lon[0] == pytest.approx(cast.lon[0])


def test_cells_without_a_position_are_never_matched(tilted_shelf, stations):
    holes = tilted_shelf.assign_coords(
        lat=tilted_shelf.lat.where(tilted_shelf.x < 20), lon=tilted_shelf.lon.where(tilted_shelf.x < 20)
    )
    env = matchup.points(holes, stations, tolerance={"lat": 0.3, "lon": 0.5})
    west = matchup.points(tilted_shelf.isel(x=slice(0, 20)), stations, tolerance={"lat": 0.3, "lon": 0.5})
    pd.testing.assert_frame_equal(env, west)


def test_a_latitude_without_its_longitude_is_refused(stations):
    grid = xr.Dataset({"sst": (("y", "x"), np.ones((2, 2)))}, {"lat": (("y", "x"), np.ones((2, 2)))})
    with use_language("en"), pytest.raises(MatchupError, match="coordinate lat has two dimensions"):
        matchup.points(grid, stations)
