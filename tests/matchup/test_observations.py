from datetime import date

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from odatis_vre import matchup
from odatis_vre.errors import MatchupError
from odatis_vre.i18n import use_language
from odatis_vre.matchup.nearest import great_circle_km


def at(lat, lon, **more) -> pd.DataFrame:
    return pd.DataFrame({"lat": np.atleast_1d(lat), "lon": np.atleast_1d(lon), **more})


def test_rows_columns_and_index_of_the_observations_are_kept(island_sea, two_hauls):
    env = matchup.points(island_sea, two_hauls)
    assert list(env.index) == [70, 12]
    pd.testing.assert_frame_equal(env[["haul", "lat", "lon"]], two_hauls)
    assert list(env.columns[3:]) == ["sst", "matched_lat", "matched_lon", "distance_km", "status", "reason"]


def test_each_observation_gets_its_own_cell_whatever_the_longitude_convention(island_sea, two_hauls):
    env = matchup.points(island_sea, two_hauls)
    np.testing.assert_allclose(env.sst, [100 * 47.5 + 351.5, 100 * 42.5 + 358.5])
    np.testing.assert_allclose(env.matched_lat, [47.5, 42.5])
    np.testing.assert_allclose(env.matched_lon, [-8.5, -1.5])
    east = matchup.points(island_sea, two_hauls.assign(lon=two_hauls.lon + 360))
    np.testing.assert_allclose(east.matched_lon, [351.5, 358.5])
    np.testing.assert_allclose(east.sst, env.sst)


def test_the_distance_is_that_of_the_great_circle(island_sea, two_hauls):
    env = matchup.points(island_sea, two_hauls)
    # Haversine by hand, R = 6371.0088 km: 0.1 deg of latitude is 11.12 km, 0.2 deg of longitude 15.03 km.
    assert env.distance_km.iloc[0] == pytest.approx(np.hypot(11.12, 15.04), abs=0.02)


def test_a_dry_nearest_cell_gives_way_to_the_nearest_wet_one(island_sea):
    env = matchup.points(island_sea, at(45.5, -5.4), tolerance={"lat": 3, "lon": 3})
    # Two cells east (156 km) is nearer than two north (222 km): the island is 3 x 3 cells.
    assert env.matched_lat[0] == 45.5
    assert env.matched_lon[0] == -3.5
    assert env.status[0] == "matched"


def test_the_tolerance_holds_along_each_axis_on_its_own(island_sea):
    north_only = matchup.points(island_sea, at(45.5, -5.4), tolerance={"lat": 3, "lon": 1})
    assert (north_only.matched_lat[0], north_only.matched_lon[0]) == (47.5, -5.5)


def test_a_place_without_wet_cells_stays_with_its_reason(island_sea):
    with use_language("fr"):
        env = matchup.points(island_sea, at([45.5, 47.4], [-5.4, -8.3]), tolerance={"lat": 1, "lon": 1})
    assert list(env.status) == ["dry", "matched"]
    assert np.isnan(env.sst[0])
    assert np.isnan(env.distance_km[0])
    assert env.reason[0].startswith("aucune maille dans la tolérance")
    assert env.reason[1] == ""


def test_a_cell_exactly_at_the_tolerance_is_within_it(island_sea):
    env = matchup.points(island_sea, at([50.5, 50.6], [-8.5, -8.5]), tolerance={"lat": 1.0, "lon": 1.0})
    assert list(env.status) == ["matched", "outside"]


def test_positions_that_are_none_are_said_so(island_sea):
    env = matchup.points(island_sea, at([np.nan, 120, 47.4], [-8, -8, np.nan]))
    assert list(env.status) == ["no_position"] * 3
    assert env.sst.isna().all()


def test_no_observation_gives_an_empty_table(island_sea):
    env = matchup.points(island_sea, at([], []))
    assert len(env) == 0
    assert "sst" in env


