"""How a source is cut into the blocks that are read at once: a cost model."""

from collections.abc import Sequence

import numpy as np

from odatis_vre.matchup.pieces import Frame
from odatis_vre.matchup.sources import Source

# Seconds, measured on Zarr chunks of 1 to 8 MB on a local disk; what counts is their ratio.
_BYTE = 3e-9
_CHUNK = 0.5e-3
_BLOCK = 1e-3
_PIECE = 1e-6

# Windows the costs are estimated on.
_SAMPLE = 1_000

# Blocks of a merged plan, so that reads may overlap.
_IN_FLIGHT = 4

# Larger blocks take memory: they have to gain something.
_GAIN = 0.85


def planned_bounds(source: Source, frame: Frame, memory: float, each: float = 1.0) -> list[np.ndarray]:
    """Bounds of the blocks to read: chunks, or several at once, or the whole source, whichever costs least.

    Reading chunk by chunk reads only what is touched; larger blocks, up to the whole source, take fewer reads
    and cut fewer windows. The cost is that of the bytes of touched blocks, of their chunks, of the reads, and
    of the pieces that windows are cut into. Blocks of a dask graph stay its chunks: they are its parallelism.

    Parameters
    ----------
    source : Source
    frame : Frame
        The windows wanted, m of them.
    memory : float
        Bytes that blocks may take at once.
    each : float
        How many windows each of these stands for.

    Returns
    -------
    list of ndarray of int
        For each dimension, where blocks begin, and the size of the grid.
    """
    if source.kind != "file" or not len(frame):
        return list(source.bounds)
    step = -(-len(frame) // _SAMPLE)
    frame, each = frame.of(slice(None, None, step)), each * step
    chunks = list(source.bounds)
    enough = _cost(source, frame, each, chunks) * _GAIN
    merged, cost = _merged(source, frame, each, memory)
    whole = [b[[0, -1]] for b in source.bounds]
    if source.nbytes <= memory / 2 and _cost(source, frame, each, whole) < min(cost, enough):
        return whole
    return merged if cost < enough else chunks


def _merged(source: Source, frame: Frame, each: float, memory: float) -> tuple[list[np.ndarray], float]:
    """Chunks joined two by two along one dimension after the other, as long as that gains."""
    bounds = list(source.bounds)
    cost, going = _cost(source, frame, each, bounds), True
    while going:
        going = False
        for tried in _coarser(bounds):
            if _largest(source, tried) * _IN_FLIGHT > memory / 2:
                continue
            if (price := _cost(source, frame, each, tried)) < cost:
                bounds, cost, going = tried, price, True
    return bounds, cost


def _coarser(bounds: Sequence[np.ndarray]) -> list[list[np.ndarray]]:
    """The same blocks, two by two along one of the dimensions."""
    found = []
    for d, edge in enumerate(bounds):
        if len(edge) > 2:
            pairs = np.unique(np.r_[edge[:-1:2], edge[-1]])
            found.append([*bounds[:d], pairs, *bounds[d + 1 :]])
    return found


def _largest(source: Source, bounds: Sequence[np.ndarray]) -> float:
    return float(np.prod([np.diff(b).max() for b in bounds], dtype=float)) * source.cell_bytes


def _cost(source: Source, frame: Frame, each: float, bounds: Sequence[np.ndarray]) -> float:
    parts = frame.cuts(source.dims, bounds)
    at = np.unravel_index(parts.block_number, [len(b) - 1 for b in bounds])
    cells = np.prod([np.diff(b)[i] for b, i in zip(bounds, at, strict=True)], axis=0, dtype=float)
    chunks = np.prod(
        [np.diff(np.searchsorted(fine, b))[i] for fine, b, i in zip(source.bounds, bounds, at, strict=True)],
        axis=0,
        dtype=float,
    )
    return (
        cells.sum() * source.cell_bytes * _BYTE
        + chunks.sum() * _CHUNK
        + parts.blocks * _BLOCK
        + max(len(parts.window) - len(frame), 0) * each * _PIECE
    )
