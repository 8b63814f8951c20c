"""What each side of `niche.py` does: one job, one side, in a process of its own.

python niche_work.py write JOB FOLDER SIZE       the data of a job
python niche_work.py ours JOB FOLDER SIZE        one line of JSON: CPU seconds, units of work, check
"""

import json
import resource
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

SEED = 1992
TARGETS = {"nppen exact": (100_000, 20), "nppen ecdf": (4_000_000, 0), "maxent predict": (1_000_000, 50_000)}


def timed(call, repeats: int = 3, clock=time.process_time):
    """Best time of some calls, the processor's unless told otherwise, and the last result."""
    best = np.inf
    for _ in range(repeats):
        start = clock()
        result = call()
        best = min(best, clock() - start)
    return best, result


def keep(folder: Path, **tables) -> None:
    """Write tables for Python, and for R column by column."""
    for name, values in tables.items():
        np.save(folder / f"{name}.npy", values)
        np.asarray(values, dtype=float).ravel(order="F").tofile(folder / f"{name}.f64")
        (folder / f"{name}.shape").write_text(" ".join(map(str, np.shape(values))))


def community(chance, n: int, p: int, species: int):
    """Environment (n, p), and abundances (n, species) bell-shaped along every variable."""
    env = chance.normal(size=(n, p))
    top = chance.normal(scale=0.7, size=(species, p))
    bell = [np.exp(-((env - t) ** 2).sum(axis=1) / (3 * p)) for t in top]
    return env, chance.poisson(20 * np.stack(bell, axis=1)).astype(float)


def presences(chance, p: int = 13, seen: int = 116, background: int = 1000):
    """Correlated variables of 116 presences and 1000 places of background, and the mixing matrix."""
    mix = np.eye(p) + 0.3 * chance.normal(size=(p, p))
    cold = chance.normal(size=(seen, p)) * 0.7 + np.linspace(-0.6, 0.6, p)
    env = np.vstack([cold, chance.normal(size=(background, p))]) @ mix
    return env, np.r_[np.ones(seen), np.zeros(background)], mix


def write(job: str, folder: Path, size: float) -> None:
    """The data of a job; `size` below 1 makes the long ones shorter."""
    chance = np.random.default_rng(SEED)
    many, few = (max(1000, int(size * n)) if n > 1000 else n for n in TARGETS.get(job, (0, 0)))
    if job.startswith("chromatogram"):
        env, abundance = community(chance, int(float(job.split()[1]) * size), 10, 1)
        keep(folder, environment=env, abundance=abundance[:, 0])
    elif job == "overlap":
        env, abundance = community(chance, 5000, 10, 8)
        from odatis_vre.niche import Chromatogram
        from odatis_vre.niche.binning import suitable_run

        chromatogram = Chromatogram(threshold=0.2).fit(env, abundance).chromatogram_.values
        keep(folder, environment=env, abundance=abundance, run=suitable_run(chromatogram, 0.2))
    elif job == "project cube":
        write_cube(folder, chance, 120 if size == 1 else 60)
    elif job.startswith("nppen"):
        references = chance.normal(size=(1000 if job == "nppen exact" else 2000, 4))
        targets = 1.5 * chance.normal(size=(many, 4))
        keep(folder, references=references, targets=targets, few_targets=targets[:20])
    else:
        env, seen, mix = presences(chance)
        targets = chance.normal(size=(max(many, 1000), env.shape[1])) @ mix
        keep(folder, environment=env, presence=seen, few_targets=targets[: max(few, 1)])
        np.save(folder / "targets.npy", targets.astype(np.float32))


def write_cube(folder: Path, chance, steps: int) -> None:
    """A Zarr cube of four variables of 720 x 1440 cells with land, ten times `memory` in all."""
    import xarray as xr

    lat, lon = np.linspace(-90, 90, 720), np.linspace(-180, 180, 1440)
    land = np.sin(lon / 25)[None, :] * np.cos(lat / 20)[:, None] > 0.6
    for step in range(steps):
        fields = chance.normal(size=(4, 1, 720, 1440)).astype(np.float32)
        fields[:, :, land] = np.nan
        cube = xr.Dataset(
            {f"v{i}": (("time", "lat", "lon"), f) for i, f in enumerate(fields)}, {"time": [step]}
        )
        how = {"mode": "w"} if step == 0 else {"mode": "a", "append_dim": "time"}
        cube.chunk(time=1, lat=360, lon=720).to_zarr(folder / "cube.zarr", consolidated=False, **how)


def memory(cube) -> int:
    """Tenth part of a cube, in bytes: what the process may take beyond what it has."""
    return cube.nbytes // 10


def project_cube(folder: Path):
    """Read, predict and write a cube, with a tenth of its size as memory."""
    import dask
    import xarray as xr
    from zarr.codecs import BloscCodec

    from odatis_vre import niche

    dask.config.set(scheduler="threads", num_workers=1)
    seen = np.random.default_rng(SEED).normal(size=(2000, 4))
    model = niche.NPPEN(method="ecdf").fit(pd.DataFrame(seen, columns=["v0", "v1", "v2", "v3"]))
    cube = xr.open_zarr(folder / "cube.zarr", consolidated=False)
    niche.project(model, cube.isel(time=[0])).to_zarr(folder / "first.zarr", mode="w", consolidated=False)
    held = next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmData" in line)
    limit = int(held.split()[1]) * 1024 + memory(cube)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    # Bits that vary as noise are not worth much time of a compressor.
    codec = {"suitability": {"compressors": (BloscCodec(cname="lz4", shuffle="bitshuffle"),)}}

    def to_zarr():
        lazy = niche.project(model, cube)
        lazy.to_zarr(folder / "out.zarr", mode="w", consolidated=False, encoding=codec)

    seconds, _ = timed(to_zarr, 1, time.perf_counter)
    found = xr.open_zarr(folder / "out.zarr", consolidated=False).suitability
    return seconds, found.size, sum(int(found.isel(time=[t]).isnull().sum()) for t in range(len(found.time)))


