"""The nearest wet cell of each observation: every chunk it may lie in is read once."""

from collections.abc import Sequence

import dask
import numpy as np

from odatis_vre.matchup.blockwise import by_block
from odatis_vre.matchup.gathering import gather
from odatis_vre.matchup.layout import Layout
from odatis_vre.matchup.pieces import Frame
from odatis_vre.matchup.plan import cheapest_bounds
from odatis_vre.matchup.rectangles import BATCH
from odatis_vre.matchup.search import Found, Lookup, Search, relative
from odatis_vre.matchup.sources import Source

# Observations that a plan is made on.
_SAMPLE = 1_000

# Cost of a cell near the edge of a block, against that of cutting a window.
_LISTED = 0.05


def nearest_wet(
    of: Sequence[Source], search: Search, memory: float, progress: bool | None, label: str
) -> Found:
    """Find the nearest wet cell of each observation, and the values there.

    Parameters
    ----------
    of : sequence of Source
        A cell is wet where the variables of all of them have values.
    search : Search
    memory : float
        Bytes to use at once.
    progress : bool or None
    label : str
        Shown before the bar.

    Returns
    -------
    Found
        Values in the order of the sources' variables.
    """
    if not len(search):
        return Found.none(0, sum(len(source.variables) for source in of))
    if len(of) == 1:
        return _in_one(of[0], search, memory, progress, label)
    frame, exact = search.frame()
    if not exact and search.hood.count() <= BATCH:
        return search.nearest_wet(_listed(of, search, memory, progress, label))
    regions = [_region(source, frame) for source in of]
    held = sum(
        source.cell_bytes * np.prod([s.stop - s.start for s in region], dtype=float)
        for source, region in zip(of, regions, strict=True)
        if source.kind != "memory"
    )
    if held <= memory / 2 and all(_dense(source, frame) for source in of):
        return search.nearest_wet(_resident(of, regions, search))
    return search.nearest_wet(_listed(of, search, memory, progress, label))


def _in_one(source: Source, search: Search, memory: float, progress: bool | None, label: str) -> Found:
    exact = search.hood.reach().exact
    if not exact and search.hood.count() <= BATCH:
        return search.nearest_wet(_listed([source], search, memory, progress, label))
    bounds = _planned(source, search, memory)
    if not exact:
        whole = (b[[0, -1]] if d in search.place else b for d, b in zip(source.dims, bounds, strict=True))
        bounds = list(whole)
    return by_block(source, search, bounds, memory, progress, label)


def _planned(source: Source, search: Search, memory: float) -> list[np.ndarray]:
    """The blocks to search: the chunks of the nearest cells, or larger ones."""
    if source.kind != "file":
        return list(source.bounds)
    step = -(-len(search) // _SAMPLE)
    sample = search.of(slice(None, None, step))
    weight = max(1.0, _LISTED * sample.hood.count() / len(sample))
    nearest = Frame({**search.steps, search.place[0]: search.i, search.place[1]: search.j}, {})
    return cheapest_bounds(source, nearest, sample.frame()[0], step * weight, memory)


def _region(source: Source, frame: Frame) -> tuple[slice, ...]:
    return frame.cuts(source.dims, [b[[0, -1]] for b in source.bounds]).region(0)


def _dense(source: Source, frame: Frame) -> bool:
    """Whether half of the chunks between the touched ones are touched themselves."""
    if source.kind == "memory":
        return True
    parts = frame.cuts(source.dims, source.bounds)
    at = np.unravel_index(parts.block_number, [len(b) - 1 for b in source.bounds])
    between = np.prod([np.ptp(i) + 1 for i in at], dtype=float)
    return 2 * parts.blocks >= between


def _resident(of: Sequence[Source], regions, search: Search) -> Lookup:
    """Everything the observations may need, read at once."""
    arrays = []
    for source, region in zip(of, regions, strict=True):
        if source.kind == "dask":
            arrays.append(dask.compute(*(v.data[region] for v in source.variables.values())))
        else:
            arrays.append(source.read(region))
    origins = [tuple(s.start for s in region) for region in regions]

    def values(owner, i, j) -> list[np.ndarray]:
        found = []
        for source, origin, of_source in zip(of, origins, arrays, strict=True):
            at = relative(search.index(source.dims, owner, i, j), origin)
            found += [a[at] for a in of_source]
        return found

    return values


def _listed(of: Sequence[Source], search: Search, memory, progress, label) -> Lookup:
    """Only the cells the observations may need, each once."""
    layouts = [Layout.of(source.dims, [b[[0, -1]] for b in source.bounds]) for source in of]
    keys = [search.keys(layout) for layout in layouts]
    stores = []
    for source, wanted in zip(of, keys, strict=True):
        first = dict(zip(source.dims, np.unravel_index(wanted, source.shape), strict=True))
        n = len(wanted)
        stores.append(gather(source, Frame(first, {}), np.arange(n), n, memory, progress, label))

    def values(owner, i, j) -> list[np.ndarray]:
        found = []
        for source, layout, wanted, store in zip(of, layouts, keys, stores, strict=True):
            at = np.searchsorted(wanted, layout.numbers(search.index(source.dims, owner, i, j)))
            found += [store[name].reshape(-1)[at] for name in source.variables]
        return found

    return values