def test_a_window_crosses_the_date_line():
    lon = np.arange(-179.5, 180)
    ring = xr.Dataset({"sst": (("lat", "lon"), np.tile(lon, (3, 1)))}, {"lat": [-1.0, 0, 1], "lon": lon})
    ring["sst"][:, -1] = np.nan
    env = matchup.points(ring, at(0.0, 179.6), tolerance={"lat": 0.5, "lon": 2})
    assert env.sst[0] == -179.5
    assert env.matched_lon[0] == -179.5
    assert env.distance_km[0] == pytest.approx(0.9 * 111.195, rel=1e-4)


@pytest.mark.parametrize("shift", [0, 360])
def test_without_a_tolerance_of_longitude_a_regional_grid_ends_at_its_cells(shift):
    lon = np.array([355.5, 356.5, 357.5, 358.5, 359.5, 0.5, 1.5, 2.5])
    lon = np.where(lon > 180, lon - 360 + shift, lon)  # across Greenwich, in both conventions
    grid = xr.Dataset({"sst": (("lat", "lon"), np.tile(lon, (2, 1)))}, {"lat": [45.0, 46], "lon": lon})
    env = matchup.points(grid, at([45.0] * 4, [100.0, 2.9, 3.1, -0.1]), tolerance={"lat": 1})
    assert list(env.status) == ["outside", "matched", "outside", "matched"]
    assert env.sst[1] == 2.5


def test_without_a_tolerance_of_longitude_a_global_grid_leaves_no_one_outside():
    lon = np.arange(0.0, 360, 2)
    grid = xr.Dataset({"sst": (("lat", "lon"), np.tile(lon, (2, 1)))}, {"lat": [45.0, 46], "lon": lon})
    env = matchup.points(grid, at([45.0] * 3, [-0.9, 179.2, 359.5]), tolerance={"lat": 1})
    assert list(env.sst) == [0, 180, 0]


def test_the_units_of_the_grid_and_of_the_observations_come_along(ocean_cube):
    ocean_cube["temperature"].attrs["units"] = "degC"
    casts = at(47.5, -8.5, time=["2001-03-20"], depth=[10.0])
    casts.attrs["units"] = {"lat": "degrees_north", "sst": "of a column that was dropped"}
    env = matchup.points(ocean_cube, casts)
    assert env.attrs["units"] == {"lat": "degrees_north", "temperature": "degC"}
    assert casts.attrs["units"]["sst"] == "of a column that was dropped"


def test_random_observations_get_the_cell_that_a_full_search_finds():
    rng = np.random.default_rng(11)
    lat, lon = np.sort(rng.uniform(-89, 89, 40))[::-1], np.sort(rng.uniform(20, 380, 60))
    sst = np.where(rng.random((40, 60)) < 0.6, np.nan, rng.normal(size=(40, 60)))
    grid = xr.Dataset({"sst": (("lat", "lon"), sst)}, {"lat": lat, "lon": lon})
    stations = at(rng.uniform(-90, 90, 400), rng.uniform(-180, 180, 400))
    env = matchup.points(grid, stations, tolerance={"lat": 9, "lon": 14})
    for row in env.itertuples():
        dlon = np.abs((lon - row.lon + 180) % 360 - 180)
        near = (np.abs(lat - row.lat) <= 9)[:, None] & (dlon <= 14) & np.isfinite(sst)
        distance = np.where(near, great_circle_km(row.lat, row.lon, lat[:, None], lon), np.inf)
        if near.any():
            assert row.distance_km == pytest.approx(distance.min())
            assert row.sst == sst[np.unravel_index(distance.argmin(), sst.shape)]
        else:
            assert row.status in ("dry", "outside")
    assert {"matched", "dry"} <= set(env.status)


def test_a_row_is_one_place_where_all_variables_are_known(island_sea):
    island_sea["chl"] = island_sea.sst.where(island_sea.lon < 351) * 0 + 0.3
    both = matchup.points(island_sea, at(47.5, -8.5), tolerance={"lat": 1, "lon": 1})
    assert both.matched_lon[0] == -9.5
    assert both.sst[0] == 4750 + 350.5
    alone = matchup.points(island_sea, at(47.5, -8.5), variables=["sst"])
    assert alone.matched_lon[0] == -8.5


