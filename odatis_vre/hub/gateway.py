"""Settings to Dask Gateway traits, on the local backend."""

import math
import sys

from dask_gateway_server.backends.db_base import JobStatus
from dask_gateway_server.backends.local import UnsafeLocalBackend
from traitlets.config import Config

from odatis_vre.hub.cluster_options import cluster_options, set_limits
from odatis_vre.hub.embedded.place import Place
from odatis_vre.hub.embedded.processes import MARKER
from odatis_vre.hub.events import emit
from odatis_vre.hub.limits import ClusterUse, UserLimits
from odatis_vre.settings import Settings

__all__ = ["LocalBackend", "configure_gateway"]


class LocalBackend(UserLimits, UnsafeLocalBackend):
    """Clusters as processes of this machine, all of one user counted together."""

    async def start_cluster(self, user, cluster_options):
        """Make a cluster, and note it for the terminal of `odatis up`."""
        name = await super().start_cluster(user, cluster_options)
        emit("cluster", user=user.name)
        return name

    async def clusters_of(self, username: str) -> list[ClusterUse]:
        """Every cluster of a user that is not stopped, from the Gateway's own table."""
        return [
            ClusterUse(
                name=cluster.name,
                config=cluster.config,
                active=cluster.target < JobStatus.STOPPED,
                asked=cluster.count if cluster.target < JobStatus.STOPPED else 0,
                scheduler_runs=True,
                running=sum(worker.status < JobStatus.STOPPED for worker in cluster.workers.values()),
            )
            for cluster in self.db.username_to_clusters.get(username, {}).values()
            if cluster.status < JobStatus.STOPPED
        ]


def configure_gateway(c: Config, settings: Settings, place: Place, encrypt_key: str) -> None:
    """Set the traits of a Dask Gateway that the hub manages on one machine.

    Parameters
    ----------
    c : traitlets.config.Config
    settings : Settings
    place : Place
        Ports and state folder.
    encrypt_key : str
        Base64 of 32 random bytes: encrypts the clusters' keys in the gateway's database.
    """
    compute = settings.compute
    c.DaskGateway.backend_class = "odatis_vre.hub.gateway.LocalBackend"
    c.DaskGateway.authenticator_class = "dask_gateway_server.auth.JupyterHubAuthenticator"
    c.JupyterHubAuthenticator.jupyterhub_service_name = "dask-gateway"
    c.DaskGateway.address = f"127.0.0.1:{place.gateway_port}"
    c.Proxy.address = f"127.0.0.1:{place.gateway_proxy_port}"
    c.Proxy.prefix = "/services/dask-gateway"
    # Kept on disk: a gateway that was killed finds its clusters again and can stop them.
    c.DBBackendBase.db_url = f"sqlite:///{place.state}/gateway.sqlite"
    c.DBBackendBase.db_encrypt_keys = [encrypt_key]
    c.DBBackendBase.cluster_status_period = 5
    c.DBBackendBase.worker_status_period = 5
    c.DBBackendBase.cluster_start_timeout = compute.start_seconds
    c.DBBackendBase.worker_start_timeout = compute.start_seconds
    c.LocalBackend.clusters_directory = f"{place.state}/clusters"
    c.LocalBackend.sigint_timeout = 3
    c.LocalBackend.inherited_environment = [
        *("PATH", "PYTHONPATH", "VIRTUAL_ENV", "LANG", "LC_ALL", "TZ"),
        *("OPENBLAS_CORETYPE", "SSL_CERT_FILE", MARKER),
        *("ODATIS_CATALOG", "ODATIS_CATALOG_STATUS", "ODATIS_READ_WARNING"),
    ]
    set_limits(c, compute)
    # Whole ones only, where nothing holds a process to its cores.
    c.ClusterConfig.scheduler_cores = math.ceil(compute.scheduler_cores)
    # The pages of schedulers and workers have no login of their own, and the gateway's proxy asks for none.
    c.ClusterConfig.environment = {
        f"DASK_DISTRIBUTED__{part}__HTTP__ROUTES": "[]" for part in ("SCHEDULER", "WORKER")
    }
    c.ClusterConfig.scheduler_cmd = [sys.executable, "-m", "dask", "scheduler", "--no-dashboard"]
    c.ClusterConfig.worker_cmd = [sys.executable, "-m", "dask", "worker", "--no-dashboard"]
    c.Backend.cluster_options = cluster_options(settings)
