"""Values to the traits of Dask Gateway's two servers on Kubernetes: the API and the controller."""

import sys
from pathlib import Path

from traitlets.config import Config

from odatis_vre.hub.cluster_options import cluster_options, set_limits
from odatis_vre.hub.kubernetes.pods import (
    CONTAINER_SECURITY,
    POD_SECURITY,
    image_reference,
    labels,
    placement,
)
from odatis_vre.hub.kubernetes.release import Release
from odatis_vre.hub.kubernetes.values import DaskPods, Values
from odatis_vre.hub.kubernetes.volumes import data_volumes, pod_local_volumes

__all__ = ["configure_gateway_api", "configure_gateway_controller"]

PREFIX = "/services/dask-gateway"
_API = "http://gateway-api:8000/api"
# Seconds that the record of a stopped cluster is kept.
_KEEP_RECORDS = 3600


def configure_gateway_api(c: Config, values: Values, release: Release) -> None:
    """Set the traits of the API: who may ask, for what, how much.

    The hub's token for it comes by the environment, as `JUPYTERHUB_API_TOKEN`.

    Parameters
    ----------
    c : traitlets.config.Config
    values : Values
    release : Release
    """
    c.DaskGateway.backend_class = "odatis_vre.hub.kubernetes.backend.VreBackend"
    c.DaskGateway.address = ":8000"
    c.DaskGateway.authenticator_class = "dask_gateway_server.auth.JupyterHubAuthenticator"
    c.JupyterHubAuthenticator.jupyterhub_service_name = "dask-gateway"
    c.JupyterHubAuthenticator.jupyterhub_api_url = "http://hub:8081/hub/api"
    _set_common(c, release)
    set_limits(c, values.vre.compute)
    set_pods(c, values, release)
    c.VreBackend.images = _images(values, release)
    c.Backend.cluster_options = cluster_options(values.vre, image=True)


def configure_gateway_controller(c: Config, values: Values, release: Release) -> None:
    """Set the traits of the controller, which makes the pods that the API asked for.

    Parameters
    ----------
    c : traitlets.config.Config
    values : Values
    release : Release
    """
    c.KubeController.address = ":8000"
    c.KubeController.proxy_prefix = PREFIX
    c.KubeController.completed_cluster_max_age = _KEEP_RECORDS
    c.VreController.network_policies = values.network_policy.enabled
    _set_common(c, release)


def _set_common(c: Config, release: Release) -> None:
    common = labels(release, "dask")
    common.pop("app.kubernetes.io/component")
    c.KubeBackendAndControllerMixin.gateway_instance = release.name
    c.KubeBackendAndControllerMixin.common_labels = common
    c.KubeBackend.api_url = c.KubeController.api_url = _API


def set_pods(c: Config, values: Values, release: Release) -> None:
    """Pods of schedulers and workers: size, security, data, place."""
    compute, config = values.vre.compute, c.KubeClusterConfig
    config.namespace = release.namespace
    config.image_pull_policy = values.singleuser.image.pull_policy
    config.image_pull_secrets = [{"name": name} for name in values.image_pull_secrets]
    config.scheduler_cores = compute.scheduler_cores
    # Workers have no pages: their address is not reached through the login of the scheduler's.
    config.environment = {"DASK_DISTRIBUTED__WORKER__HTTP__ROUTES": "[]"}
    config.scheduler_cmd = ["-m", "dask", "scheduler"]
    config.worker_cmd = ["-m", "dask", "worker", "--no-dashboard"]
    for part, place in (("scheduler", values.gateway.scheduler), ("worker", values.gateway.worker)):
        config[f"{part}_extra_container_config"] = _container(values, place)
        config[f"{part}_extra_pod_config"] = _pod(values, place)


def _container(values: Values, place: DaskPods) -> dict:
    _, mounts, env = _volumes(values)
    found = {
        "command": ["python"],
        "workingDir": "/tmp",
        "securityContext": CONTAINER_SECURITY,
        "volumeMounts": mounts,
        "env": [*env, {"name": "HOME", "value": "/tmp"}],
    }
    if place.requests:
        found["resources"] = {"requests": {name: str(value) for name, value in place.requests.items()}}
    return found


def _pod(values: Values, place: DaskPods) -> dict:
    volumes, _, _ = _volumes(values)
    return {
        "securityContext": POD_SECURITY,
        "enableServiceLinks": False,
        "volumes": volumes,
        **placement(place),
    }


def _volumes(values: Values) -> tuple[list[dict], list[dict], list[dict]]:
    data, local = data_volumes(values), pod_local_volumes()
    return tuple(first + second for first, second in zip(data, local, strict=True))


def _images(values: Values, release: Release) -> list[str]:
    default = image_reference(values.singleuser.image, release)
    return list(dict.fromkeys([default, *(p.image for p in values.vre.profiles.values() if p.image)]))


def _run_api(arguments: list[str]) -> None:
    from dask_gateway_server.app import DaskGateway

    DaskGateway.launch_instance(arguments)


def _run_controller(arguments: list[str]) -> None:
    from odatis_vre.hub.kubernetes.controller import VreController

    VreController.launch_instance(arguments)


if __name__ == "__main__":
    run = {"api": _run_api, "controller": _run_controller}[sys.argv[1]]
    run(["-f", str(Path(__file__).with_name("dask_gateway_config.py"))])
