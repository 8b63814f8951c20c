"""Blocks of a source, each read once and handed to the work that needs it."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

import numpy as np
import psutil
from dask.system import CPU_COUNT
from distributed.system import MEMORY_LIMIT
from tqdm.auto import tqdm

from odatis_vre.matchup.sources import Source
from odatis_vre.matchup.tasks import Job, Work, compute

# Reads in flight: a network's delay is waited for once, not for each block; more get in each other's way.
_THREADS = min(8, 2 * CPU_COUNT)


def default_memory() -> float:
    """Bytes that a matchup may use besides its result: a quarter of what is free, 2 GB at most."""
    return min(2e9, min(psutil.virtual_memory().available, MEMORY_LIMIT) / 4)


def read_blocks(
    source: Source,
    jobs: Sequence[Job],
    work: Work,
    receive: Callable[[int, Iterator], None],
    memory: float,
    progress: bool | None,
    label: str,
) -> None:
    """Read the block of each job once, work on it, and hand over the results.

    Blocks of a dask graph are worked on where the graph is computed, on a cluster's workers for instance;
    only results come back. Those of a file are read by threads of this process.

    Parameters
    ----------
    source : Source
    jobs : sequence of Job
    work : callable
        A module's function: `work(arrays, origin, task)`.
    receive : callable
        `receive(number of the job, results)`.
    memory : float
        Bytes that may be held at once, besides what the receiver keeps.
    progress : bool or None
        None shows a bar in notebooks and terminals only.
    label : str
        Shown before the bar.
    """
    disable = None if progress is None else not progress
    with tqdm(total=len(jobs), desc=label, disable=disable, delay=1.0, leave=False) as bar:
        if source.kind == "dask":
            compute(source, jobs, work, receive, memory, bar.update)
            return

        def one(number: int) -> None:
            region = jobs[number].region
            receive(number, work(source.read(region), tuple(s.start for s in region), jobs[number].task))

        if source.kind == "memory" or len(jobs) == 1:
            for number in range(len(jobs)):
                one(number)
                bar.update()
            return
        heaviest = max((source.held(job.region) + job.result_bytes for job in jobs), default=1)
        pool = ThreadPoolExecutor(int(np.clip(memory // heaviest, 1, _THREADS)), "matchup")
        try:
            for done in as_completed([pool.submit(one, number) for number in range(len(jobs))]):
                done.result()
                bar.update()
        finally:
            pool.shutdown(cancel_futures=True)
