"""Work on the chunks of a dask graph, where the graph is computed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from uuid import uuid4

import dask
import dask.local
import dask.threaded
import numpy as np
from dask.callbacks import Callback
from dask.delayed import Delayed
from dask.highlevelgraph import HighLevelGraph
from dask.system import CPU_COUNT

from odatis_vre.matchup.sources import Region, Source

# Schedulers whose tasks reach the memory of who asks; None stands for threads.
_OF_THIS_PROCESS = (None, dask.threaded.get, dask.local.get_sync)


@dataclass(frozen=True)
class Job:
    """What to do with one block.

    Attributes
    ----------
    region : tuple of slice
        The block.
    task : object
        Given to the work with the values of the block.
    result_bytes : int
        Size of what the work returns.
    """

    region: Region
    task: object
    result_bytes: int


# Arrays of a block (one per variable), index of their first cell, task -> results.
Work = Callable[[list[np.ndarray], tuple[int, ...], object], Iterator]


def compute(
    source: Source,
    jobs: Sequence[Job],
    work: Work,
    receive: Callable[[int, Iterator], None],
    memory: float,
    advance: Callable[[], None],
) -> None:
    """Do the jobs by dask: on its cluster where there is one, else by the scheduler in force.

    Parameters
    ----------
    source : Source
        Of kind "dask".
    jobs, work, receive, memory
        As for `read_blocks`.
    advance : callable
        Called for each job that is done.
    """
    scheduler = dask.base.get_scheduler()
    client = getattr(scheduler, "__self__", None)
    if scheduler in _OF_THIS_PROCESS:
        _in_place(source, jobs, work, receive, memory, advance)
        return
    run = partial(_on_cluster, client) if hasattr(client, "scheduler_info") else _elsewhere
    delayed = block_tasks(source, jobs, work)
    for batch in _batches(jobs, memory / 2):
        run([delayed[number] for number in batch], batch, receive, advance)


def _in_place(source: Source, jobs: Sequence[Job], work: Work, receive, memory: float, advance) -> None:
    """Threads of this process hand over their results themselves: nothing waits for the last of them.

    There are as many as the memory allows, each with a block of its own.
    """

    def done(arrays: list[np.ndarray], origin: tuple[int, ...], task: tuple[int, object]) -> Iterator:
        number, own = task
        receive(number, work(arrays, origin, own))
        return iter(())

    numbered = [Job(job.region, (number, job.task), 0) for number, job in enumerate(jobs)]
    delayed = block_tasks(source, numbered, done)
    heaviest = max((source.held(job.region) + job.result_bytes for job in jobs), default=1)
    pool = dask.config.get("pool", None)
    usual = getattr(pool, "_max_workers", None) or dask.config.get("num_workers", None) or CPU_COUNT
    few = int(max(memory // heaviest, 1))
    limit = {"num_workers": few, "pool": None} if few < usual else {}
    with _told(delayed, advance), dask.config.set(limit):
        dask.compute(_together(delayed))


def _elsewhere(delayed: list[Delayed], numbers: list[int], receive, advance) -> None:
    with _told(delayed, advance):
        (results,) = dask.compute(_together(delayed))
    for number, result in zip(numbers, results, strict=True):
        receive(number, iter(result))


def _told(delayed: list[Delayed], advance) -> Callback:
    keys = {d.key for d in delayed}
    return Callback(posttask=lambda key, *_: advance() if key in keys else None)


def _together(delayed: list[Delayed]) -> Delayed:
    """One collection instead of many: dask looks at each on its own otherwise."""
    key = f"matchup-all-{uuid4().hex}"
    layer = {key: (list, [d.key for d in delayed])}
    return Delayed(key, HighLevelGraph.from_collections(key, layer, dependencies=delayed[:1]), layer=key)


def _on_cluster(client, delayed: list[Delayed], numbers: list[int], receive, advance) -> None:
    from distributed import as_completed

    number_of = {d.key: number for d, number in zip(delayed, numbers, strict=True)}
    for future, result in as_completed(client.compute(delayed), with_results=True):
        receive(number_of[future.key], iter(result))
        advance()


def _batches(jobs: Sequence[Job], limit: float) -> Iterator[list[int]]:
    batch, held = [], 0.0
    for number, job in enumerate(jobs):
        if batch and held + job.result_bytes > limit:
            yield batch
            batch, held = [], 0.0
        batch.append(number)
        held += job.result_bytes
    if batch:
        yield batch


def block_tasks(source: Source, jobs: Sequence[Job], work: Work) -> list[Delayed]:
    """A delayed list of results for each job: one graph that reads each chunk once.

    Parameters
    ----------
    source : Source
        Of kind "dask".
    jobs : sequence of Job
    work : callable

    Returns
    -------
    list of Delayed
    """
    arrays = [v.data for v in source.variables.values()]
    name = f"matchup-{uuid4().hex}"
    layer = {}
    for number, job in enumerate(jobs):
        inside = [
            range(int(np.searchsorted(b, s.start, "right")) - 1, int(np.searchsorted(b, s.stop, "left")))
            for b, s in zip(source.bounds, job.region, strict=True)
        ]
        edges = [b[r.start : r.stop + 1] for b, r in zip(source.bounds, inside, strict=True)]
        task = partial(_on_chunks, work=work, edges=edges, task=job.task)
        layer[(name, number)] = (task, [[(a.name, *index) for index in product(*inside)] for a in arrays])
    graph = HighLevelGraph.from_collections(name, layer, dependencies=arrays)
    return [Delayed(key, graph, layer=name) for key in layer]


def _on_chunks(parts: list[list[np.ndarray]], work: Work, edges: list[np.ndarray], task: object) -> list:
    origin = tuple(int(e[0]) for e in edges)
    arrays = [_joined([np.asarray(p) for p in of], edges, origin) for of in parts]
    return list(work(arrays, origin, task))


def _joined(parts: list[np.ndarray], edges: list[np.ndarray], origin: tuple[int, ...]) -> np.ndarray:
    if len(parts) == 1:
        return parts[0]
    whole = np.empty([int(e[-1] - e[0]) for e in edges], parts[0].dtype)
    for part, index in zip(parts, product(*(range(len(e) - 1) for e in edges)), strict=True):
        at = (slice(e[i] - o, e[i + 1] - o) for e, i, o in zip(edges, index, origin, strict=True))
        whole[tuple(at)] = part
    return whole
