"""Settings to Dask Gateway traits, on the local backend."""

import sys

from dask_gateway_server.options import Float, Integer, Options
from traitlets.config import Config

from odatis_vre.hub.embedded.place import Place
from odatis_vre.hub.embedded.processes import MARKER
from odatis_vre.hub.events import emit
from odatis_vre.settings import Settings

__all__ = ["configure_gateway"]


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
    c.DaskGateway.backend_class = "dask_gateway_server.backends.local.UnsafeLocalBackend"
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
        *("OPENBLAS_CORETYPE", "SSL_CERT_FILE", "ODATIS_CATALOG", MARKER),
    ]
    c.ClusterConfig.cluster_max_workers = compute.max_workers
    c.ClusterConfig.idle_timeout = compute.idle_minutes * 60
    c.ClusterConfig.worker_cores = compute.worker_cores
    c.ClusterConfig.worker_memory = compute.worker_memory
    # The pages of schedulers and workers have no login of their own, and the gateway's proxy asks for none.
    c.ClusterConfig.environment = {
        f"DASK_DISTRIBUTED__{part}__HTTP__ROUTES": "[]" for part in ("SCHEDULER", "WORKER")
    }
    c.ClusterConfig.scheduler_cmd = [sys.executable, "-m", "dask", "scheduler", "--no-dashboard"]
    c.ClusterConfig.worker_cmd = [sys.executable, "-m", "dask", "worker", "--no-dashboard"]
    c.Backend.cluster_options = cluster_options(settings)


def cluster_options(settings: Settings) -> Options:
    """What a user may choose for a cluster: the same names on one machine and on Kubernetes."""
    gigabytes = settings.compute.worker_memory / 2**30

    def chosen(options, user) -> dict:
        emit("cluster", user=user.name)
        return {
            "worker_cores": options.worker_cores,
            "worker_threads": options.worker_cores,
            "worker_memory": int(options.worker_memory * 2**30),
        }

    return Options(
        Integer(
            "worker_cores",
            default=settings.compute.worker_cores,
            min=1,
            max=settings.compute.worker_cores,
            label="Cœurs par processus / Cores of a worker",
        ),
        Float(
            "worker_memory",
            default=gigabytes,
            min=min(0.25, gigabytes),
            max=gigabytes,
            label="Mémoire par processus (Gio) / Memory of a worker (GiB)",
        ),
        handler=chosen,
    )
