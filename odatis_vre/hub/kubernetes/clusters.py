"""A user's Dask clusters end with the user's last server."""

from odatis_vre.hub.kubernetes.release import read_values
from odatis_vre.tasks import DASHBOARD

__all__ = ["stop_clusters"]

_GROUP, _VERSION, _PLURAL = "gateway.dask.org", "v1alpha1", "daskclusters"


async def stop_clusters(spawner) -> None:
    """A `post_stop_hook`: ends the user's clusters when no other server of the user is left.

    Runs (named servers) may still compute on a cluster; so may a second notebook server. The Gateway's
    idle timeout ends what is left by a hub that was down meanwhile.

    Parameters
    ----------
    spawner : kubespawner.KubeSpawner
    """
    # A map computes on no cluster.
    others = {name: s for name, s in spawner.user.spawners.items() if name != DASHBOARD and s is not spawner}
    if any(other.active for other in others.values()) or not read_values().vre.compute.stop_with_server:
        return
    from kubernetes_asyncio.client.rest import ApiException
    from kubespawner.clients import shared_client

    api = shared_client("CustomObjectsApi")
    where = (_GROUP, _VERSION, spawner.namespace, _PLURAL)
    found = await api.list_namespaced_custom_object(*where)
    for cluster in found["items"]:
        spec, name = cluster["spec"], cluster["metadata"]["name"]
        if spec.get("username") != spawner.user.name or not spec.get("active", True):
            continue
        spawner.log.info("Stopping %s's Dask cluster %s with the server", spawner.user.name, name)
        try:
            stop = [{"op": "add", "path": "/spec/active", "value": False}]
            await api.patch_namespaced_custom_object(*where, name, stop)
        except ApiException as error:
            if error.status != 404:
                raise
