"""What one user's Dask clusters may take together: the counting, and the places where it is asked.

The Gateway itself limits each cluster alone. Here one user's clusters are counted together, scheduler
included: when a cluster is made, when it is scaled or made adaptive, and when its scheduler asks for
workers. The last is the one that holds, because a scheduler runs code of its user.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from dask_gateway_server.backends.base import Backend, PublicException
from traitlets import Float, Integer

from odatis_vre.hub.both_languages import both

__all__ = ["ClusterUse", "Room", "UserLimits"]

_GIB = 2**30
# Seconds that a new cluster waits for the end of one that its user stopped.
_PATIENCE = 30


@dataclass(frozen=True)
class ClusterUse:
    """What a cluster takes now.

    Parameters
    ----------
    name : str
    config : mapping
        The cluster's configuration as the Gateway keeps it; memory in bytes.
    active : bool
        Whether it shall run; one that was stopped may still be ending.
    asked : int
        Workers that the cluster was granted.
    scheduler_runs : bool
        Whether its scheduler is still there.
    running : int
        Workers that are there: more than `asked` while some are ending.
    """

    name: str
    config: Mapping
    active: bool = True
    asked: int = 0
    scheduler_runs: bool = False
    running: int = 0

    def settled(self) -> "ClusterUse":
        """The same without what is ending."""
        return replace(self, scheduler_runs=False, running=0)

    def of_scheduler(self, what: str) -> float:
        """Cores, or bytes of memory, of its scheduler."""
        return _size(self.config, "scheduler", what)

    def of_worker(self, what: str) -> float:
        """Cores, or bytes of memory, of one of its workers."""
        return _size(self.config, "worker", what)

    def total(self, what: str) -> float:
        """Cores, or bytes of memory, of everything in the cluster."""
        scheduler = self.of_scheduler(what) if self.active or self.scheduler_runs else 0
        return scheduler + max(self.asked, self.running) * self.of_worker(what)


def _size(config: Mapping, part: str, what: str) -> float:
    return config.get(f"{part}_{what}_limit") or config[f"{part}_{what}"]


@dataclass(frozen=True)
class Room:
    """What a user may have in all, and what other clusters of the user take of it.

    Parameters
    ----------
    cores : float
    memory : int
        Bytes.
    others : tuple of ClusterUse
    """

    cores: float
    memory: int
    others: tuple[ClusterUse, ...] = ()

    def left(self, what: str) -> float:
        """Cores, or bytes of memory, that the other clusters leave."""
        return getattr(self, what) - sum(use.total(what) for use in self.others)

    def settled(self) -> "Room":
        """The room that there will be when all that is ending has ended."""
        return replace(self, others=tuple(use.settled() for use in self.others))

    def for_scheduler(self, cluster: ClusterUse) -> bool:
        """Whether this cluster may have its scheduler."""
        # A thousandth of a core: sums of tenths are not exact.
        return all(cluster.of_scheduler(what) <= self.left(what) + 1e-3 for what in ("cores", "memory"))

    def workers(self, cluster: ClusterUse) -> int:
        """The number of workers that this cluster may have beside its scheduler.

        Examples
        --------
        >>> sizes = {"worker_cores": 1, "worker_memory": 4, "scheduler_cores": 0.5, "scheduler_memory": 1}
        >>> Room(cores=4, memory=100).workers(ClusterUse("a", sizes))
        3
        """
        fit = (
            (self.left(what) - cluster.of_scheduler(what) + 1e-3) // cluster.of_worker(what)
            for what in ("cores", "memory")
        )
        return max(0, int(min(fit)))


class StillEnding(PublicException):
    """There is no room yet: what the user stopped has not ended."""


class UserLimits(Backend):
    """A Gateway backend that counts all clusters of a user together.

    Stands before a backend among the bases of a class that says what there is: `clusters_of`.
    """

    user_max_clusters = Integer(min=1, help="Clusters of one user at one time.", config=True)
    user_max_cores = Float(min=0, help="Cores of all clusters of one user together.", config=True)
    user_max_memory = Integer(min=0, help="Bytes of memory of all of them together.", config=True)

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def clusters_of(self, username: str) -> list[ClusterUse]:
        """Every cluster of a user that takes something."""
        raise NotImplementedError

    async def start_cluster(self, user, cluster_options):
        """Make a cluster, one at a time for each user; wait for those that are ending."""
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                async with self._turns[user.name]:
                    return await super().start_cluster(user, cluster_options)
            except StillEnding:
                if time.monotonic() > end:
                    raise
            await asyncio.sleep(1)

    async def process_cluster_options(self, user, request):
        """The configuration of a new cluster; refused when its user has no room for it."""
        options, config = await super().process_cluster_options(user, request)
        room = self._room(await self.clusters_of(user.name))
        if sum(use.active for use in room.others) >= self.user_max_clusters:
            raise PublicException(both("gateway.too_many_clusters", most=self.user_max_clusters))
        new = ClusterUse("", config.to_dict())
        if not room.for_scheduler(new):
            kind = StillEnding if room.settled().for_scheduler(new) else PublicException
            raise kind(both("gateway.no_room", **self._numbers(room)))
        return options, config

    async def forward_message_to_scheduler(self, cluster, msg):
        """Pass on a wish for workers: refused, or for adaptive clusters bounded, where there is no room."""
        if msg.get("op") == "scale":
            await self._check_workers(cluster, msg["count"])
        elif msg.get("op") == "adapt" and msg.get("active", True):
            await self._check_workers(cluster, msg.get("minimum") or 0)
            # What others leave changes; each heartbeat is held to it. Alone it is never more than this.
            most = self._room(()).workers(ClusterUse(cluster.name, cluster.config))
            wanted = msg.get("maximum")
            msg = {**msg, "maximum": most if wanted is None else min(most, wanted)}
        return await super().forward_message_to_scheduler(cluster, msg)

    async def on_cluster_heartbeat(self, cluster_name, msg):
        """Grant a scheduler the workers it asks for, as far as its user has room.

        A scheduler that gets fewer is told so; it asks again, later each time.
        """
        cluster = await self.get_cluster(cluster_name)
        if cluster is None:
            return
        async with self._turns[cluster.username]:
            room, own = await self._room_beside(cluster)
            granted = min(msg["count"], max(own.asked, room.workers(own)))
            await super().on_cluster_heartbeat(cluster_name, {**msg, "count": granted})
        if granted < msg["count"]:
            self.log.info("Cluster %s: %d of %d workers granted", cluster_name, granted, msg["count"])
            raise PublicException(both("gateway.no_room", **self._numbers(room)))

    async def _check_workers(self, cluster, count: int) -> None:
        room, own = await self._room_beside(cluster)
        # What is ending makes workers come later, at a heartbeat; it refuses none.
        room = room.settled()
        most = max(own.asked, room.workers(own))
        if count > most:
            asked = {
                "workers": count,
                "asked_cores": _number(count * own.of_worker("cores")),
                "asked_memory": _number(count * own.of_worker("memory") / _GIB),
                "most": most,
            }
            raise PublicException(both("gateway.too_many_workers", **asked, **self._numbers(room)))

    def _room(self, others: Iterable[ClusterUse]) -> Room:
        return Room(self.user_max_cores, self.user_max_memory, tuple(others))

    async def _room_beside(self, cluster) -> tuple[Room, ClusterUse]:
        uses = await self.clusters_of(cluster.username)
        own = next((use for use in uses if use.name == cluster.name), None)
        others = (use for use in uses if use.name != cluster.name)
        return self._room(others), own or ClusterUse(cluster.name, cluster.config)

    def _numbers(self, room: Room) -> dict[str, str]:
        return {
            "cores": _number(self.user_max_cores),
            "memory": _number(self.user_max_memory / _GIB),
            "left_cores": _number(max(0, room.left("cores"))),
            "left_memory": _number(max(0, room.left("memory")) / _GIB),
        }


def _number(value: float) -> str:
    return f"{round(value, 2):g}"
