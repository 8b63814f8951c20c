"""Whatever the grid and the observations: the same as cell by cell."""

import numpy as np
import pandas as pd
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odatis_vre import matchup
from odatis_vre.matchup.gathering import gather
from odatis_vre.matchup.nearest import great_circle_km
from odatis_vre.matchup.pieces import Frame
from odatis_vre.matchup.sources import sources

quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

DAYS, STEP = 6, 15.0
LAT, LON = np.arange(-82.5, 90, STEP), np.arange(-172.5, 180, STEP)


@st.composite
def globes(draw) -> xr.Dataset:
    """A globe of 15 degrees with dry cells, in any order and convention."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    field = rng.normal(size=(DAYS, len(LAT), len(LON)))
    field[rng.random(field.shape) < draw(st.sampled_from([0.0, 0.3, 0.9]))] = np.nan
    time = pd.date_range("2001-01-01", periods=DAYS)
    ds = xr.Dataset({"v": (("time", "lat", "lon"), field)}, {"time": time, "lat": LAT, "lon": LON})
    ds = ds.roll(lon=draw(st.integers(0, len(LON))), roll_coords=True)
    ds = ds.isel(lat=slice(None, None, draw(st.sampled_from([1, -1]))))
    ds = ds.isel(lon=slice(None, None, draw(st.sampled_from([1, -1]))))
    return ds.assign_coords(lon=ds.lon % 360) if draw(st.booleans()) else ds


@st.composite
def tables(draw) -> pd.DataFrame:
    """Observations anywhere, never half-way between two cells."""
    n = draw(st.integers(0, 25))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    cell = np.stack([rng.integers(0, len(LAT), n), rng.integers(0, len(LON), n)])
    off = rng.uniform(-7, 7, (2, n))
    hours = rng.integers(-30, 24 * DAYS, n) + 0.1
    return pd.DataFrame(
        {
            "lat": LAT[cell[0]] + off[0],
            "lon": LON[cell[1]] + off[1],
            "time": pd.Timestamp("2001-01-01") + pd.to_timedelta(hours, "h"),
        }
    )


chunkings = st.none() | st.fixed_dictionaries(
    {"time": st.integers(1, DAYS), "lat": st.integers(1, len(LAT)), "lon": st.integers(1, len(LON))}
)
TOLERANCE = {"lat": 20.0, "lon": 31.0}


def chunked(ds: xr.Dataset, chunks: dict | None) -> xr.Dataset:
    return ds if chunks is None else ds.chunk(chunks)


@quick
@given(globes(), tables(), chunkings)
def test_points_are_those_of_a_full_search(ds, table, chunks):
    env = matchup.points(chunked(ds, chunks), table, tolerance=TOLERANCE)
    hours = (ds.time.values - np.datetime64("2001-01-01")) / np.timedelta64(1, "h")
    for row in env.itertuples():
        away = np.abs(hours - (row.time - pd.Timestamp("2001-01-01")) / pd.Timedelta(hours=1))
        if away.min() > 12:
            assert row.status == "outside_time"
            continue
        field = ds.v.values[away.argmin()]
        dlon = np.abs((ds.lon.values - row.lon + 180) % 360 - 180)
        near = (np.abs(ds.lat.values - row.lat) <= 20)[:, None] & (dlon <= 31) & np.isfinite(field)
        if not near.any():
            assert row.status == "dry"
            assert np.isnan(row.v)
            continue
        distance = great_circle_km(row.lat, row.lon, ds.lat.values[:, None], ds.lon.values)
        nearest = np.where(near, distance, np.inf)
        np.testing.assert_allclose(row.distance_km, nearest.min())
        assert row.v in field[nearest <= nearest.min() * (1 + 1e-12)]


@quick
@given(globes(), tables(), chunkings, st.tuples(*[st.sampled_from([1, 3, 5, 7])] * 3), st.booleans())
def test_windows_are_those_cut_cell_by_cell(ds, table, chunks, sizes, lazy):
    size = dict(zip(("time", "lat", "lon"), sizes, strict=True))
    cubes = matchup.windows(chunked(ds, chunks), table, size=size, lazy=lazy, memory=30_000)
    values = cubes.v.values
    for k, row in enumerate(table.itertuples()):
        day = int((row.time - pd.Timestamp("2001-01-01")) / pd.Timedelta(days=1) + 0.5)
        if row.time < pd.Timestamp("2000-12-31T12:00") or day >= DAYS:
            assert cubes.status.values[k] == "outside_time"
            assert np.isnan(values[k]).all()
            continue
        at = [day, np.abs(ds.lat.values - row.lat).argmin()]
        at.append(np.abs((ds.lon.values - row.lon + 180) % 360 - 180).argmin())
        for offset in np.ndindex(sizes):
            t, y, x = (a + o - s // 2 for a, o, s in zip(at, offset, sizes, strict=True))
            on_grid = 0 <= t < DAYS and 0 <= y < len(LAT)
            wanted = ds.v.values[t, y, x % len(LON)] if on_grid else np.nan
            np.testing.assert_equal(values[(k, *offset)], wanted)


@quick
@given(
    globes(), tables(), chunkings, st.randoms(use_true_random=False), st.sampled_from(["nearest", "linear"])
)
def test_the_order_of_the_rows_only_orders_the_rows(ds, table, chunks, random, method):
    order = random.sample(range(len(table)), len(table))
    env = matchup.points(ds, table, TOLERANCE, method)
    moved = matchup.points(chunked(ds, chunks), table.iloc[order], TOLERANCE, method)
    pd.testing.assert_frame_equal(moved, env.iloc[order])


@quick
@given(globes(), tables(), st.sampled_from(["nearest", "linear"]))
def test_a_row_given_twice_comes_back_twice(ds, table, method):
    env = matchup.points(ds, table, TOLERANCE, method)
    twice = matchup.points(ds, pd.concat([table, table]), TOLERANCE, method)
    pd.testing.assert_frame_equal(twice, pd.concat([env, env]))


@quick
@given(globes(), tables(), st.sampled_from([-360, 360]), st.sampled_from(["nearest", "linear"]))
def test_the_convention_of_longitudes_changes_no_value(ds, table, turn, method):
    ahead = table.assign(lon=np.where(np.abs(table.lon + turn) <= 540, table.lon + turn, table.lon))
    env, other = (matchup.points(ds, t, TOLERANCE, method) for t in (table, ahead))
    np.testing.assert_allclose(other.v, env.v, rtol=1e-9)
    np.testing.assert_allclose(other.distance_km, env.distance_km, rtol=1e-9, atol=1e-6)
    assert list(other.status) == list(env.status)


@quick
@given(st.data())
def test_any_box_of_any_grid_is_gathered_cell_by_cell(data):
    shape = data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=4))
    dims = tuple("abcd"[: len(shape)])
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    m = data.draw(st.integers(0, 12))
    sizes = {d: data.draw(st.integers(1, 5)) for d in dims}
    cyclic = frozenset(
        d for d, n in zip(dims, shape, strict=True) if sizes[d] <= n and data.draw(st.booleans())
    )
    first = {d: rng.integers(-n if d in cyclic else -7, n + 2, m) for d, n in zip(dims, shape, strict=True)}
    first = {
        d: np.minimum(f, n - 1) if d in cyclic else f for (d, f), n in zip(first.items(), shape, strict=True)
    }
    field = rng.normal(size=shape)
    ds = xr.Dataset({"v": (dims, field)})
    if data.draw(st.booleans()):
        ds = ds.chunk({d: data.draw(st.integers(1, n)) for d, n in zip(dims, shape, strict=True)})
    (source,) = sources(ds, ["v"])
    got = gather(source, Frame(first, sizes, cyclic), np.arange(m), m, 1e6, False, "")["v"]
    for k in range(m):
        for offset in np.ndindex(*sizes.values()):
            at = [
                (first[d][k] + o) % n if d in cyclic else first[d][k] + o
                for d, o, n in zip(dims, offset, shape, strict=True)
            ]
            on_grid = all(0 <= i < n for i, n in zip(at, shape, strict=True))
            np.testing.assert_equal(got[(k, *offset)], field[tuple(at)] if on_grid else np.nan)
