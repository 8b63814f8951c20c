"""What a projection will take, before it starts."""

import time
from dataclasses import dataclass

import dask
import numpy as np
import xarray as xr

from odatis_vre.i18n import language, tr
from odatis_vre.niche.projection import ROWS, project
from odatis_vre.niche.samples import as_dataset

_SAMPLE = 100_000
_FLOAT64 = 8


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


def estimate(
    model, ds: xr.Dataset | xr.DataArray, threads: int | None = None, output: str = "suitability"
) -> ProjectionEstimate:
    """What projecting a model will take, before it starts.

    One block in the middle of the grid is read, and some of its cells are predicted.

    Parameters
    ----------
    model : fitted estimator
        As for `project`.
    ds : Dataset or DataArray
        As for `project`.
    threads : int, optional
        Blocks computed side by side: the threads of the cluster's workers. Default: this machine's cores.
    output : {"suitability", "spread", "members"}, default "suitability"
        As for `project`.

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
    ds = as_dataset(ds)
    out = project(model, ds, output)
    names = [str(n) for n in model.feature_names_in_]
    grid = ds[names]
    threads = threads or dask.system.CPU_COUNT
    chunks = out.chunksizes or {d: (n,) for d, n in out.sizes.items()}
    blocks = int(np.prod([len(sizes) for sizes in chunks.values()]))
    largest = int(np.prod([max(sizes) for sizes in chunks.values()]))
    models = out.sizes["model"] if output == "members" else 1
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
    project(model, sample, output).load()
    predicting = (time.perf_counter() - began) / max(sampled, 1)

    width = sum(ds[n].dtype.itemsize for n in names)
    rows = min(ROWS, largest // models)
    each = largest // models * width + largest * out.dtype.itemsize
    each += rows * (2 * len(names) + 2 * models) * _FLOAT64
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
    text = dask.utils.format_bytes(count)
    return text.replace(".", ",").replace("B", "o") if language() == "fr" else text