def test_time_and_depth_take_the_nearest_step_and_level(ocean_cube):
    casts = at([47.5, 47.5], [-8.5, -8.5], time=["2001-03-20", "2001-11-02"], depth=[10.0, 150.0])
    env = matchup.points(ocean_cube, casts)
    np.testing.assert_allclose(env.temperature, [3.0, 11.2])
    np.testing.assert_allclose(env.sst, [3.0, 11.0])
    assert list(env.matched_depth) == [0, 200]
    assert env.matched_time[1] == ocean_cube.time.values[10]


def test_what_lies_beyond_time_or_depth_is_said_so(ocean_cube):
    casts = at(
        [47.5] * 4,
        [-8.5] * 4,
        time=["1992-05-01", "2001-05-01", None, "2001-05-01"],
        depth=[10.0, 900.0, 10.0, None],
    )
    env = matchup.points(ocean_cube, casts)
    assert list(env.status) == ["outside_time", "outside_depth", "no_time", "no_depth"]
    assert env.matched_time.isna().all()


def test_a_time_tolerance_reads_days_and_texts(ocean_cube):
    casts = at(47.5, -8.5, time=["2001-02-08"], depth=[0.0])
    for tolerance, status in ((3, "outside_time"), ("3D", "outside_time"), ("20D", "matched")):
        env = matchup.points(ocean_cube, casts, tolerance={"lat": 1, "lon": 1, "time": tolerance})
        assert env.status[0] == status


@pytest.mark.parametrize(
    ("tolerance", "status"),
    [
        (np.int64(15), "matched"),
        (np.float32(3), "outside_time"),
        (np.timedelta64(15, "D"), "matched"),
        (np.timedelta64(15, "h"), "outside_time"),
        (pd.Timedelta(days=15), "matched"),
        ("360 h", "matched"),
    ],
)
def test_a_time_tolerance_is_in_days_or_in_its_own_unit(ocean_cube, tolerance, status):
    casts = at(47.5, -8.5, time=["2001-02-08"], depth=[0.0])
    env = matchup.points(ocean_cube, casts, tolerance={"lat": 1, "lon": 1, "time": tolerance})
    assert env.status[0] == status


@pytest.mark.parametrize("tolerance", ["15", " 1 2", "1e1", np.timedelta64(15), np.timedelta64("NaT", "D")])
def test_a_time_tolerance_without_a_unit_is_refused(ocean_cube, tolerance):
    casts = at(47.5, -8.5, time=["2001-02-08"], depth=[0.0])
    with use_language("en"), pytest.raises(MatchupError, match=r"(?s)tolerance .* for time.*with its unit"):
        matchup.points(ocean_cube, casts, tolerance={"lat": 1, "lon": 1, "time": tolerance})


@pytest.mark.parametrize(
    "dates",
    [
        ["1992-03-02", None, ""],
        ["1992-03-02T23:30:00Z", pd.NaT, " "],
        [date(1992, 3, 2), None, None],
        pd.to_datetime(["02/03/1992", None, None], dayfirst=True),
        pd.to_datetime(["1992-03-02T12:00+02:00", None, None]),
    ],
    ids=["iso", "iso with time", "date objects", "datetimes", "datetimes with a zone"],
)
def test_dates_are_date_objects_or_iso_text(ocean_cube, dates):
    ocean_cube.time.attrs["climatology"] = "climatology_bounds"
    env = matchup.points(ocean_cube[["sst"]], at([47.5] * 3, [-8.5] * 3, time=dates))
    assert list(env.status) == ["matched", "no_time", "no_time"]
    assert env.sst[0] == 3


@pytest.mark.parametrize("text", ["02/03/1992", "25.12.1992", "2 March 1992", "1992", "now"])
def test_a_date_that_could_be_misread_is_named_and_refused(ocean_cube, text):
    casts = at([47.5] * 2, [-8.5] * 2, time=["1992-05-01", text], depth=[0.0, 0.0])
    with use_language("en"), pytest.raises(MatchupError, match=f"column time holds '{text}'") as caught:
        matchup.points(ocean_cube, casts)
    assert 'pd.to_datetime(df["time"], dayfirst=True)' in caught.value.hint


