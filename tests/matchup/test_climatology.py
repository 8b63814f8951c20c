"""Steps that stand for a part of every year: months, seasons, days of the year."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from odatis_vre import matchup
from odatis_vre.errors import MatchupError
from odatis_vre.i18n import use_language

PLACE = {"lat": 1, "lon": 1}


def climatology(time, bounds=None, **attrs) -> xr.Dataset:
    """One cell whose value is the number of the step."""
    coords = {
        "time": ("time", time, {"climatology": "climatology_bounds", **attrs}),
        "lat": [45.0],
        "lon": [0.0],
    }
    ds = xr.Dataset({"sst": (("time", "lat", "lon"), np.arange(float(len(time)))[:, None, None])}, coords)
    if bounds is not None:
        ds = ds.assign_coords(climatology_bounds=(("time", "nv"), bounds))
    return ds


def dates(*texts) -> np.ndarray:
    return np.array(texts, dtype="datetime64[ns]")


def seasons(bounds: bool = False) -> xr.Dataset:
    """Winter is December to February with bounds; January to March, around its date, without."""
    time = dates("1975-02-15", "1975-05-15", "1975-08-15", "1975-11-15")
    edges = [("1960-12-01", "1990-03-01"), ("1961-03-01", "1990-06-01")]
    edges += [("1961-06-01", "1990-09-01"), ("1961-09-01", "1990-12-01")]
    return climatology(time, dates(*edges) if bounds else None)


def at(*when) -> pd.DataFrame:
    return pd.DataFrame({"lat": 45.0, "lon": 0.0, "time": pd.to_datetime(list(when), format="ISO8601")})


def steps(ds: xr.Dataset, *when, **tolerance) -> list:
    """The step that each date gets, None where it gets none."""
    env = matchup.points(ds, at(*when), tolerance={**PLACE, **tolerance})
    assert set(env.status[env.sst.isna()]) <= {"outside_time"}
    return [None if np.isnan(v) else int(v) for v in env.sst]


def test_a_season_takes_the_dates_half_a_step_around_it():
    assert steps(seasons(), "1992-01-20", "1992-03-31T23:59", "1992-04-01", "2004-12-31") == [0, 0, 1, 3]


def test_bounds_say_which_months_a_season_covers():
    found = steps(seasons(bounds=True), "1992-12-01", "1992-02-29T23:00", "1992-03-01", "1992-11-30T23:59")
    assert found == [0, 0, 1, 3]


@pytest.mark.parametrize(("days", "found"), [(60, 0), ("26D", 0), (20, None), ("36h", None)])
@pytest.mark.parametrize("bounds", [True, False])
def test_a_tolerance_of_time_is_days_from_the_middle_of_the_step(days, found, bounds):
    ds = seasons(bounds)
    middle = pd.Timestamp("1992-01-16" if bounds else "1992-02-15")
    assert steps(ds, middle - pd.Timedelta(days=25), time=days) == [found]


def test_a_tolerance_reaches_steps_that_do_not_cover_the_date():
    winter = seasons().isel(time=[0])
    assert steps(winter, "1992-12-25", "1992-04-10") == [None, None]
    assert steps(winter, "1992-12-25", "1992-04-10", "1992-08-01", time=60) == [0, 0, None]


def test_across_the_turn_of_the_year_the_tolerance_goes_round():
    december = climatology(np.arange(1, 13)).isel(time=[11])
    assert steps(december, "1992-01-05", "1992-11-20", "1992-02-05", time=31) == [11, 11, None]


@pytest.mark.parametrize("day", [1, 15, 28])
def test_steps_in_all_months_are_matched_by_month_whatever_their_day(day):
    ds = climatology(dates(*(f"1975-{m:02d}-{day:02d}" for m in range(1, 13))))
    ends = ["1992-01-01", "1992-01-31T23:59:59", "1992-02-29T23:59:59", "1992-03-01", "1992-12-31T23:59:59"]
    assert steps(ds, *ends) == [0, 0, 1, 2, 11]


def test_months_that_were_left_out_take_nothing():
    spring = climatology(np.arange(1, 13)).isel(time=[3, 4, 5])
    assert steps(spring, "1992-03-31", "1992-04-01", "1992-06-30", "1992-07-01") == [None, 3, 5, None]


def test_a_single_month_is_matched_by_month_and_a_year_by_its_bounds():
    assert steps(climatology(dates("1975-05-15")), "1992-05-31", "1992-06-01") == [0, None]
    year = climatology(dates("1975-07-01"), dates("1961-01-01", "1991-01-01")[None])
    assert steps(year, "1992-01-01", "1992-12-31", "1992-06-30") == [0, 0, 0]


def test_days_of_the_year_are_matched_by_day():
    days = pd.date_range("1975-01-01T12:00", "1975-12-31T12:00", unit="ns")
    found = steps(
        climatology(days.to_numpy()), "1992-01-01", "1992-02-28T06:00", "1992-03-01", "1992-12-31T20:00"
    )
    assert found == [0, 58, 59, 364]
    assert steps(climatology(days.to_numpy()), "1992-02-29T18:00") in ([58], [59])
    bounds = np.stack([days - pd.Timedelta(hours=12), days + pd.Timedelta(hours=12)], axis=1)
    found = steps(climatology(days.to_numpy(), bounds), "1993-01-31T23:00", "1993-02-01", "1993-12-31T20:00")
    assert found == [30, 31, 364]


@pytest.mark.parametrize("written", ["decoded", "numbers", "last days"])
def test_bounds_are_read_as_files_have_them(written):
    months = np.arange(1, 13)
    first, last = dates(*(f"1961-{m:02d}-01" for m in months)), dates(*(f"1990-{m:02d}-28" for m in months))
    after = (last + np.timedelta64(5, "D")).astype("datetime64[M]").astype("datetime64[ns]")
    ends = after - np.timedelta64(1, "D") if written == "last days" else after
    ds = climatology(dates(*(f"1975-{m:02d}-15" for m in months)), np.stack([first, ends], axis=1))
    if written == "numbers":
        epoch = np.datetime64("1950-01-01")
        ds["climatology_bounds"] = (ds.climatology_bounds - epoch) / np.timedelta64(1, "D")
        ds.time.encoding["units"] = "days since 1950-01-01"
    assert steps(ds, "1992-01-31T12:00", "1992-02-29T23:59", "1992-12-31T23:59") == [0, 1, 11]


def test_a_calendar_of_no_python_date_has_months_too():
    time = xr.date_range("0001-01-16", periods=12, freq="30D", calendar="360_day", use_cftime=True)
    assert steps(climatology(time), "1992-02-29", "1992-03-01", "1992-12-31") == [1, 2, 11]


def test_bounds_that_are_no_dates_are_refused():
    ds = climatology(dates("1975-02-15"), np.array([["winter", "spring"]]))
    with (
        use_language("en"),
        pytest.raises(MatchupError, match=r"\(climatology_bounds\) cannot be read as dates"),
    ):
        matchup.points(ds, at("1992-02-20"))


@pytest.mark.parametrize("bounds", [True, False])
def test_windows_over_the_seasons_close_the_year(bounds):
    cubes = matchup.windows(
        seasons(bounds), at("1992-02-20", "1992-10-20", "1992-05-20"), size={"time": 3}, tolerance=PLACE
    )
    np.testing.assert_array_equal(cubes.sst.values.reshape(3, 3), [[3, 0, 1], [2, 3, 0], [0, 1, 2]])
    assert cubes.window_time.values[0, 0] == np.datetime64("1975-11-15")


def test_windows_over_some_months_do_not_close_the_year():
    spring = climatology(np.arange(1, 13)).isel(time=[3, 4, 5])
    cubes = matchup.windows(spring, at("1992-06-20"), size={"time": 3}, tolerance=PLACE)
    np.testing.assert_array_equal(cubes.sst.values.reshape(3), [4, 5, np.nan])


def test_an_unknown_time_is_said_so():
    env = matchup.points(seasons(), at("1992-02-20", None), tolerance={**PLACE, "time": 400})
    assert list(env.status) == ["matched", "no_time"]
