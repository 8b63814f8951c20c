"""Dask Gateway on Kubernetes: one namespace, limits of a user, and workers on the user's image."""

import asyncio
import json

from dask_gateway_server.backends.base import PublicException
from dask_gateway_server.backends.kubernetes.backend import KubeBackend
from traitlets import List, Unicode

from odatis_vre.hub.both_languages import both
from odatis_vre.hub.kubernetes.namespaced import namespace
from odatis_vre.hub.limits import ClusterUse, UserLimits

__all__ = ["VreBackend"]

_SERVERS = "app.kubernetes.io/component=singleuser-server"
_USER = "hub.jupyter.org/username"
_CLUSTER = "gateway.dask.org/cluster"
# Seconds until a new cluster is known at the latest; it takes some milliseconds.
_PATIENCE = 10


class VreBackend(UserLimits, KubeBackend):
    """Clusters as Kubernetes objects, counted from what the API server says at that moment."""

    images = List(Unicode(), help="Images of the profiles; the first is the default.", config=True)

    async def start_cluster(self, user, cluster_options):
        """Make a cluster; its name is told when the watch has seen it: who has the name asks at once."""
        name = await super().start_cluster(user, cluster_options)
        for _ in range(_PATIENCE * 50):
            if name in self.clusters:
                break
            await asyncio.sleep(0.02)
        return name

    async def process_cluster_options(self, user, request):
        """The configuration of a new cluster, on the image of its user's server."""
        image = await self._image(user.name, (request or {}).get("image", ""))
        return await super().process_cluster_options(user, {**(request or {}), "image": image})

    async def clusters_of(self, username: str) -> list[ClusterUse]:
        """Every cluster of a user that is active or still has pods."""
        found = await self.custom_client.list_namespaced_custom_object(
            "gateway.dask.org",
            self.crd_version,
            namespace(),
            "daskclusters",
            label_selector=self.label_selector,
        )
        mine = {
            cluster["metadata"]["name"]: cluster
            for cluster in found["items"]
            if cluster["spec"].get("username") == username
        }
        if not mine:
            return []
        names = ",".join(mine)
        pods = await self._pods(f"{self.label_selector},{_CLUSTER} in ({names})")
        return [_use(name, cluster, pods) for name, cluster in mine.items()]

    async def _image(self, username: str, asked: str) -> str:
        running = await self._server_images(username)
        known = running or list(self.images)
        if not asked:
            return known[0]
        if asked not in known:
            key = "gateway.image_mismatch" if running else "gateway.image_unknown"
            raise PublicException(both(key, asked=asked, known=", ".join(known)))
        return asked

    async def _server_images(self, username: str) -> list[str]:
        pods = [
            pod
            for pod in await self._pods(_SERVERS)
            if pod["metadata"].get("annotations", {}).get(_USER) == username and _is_there(pod)
        ]
        images = [
            container["image"]
            for pod in pods
            for container in pod["spec"]["containers"]
            if container["name"] == "notebook"
        ]
        return list(dict.fromkeys(images))

    async def _pods(self, selector: str) -> list[dict]:
        # Not parsed into the client's classes, which takes a millisecond a pod.
        answer = await self.core_client.list_namespaced_pod(
            namespace(), label_selector=selector, _preload_content=False
        )
        async with answer:
            return json.loads(await answer.read())["items"]


def _is_there(pod: dict) -> bool:
    return pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")


def _use(name: str, cluster: dict, pods: list[dict]) -> ClusterUse:
    spec, phase = cluster["spec"], cluster.get("status", {}).get("phase", "Pending")
    wanted = spec.get("active", True) and phase in ("Pending", "Running")
    there = [
        pod["metadata"]["labels"]["app.kubernetes.io/component"]
        for pod in pods
        if pod["metadata"]["labels"][_CLUSTER] == name and _is_there(pod)
    ]
    return ClusterUse(
        name=f"{cluster['metadata']['namespace']}.{name}",
        config=spec["config"],
        active=wanted,
        asked=spec.get("replicas", 0) if wanted else 0,
        scheduler_runs="dask-scheduler" in there,
        running=there.count("dask-worker"),
    )