def test_a_depth_axis_positive_up_is_turned_down(ocean_cube):
    up = ocean_cube[["temperature"]].assign_coords(depth=-ocean_cube.depth)
    up.depth.attrs["positive"] = "up"
    casts = at([47.5, 47.5], [-8.5, -8.5], time=["2001-03-20", "2001-11-02"], depth=[10.0, 150.0])
    env = matchup.points(up, casts)
    np.testing.assert_allclose(env.temperature, [3.0, 11.2])
    assert list(env.matched_depth) == [0, 200]


@pytest.mark.parametrize(("unit", "per_metre"), [("centimeters", 100), ("km", 1e-3), ("METERS", 1)])
def test_depths_of_any_length_are_matched_in_metres(ocean_cube, unit, per_metre):
    grid = ocean_cube[["temperature"]].assign_coords(depth=ocean_cube.depth * per_metre)
    grid.depth.attrs["units"] = unit
    casts = at([47.5, 47.5], [-8.5, -8.5], time=["2001-03-20", "2001-11-02"], depth=[10.0, 150.0])
    env = matchup.points(grid, casts)
    assert list(env.temperature) == [3.0, 11.2]
    assert list(env.matched_depth) == pytest.approx([0, 200])
    casts.depth *= per_metre
    casts.attrs["units"] = {"depth": unit}
    assert list(matchup.points(ocean_cube[["temperature"]], casts).temperature) == [3.0, 11.2]


@pytest.mark.parametrize("unit", ["dbar", "level"])
def test_depths_that_are_no_lengths_are_refused(ocean_cube, unit):
    casts = at(47.5, -8.5, time="2001-03-20", depth=10.0)
    ocean_cube.depth.attrs["units"] = unit
    with use_language("en"), pytest.raises(MatchupError, match=rf"depths of depth \(grid\) are in '{unit}'"):
        matchup.points(ocean_cube, casts)


def test_positions_in_radians_are_read_and_those_of_a_projection_refused(island_sea, two_hauls):
    expected = matchup.points(island_sea, two_hauls)
    grid = island_sea.assign_coords(lat=np.deg2rad(island_sea.lat), lon=np.deg2rad(island_sea.lon))
    grid.lat.attrs["units"] = grid.lon.attrs["units"] = "radian"
    pd.testing.assert_frame_equal(matchup.points(grid, two_hauls), expected)
    grid.lat.attrs["units"] = "km"
    with use_language("en"), pytest.raises(MatchupError, match=r"positions of lat \(grid\) are in 'km'"):
        matchup.points(grid, two_hauls)


@pytest.mark.parametrize(
    "unit", ["degrees N", "deg N", "° N", "N", "dd", "degree (+N)", " ", ["degrees_north"]]
)
def test_the_many_spellings_of_degrees_are_degrees(island_sea, two_hauls, unit):
    grid = island_sea.copy()
    grid.lat.attrs["units"] = unit
    pd.testing.assert_frame_equal(matchup.points(grid, two_hauls), matchup.points(island_sea, two_hauls))


@pytest.mark.parametrize(
    "lon",
    [
        np.linspace(-180, 180 - 1 / 12, 4320, dtype="f4"),
        np.round(np.arange(4320) / 12, 4),
        np.round(np.arange(4320) / 12, 2),
    ],
    ids=["float32", "4 decimals", "2 decimals"],
)
def test_a_grid_around_the_earth_leaves_no_one_between_its_cells(lon):
    grid = xr.Dataset({"sst": (("lat", "lon"), np.ones((2, 4320), "f4"))}, {"lat": [0.0, 1.0], "lon": lon})
    middle = lon.astype(float) + np.diff(lon.astype(float), append=lon[0] + 360.0) / 2
    env = matchup.points(grid, at(np.full(4320, 0.5), middle), tolerance={})
    assert (env.status == "matched").all()


