"""Windows of a grid gathered into one array, block by block."""

from collections.abc import Iterator

import dask
import dask.array as da
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from odatis_vre.matchup.pieces import Frame, Pieces
from odatis_vre.matchup.plan import planned_bounds
from odatis_vre.matchup.reading import read_blocks
from odatis_vre.matchup.sources import Source, as_dask
from odatis_vre.matchup.tasks import Job, block_tasks

# Windows copied at once: they stay in the processor's cache.
_COPY_BYTES = 1_000_000

# A chunk of a lazy result.
_LAZY_BYTES = 128e6


def float_type(dtype: np.dtype) -> np.dtype:
    """The type that holds the values and NaN: integers become float64."""
    return dtype.newbyteorder("=") if dtype.kind == "f" else np.dtype(np.float64)


def gather(
    source: Source,
    frame: Frame,
    rows: np.ndarray,
    n: int,
    memory: float,
    progress: bool | None,
    label: str,
) -> dict[str, np.ndarray]:
    """The windows of all variables of a source, NaN where the grid ends.

    Parameters
    ----------
    source : Source
    frame : Frame
        m windows.
    rows : ndarray of int, shape (m,)
        Row of the result that each window goes to; the others are NaN.
    n : int
        Rows of the result.
    memory : float
        Bytes that may be used besides the result.
    progress : bool or None
    label : str
        Shown before the bar.

    Returns
    -------
    dict of ndarray, shape (n, *sizes of the windows)
    """
    shape = frame.shape(source.dims)
    out = {name: np.empty((n, *shape), float_type(v.dtype)) for name, v in source.variables.items()}
    if not len(rows):
        for values in out.values():
            values[:] = np.nan
        return out
    parts = frame.cuts(source.dims, planned_bounds(source, frame, memory))
    bare = np.ones(n, dtype=bool)
    bare[rows[_whole(parts, len(rows), int(np.prod(shape)))]] = False
    for values in out.values():
        values[bare] = np.nan
    jobs, groups = block_jobs(source, parts)
    target = rows[parts.window]

    def receive(number: int, results: Iterator[np.ndarray]) -> None:
        for values in out.values():
            for group in groups[number]:
                place(next(results), values, target[group], parts, group)

    read_blocks(source, jobs, extract, receive, memory, progress, label)
    return out


