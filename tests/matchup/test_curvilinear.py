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
    assert set(env.status) == {"matched", "outside"}  # beyond the outermost cells nothing is extrapolated


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


def round_the_earth(start: float = 0.0, again: int = 0, turned: bool = False) -> xr.Dataset:
    """A curvilinear globe of 10 degrees, its columns bent; sst = lat + 20 cos(lon) is the same everywhere."""
    lon = start + np.arange(0.0, 360 + 10 * again, 10)
    lat, lon = np.meshgrid(np.arange(-60.0, 61, 10), lon, indexing="ij")
    lat = lat + 3 * np.sin(np.radians(2 * lon))
    dims = ("y", "x")
    sst = lat + 20 * np.cos(np.radians(lon))
    ds = xr.Dataset(
        {"sst": (dims, sst), "column": (dims, np.broadcast_to(np.arange(lon.shape[1]) + 0.0, lon.shape))},
        {"lat": (dims, lat), "lon": (dims, lon)},
    )
    return ds.transpose("x", "y") if turned else ds


SEAM = pd.DataFrame({"lat": [3.0, -42.0, 17.0, 20.0, 0.0], "lon": [356.0, 358.0, -4.0, 350.5, 9.0]})


@pytest.mark.parametrize("again", [0, 1, 2])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("chunks", [None, {"x": 7, "y": 5}])
def test_interpolation_goes_on_across_the_seam_of_a_curvilinear_globe(again, turned, chunks):
    globe = round_the_earth(again=again, turned=turned)[["sst"]]
    env = matchup.points(globe.chunk(chunks) if chunks else globe, SEAM, {"lat": 15, "lon": 15}, "linear")
    assert list(env.status) == ["matched"] * len(SEAM)
    elsewhere = round_the_earth(start=-175)[["sst"]]  # its seam is at 180 degrees
    expected = matchup.points(elsewhere, SEAM, {"lat": 15, "lon": 15}, "linear")
    np.testing.assert_allclose(env.sst, SEAM.lat + 20 * np.cos(np.radians(SEAM.lon)), atol=0.5)
    np.testing.assert_allclose(env.sst, expected.sst, atol=0.5)


@pytest.mark.parametrize("again", [0, 1, 2])
@pytest.mark.parametrize("turned", [False, True])
def test_windows_go_on_across_the_seam_of_a_curvilinear_globe(again, turned):
    globe = round_the_earth(again=again, turned=turned)
    cast = pd.DataFrame({"lat": [0.5, 0.5], "lon": [359.0, 341.0]})
    cubes = matchup.windows(globe, cast, size={"y": 3, "x": 5}, tolerance={"lat": 9, "lon": 9})
    columns = cubes.column.transpose("obs", "y", "x").values[:, 1]
    np.testing.assert_array_equal(columns, [[34, 35, 0, 1, 2], [32, 33, 34, 35, 0]])
    found = cubes.window_lon.transpose("obs", "y", "x").values[0, 1]
    np.testing.assert_allclose(found, [340, 350, 0, 10, 20])
    assert np.isfinite(cubes.window_lat).all()


def test_a_window_larger_than_the_circle_is_refused():
    with (
        use_language("en"),
        pytest.raises(MatchupError, match="along x is larger than the circle: it has 36"),
    ):
        matchup.windows(round_the_earth(again=2), SEAM, size={"x": 37}, tolerance={"lat": 9, "lon": 9})


def test_a_curvilinear_region_does_not_close():
    region = round_the_earth().isel(x=slice(0, 30))  # 290..360 is missing
    env = matchup.points(region, SEAM, {"lat": 15, "lon": 15}, "linear")
    assert list(env.status) == ["outside"] * 4 + ["matched"]
    assert env.reason[0]
    cubes = matchup.windows(region, SEAM[4:], size={"x": 5}, tolerance={"lat": 9, "lon": 9})
    np.testing.assert_array_equal(cubes.column[0], [np.nan, 0, 1, 2, 3])


def test_a_dry_corner_is_dry_and_no_quadrilateral_is_outside():
    globe = round_the_earth()[["sst"]]
    globe["sst"] = globe.sst.where(globe.lon != 350)
    table = pd.DataFrame({"lat": [3.0, 66.0], "lon": [356.0, 45.0]})
    env = matchup.points(globe, table, {"lat": 15, "lon": 15}, "linear")
    assert list(env.status) == ["dry", "outside"]
