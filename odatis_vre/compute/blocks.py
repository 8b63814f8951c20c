"""Blocks of dask arrays, computed a few at a time and written into a Zarr store."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from uuid import uuid4

import dask
import dask.array as da
import numpy as np
import zarr
from dask.array.optimization import optimize
from dask.highlevelgraph import HighLevelGraph
from dask.optimization import cull
from dask.utils import ensure_dict

from odatis_vre.errors import SaveError
from odatis_vre.i18n import tr

# Blocks under way per thread: one that computes, one that waits.
_AHEAD = 2


@dataclass(frozen=True)
class Block:
    """One block of a dask array, and the place in the store where it goes.

    Attributes
    ----------
    name : str
        The array in the store.
    index : tuple of int
        Position among the blocks.
    region : tuple of slice
        The same in cells: a whole chunk of the array in the store.
    """

    name: str
    index: tuple[int, ...]
    region: tuple[slice, ...]


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """What the file system refuses, as a `SaveError` that names the store."""
    try:
        yield
    except OSError as error:
        raise SaveError(
            tr("compute.unwritable", path=path, reason=error.strerror or error), tr("compute.unwritable_hint")
        ) from error


def put(values: np.ndarray, name: str, region: tuple[slice, ...], store: Path) -> None:
    """Write one block into its place."""
    # A chunk that holds nothing but the fill value must leave its file too: it says that it is done.
    with in_words(store), zarr.config.set({"array.write_empty_chunks": True}):
        zarr.open_array(store / name, mode="r+")[region] = values


def write_each(arrays: Mapping[str, da.Array], blocks: Sequence[Block], store: Path) -> Iterator[None]:
    """Compute and write blocks, a few at a time, in any order.

    In a distributed client's block the workers compute; they write where all of them see the store's
    folder, else the blocks come here. Otherwise the threads of this process do it.

    Parameters
    ----------
    arrays : mapping
        Name in the store -> dask array.
    blocks : sequence of Block
    store : Path
        The store's folder.

    Yields
    ------
    None
        Once for each block that is written.
    """
    if not blocks:
        return
    client = _client()
    graph = _Graph(arrays, blocks, store)
    if client is not None:
        yield from _distributed(client, graph, blocks, store)
        return
    threads = dask.config.get("num_workers", None) or dask.system.CPU_COUNT
    get = dask.base.get_scheduler(collections=list(arrays.values())) or dask.threaded.get
    for start in range(0, len(blocks), threads * _AHEAD):
        window = blocks[start : start + threads * _AHEAD]
        get(*graph.writing(window))
        yield from [None] * len(window)


def _client():
    if "distributed" not in sys.modules:
        return None
    from distributed import default_client

    try:
        return default_client()
    except ValueError:
        return None


class _Graph:
    """The tasks of all blocks, optimised once: block by block, it would take the square of their number."""

    def __init__(self, arrays: Mapping[str, da.Array], blocks: Sequence[Block], store: Path):
        self._names = {name: array.name for name, array in arrays.items()}
        self._store = store
        self._token = f"save-{uuid4().hex}"
        graph = HighLevelGraph.merge(*(array.__dask_graph__() for array in arrays.values()))
        self._tasks = ensure_dict(optimize(graph, [self.key(block) for block in blocks]))

    def key(self, block: Block) -> tuple:
        return (self._names[block.name], *block.index)

    def computing(self, block: Block) -> tuple[dict, tuple]:
        key = self.key(block)
        return cull(self._tasks, [key])[0], key

    def writing(self, blocks: Sequence[Block]) -> tuple[dict, list[tuple]]:
        tasks, keys = cull(self._tasks, [self.key(block) for block in blocks])[0], []
        for block in blocks:
            keys.append((self._token, block.name, *block.index))
            write = partial(put, name=block.name, region=block.region, store=self._store)
            tasks[keys[-1]] = (write, self.key(block))
        return tasks, keys


def _distributed(client, graph: _Graph, blocks: Sequence[Block], store: Path) -> Iterator[None]:
    from distributed import as_completed

    seen = client.run(store.exists)
    there = bool(seen) and all(seen.values())
    waiting, places = iter(blocks), {}

    def submit(count: int) -> list:
        futures = []
        for block in islice(waiting, count):
            if there:
                tasks, (key,) = graph.writing([block])
            else:
                tasks, key = graph.computing(block)
            futures.append(client.get(tasks, key, sync=False))
            places[futures[-1].key] = block
        return futures

    running = as_completed(submit(max(1, sum(client.nthreads().values())) * _AHEAD))
    for future in running:
        result, block = future.result(), places.pop(future.key)
        if not there:
            put(result, block.name, block.region, store)
        future.release()
        yield
        if more := submit(1):
            running.update(more)
