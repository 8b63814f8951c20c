"""`cluster()`: workers for a block of code, wherever it runs."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from odatis_vre.compute.stages import Stages, print_line
from odatis_vre.errors import ClusterError
from odatis_vre.i18n import tr


@contextmanager
def cluster(
    workers: int = 2,
    *,
    worker_cores: int | None = None,
    worker_memory: float | None = None,
    timeout: float = 600,
    dashboard: bool = False,
    say: Callable[[str], None] = print_line,
    **options,
) -> Iterator:
    """Start Dask workers for a block of code, and stop them after it.

    In the VRE (a Dask Gateway address is configured and the hub gave this server a token) the workers
    come from Dask Gateway, under the user's own name. Elsewhere they are small processes of this
    machine, which listen on 127.0.0.1 only. Each stage of the start is told in one line. The workers
    are stopped at the end of the block, and also after an error.

    Parameters
    ----------
    workers : int, default 2
        Number of workers; the block starts when all are there.
    worker_cores : int, optional
        Threads of each worker. Default: the Gateway's, or this machine's cores shared out.
    worker_memory : float, optional
        Memory of each worker in GiB. Default: the Gateway's, or 70 % of this machine's free memory
        shared out.
    timeout : float, default 600
        Seconds for the whole start.
    dashboard : bool, default False
        Outside the VRE, also serve the Dask dashboard on 127.0.0.1.
    say : callable, optional
        Receives the lines; they are printed by default.
    **options
        Other cluster options of the Gateway, as it declares them (`image`, ...).

    Yields
    ------
    distributed.Client
        The default client inside the block.

    Raises
    ------
    ClusterError
        The start took longer than `timeout` (it says what was waited for), the Gateway refused or does
        not answer, or a parameter is out of range.

    Examples
    --------
    >>> with cluster(workers=1, say=lambda line: None) as client:
    ...     client.submit(sum, [1, 2]).result()
    3
    """
    _check(workers, worker_cores, worker_memory, timeout)
    from odatis_vre.compute.gateway import gateway_address, open_gateway
    from odatis_vre.compute.local import open_local

    stages = Stages(timeout, say)
    address = gateway_address()
    if address:
        asked = {"worker_cores": worker_cores, "worker_memory": worker_memory, **options}
        asked = {k: v for k, v in asked.items() if v is not None}
        opened = open_gateway(address, workers, asked, stages)
    else:
        opened = open_local(workers, worker_cores, worker_memory, dashboard, stages)
    with opened as client:
        _wait_for_workers(client, workers, stages)
        yield client


def _check(workers, worker_cores, worker_memory, timeout) -> None:
    for name, value, least in (
        ("workers", workers, 1),
        ("worker_cores", worker_cores, 1),
        ("worker_memory", worker_memory, 0),
        ("timeout", timeout, 0),
    ):
        if value is None and name.startswith("worker_"):
            continue
        whole = name in ("workers", "worker_cores")
        if not isinstance(value, int if whole else int | float) or value < least or value == 0:
            raise ClusterError(
                tr("compute.bad_parameter", name=name, value=value), tr("compute.bad_parameter_hint")
            )


def _wait_for_workers(client, wanted: int, stages: Stages) -> None:
    told = -1
    while True:
        here = len(stages.call(client.nthreads))
        line = tr("compute.workers_here", here=here, wanted=wanted) if here != told else None
        stages.enter(tr("compute.what_workers", here=here, wanted=wanted), line)
        told = here
        if here >= wanted:
            return
        stages.check()
        time.sleep(0.2)
