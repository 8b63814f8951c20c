"""Workers as processes of this machine."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from odatis_vre.compute.stages import Stages, bounded
from odatis_vre.i18n import tr

_SHARE_OF_FREE_MEMORY = 0.7
_STOP_SECONDS = 30


@contextmanager
def open_local(
    workers: int, cores: int | None, memory: float | None, dashboard: bool, stages: Stages
) -> Iterator:
    """Start a `LocalCluster` on 127.0.0.1 and yield its client; stop both at the end.

    Parameters
    ----------
    workers : int
    cores : int or None
        Threads of each worker; None shares out the cores this process may use.
    memory : float or None
        GiB of each worker; None shares out 70 % of the free memory.
    dashboard : bool
    stages : Stages
    """
    import psutil
    from dask.system import CPU_COUNT
    from distributed import Client, LocalCluster
    from distributed.system import MEMORY_LIMIT

    free = min(psutil.virtual_memory().available, MEMORY_LIMIT)
    limit = memory * 2**30 if memory else free * _SHARE_OF_FREE_MEMORY / workers
    stages.enter(tr("compute.what_local"), tr("compute.starting_local", workers=workers))
    local = client = None
    try:
        local = LocalCluster(
            n_workers=workers,
            threads_per_worker=cores or max(1, CPU_COUNT // workers),
            memory_limit=int(limit),
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0" if dashboard else None,
            silence_logs=logging.ERROR,
        )
        client = Client(local)
        if dashboard:
            stages.say(tr("compute.dashboard", link=client.dashboard_link))
        yield client
    finally:
        for opened in (client, local):
            if opened is not None:
                with suppress(Exception):
                    bounded(_STOP_SECONDS, opened.close)
