"""A fitted model on a grid: lazy, in blocks, on the grid it was given."""

import time
from dataclasses import dataclass

import dask
import joblib
import numpy as np
import pandas as pd
import xarray as xr

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.table import in_unit

# Rows predicted at a time: the table of a block never stands in memory as a whole.
_ROWS = 1 << 18
_SAMPLE = 100_000
_FLOAT64 = 8


def project(model, ds: xr.Dataset) -> xr.DataArray:
    """Suitability of every cell of a grid.

    Parameters
    ----------
    model : fitted estimator
        Has `predict` and was fitted on a DataFrame, whose column names choose the variables.
    ds : Dataset
        Holds the model's variables. One whose attribute `units` differs from the unit of the fit
        (`feature_units_`) is converted; where either is unknown, the values are taken as they are.
        Variables with fewer dimensions than others are broadcast (a bottom depth along time).

    Returns
    -------
    DataArray
        Suitability 0..1 in float32 on the grid of `ds`, NaN exactly where a variable is NaN. Lazy when
        `ds` is chunked: peak memory follows the chunks.

    Raises
    ------
    NicheError
        The model is not fitted or has no variable names, variables are missing from `ds`, or a unit
        does not fit that of the fit.

    Examples
    --------
    >>> import numpy as np, pandas as pd, xarray as xr
    >>> from odatis_vre.niche import NPPEN
    >>> model = NPPEN().fit(pd.DataFrame({"sst": np.linspace(8, 16, 50)}))
    >>> grid = xr.Dataset({"sst": ("lat", [12.0, 30.0, np.nan])})
    >>> project(model, grid).values.round(1).tolist()
    [1.0, 0.0, nan]
    """
    kind = type(model).__name__
    if not hasattr(model, "n_features_in_"):
        raise NicheError(tr("niche.not_fitted", model=kind), tr("niche.not_fitted_hint"))
    if not hasattr(model, "feature_names_in_"):
        raise NicheError(tr("niche.no_names", model=kind), tr("niche.no_names_hint"))
    names = [str(n) for n in model.feature_names_in_]
    if missing := [n for n in names if n not in ds]:
        raise NicheError(
            tr("niche.missing_variables", columns=", ".join(missing)),
            tr("niche.missing_variables_hint", columns=", ".join(map(str, ds.data_vars))),
        )
    units = getattr(model, "feature_units_", {})
    variables = [in_unit(ds[n], n, ds[n].attrs.get("units"), units.get(n)) for n in names]

    def suitability(*fields: np.ndarray) -> np.ndarray:
        shape = np.broadcast_shapes(*(f.shape for f in fields))
        flat = [np.broadcast_to(f, shape).reshape(-1) for f in fields]
        out = np.full(flat[0].shape, np.nan, dtype=np.float32)
        for start in range(0, out.size, _ROWS):
            part = [f[start : start + _ROWS] for f in flat]
            known = ~np.logical_or.reduce([_missing(f) for f in part])
            if known.any():
                out[start : start + _ROWS][known] = model.predict(np.column_stack([f[known] for f in part]))
        return out.reshape(shape)

    out = xr.apply_ufunc(
        suitability,
        *variables,
        join="exact",
        dask="parallelized",
        output_dtypes=[np.float32],
        keep_attrs=False,
    )
    order = [d for d in ds.dims if d in out.dims]
    out = out.transpose(*order)
    parameters = ", ".join(f"{k}={v!r}" for k, v in model.get_params().items())
    out.attrs = {
        "long_name": "environmental suitability",
        "units": "1",
        "valid_range": np.array([0, 1], dtype=np.float32),
        "model": f"{kind}({parameters})",
        "model_hash": joblib.hash(model)[:16],
        "predictors": " ".join(names),
    }
    if citation := getattr(model, "citation", None):
        out.attrs["references"] = citation
    return out.rename("suitability")


