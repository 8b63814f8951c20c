"""What is read, how often, where, and how much of it at once."""

import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import dask
import dask.array as da
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from distributed import Client, LocalCluster
from zarr.storage import LocalStore, WrapperStore

from odatis_vre import matchup
from odatis_vre.i18n import use_language
from odatis_vre.matchup.layout import Layout
from odatis_vre.matchup.pieces import Frame
from odatis_vre.matchup.plan import planned_bounds
from odatis_vre.matchup.sources import sources

SIZE = {"time": 3, "lat": 5, "lon": 5}
CHUNKS = (5, 12, 16)


@pytest.fixture(scope="module")
def ocean() -> xr.Dataset:
    """Twenty days of a globe of 5 degrees, a third of it dry."""
    rng = np.random.default_rng(1)
    sst = rng.normal(size=(20, 36, 72)).astype(np.float32)
    sst[:, rng.random((36, 72)) < 0.3] = np.nan
    axes = {"time": pd.date_range("2001-01-01", periods=20, unit="ns")}
    axes |= {"lat": np.arange(-87.5, 90, 5), "lon": np.arange(-177.5, 180, 5)}
    return xr.Dataset({"sst": (("time", "lat", "lon"), sst)}, axes)


@pytest.fixture(scope="module")
def casts() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    when = pd.Timestamp("2001-01-01") + pd.to_timedelta(rng.integers(0, 20, 300), "D")
    return pd.DataFrame({"lat": rng.uniform(-90, 90, 300), "lon": rng.uniform(-180, 180, 300), "time": when})


class CountingStore(WrapperStore):
    """A Zarr store that notes which chunks are asked for."""

    asked: list

    async def get(self, key, prototype, byte_range=None):
        if "/c/" in key:
            self.asked.append(key)
        return await super().get(key, prototype, byte_range)

    def _with_store(self, store):
        made = type(self)(store)
        made.asked = self.asked
        return made


def load_coordinates(ds: xr.Dataset) -> xr.Dataset:
    return ds.assign_coords({name: c.load() for name, c in ds.coords.items()})


@pytest.fixture
def opened(ocean, tmp_path):
    """Open the ocean's Zarr file; the list of chunks of sst that were read since comes along."""
    ocean.to_zarr(tmp_path / "ocean.zarr", encoding={"sst": {"chunks": CHUNKS}}, consolidated=False)
    store = CountingStore(LocalStore(tmp_path / "ocean.zarr"))
    store.asked = []

    def make(chunks) -> tuple[xr.Dataset, list]:
        ds = load_coordinates(xr.open_zarr(store, chunks=chunks, consolidated=False))
        store.asked.clear()
        return ds, store.asked

    return make


