"""The nearest wet cells in one source, block by block."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from odatis_vre.matchup.pieces import cut
from odatis_vre.matchup.reading import read_blocks
from odatis_vre.matchup.search import Found, Search, relative
from odatis_vre.matchup.sources import Source
from odatis_vre.matchup.tasks import Job


@dataclass(frozen=True)
class Line:
    """Blocks along one dimension, and how far observations of a cell may look.

    Attributes
    ----------
    block : ndarray of int, shape (n,)
        Block of each cell.
    border : ndarray of bool, shape (n,)
        Some cell within reach lies in another block.
    low, high : ndarray of int, shape (n,)
        First cell within reach, and the one after the last, of the same block.
    blocks : int
    """

    block: np.ndarray
    border: np.ndarray
    low: np.ndarray
    high: np.ndarray
    blocks: int

    @classmethod
    def along(cls, bounds: np.ndarray, first: np.ndarray, count: np.ndarray, cyclic: bool) -> "Line":
        """Blocks given by their bounds, and the span of cells within reach of each cell."""
        blocks = len(bounds) - 1
        block = np.repeat(np.arange(blocks), np.diff(bounds))
        low, high = np.maximum(first, bounds[block]), np.minimum(first + count, bounds[block + 1])
        if blocks == 1:
            border = np.zeros(len(block), dtype=bool)
            beyond = (first < 0) | (first + count > bounds[-1])
            low, high = np.where(beyond, 0, low), np.where(beyond, bounds[-1], high)
        else:
            border = cut(first, count, bounds, cyclic).count != 1
        return cls(block, border, low, high, blocks)


def by_block(
    source: Source,
    search: Search,
    bounds: Sequence[np.ndarray],
    memory: float,
    progress: bool | None,
    label: str,
) -> Found:
    """Find nearest wet cells block by block: only near the edge of a block are cells of several needed.

    Parameters
    ----------
    source : Source
    search : Search
    bounds : sequence of ndarray of int
        The blocks, for each dimension of the source.
    memory : float
    progress : bool or None
    label : str
    """
    lines = _lines(source, search, bounds)
    place = search.index(source.dims, slice(None), search.i, search.j)
    border = np.logical_or.reduce([line.border[k] for line, k in zip(lines, place, strict=True)])
    number = _number(lines, place)
    edge = np.flatnonzero(border)
    near_edge = search.of(edge)
    keys = near_edge.keys(source) if len(edge) else np.empty(0, dtype=np.int64)
    cells = np.stack(np.unravel_index(keys, source.shape))

    inner = _sorted(number, np.flatnonzero(~border) if len(edge) else None)
    outer = _sorted(_number(lines, cells))
    sought = search if inner.order is None else search.of(inner.order)
    found = Found.none(len(inner), len(source.variables))
    stored = [np.full(len(keys), np.nan) for _ in source.variables]
    cells = cells if outer.order is None else cells[:, outer.order]

    jobs, members, listed = [], [], []
    sizes = [line.blocks for line in lines]
    for block in np.union1d(inner.numbers, outer.numbers).tolist():
        here, there = inner.of(block), outer.of(block)
        mine = sought.of(here)
        region = _region(lines, bounds, np.unravel_index(block, sizes), mine, source.dims, cells[:, there])
        size = 8 * (len(source.variables) + 3) * len(mine) + 8 * len(source.variables) * (
            there.stop - there.start
        )
        jobs.append(Job(region, (source.dims, mine, cells[:, there]), size))
        members.append(here)
        listed.append(there if outer.order is None else outer.order[there])

    def receive(number: int, results: Iterator) -> None:
        found.put(members[number], next(results))
        for store, values in zip(stored, next(results), strict=True):
            store[listed[number]] = values

    read_blocks(source, jobs, search_block, receive, memory, progress, label)
    if inner.order is None:
        return found
    whole = Found.none(len(search), len(source.variables))
    whole.put(inner.order, found)
    if len(edge):
        whole.put(edge, near_edge.nearest_wet(_from_list(source, near_edge, keys, stored)))
    return whole


def _from_list(source: Source, search: Search, keys: np.ndarray, stored: list[np.ndarray]):
    def values(owner, i, j) -> list[np.ndarray]:
        key = np.ravel_multi_index(search.index(source.dims, owner, i, j), source.shape)
        at = np.searchsorted(keys, key)
        return [store[at] for store in stored]

    return values


def _lines(source: Source, search: Search, bounds: Sequence[np.ndarray]) -> list[Line]:
    reach = search.hood.reach()
    spans = dict(zip(search.place, (reach.rows, reach.columns), strict=True))
    lines = []
    for dim, n, edges in zip(source.dims, source.shape, bounds, strict=True):
        if dim in spans and reach.exact:
            first, count = spans[dim]
        elif dim in spans:
            first, count = np.zeros(n, dtype=int), np.full(n, n)
        else:
            first, count = np.arange(n), np.ones(n, dtype=int)
        lines.append(Line.along(edges, first, count, cyclic=dim == search.place[1]))
    return lines


def _number(lines: Sequence[Line], index: Sequence[np.ndarray]) -> np.ndarray:
    """The block of cells, counted along the last dimension first."""
    number = np.zeros(len(index[0]), dtype=np.int64)
    for line, k in zip(lines, index, strict=True):
        if line.blocks > 1:
            number = number * line.blocks + line.block[k]
    return number


@dataclass(frozen=True)
class _Sorted:
    """Things in the order of their blocks: `order` (None: as they are), blocks, and where each begins."""

    order: np.ndarray | None
    numbers: np.ndarray
    ends: np.ndarray

    def __len__(self) -> int:
        return int(self.ends[-1])

    def of(self, block: int) -> slice:
        """The things of a block."""
        at = int(np.searchsorted(self.numbers, block))
        if at == len(self.numbers) or self.numbers[at] != block:
            return slice(0, 0)
        return slice(int(self.ends[at]), int(self.ends[at + 1]))


def _sorted(number: np.ndarray, which: np.ndarray | None = None) -> _Sorted:
    chosen = number if which is None else number[which]
    top = int(chosen.max(initial=0))
    if top == 0 and which is None:
        order = None
    else:
        small = chosen.astype(np.uint16) if top < 2**16 else chosen  # sorted by radix
        order = np.argsort(small, kind="stable")
        chosen = chosen[order]
        order = order if which is None else which[order]
    begin = np.flatnonzero(np.diff(chosen, prepend=-1))
    return _Sorted(order, chosen[begin], np.r_[begin, len(chosen)])


def _region(lines, bounds, block, search: Search, dims, cells: np.ndarray) -> tuple[slice, ...]:
    """The part of a block that its observations and cells lie in."""
    region = []
    index = search.index(dims, slice(None), search.i, search.j)
    for d, line in enumerate(lines):
        low, high = int(bounds[d][block[d] + 1]), int(bounds[d][block[d]])
        if len(search):
            near = index[d]
            first, last = int(near.min()), int(near.max())
            low, high = int(line.low[first : last + 1].min()), int(line.high[first : last + 1].max())
        if cells.shape[1]:
            low, high = min(low, int(cells[d].min())), max(high, int(cells[d].max()) + 1)
        region.append(slice(low, high))
    return tuple(region)


def search_block(arrays: list[np.ndarray], origin: tuple[int, ...], task: tuple) -> Iterator:
    """The nearest wet cells of the observations of a block, and the values of some of its cells.

    Parameters
    ----------
    arrays : list of ndarray
        Values of the block.
    origin : tuple of int
        Index of its first cell.
    task : (dims, Search, ndarray of int)
        The search for observations whose cells all lie in the block, and indices of other cells, shape
        (dimensions, cells).

    Yields
    ------
    Found
    list of ndarray, shape (cells,)
    """
    dims, search, listed = task

    def values(owner, i, j) -> list[np.ndarray]:
        at = relative(search.index(dims, owner, i, j), origin)
        return [a[at] for a in arrays]

    yield search.nearest_wet(values)
    yield [a[relative(listed, origin)] for a in arrays]
