"""What a user may choose for a Dask cluster, and its limits: the same on one machine and on Kubernetes."""

from dask_gateway_server.options import Float, Integer, Options, String
from traitlets.config import Config

from odatis_vre.settings import Compute, Settings

__all__ = ["cluster_options", "set_limits"]


def cluster_options(settings: Settings, image: bool = False) -> Options:
    """The form of a new cluster, and what its answer sets.

    Parameters
    ----------
    settings : Settings
    image : bool, default False
        Also ask for the image of the workers, and write their user's name on their pods.
    """
    compute = settings.compute
    gigabytes = compute.worker_memory / 2**30

    def handler(options, user) -> dict:
        found = {
            "worker_cores": options.worker_cores,
            "worker_threads": options.worker_cores,
            "worker_memory": int(options.worker_memory * 2**30),
        }
        if not image:
            return found
        whose = {"hub.jupyter.org/username": user.name}
        annotations = {f"{part}_extra_pod_annotations": whose for part in ("scheduler", "worker")}
        return {**found, **annotations, "image": options.image}

    fields = [
        Integer(
            "worker_cores",
            default=compute.worker_cores,
            min=1,
            max=compute.worker_cores,
            label="Cœurs par processus / Cores of a worker",
        ),
        Float(
            "worker_memory",
            default=gigabytes,
            min=min(0.25, gigabytes),
            max=gigabytes,
            label="Mémoire par processus (Gio) / Memory of a worker (GiB)",
        ),
    ]
    if image:
        fields.append(String("image", label="Image, celle de votre serveur / Image, that of your server"))
    return Options(*fields, handler=handler)


def set_limits(c: Config, compute: Compute) -> None:
    """Sizes of clusters, and the limits of one cluster and of one user."""
    c.UserLimits.user_max_clusters = compute.user_max_clusters
    c.UserLimits.user_max_cores = compute.user_max_cores
    c.UserLimits.user_max_memory = compute.user_max_memory
    c.ClusterConfig.cluster_max_workers = compute.max_workers
    c.ClusterConfig.idle_timeout = compute.idle_minutes * 60
    c.ClusterConfig.worker_cores = compute.worker_cores
    c.ClusterConfig.worker_memory = compute.worker_memory
    c.ClusterConfig.scheduler_memory = compute.scheduler_memory