def chunks_of(casts: pd.DataFrame, reach: dict[str, int]) -> set[str]:
    """The chunks that hold a cell within `reach` of the cells of the observations."""
    touched = set()
    for cast in casts.itertuples():
        centre = ((cast.time - pd.Timestamp("2001-01-01")).days, int((cast.lat + 90) // 5))
        lon = int((cast.lon + 180) // 5)
        for t in range(max(centre[0] - reach["time"], 0), min(centre[0] + reach["time"], 19) + 1):
            for y in range(max(centre[1] - reach["lat"], 0), min(centre[1] + reach["lat"], 35) + 1):
                for x in range(lon - reach["lon"], lon + reach["lon"] + 1):
                    touched.add(f"sst/c/{t // 5}/{y // 12}/{x % 72 // 16}")
    return touched


@pytest.mark.parametrize("chunks", [None, {}])
def test_windows_read_each_touched_chunk_once_and_no_other(opened, casts, chunks):
    few = casts[:4]
    ds, read = opened(chunks)
    matchup.windows(ds, few, size=SIZE)
    assert sorted(read) == sorted(chunks_of(few, {"time": 1, "lat": 2, "lon": 2}))


@pytest.mark.parametrize("chunks", [None, {}])
def test_points_read_each_touched_chunk_once_and_no_other(opened, casts, chunks):
    few = casts[:6]
    ds, read = opened(chunks)
    env = matchup.points(ds, few, tolerance={"lat": 2.5, "lon": 2.5})
    assert sorted(read) == sorted(chunks_of(few, {"time": 0, "lat": 0, "lon": 0}))
    assert "dry" in set(env.status)


@pytest.mark.parametrize("chunks", [None, {}])
def test_dry_cells_are_replaced_without_reading_a_chunk_again(opened, ocean, casts, chunks):
    ds, read = opened(chunks)
    env = matchup.points(ds, casts, tolerance={"lat": 12, "lon": 12})
    pd.testing.assert_frame_equal(env, matchup.points(ocean, casts, tolerance={"lat": 12, "lon": 12}))
    assert len(read) == len(set(read))


@pytest.mark.parametrize("chunks", [None, {}])
def test_a_lazy_result_reads_each_chunk_once_too(opened, casts, chunks):
    ds, read = opened(chunks)
    lazy = matchup.windows(ds, casts, size=SIZE, lazy=True, memory=100_000)
    assert read == []
    with dask.config.set(scheduler="threads"):
        lazy.sst.compute()
    assert len(read) == len(set(read)) > 10


def test_a_cut_out_of_a_file_keeps_to_the_chunks_of_the_file(opened, casts):
    ds, read = opened(None)
    region = ds.isel(lat=slice(7, 30), lon=slice(3, 50))
    matchup.windows(region, casts, size=SIZE)
    assert len(read) == len(set(read)) > 5


@pytest.mark.parametrize("chunks", [None, {}, {"time": 7, "lat": 36, "lon": 10}])
@pytest.mark.parametrize("method", ["nearest", "linear"])
def test_points_are_the_same_however_the_grid_is_kept(opened, ocean, casts, chunks, method):
    ds, _ = opened(chunks)
    tolerance = {"lat": 12, "lon": 12}
    expected = matchup.points(ocean, casts, tolerance, method)
    pd.testing.assert_frame_equal(matchup.points(ds, casts, tolerance, method), expected)
    small = matchup.points(ds, casts, tolerance, method, memory="50 kB")
    pd.testing.assert_frame_equal(small, expected)


def test_on_a_cluster_blocks_are_worked_on_by_its_workers(ocean, casts):
    grid = ocean.chunk(time=5, lat=12, lon=16)
    threads = set()

    def noted(block):
        threads.add(threading.current_thread().name)
        return block

    grid["sst"] = grid.sst.copy(
        data=grid.sst.data.map_blocks(noted, dtype="f4", meta=np.empty((0, 0, 0), "f4"))
    )
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None)
    with cluster, Client(cluster):
        cubes = matchup.windows(grid, casts, size=SIZE, memory="200 kB")
        lazy = matchup.windows(grid, casts, size=SIZE, lazy=True).sst.compute()
        env = matchup.points(grid, casts, tolerance={"lat": 12, "lon": 12})
    expected = matchup.windows(ocean, casts, size=SIZE)
    np.testing.assert_array_equal(cubes.sst, expected.sst)
    np.testing.assert_array_equal(lazy, expected.sst)
    pd.testing.assert_frame_equal(env, matchup.points(ocean, casts, tolerance={"lat": 12, "lon": 12}))
    assert all("Dask" in name for name in threads)


@pytest.mark.parametrize("scheduler", ["synchronous", "threads", "processes"])
def test_any_scheduler_of_dask_will_do(ocean, casts, scheduler):
    with dask.config.set(scheduler=scheduler):
        cubes = matchup.windows(ocean.chunk(time=5), casts, size=SIZE, memory="200 kB")
    np.testing.assert_array_equal(cubes.sst, matchup.windows(ocean, casts, size=SIZE).sst)


def test_threads_of_dask_hold_no_second_copy_of_the_windows(ocean, casts):
    grid = ocean.chunk(time=5, lat=12, lon=16)
    many = pd.concat([casts] * 10, ignore_index=True)
    size = {"time": 5, "lat": 15, "lon": 15}
    matchup.windows(grid, casts[:1], size=size)
    tracemalloc.start()
    try:
        cubes = matchup.windows(grid, many, size=size)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.5 * cubes.sst.nbytes


def test_variables_on_different_axes_and_chunks_share_one_place(ocean, casts):
    rng = np.random.default_rng(4)
    ocean = ocean.assign(
        depth_of_bottom=(("lat", "lon"), np.where(rng.random((36, 72)) < 0.2, np.nan, 100.0)),
        ice=(("lat", "lon", "time"), rng.random((36, 72, 20))),
    )
    grid = ocean.chunk(time=5, lat=12)
    grid["ice"] = grid.ice.chunk(time=20, lon=10, lat=36)
    tolerance = {"lat": 12, "lon": 12}
    expected = matchup.points(ocean, casts, tolerance)
    assert (expected[expected.status == "matched"][["sst", "ice", "depth_of_bottom"]].notna()).all(axis=None)
    pd.testing.assert_frame_equal(matchup.points(grid, casts, tolerance), expected)
    pd.testing.assert_frame_equal(matchup.points(grid, casts, tolerance, memory="20 kB"), expected)
    cubes = matchup.windows(grid, casts, size=SIZE)
    assert cubes.ice.dims == ("obs", "time", "lat", "lon")
    np.testing.assert_array_equal(cubes.ice, matchup.windows(ocean, casts, size=SIZE).ice)


@pytest.mark.parametrize(
    ("chunks", "pool"), [(None, False), ({}, False), ({}, True)], ids=["file", "dask", "a pool of one's own"]
)
def test_memory_stays_within_what_was_asked_for(tmp_path, chunks, pool):
    field = da.random.random((64, 360, 720), chunks=(4, 180, 180)).astype("f4")
    ds = xr.Dataset(
        {"v": (("time", "lat", "lon"), field)},
        {
            "time": pd.date_range("2001-01-01", periods=64),
            "lat": np.arange(-89.75, 90, 0.5),
            "lon": np.arange(-179.75, 180, 0.5),
        },
    )
    ds.to_zarr(tmp_path / "big.zarr", consolidated=False)
    rng = np.random.default_rng(0)
    n = 500
    table = pd.DataFrame(
        {
            "lat": rng.uniform(-80, 80, n),
            "lon": rng.uniform(-180, 180, n),
            "time": pd.Timestamp("2001-01-01") + pd.to_timedelta(rng.integers(0, 64, n), "D"),
        }
    )
    grid = xr.open_zarr(tmp_path / "big.zarr", chunks=chunks, consolidated=False)
    matchup.windows(grid, table[:1], size=SIZE)
    tracemalloc.start()
    try:
        # as on a large machine
        with dask.config.set(pool=ThreadPoolExecutor(16)) if pool else dask.config.set(num_workers=16):
            cubes = matchup.windows(grid, table, size=SIZE, memory="10 MB")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert ds.nbytes > 66e6
    assert peak < 10e6 + cubes.nbytes * 3 + 5e6


def _planned(ocean, tmp_path, n: int, memory: float, chunks=(1, 36, 72)) -> list[int]:
    ocean.to_zarr(tmp_path / f"{n}.zarr", encoding={"sst": {"chunks": chunks}}, consolidated=False)
    (source,) = sources(xr.open_zarr(tmp_path / f"{n}.zarr", chunks=None, consolidated=False), ["sst"])
    rng = np.random.default_rng(0)
    first = {d: rng.integers(0, k, n) for d, k in zip(source.dims, source.shape, strict=True)}
    bounds = planned_bounds(source, Frame(first, {"time": 5, "lat": 5, "lon": 5}), memory)
    return [len(b) - 1 for b in bounds]


def test_many_windows_load_the_whole_grid_at_once(ocean, tmp_path):
    assert _planned(ocean, tmp_path, 5_000, memory=1e9) == [1, 1, 1]


def test_few_windows_read_their_chunks_only(ocean, tmp_path):
    assert _planned(ocean, tmp_path, 1, memory=1e9, chunks=(20, 9, 9)) == [1, 4, 8]


@pytest.mark.parametrize("seed", range(6))
def test_scattered_windows_read_at_most_half_as_many_bytes_again_as_are_touched(ocean, tmp_path, seed):
    ocean.to_zarr(tmp_path / "o.zarr", encoding={"sst": {"chunks": (2, 6, 6)}}, consolidated=False)
    (source,) = sources(xr.open_zarr(tmp_path / "o.zarr", chunks=None, consolidated=False), ["sst"])
    rng = np.random.default_rng(seed)
    n = (3, 10, 30, 60, 120, 400)[seed]
    first = {d: rng.integers(0, k, n) for d, k in zip(source.dims, source.shape, strict=True)}
    size = {"time": 3, "lat": 5, "lon": 5}
    bounds = planned_bounds(source, Frame(first, size), memory=1e9)

    wanted = np.zeros(source.shape, dtype=bool)
    for at in zip(*first.values(), strict=True):
        wanted[tuple(slice(k, k + s) for k, s in zip(at, size.values(), strict=True))] = True
    assert _cells_read(wanted, bounds) <= 1.5 * _cells_read(wanted, source.bounds)


def _cells_read(wanted: np.ndarray, bounds) -> int:
    """Cells of the blocks that hold something wanted."""
    blocks = wanted
    for axis, b in enumerate(bounds):
        blocks = np.logical_or.reduceat(blocks, b[:-1], axis=axis)
    for axis, b in enumerate(bounds):
        blocks = np.repeat(blocks, np.diff(b), axis=axis)
    return int(blocks.sum())


def test_many_small_chunks_that_are_all_touched_are_joined(ocean, tmp_path):
    ocean.to_zarr(tmp_path / "o.zarr", encoding={"sst": {"chunks": (1, 4, 4)}}, consolidated=False)
    (source,) = sources(xr.open_zarr(tmp_path / "o.zarr", chunks=None, consolidated=False), ["sst"])
    rng = np.random.default_rng(0)
    first = {d: rng.integers(0, k, 100_000) for d, k in zip(source.dims, source.shape, strict=True)}
    bounds = planned_bounds(source, Frame(first, {}), memory=1e9)
    assert [len(b) - 1 for b in bounds] == [1, 1, 1]  # a thousand of the cells lie in a third of the chunks


@pytest.mark.parametrize("cyclic", [frozenset(), frozenset(["lon"])])
def test_the_chunks_said_to_be_touched_are_those_that_windows_are_cut_out_of(cyclic):
    rng = np.random.default_rng(7)
    bounds = [np.array([0, 3, 6, 7]), np.array([0, 5, 10, 20])]
    first = {"lat": rng.integers(-1, 7, 500), "lon": rng.integers(-2, 19, 500)}
    frame = Frame(first, {"lat": 2, "lon": 4}, cyclic)
    expected = frame.cuts(["lat", "lon"], bounds).block_number
    touched = frame.of(slice(0, 40)).touched(["lat", "lon"], bounds)
    few = frame.of(slice(0, 40)).cuts(["lat", "lon"], bounds).block_number
    np.testing.assert_array_equal(np.ravel_multi_index(touched, (3, 3)), few)
    everything = np.ravel_multi_index(frame.touched(["lat", "lon"], bounds), (3, 3))
    np.testing.assert_array_equal(everything, expected)


def test_without_the_memory_the_grid_is_not_loaded_at_once(ocean, tmp_path):
    blocks, *_ = _planned(ocean, tmp_path, 5_000, memory=ocean.sst.nbytes)
    assert blocks > 4


def test_progress_is_shown_only_where_someone_looks(ocean, casts, capsys):
    matchup.windows(ocean.chunk(time=5), casts, size=SIZE)
    assert capsys.readouterr().err == ""
    matchup.windows(ocean.chunk(time=5), casts, size=SIZE, progress=False)
    assert capsys.readouterr().err == ""

    def slowly(block):
        time.sleep(0.4)
        return block

    grid = ocean.chunk(time=5)
    with use_language("fr"), dask.config.set(scheduler="sync"):
        matchup.windows(grid.map_blocks(slowly, template=grid), casts, size=SIZE, progress=True)
    said = capsys.readouterr().err
    assert "Lecture de la grille" in said
    assert "/4" in said


@pytest.mark.parametrize("count", [5, 500])
def test_cells_are_listed_once_in_the_order_of_their_blocks(count):
    layout = Layout.of(("lat", "lon"), [np.array([0, 3, 6, 7]), np.array([0, 5, 10, 12])])
    rng = np.random.default_rng(3)
    cells = [rng.integers(0, 7, count), rng.integers(0, 12, count)]
    numbers = layout.distinct(iter(np.array_split(layout.numbers(cells), 3)), count)
    blocks, again = numbers // layout.volume, []
    assert (np.diff(blocks) >= 0).all()
    for block in np.unique(blocks):
        listed = layout.listed(numbers[blocks == block], block)
        here = np.stack(listed.index((0, 0)))
        np.testing.assert_array_equal(layout.blocks(here), block)
        again += here.T.tolist()
    assert sorted(again) == np.unique(cells, axis=1).T.tolist()
