"""How a source is cut into the blocks that are read at once: a cost model."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from odatis_vre.matchup.pieces import Frame
from odatis_vre.matchup.sources import Source

# Seconds, measured on Zarr chunks of 1 to 8 MB on a local disk; what counts is their ratio.
_BYTE = 1.3e-9
_CHUNK = 0.25e-3
_BLOCK = 1.5e-3
_PIECE = 5e-6

# Of the bytes touched: larger blocks may read no more than this, whatever they save.
_AT_MOST = 1.5

# Windows the costs are estimated on.
_SAMPLE = 1_000

# Bytes: chunks are joined up to here. Larger blocks lie in fresh memory each time, and wait for each other.
_LARGEST = 20e6

# Joined blocks that are held at once, so that reads may overlap.
_IN_FLIGHT = 4

# Larger blocks take memory: they have to gain something.
_GAIN = 0.9


def planned_bounds(source: Source, frame: Frame, memory: float) -> list[np.ndarray]:
    """Choose the blocks to read, for each dimension.

    Blocks are chunks, several chunks joined, or the whole of a small source. Larger blocks cut fewer windows
    in two and take fewer calls; smaller ones read less that nobody asked for.

    Parameters
    ----------
    source : Source
        Chunks of a dask graph are never joined: dask reads and spreads them.
    frame : Frame
        The windows wanted.
    memory : float
        Bytes that may be used at once.

    Returns
    -------
    list of ndarray of int
        Bounds of the blocks.
    """
    if source.kind != "file" or not len(frame):
        return list(source.bounds)
    step = -(-len(frame) // _SAMPLE)
    return cheapest_bounds(source, frame, frame.of(slice(None, None, step)), step, memory)


def cheapest_bounds(
    source: Source, frame: Frame, sample: Frame, each: float, memory: float
) -> list[np.ndarray]:
    """As `planned_bounds`, from what is touched and from a sample of what is cut.

    Parameters
    ----------
    source : Source
        Of kind "file".
    frame : Frame
        Windows that touch the chunks that will be read.
    sample : Frame
        Some windows whose cuts cost time.
    each : float
        Pieces that a piece of the sample stands for.
    memory : float
        Bytes that may be used at once.
    """
    needs = _Needs(source, frame.touched(source.dims, source.bounds), sample, each)
    joined, cost = _joined(needs, min(_LARGEST, memory / 2 / _IN_FLIGHT))
    chunks = list(source.bounds)
    return joined if cost < needs.cost(chunks) * _GAIN else chunks


def _joined(needs: "_Needs", largest: float) -> tuple[list[np.ndarray], float]:
    """Chunks joined two by two along one dimension after the other, as long as that gains."""
    bounds = list(needs.source.bounds)
    cost, going = needs.cost(bounds), True
    while going:
        going = False
        for tried in _coarser(bounds):
            if needs.largest(tried) > largest:
                continue
            if (price := needs.cost(tried)) < cost:
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


@dataclass(frozen=True)
class _Needs:
    """What is wanted of a source.

    Attributes
    ----------
    source : Source
    touched : ndarray of int, shape (dimensions, chunks touched)
        Where these chunks are among all chunks.
    sample : Frame
        Windows, each of which stands for `each` of them.
    each : float
    """

    source: Source
    touched: np.ndarray
    sample: Frame
    each: float

    @cached_property
    def nbytes(self) -> float:
        """Bytes of the chunks touched."""
        return _volume(self.touched, self.source.bounds) * self.source.cell_bytes

    def largest(self, bounds: Sequence[np.ndarray]) -> float:
        """Bytes of the largest block."""
        return float(np.prod([np.diff(b).max() for b in bounds], dtype=float)) * self.source.cell_bytes

    def cost(self, bounds: Sequence[np.ndarray]) -> float:
        """Seconds to read the blocks touched and to cut the windows out of them."""
        edges = [np.searchsorted(fine, b) for fine, b in zip(self.source.bounds, bounds, strict=True)]
        blocks = self._blocks(edges)
        read = _volume(blocks, bounds) * self.source.cell_bytes
        if read > _AT_MOST * self.nbytes:
            return np.inf
        pieces = len(self.sample.cuts(self.source.dims, bounds).window)
        cut_again = max(pieces - len(self.sample), 0) * self.each
        return read * _BYTE + _volume(blocks, edges) * _CHUNK + blocks.shape[1] * _BLOCK + cut_again * _PIECE

    def _blocks(self, edges: Sequence[np.ndarray]) -> np.ndarray:
        """The blocks that hold the touched chunks, each once; `edges` count chunks."""
        sizes = [len(e) - 1 for e in edges]
        at = [np.searchsorted(e, k, "right") - 1 for e, k in zip(edges, self.touched, strict=True)]
        numbers = np.unique(np.ravel_multi_index(at, sizes))
        return np.stack(np.unravel_index(numbers, sizes))


def _volume(blocks: np.ndarray, bounds: Sequence[np.ndarray]) -> float:
    """Sum over blocks of the product of their sizes along each dimension."""
    sizes = [np.diff(b)[k] for b, k in zip(bounds, blocks, strict=True)]
    return float(np.prod(sizes, axis=0, dtype=float).sum())
