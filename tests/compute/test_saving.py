import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import xarray as xr
import zarr

from odatis_vre.compute import cluster, save, saving
from odatis_vre.errors import SaveError
from odatis_vre.i18n import use_language
from odatis_vre.niche import Envelope, project


@pytest.fixture
def sea():
    """Suitability on a lazy grid of 4 x 3 blocks, land missing."""
    values = np.random.default_rng(3).random((12, 20, 30), dtype=np.float32)
    values[:, :5, :10] = np.nan
    return xr.DataArray(
        da.from_array(values, chunks=(3, 20, 10)),
        dims=("time", "lat", "lon"),
        coords={"time": np.arange("1990-01", "1991-01", dtype="datetime64[M]").astype("M8[ns]")},
        name="suitability",
        attrs={"units": "1"},
    )


def blocks_of(store: Path) -> set[str]:
    files = [path for path in (store / "suitability" / "c").rglob("*") if path.is_file()]
    return {str(path.relative_to(store)) for path in files}


def whole_blocks_of(store: Path) -> set[str]:
    return {name for name in blocks_of(store) if "partial" not in name}


def test_a_saved_array_is_the_same_when_opened_and_nothing_is_left_beside(sea, tmp_path):
    store = save(sea, tmp_path / "sea.zarr")
    xr.testing.assert_identical(xr.open_zarr(store).suitability.load(), sea.load())
    assert [path.name for path in tmp_path.iterdir()] == ["sea.zarr"]