def test_without_a_tolerance_an_observation_lies_in_the_cell_on_an_uneven_grid():
    lat, lon = np.array([0.0, 1, 2, 6]), np.array([10.0, 11, 12, 13, 17])
    grid = xr.Dataset({"sst": (("lat", "lon"), np.ones((4, 5)))}, {"lat": lat, "lon": lon})
    table = at([-0.6, 0.4, 7.9, 8.1, 3.9, 1, 1, 1], [11, 11, 11, 11, 11, 9.4, 18.9, 19.1])
    env = matchup.points(grid, table, tolerance={})
    assert list(env.status == "matched") == [False, True, True, False, True, False, True, False]


@pytest.mark.parametrize("encode", ["cf", "month"])
def test_a_climatology_is_matched_by_month(ocean_cube, encode):
    months = ocean_cube[["sst"]]
    if encode == "cf":
        months.time.attrs["climatology"] = "climatology_bounds"
    else:
        months = months.assign_coords(time=np.arange(1, 13)).rename(time="month")
    casts = at([47.5, 47.5], [-8.5, -8.5], time=["1992-05-31", "2019-12-01"])
    np.testing.assert_allclose(matchup.points(months, casts).sst, [5, 12])


def test_a_calendar_of_no_python_date_is_read(ocean_cube):
    other = ocean_cube[["sst"]].convert_calendar("noleap")
    env = matchup.points(other, at(47.5, -8.5, time=["2001-03-20"]))
    assert env.sst[0] == 3


def test_a_chunked_grid_gives_the_same_and_each_touched_chunk_is_read_once(island_sea):
    read = []

    def load(block, block_info=None):
        read.append(block_info[0]["chunk-location"])
        return block

    stations = at([47.4, 47.3, 46.2, 47.9, 45.4], [-8.3, -8.4, -6.6, -9.4, -5.4])
    expected = matchup.points(island_sea, stations, tolerance={"lat": 2, "lon": 2})
    chunked = island_sea.chunk(lat=2, lon=2)
    chunked["sst"].data = chunked.sst.data.map_blocks(load, dtype=float, meta=np.empty((0, 0)))
    env = matchup.points(chunked, stations, tolerance={"lat": 2, "lon": 2})
    pd.testing.assert_frame_equal(env, expected)
    assert len(read) == len(set(read))
    assert set(read) == _touched(island_sea, stations)