def gather_lazily(
    source: Source, frame: Frame, rows: np.ndarray, n: int, memory: float
) -> dict[str, da.Array]:
    """The windows of all variables of a source as dask arrays, some observations in each chunk.

    Parameters
    ----------
    source, frame, rows, n
        As for `gather`.
    memory : float
        Bytes that a chunk may take.

    Returns
    -------
    dict of dask array, shape (n, *sizes of the windows)
        Computed together, they read each chunk of the source once.
    """
    source = as_dask(source)
    shape = frame.shape(source.dims)
    types = {name: float_type(v.dtype) for name, v in source.variables.items()}
    one = int(np.prod(shape)) * sum(t.itemsize for t in types.values())
    step = max(1, int(min(_LAZY_BYTES, memory / 2) // one))
    chunks = {name: [] for name in types}
    for begin in range(0, max(n, 1), step):
        here = np.flatnonzero((rows >= begin) & (rows < begin + step))
        count = min(step, n - begin)
        parts = frame.of(here).cuts(source.dims, source.bounds)
        jobs, groups = block_jobs(source, parts)
        merge = dask.delayed(merged, name="windows", pure=False, traverse=False)
        cubes = merge(
            block_tasks(source, jobs, extract),
            dask.delayed(
                (parts, groups, rows[here] - begin, (count, *shape), list(types.values())), traverse=False
            ),
        )
        for number, (name, dtype) in enumerate(types.items()):
            chunks[name].append(da.from_delayed(cubes[number], (count, *shape), dtype))
    return {name: da.concatenate(found) for name, found in chunks.items()}


def merged(results: list[list[np.ndarray]], layout: tuple) -> list[np.ndarray]:
    """The pieces of some observations, put together.

    Parameters
    ----------
    results : list of list of ndarray
        What `extract` yields, for each block.
    layout : tuple
        Pieces, groups of them for each block, row of each window, shape, type of each variable.
    """
    parts, groups, rows, shape, types = layout
    cubes = [np.full(shape, np.nan, dtype) for dtype in types]
    target = rows[parts.window]
    for pieces_of_block, groups_of_block in zip(results, groups, strict=True):
        found = iter(pieces_of_block)
        for cube in cubes:
            for group in groups_of_block:
                place(next(found), cube, target[group], parts, group)
    return cubes


def _whole(parts: Pieces, m: int, cells: int) -> np.ndarray:
    """Windows that lie on the grid in full."""
    held = np.bincount(parts.window, weights=parts.length.prod(axis=0), minlength=m)
    return np.flatnonzero(held == cells)


def block_jobs(source: Source, parts: Pieces) -> tuple[list[Job], list[list[slice]]]:
    """A job for each block, and the groups of alike pieces that its results come in."""
    cell = sum(float_type(v.dtype).itemsize for v in source.variables.values())
    jobs, groups = [], []
    for block in range(parts.blocks):
        batches, volume = [], 0
        for alike in parts.alike(block):
            one = int(parts.length[:, alike.start].prod())
            step = max(1, _COPY_BYTES // (one * cell))
            batches += [slice(s, min(s + step, alike.stop)) for s in range(alike.start, alike.stop, step)]
            volume += one * (alike.stop - alike.start)
        begin = int(parts.block_at[block])
        starts = parts.start[:, begin : parts.block_at[block + 1]]
        forms = [(tuple(parts.length[:, g.start].tolist()), g.start - begin, g.stop - begin) for g in batches]
        jobs.append(Job(parts.region(block), (starts, forms), volume * cell))
        groups.append(batches)
    return jobs, groups


def extract(arrays: list[np.ndarray], origin: tuple[int, ...], task: tuple) -> Iterator[np.ndarray]:
    """The pieces of a block.

    Parameters
    ----------
    arrays : list of ndarray
        Values of the block.
    origin : tuple of int
        Index of its first cell.
    task : (ndarray of int, list of (tuple of int, int, int))
        First indices of the pieces, shape (dimensions, pieces); and for each group of alike pieces their
        shape, the first of them, and the one after the last.

    Yields
    ------
    ndarray, shape (pieces of a group, *shape without its last size)
        Rows of cells as opaque items.
    """
    starts, forms = task
    at = starts - np.asarray(origin)[:, None]
    for values in arrays:
        block = np.asarray(values, dtype=float_type(values.dtype))
        views = {shape: _runs(block, shape) for shape in {shape for shape, _, _ in forms}}
        for shape, begin, end in forms:
            yield views[shape][tuple(at[:, begin:end])]


def _runs(block: np.ndarray, shape: tuple[int, ...]) -> "np.ndarray | _Copied":
    """Every window of a shape, as a view: a run along the last dimension is one item, copied at once."""
    item = np.dtype(f"V{shape[-1] * block.itemsize}")
    if not block.flags.c_contiguous:
        return _Copied(sliding_window_view(block, shape), item)
    places = tuple(n - s + 1 for n, s in zip(block.shape, shape, strict=True))
    strides = (*block.strides, *block.strides[:-1])
    return np.ndarray((*places, *shape[:-1]), item, block, strides=strides)


class _Copied:
    """Windows of a block that does not lie in one piece in memory."""

    def __init__(self, windows: np.ndarray, item: np.dtype):
        self._windows = windows
        self._item = item

    def __getitem__(self, at: tuple[np.ndarray, ...]) -> np.ndarray:
        return np.ascontiguousarray(self._windows[at]).view(self._item)[..., 0]


def place(piece: np.ndarray, out: np.ndarray, rows: np.ndarray, parts: Pieces, group: slice) -> None:
    """Write a group of alike pieces into the result.

    Parameters
    ----------
    piece : ndarray
        As `extract` yields it.
    out : ndarray, shape (n, *sizes of the windows)
    rows : ndarray of int
        Row of the result for each piece.
    parts : Pieces
    group : slice
        Which of the pieces these are.
    """
    length, offset = parts.length[:, group.start], parts.offset[:, group.start]
    runs = np.ndarray(
        out.shape[:-1], piece.dtype, out, offset=int(offset[-1]) * out.itemsize, strides=out.strides[:-1]
    )
    inner = tuple(slice(o, o + k) for o, k in zip(offset[:-1], length[:-1], strict=True))
    runs[(rows, *inner)] = piece