def _missing(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind in "biu":
        return np.zeros(values.shape, dtype=bool)
    return np.isnan(values) if values.dtype.kind == "f" else pd.isna(values)


@dataclass(frozen=True)
class ProjectionEstimate:
    """What a projection will take.

    Attributes
    ----------
    cells : int
        Cells of the result.
    blocks : int
        Blocks computed one by one.
    bytes_read, bytes_written : int
        Predictors in memory, and the result before compression.
    peak_memory : int
        Bytes that `threads` blocks take at a time, besides Python and its libraries.
    seconds : float
        Expected wall time, from one block that was read and up to 100 000 of its cells predicted.
    threads : int
        Blocks computed side by side.
    """

    cells: int
    blocks: int
    bytes_read: int
    bytes_written: int
    peak_memory: int
    seconds: float
    threads: int

    def __str__(self) -> str:
        return tr(
            "projection.estimate",
            cells=f"{self.cells:,}".replace(",", " "),
            blocks=self.blocks,
            read=_size(self.bytes_read),
            written=_size(self.bytes_written),
            memory=_size(self.peak_memory),
            seconds=f"{self.seconds:.0f}" if self.seconds >= 1 else "< 1",
            threads=self.threads,
        )


def estimate(model, ds: xr.Dataset, threads: int | None = None) -> ProjectionEstimate:
    """What projecting a model will take, before it starts.

    One block in the middle of the grid is read, and some of its cells are predicted.

    Parameters
    ----------
    model : fitted estimator
        As for `project`.
    ds : Dataset
        As for `project`.
    threads : int, optional
        Blocks computed side by side: the threads of the cluster's workers. Default: this machine's cores.

    Returns
    -------
    ProjectionEstimate
        It prints as a sentence.

    Raises
    ------
    NicheError
        As for `project`.

    Examples
    --------
    >>> import numpy as np, pandas as pd, xarray as xr
    >>> from odatis_vre.niche import NPPEN
    >>> model = NPPEN().fit(pd.DataFrame({"sst": np.linspace(8, 16, 50)}))
    >>> grid = xr.Dataset({"sst": (("lat", "lon"), np.full((100, 200), 12.0))}).chunk(lat=10)
    >>> estimate(model, grid, threads=2).cells
    20000
    """
    out = project(model, ds)
    names = [str(n) for n in model.feature_names_in_]
    grid = ds[names]
    threads = threads or dask.system.CPU_COUNT
    chunks = out.chunksizes or {d: (n,) for d, n in out.sizes.items()}
    blocks = int(np.prod([len(sizes) for sizes in chunks.values()]))
    largest = int(np.prod([max(sizes) for sizes in chunks.values()]))
    middle = {}
    for dim, sizes in chunks.items():
        start = sum(sizes[: len(sizes) // 2])
        middle[dim] = slice(start, start + sizes[len(sizes) // 2])

    began = time.perf_counter()
    block = grid.isel({d: s for d, s in middle.items() if d in grid.dims}).load()
    reading = time.perf_counter() - began
    cells = int(np.prod([s.stop - s.start for s in middle.values()]))
    sample, sampled = _some(block, list(chunks), cells)
    began = time.perf_counter()
    project(model, sample).load()
    predicting = (time.perf_counter() - began) / max(sampled, 1)

    width = sum(ds[n].dtype.itemsize for n in names)
    rows = min(_ROWS, largest)
    each = largest * (width + out.dtype.itemsize) + rows * (2 * len(names) + 2) * _FLOAT64
    return ProjectionEstimate(
        cells=int(out.size),
        blocks=blocks,
        bytes_read=int(grid.nbytes),
        bytes_written=int(out.nbytes),
        peak_memory=each * min(threads, blocks),
        seconds=(reading * blocks + predicting * out.size) / min(threads, blocks),
        threads=threads,
    )


def _some(block: xr.Dataset, dims: list[str], cells: int) -> tuple[xr.Dataset, int]:
    """A part of a block of at most `_SAMPLE` cells, cut along its first dimensions."""
    sizes = {d: block.sizes[d] for d in dims if d in block.sizes}
    for dim, size in sizes.items():
        if cells <= _SAMPLE:
            break
        keep = max(1, size * _SAMPLE // cells)
        block = block.isel({dim: slice((size - keep) // 2, (size - keep) // 2 + keep)})
        cells = cells // size * keep
    return block, cells


def _size(count: int) -> str:
    return dask.utils.format_bytes(count)