def read_cube(folder: Path):
    """Read the predictors once, block by block, and look for what is missing."""
    import dask
    import xarray as xr

    dask.config.set(scheduler="threads", num_workers=1)
    cube = xr.open_zarr(folder / "cube.zarr", consolidated=False)

    def read():
        missing = 0
        for t in range(cube.sizes["time"]):
            fields = cube.isel(time=t).load()
            missing += int(np.isnan(sum(f.values for f in fields.data_vars.values())).sum())
        return missing

    seconds, missing = timed(read, 1, time.perf_counter)
    return seconds, cube.v0.size, missing


def ours(job: str, load):
    """CPU seconds, units of work, a number that a peer gives too."""
    from odatis_vre import niche

    if job.startswith("chromatogram"):
        model = niche.Chromatogram(bins=50, compat="specieschrom")
        model.fit(load("environment")[:100], load("abundance")[:100])
        seconds, fitted = timed(lambda: model.fit(load("environment"), load("abundance")))
        return seconds, 1, fitted.chromatogram_.sum()
    if job == "overlap":
        chrom = niche.Chromatogram(threshold=0.2).fit(load("environment"), load("abundance"))
        seconds, found = timed(lambda: niche.chromatogram_overlap(chrom), 9)
        return seconds, 1, found.best.D.sum()
    if job.startswith("nppen"):
        model = niche.NPPEN(method=job.split()[1]).fit(load("references"))
        seconds, _ = timed(lambda: model.predict(load("targets")))
        return seconds, len(load("targets")), model.predict(load("few_targets")).sum()
    names = [f"v{i}" for i in range(load("environment").shape[1])]
    env = pd.DataFrame(load("environment"), columns=names)
    if job == "maxent fit":
        model = niche.MaxEnt(features="lqpht")
        seconds, model = timed(lambda: model.fit(env, load("presence")))
        return seconds, 1, model.predict(env).mean()
    model = niche.MaxEnt(features="lqph").fit(env, load("presence"))
    targets = pd.DataFrame(load("targets"), columns=names)
    seconds, _ = timed(lambda: model.predict(targets))
    return seconds, len(targets), model.predict(load("few_targets")).mean()


def plain_numpy(job: str, load):
    """NPPEN as its closed form, or its fixed-reference form, reads on paper."""
    x, y = load("references"), load("targets")
    n = len(x)
    v, centred = y - x.mean(axis=0), x - x.mean(axis=0)
    inverse = np.linalg.inv(centred.T @ centred)

    def exact(v):
        a = np.einsum("ij,jk,ik->i", v, inverse, v, optimize=True)[:, None]
        b = v @ inverse @ centred.T
        c = np.einsum("ij,jk,ik->i", centred, inverse, centred)
        g = n / (n + 1)
        h = c - 2 * b / (n + 1) + a / (n + 1) ** 2 - g * (b - a / (n + 1)) ** 2 / (1 + g * a)
        return (h > g**2 * a / (1 + g * a) + 1e-12).mean(axis=1)

    def fixed(v):
        c = np.sort(np.einsum("ij,jk,ik->i", centred, inverse, centred))
        a = ((v @ inverse) * v).sum(axis=1)
        return 1 - np.searchsorted(c, a, side="right") / n

    share = exact if job == "nppen exact" else fixed
    rows = 2000 if job == "nppen exact" else 100_000

    def everything():
        return np.concatenate([share(v[i : i + rows]) for i in range(0, len(v), rows)])

    seconds, found = timed(everything, 2)
    return seconds, len(y), found[:20].sum()


def elapid(job: str, load):
    """elapid's MaxEnt with all feature classes, its other settings as they come."""
    from elapid import MaxentModel

    env, seen = load("environment"), load("presence")
    kinds = ["linear", "quadratic", "product", "hinge"] + ["threshold"] * (job == "maxent fit")
    if job == "maxent fit":
        seconds, model = timed(lambda: _fitted(MaxentModel(feature_types=kinds), env, seen), 1)
        return seconds, 1, np.mean(model.predict(env))
    model = _fitted(MaxentModel(feature_types=kinds), env, seen)
    targets = load("few_targets")
    seconds, found = timed(lambda: model.predict(targets), 1)
    return seconds, len(targets), np.mean(found)


def _fitted(model, env, seen):
    model.fit(env, seen)
    return model


if __name__ == "__main__":
    side, job, folder, size = sys.argv[1], sys.argv[2], Path(sys.argv[3]), float(sys.argv[4])
    if side == "write":
        write(job, folder, size)
        sys.exit()

    @cache
    def load(name: str) -> np.ndarray:
        return np.load(folder / f"{name}.npy")

    if job == "project cube":
        seconds, work, check = {"ours": project_cube, "read": read_cube}[side](folder)
    else:
        seconds, work, check = {"ours": ours, "numpy": plain_numpy, "elapid": elapid}[side](job, load)
    print(json.dumps({"seconds": seconds, "work": int(work), "check": float(check)}))