def _touched(grid, stations) -> set[tuple[int, int]]:
    lat, lon = grid.lat.values, grid.lon.values - 360
    return {
        (i // 2, j // 2)
        for s in stations.itertuples()
        for i in np.flatnonzero(np.abs(lat - s.lat) <= 2)
        for j in np.flatnonzero(np.abs(lon - s.lon) <= 2)
    }


def test_the_other_names_of_the_axes_are_known(island_sea, two_hauls):
    grid = island_sea.rename(lat="y", lon="longitude")
    grid["y"].attrs["standard_name"] = "latitude"
    hauls = two_hauls.rename(columns={"lat": "Latitude", "lon": "start_lon"})
    env = matchup.points(grid, hauls, columns={"lon": "start_lon"})
    np.testing.assert_allclose(env.sst, matchup.points(island_sea, two_hauls).sst)


@pytest.mark.parametrize(
    ("change", "options", "text"),
    [
        ({"columns": {"lon": "Lonn"}}, {"columns": {"lon": "lonn"}}, r"no column lonn\.\nDid you mean Lonn"),
        ({"columns": {"lon": "easting"}}, {}, r"no column lon\.\nName the column"),
        (
            {"columns": {}},
            {"tolerance": {"lat": 1, "longitude": 1}},
            r"Unknown axis: longitude\.\nThe axes are lat, lon",
        ),
        ({"columns": {}}, {"tolerance": {"lat": -1}}, "tolerance -1 for lat"),
        ({"columns": {}}, {"tolerance": {"lat": "wide"}}, "tolerance 'wide' for lat"),
        ({"columns": {}}, {"tolerance": 1.0}, r"tolerance=1\.0 does not say which axis.*\nName the axes"),
        ({"columns": {}}, {"columns": "lon"}, "columns='lon' does not say which axis"),
        ({"columns": {}}, {"variables": ["chl"]}, r"does not hold: chl\.\nIt holds: sst"),
        ({"columns": {}}, {"method": "cubic"}, "Unknown method 'cubic'.\nUse method=\"nearest\" or"),
        ({"columns": {}}, {"memory": "much"}, "memory 'much' is not possible"),
        ({"columns": {}}, {"memory": 0}, "memory 0 is not possible"),
        ({"columns": {}}, {"variables": []}, "no numeric variable"),
        ({"columns": {"haul": "sst"}}, {}, r"already have columns of the result: sst\.\nRename them"),
    ],
)
def test_what_cannot_be_matched_is_explained(island_sea, two_hauls, change, options, text):
    with use_language("en"), pytest.raises(MatchupError, match=text):
        matchup.points(island_sea, two_hauls.rename(**change), **options)


def test_no_common_coordinates_is_an_error(two_hauls):
    projected = xr.Dataset({"sst": (("y", "x"), np.ones((2, 2)))}, {"x": [0, 1], "y": [0, 1]})
    with use_language("en"), pytest.raises(MatchupError, match="no common coordinates: no axis lat"):
        matchup.points(projected, two_hauls)


def test_a_time_axis_without_observed_times_asks_for_a_choice(ocean_cube, two_hauls):
    with use_language("en"), pytest.raises(MatchupError, match="sst vary along time") as caught:
        matchup.points(ocean_cube, two_hauls, variables=["sst"])
    assert 'ds.mean("time")' in caught.value.hint


def test_a_dimension_that_no_observation_has_is_named(island_sea, two_hauls):
    members = island_sea.expand_dims(member=3)
    with use_language("en"), pytest.raises(MatchupError, match="dimension that no observation has: member"):
        matchup.points(members, two_hauls)


def test_times_given_as_numbers_are_refused(ocean_cube):
    casts = at(47.5, -8.5, time=[1992], depth=[0.0])
    with use_language("en"), pytest.raises(MatchupError, match="column time holds numbers, not times"):
        matchup.points(ocean_cube, casts)


@pytest.mark.parametrize("table", [{"lat": [1.0], "lon": [2.0]}, [(1.0, 2.0)], xr.Dataset({"lat": 1.0})])
def test_observations_that_are_no_table_are_refused(island_sea, table):
    with use_language("en"), pytest.raises(MatchupError, match=f"are a {type(table).__name__}, not a table"):
        matchup.points(island_sea, table)


def test_a_grid_that_is_no_dataset_is_refused(two_hauls):
    with use_language("en"), pytest.raises(MatchupError, match="grid is a ndarray, not a Dataset"):
        matchup.points(np.zeros((2, 2)), two_hauls)


def test_a_selection_that_left_nothing_is_explained(island_sea, two_hauls):
    reversed_box = island_sea.sel(lat=slice(41, 47))
    with use_language("en"), pytest.raises(MatchupError, match=r"holds nothing along lat\.\n.*bbox is west"):
        matchup.points(reversed_box, two_hauls)


def test_a_coordinate_with_a_gap_is_named(island_sea, two_hauls):
    gap = island_sea.assign_coords(lat=island_sea.lat.where(island_sea.lat != 43.5))
    with use_language("en"), pytest.raises(MatchupError, match=r"coordinate lat .* missing or infinite"):
        matchup.points(gap, two_hauls)


def test_infinite_values_of_the_grid_are_dry_and_infinite_positions_unknown(island_sea):
    island_sea["sst"] = island_sea.sst.where(island_sea.lat < 47, np.inf)
    env = matchup.points(island_sea, at([47.4, np.inf, 43.0], [-8.3, -8.3, -np.inf]))
    assert list(env.status) == ["matched", "no_position", "no_position"]
    assert env.matched_lat[0] == 46.5


def test_text_that_is_no_number_is_no_position(island_sea):
    env = matchup.points(island_sea, at(["47.4", "47N"], ["-8.3", "-8.3"]))
    assert list(env.status) == ["matched", "no_position"]


def test_columns_that_meet_the_names_of_the_result_are_never_overwritten(island_sea, two_hauls):
    with use_language("en"), pytest.raises(MatchupError, match="already have columns of the result: status"):
        matchup.points(island_sea, two_hauls.assign(status="kept"))
