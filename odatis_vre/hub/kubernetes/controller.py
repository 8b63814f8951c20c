"""Dask Gateway's controller: one namespace, a network policy for each cluster, routes told to Traefik.

Traefik asks this server for its routes. Were they Kubernetes objects, Traefik would need to list every
Secret of the namespace, the hub's among them.
"""

import asyncio

from aiohttp import web
from dask_gateway_server.backends.kubernetes.controller import KubeController, get_cluster_key
from dask_gateway_server.backends.kubernetes.utils import RateLimitedClient
from kubernetes_asyncio import client
from kubernetes_asyncio.client.rest import ApiException
from traitlets import Bool

# Puts the namespaced watch in place.
from odatis_vre.hub.kubernetes import namespaced  # noqa: F401

__all__ = ["VreController", "cluster_policy", "traefik_routes"]

_CLUSTER = "gateway.dask.org/cluster"
_INSTANCE = "gateway.dask.org/instance"
# Seconds: Traefik asks each second, then takes a tenth.
_PATIENCE, _TO_APPLY = 10, 0.3


class VreController(KubeController):
    """Makes the pods of Dask clusters."""

    network_policies = Bool(True, help="Make a network policy for each cluster.", config=True)

    def initialize(self, argv=None):
        super().initialize(argv)
        self.app.router.add_get("/health", self._health)
        self.app.router.add_get("/traefik", self._routes)
        self._served: set[str] = set()

    async def _health(self, request) -> web.Response:
        return web.json_response({"status": "pass"})

    async def _routes(self, request) -> web.Response:
        ready = self._ready_schedulers()
        answer = web.json_response(traefik_routes(ready, self.proxy_prefix))
        self._served = set(ready)
        return answer

    def _ready_schedulers(self) -> dict[str, str]:
        found = {}
        for endpoints in self.informers["endpoints"].cache.values():
            key = get_cluster_key(endpoints)
            if key and self.endpoints_all_ready(endpoints):
                found[key] = endpoints["subsets"][0]["addresses"][0]["ip"]
        return found

    async def create_scheduler_pod_if_not_exists(self, cluster):
        """Make the scheduler's pod, after the policy that it needs."""
        if self.network_policies:
            await self._create_policy(cluster)
        return await super().create_scheduler_pod_if_not_exists(cluster)

    async def create_ingressroute_if_not_exists(self, cluster, sched_pod):
        """Make no object: the route is among those that Traefik asks for."""
        return cluster["metadata"]["name"]

    async def create_ingressroutetcp_if_not_exists(self, cluster, sched_pod):
        """Wait until Traefik has the route: the cluster is called running after this."""
        name, namespace = cluster["metadata"]["name"], cluster["metadata"]["namespace"]
        for _ in range(_PATIENCE * 10):
            if f"{namespace}.{name}" in self._served:
                await asyncio.sleep(_TO_APPLY)
                break
            await asyncio.sleep(0.1)
        return name

    def on_pod_update(self, pod, old=None):
        """Note a pod; also a worker that waits for a place on a node, which has no container yet."""
        status = pod.get("status", {})
        if status.get("phase") == "Pending" and not status.get("containerStatuses"):
            # Upstream forgets such a worker, and makes it once more when it restarts or ten minutes later.
            names = [container["name"] for container in pod["spec"]["containers"]]
            waiting = [{"name": name, "state": {"waiting": {}}} for name in names]
            pod = {**pod, "status": {**status, "containerStatuses": waiting}}
        super().on_pod_update(pod, old=old)

    async def handle_scale_down(self, cluster, sched_pod, info, replicas, delta):
        """Delete workers that have not started and are no longer wanted."""
        # Upstream takes the number to delete with the wrong sign, and so leaves that many of them.
        return await super().handle_scale_down(cluster, sched_pod, info, replicas, -delta)

    async def _create_policy(self, cluster) -> None:
        policy = cluster_policy(cluster, self.gateway_instance, self.get_labels(cluster["metadata"]["name"]))
        api = RateLimitedClient(client.NetworkingV1Api(api_client=self.api_client), self.rate_limiter)
        try:
            await api.create_namespaced_network_policy(cluster["metadata"]["namespace"], policy)
        except ApiException as error:
            if error.status != 409:
                raise


def cluster_policy(cluster: dict, instance: str, labels: dict[str, str]) -> dict:
    """Let the pods of one cluster reach each other; the chart refuses them everybody else's.

    Parameters
    ----------
    cluster : dict
        The DaskCluster; the policy goes when it goes.
    instance : str
        The Gateway's name for itself.
    labels : dict
        Labels of the policy.
    """
    name = cluster["metadata"]["name"]
    own = {"podSelector": {"matchLabels": {_CLUSTER: name, _INSTANCE: instance}}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": f"dask-{name}",
            "labels": labels,
            "ownerReferences": [
                {
                    "apiVersion": cluster["apiVersion"],
                    "kind": cluster["kind"],
                    "name": name,
                    "uid": cluster["metadata"]["uid"],
                }
            ],
        },
        "spec": {
            **own,
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [own]}],
            "egress": [{"to": [own]}],
        },
    }


def traefik_routes(schedulers: dict[str, str], prefix: str) -> dict:
    """The routes to schedulers, as Traefik's dynamic configuration.

    Parameters
    ----------
    schedulers : dict of str to str
        Cluster name (`namespace.name`) to IP address.
    prefix : str
        Path below which the Gateway is served.

    Returns
    -------
    dict
        Pages of schedulers behind the login (a middleware of the chart), and Dask's own protocol by the
        name in its TLS greeting.
    """
    found = {"http": {"routers": {}, "services": {}}, "tcp": {"routers": {}, "services": {}}}
    for name, address in schedulers.items():
        host = f"[{address}]" if ":" in address else address
        key = name.replace(".", "-")
        found["http"]["routers"][key] = {
            "entryPoints": ["web"],
            "rule": f"PathPrefix(`{prefix}/clusters/{name}/`)",
            "middlewares": ["scheduler-pages@file"],
            "service": key,
        }
        found["http"]["services"][key] = {"loadBalancer": {"servers": [{"url": f"http://{host}:8787"}]}}
        found["tcp"]["routers"][key] = {
            "entryPoints": ["tcp"],
            "rule": f"HostSNI(`daskgateway-{name}`)",
            "tls": {"passthrough": True},
            "service": key,
        }
        found["tcp"]["services"][key] = {"loadBalancer": {"servers": [{"address": f"{host}:8786"}]}}
    return {kind: part for kind, part in found.items() if part["routers"]}