def test_progress_counts_blocks_in_the_users_language_where_there_are_any(sea, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with use_language("fr"):
        save(sea, tmp_path / "lazy.zarr")
        assert "12/12" in (told := capsys.readouterr().err)
        assert " blocs/s" in told
        save(sea.compute(), tmp_path / "loaded.zarr")
        assert capsys.readouterr().err == ""


def test_irregular_blocks_are_made_regular(sea, tmp_path):
    store = save(sea.chunk(time=(2, 7, 3)), tmp_path / "sea.zarr")
    np.testing.assert_array_equal(xr.open_zarr(store).suitability, sea)


def test_a_dataset_keeps_its_other_variables_dates_and_attributes(sea, tmp_path):
    ds = sea.to_dataset().assign(depth=("lat", np.arange(20.0)), seen=("time", sea.time.data)).chunk(time=4)
    ds.attrs["title"] = "Mers"
    found = xr.open_zarr(save(ds, tmp_path / "sea.zarr"))
    xr.testing.assert_identical(found.load(), ds.load())


def test_names_along_a_dimension_are_written_in_zarrs_lasting_format(sea, tmp_path, recwarn):
    members = xr.concat([sea, 2 * sea], "model").assign_coords(model=["NPPEN", "MaxEnt"])
    found = xr.open_zarr(save(members.rename("members"), tmp_path / "sea.zarr")).members
    assert found.sel(model="MaxEnt").load().max() == 2 * sea.max()
    assert [str(w.message) for w in recwarn if "Zarr V3 specification" in str(w.message)] == []


def test_a_store_that_stands_there_is_replaced_only_when_asked_and_only_once_whole(sea, tmp_path):
    store = save(sea, tmp_path / "sea.zarr")
    with pytest.raises(SaveError, match="already there"):
        save(sea * 2, store)

    def fail(block):
        raise RuntimeError("no data")

    with pytest.raises(RuntimeError, match="no data"):
        save(
            sea.copy(data=sea.data.map_blocks(fail, dtype=sea.dtype, meta=sea.data._meta)),
            store,
            overwrite=True,
        )
    np.testing.assert_array_equal(xr.open_zarr(store).suitability, sea)
    save(sea * 2, store, overwrite=True)
    np.testing.assert_array_equal(xr.open_zarr(store).suitability, sea * 2)


def test_a_call_that_failed_goes_on_with_the_blocks_that_are_missing(sea, tmp_path):
    computed, broken = [], [True]

    def field(block, block_info=None):
        place = block_info[0]["chunk-location"]
        computed.append(place)
        if broken[0] and place == (3, 0, 2):
            raise OSError("the server is gone")
        return block

    lazy = sea.copy(data=sea.data.map_blocks(field, dtype=sea.dtype, meta=sea.data._meta))
    with pytest.raises(OSError, match="the server is gone"):
        save(lazy, tmp_path / "sea.zarr")
    assert not (tmp_path / "sea.zarr").exists()
    kept = len(blocks_of(tmp_path / "sea.zarr.part"))
    assert 0 < kept < 12
    computed.clear()
    broken[0] = False
    np.testing.assert_array_equal(xr.open_zarr(save(lazy, tmp_path / "sea.zarr")).suitability, sea)
    assert (3, 0, 2) in computed
    assert len(computed) <= 12 - kept


def test_an_unfinished_store_of_other_data_is_not_mixed_with_these(sea, tmp_path):
    save(sea, tmp_path / "sea.zarr").rename(tmp_path / "other.zarr.part")
    zarr.open_group(tmp_path / "other.zarr.part", mode="r+").attrs["odatis_unfinished"] = "of something else"
    with pytest.raises(SaveError, match="unfinished store of other data"):
        save(sea, tmp_path / "other.zarr")
    np.testing.assert_array_equal(
        xr.open_zarr(save(sea, tmp_path / "other.zarr", overwrite=True)).suitability, sea
    )


def test_a_block_of_nothing_but_missing_values_is_done_too(tmp_path):
    empty = xr.DataArray(da.full((4, 4), np.nan, chunks=2), dims=("lat", "lon"), name="suitability")
    store = save(empty, tmp_path / "sea.zarr")
    assert len(blocks_of(store)) == 4


def test_an_array_without_a_name_is_refused(sea, tmp_path):
    with pytest.raises(SaveError, match="no name"):
        save(sea.rename(None), tmp_path / "sea.zarr")


SLOW = """
import sys, time
import dask, dask.array as da, numpy as np, xarray as xr
from odatis_vre.compute import save

def slow(block):
    time.sleep(0.1)
    return block

dask.config.set(scheduler="threads", num_workers=1)
data = da.from_array(np.arange(60 * 8, dtype="f4").reshape(60, 8), chunks=(1, 8)).map_blocks(slow, dtype="f4")
save(xr.DataArray(data, dims=("time", "lat"), name="suitability"), sys.argv[1])
"""


def test_a_killed_process_leaves_no_half_result_and_the_next_one_goes_on(tmp_path):
    store, part = tmp_path / "sea.zarr", tmp_path / "sea.zarr.part"
    process = subprocess.Popen([sys.executable, "-c", SLOW, str(store)])
    patience = time.monotonic() + 60
    while len(whole_blocks_of(part)) < 5 and time.monotonic() < patience:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not store.exists()
    before = {name: (part / name).stat().st_mtime_ns for name in whole_blocks_of(part)}
    assert 5 <= len(before) < 60
    subprocess.run([sys.executable, "-c", SLOW, str(store)], check=True)
    after = {name: (store / name).stat().st_mtime_ns for name in before}
    assert after == before
    np.testing.assert_array_equal(xr.open_zarr(store).suitability.values.ravel(), np.arange(480))


PROJECTING = """
import sys, time
import dask, numpy as np, pandas as pd, xarray as xr
from odatis_vre.compute import save
from odatis_vre.niche import Envelope, project

def slow(block):
    time.sleep(0.1)
    return block

store, grid, warming = sys.argv[1:]
dask.config.set(scheduler="threads", num_workers=1)
model = Envelope().fit(pd.DataFrame({"sst": np.linspace(0.0, 40.0, 50)}))
sea = xr.open_zarr(grid) + float(warming)
suitability = project(model, sea)
save(suitability.copy(data=suitability.data.map_blocks(slow, dtype="f4")), store)
"""


def test_a_killed_projection_is_not_finished_with_other_predictors(tmp_path):
    grid, store, part = tmp_path / "grid.zarr", tmp_path / "now.zarr", tmp_path / "now.zarr.part"
    sst = xr.DataArray(np.linspace(-5, 45, 480).reshape(60, 8), dims=("time", "lat"), name="sst")
    sst.to_dataset().chunk(time=1).to_zarr(grid, consolidated=False)

    def command(warming):
        return [sys.executable, "-c", PROJECTING, str(store), str(grid), str(warming)]

    process = subprocess.Popen(command(0))
    patience = time.monotonic() + 60
    while len(whole_blocks_of(part)) < 5 and time.monotonic() < patience:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = {name: (part / name).stat().st_mtime_ns for name in whole_blocks_of(part)}
    assert 5 <= len(before) < 60
    warmer = subprocess.run(command(3), capture_output=True, text=True)
    assert "SaveError" in warmer.stderr
    assert "unfinished store of other data" in warmer.stderr
    assert not store.exists()
    subprocess.run(command(0), check=True)
    assert {name: (store / name).stat().st_mtime_ns for name in before} == before
    model = Envelope().fit(pd.DataFrame({"sst": np.linspace(0.0, 40.0, 50)}))
    expected = project(model, sst.to_dataset())
    np.testing.assert_array_equal(xr.open_zarr(store).suitability, expected)


def test_other_predictors_coordinates_or_attributes_are_other_data(sea, tmp_path):
    part = tmp_path / "sea.zarr.part"
    text = sea.assign_coords(season=("time", np.repeat(["winter", "summer"], 6)))
    for first, other in (
        (sea, sea * 2),
        (sea, sea.assign_attrs(units="%")),
        (sea, sea.assign_coords(time=sea.time + np.timedelta64(1, "D"))),
        (text, text.assign_coords(season=("time", text.season.data[::-1]))),
    ):
        save(first, tmp_path / "sea.zarr").rename(part)
        zarr.open_group(part, mode="r+").attrs["odatis_unfinished"] = saving._fingerprint(
            saving._regular(first.to_dataset())
        )
        with pytest.raises(SaveError, match="unfinished store of other data"):
            save(other, tmp_path / "sea.zarr")
        store = save(first, tmp_path / "sea.zarr")
        assert not part.exists()
        shutil.rmtree(store)


def test_one_who_knows_that_the_data_are_the_same_goes_on_but_not_on_another_grid(sea, tmp_path):
    computed, part = [], tmp_path / "sea.zarr.part"

    def in_a_notebook(block):
        if len(computed) == 4:
            raise OSError("the server is gone")
        computed.append(block)
        return block

    def in_another_session(block):
        computed.append(block)
        return block + 0

    first, again = (
        sea.copy(data=sea.data.map_blocks(f, dtype=sea.dtype, meta=sea.data._meta))
        for f in (in_a_notebook, in_another_session)
    )
    with pytest.raises(OSError, match="the server is gone"):
        save(first, tmp_path / "sea.zarr")
    kept = len(blocks_of(part))
    with pytest.raises(SaveError, match="unfinished store of other data"):
        save(again, tmp_path / "sea.zarr")
    with pytest.raises(SaveError, match="unfinished store of other data"):
        save(again.isel(lat=slice(10)), tmp_path / "sea.zarr", resume=True)
    computed.clear()
    store = save(again, tmp_path / "sea.zarr", resume=True)
    assert len(computed) == 12 - kept
    np.testing.assert_array_equal(xr.open_zarr(store).suitability, sea)


def test_a_full_disk_is_a_message_and_what_is_written_stays(sea, tmp_path, missing):
    disk = tmp_path / "small"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        missing("a small file system", "run as root, which may mount one")
    noise = np.random.default_rng(1).random((8, 100, 200), dtype=np.float32)
    lazy = xr.DataArray(
        da.from_array(noise, chunks=(1, 100, 200)), dims=("time", "lat", "lon"), name="suitability"
    )
    try:
        with pytest.raises(SaveError, match="No space left on device"):
            save(lazy, disk / "sea.zarr")
        assert 0 < len(blocks_of(disk / "sea.zarr.part")) < 8
        subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
        np.testing.assert_array_equal(xr.open_zarr(save(lazy, disk / "sea.zarr")).suitability, noise)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture
def worker_elsewhere(tmp_path, missing):
    """A client whose one worker sees another file system at this test's folder."""
    from distributed import Client, LocalCluster

    hidden = tmp_path / "home"
    hidden.mkdir()
    with (
        LocalCluster(n_workers=0, dashboard_address=None, host="127.0.0.1") as cluster,
        Client(cluster) as client,
    ):
        command = f"mount -t tmpfs tmpfs {hidden} && exec {sys.executable} -m dask worker --no-dashboard "
        command += f"--nthreads 1 --host 127.0.0.1 --local-directory {tmp_path} {cluster.scheduler_address}"
        worker = subprocess.Popen(["unshare", "--mount", "sh", "-c", command])
        try:
            client.wait_for_workers(1, timeout=60)
        except TimeoutError:
            missing("a file system of a worker's own", "run as root, with unshare")
        yield client, hidden
        client.retire_workers()
        worker.terminate()
        worker.wait(30)


def test_workers_that_do_not_see_the_folder_send_their_blocks(sea, worker_elsewhere):
    client, folder = worker_elsewhere
    store = save(sea, folder / "sea.zarr")
    assert not any(client.run(store.exists).values())
    np.testing.assert_array_equal(
        xr.open_zarr(store).suitability.load(scheduler="threads"), sea.load(scheduler="threads")
    )


# Three predictors in float64: more than ten times the 300 MiB of the worker.
CUBE = {"time": 260, "lat": 512, "lon": 1024}


@pytest.fixture
def large_cube(tmp_path):
    """Three predictors on disk: every block of one is the same file, and is read like any other."""
    names = ("sst", "salinity", "oxygen")
    lat, lon = np.meshgrid(np.linspace(8, 16, CUBE["lat"]), np.linspace(0, 2, CUBE["lon"]), indexing="ij")
    field = np.broadcast_to(np.where((lat < 9) & (lon < 0.5), np.nan, lat + lon), (2, *lat.shape))
    blank = da.zeros(tuple(CUBE.values()), chunks=field.shape)
    store = tmp_path / "cube.zarr"
    xr.Dataset({n: (tuple(CUBE), blank) for n in names}).to_zarr(store, compute=False, consolidated=False)
    for shift, name in enumerate(names):
        zarr.open_array(store / name, mode="r+")[:2] = field + shift
        for step in range(1, CUBE["time"] // 2):
            block = store / name / "c" / str(step) / "0" / "0"
            block.parent.mkdir(parents=True)
            block.hardlink_to(store / name / "c" / "0" / "0" / "0")
    return store


def test_a_cube_ten_times_larger_than_the_memory_is_projected_on_the_gateway(
    large_cube, tmp_path, small_gateway, inside_vre
):
    cube = xr.open_zarr(large_cube, consolidated=False)
    presences = pd.DataFrame(np.random.default_rng(1).normal([12, 13, 14], 2, (80, 3)), columns=list(cube))
    inside_vre(small_gateway.address, small_gateway.proxy_address, small_gateway.password)
    with cluster(workers=1, say=lambda line: None) as client:
        (worker,) = client.scheduler_info()["workers"].values()
        assert cube.nbytes > 10 * worker["memory_limit"]
        store = save(project(Envelope().fit(presences), cube), tmp_path / "suitability.zarr")
        (peak,) = client.run(lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024).values()
    assert peak < worker["memory_limit"]
    found = xr.open_zarr(store).suitability
    assert found.sizes == CUBE
    for step in (CUBE["time"] // 2, -1):
        field = found.isel(time=step).load(scheduler="threads")
        np.testing.assert_array_equal(field.isnull(), cube.sst.isel(time=step).isnull())
        assert 0 < float(field.max()) <= 1
