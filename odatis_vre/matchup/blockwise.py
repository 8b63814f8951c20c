"""The nearest wet cells in one source, block by block."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from odatis_vre.matchup.layout import Layout, Listed
from odatis_vre.matchup.pieces import cut
from odatis_vre.matchup.reading import read_blocks
from odatis_vre.matchup.search import Found, Search, relative
from odatis_vre.matchup.sources import Source
from odatis_vre.matchup.tasks import Job


@dataclass(frozen=True)
class Line:
    """How far observations of each of n cells may look along one dimension.

    Attributes
    ----------
    border : ndarray of bool, shape (n,)
        Some cell within reach lies in another block.
    low, high : ndarray of int, shape (n,)
        First cell within reach, and the one after the last, of the same block.
    """

    border: np.ndarray
    low: np.ndarray
    high: np.ndarray

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
        return cls(border, low, high)


def by_block(
    source: Source,
    search: Search,
    bounds: Sequence[np.ndarray],
    memory: float,
    progress: bool | None,
    label: str,
) -> Found:
    """Find nearest wet cells block by block: each looks for the observations whose nearest cell it holds.

    Near the edge of a block, cells of others may be nearer where the nearest is dry: every block also lists
    the cells that observations near an edge may need, for what is left then.

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
    layout, lines = Layout.of(source.dims, bounds), _lines(source, search, bounds)
    place = search.index(source.dims, slice(None), search.i, search.j)
    border = np.logical_or.reduce([line.border[k] for line, k in zip(lines, place, strict=True)])
    order, home = _by_block(layout.blocks(place), layout.count)
    sought, border = (search, border) if order is None else (search.of(order), border[order])
    edge = np.flatnonzero(border)
    near_edge = sought.of(edge)
    keys = near_edge.keys(layout) if len(edge) else np.empty(0, dtype=np.int64)
    listed = np.searchsorted(keys, layout.volume * np.arange(layout.count + 1))

    found = Found.unseen(search, len(source.variables))
    stored = [np.empty(len(keys)) for _ in source.variables]
    jobs, members, places = [], [], []
    for block in np.union1d(np.flatnonzero(np.diff(home)), np.flatnonzero(np.diff(listed))).tolist():
        here, there = (slice(*ends[block : block + 2].tolist()) for ends in (home, listed))
        mine, cells = sought.of(here), layout.listed(keys[there], block)
        region = layout.region(block)
        if source.kind != "dask":  # which reads whole chunks, as its blocks are
            region = _region(lines, mine, np.flatnonzero(~border[here]), source.dims, cells)
        task = source.dims, mine, border[here], cells
        jobs.append(Job(region, task, 8 * len(source.variables) * (len(mine) + len(cells))))
        members.append(np.arange(len(search)) if order is None else order[here])
        places.append(there)

    def receive(number: int, results: Iterator) -> None:
        mine = members[number]
        for kept, values in zip(found.values, next(results), strict=True):
            kept[mine] = values
        which, moved = next(results)
        found.put(mine[which], moved)
        for store, values in zip(stored, next(results), strict=True):
            store[places[number]] = values

    read_blocks(source, jobs, search_block, receive, memory, progress, label)
    edge = edge if order is None else order[edge]
    dry = np.flatnonzero(found.i[edge] < 0)
    if len(dry):
        rest = near_edge.of(dry)
        found.put(edge[dry], rest.nearest_wet(_from_list(layout, rest, keys, stored)))
    return found


def _from_list(layout: Layout, search: Search, keys: np.ndarray, stored: list[np.ndarray]):
    def values(owner, i, j) -> list[np.ndarray]:
        at = np.searchsorted(keys, layout.numbers(search.index(layout.dims, owner, i, j)))
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


def _by_block(block: np.ndarray, blocks: int) -> tuple[np.ndarray | None, np.ndarray]:
    """The order of things by their block (None: as they are), and where those of each block begin."""
    if blocks == 1:
        return None, np.array([0, len(block)])
    small = block.astype(np.uint16) if blocks < 2**16 else block  # sorted by radix
    order = np.argsort(small, kind="stable")
    return order, np.searchsorted(small[order], np.arange(blocks + 1))


def _region(lines, mine: Search, inner: np.ndarray, dims, cells: Listed) -> tuple[slice, ...]:
    """The part of a block that what is looked for lies in: around inner observations, and listed cells."""
    region = []
    index = mine.index(dims, inner, mine.i[inner], mine.j[inner])
    listed = cells.index([0] * len(lines))
    for line, near, there in zip(lines, index, listed, strict=True):
        ends = []
        if len(inner):
            first, last = int(near.min()), int(near.max())
            ends.append((int(line.low[first : last + 1].min()), int(line.high[first : last + 1].max())))
        if len(cells):
            ends.append((int(there.min()), int(there.max()) + 1))
        region.append(slice(min(low for low, _ in ends), max(high for _, high in ends)))
    return tuple(region)


def search_block(arrays: list[np.ndarray], origin: tuple[int, ...], task: tuple) -> Iterator:
    """The nearest wet cells of the observations of a block, and the values of some of its cells.

    Parameters
    ----------
    arrays : list of ndarray
        Values of the block.
    origin : tuple of int
        Index of its first cell.
    task : (dims, Search, ndarray of bool, Listed)
        The search for the observations whose nearest cell lies in the block, which of them may need cells of
        other blocks, and cells.

    Yields
    ------
    list of ndarray, shape (m,)
        Values at the cells found.
    (ndarray of int, Found)
        The observations whose nearest cell is dry, and what was found for them.
    list of ndarray, shape (cells,)
    """
    dims, search, border, listed = task

    def values(owner, i, j) -> list[np.ndarray]:
        at = relative(search.index(dims, owner, i, j), origin)
        return [a[at] for a in arrays]

    found = search.nearest_wet(values, border)
    yield found.values
    moved = np.flatnonzero((found.i != search.i) | (found.j != search.j))
    yield moved, found.of(moved)
    yield listed.of(arrays, origin)
