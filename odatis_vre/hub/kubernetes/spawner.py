"""The pods of notebook servers: KubeSpawner's traits."""

from typing import Any

from kubespawner.slugs import is_valid_label, safe_slug
from traitlets.config import Config

from odatis_vre.hub.culler import activity_seconds
from odatis_vre.hub.kubernetes.pods import (
    CONTAINER_SECURITY,
    POD_SECURITY,
    image_reference,
    labels,
    placement,
)
from odatis_vre.hub.kubernetes.release import Release
from odatis_vre.hub.kubernetes.values import Values
from odatis_vre.hub.kubernetes.volumes import HOME, data_volumes, notebook_volumes, pod_local_volumes
from odatis_vre.hub.profiles import chosen_profile, profile_setter

__all__ = ["set_spawner"]

COMPONENT = "singleuser-server"


def set_spawner(c: Config, values: Values, release: Release) -> None:
    """Set the traits of KubeSpawner.

    Parameters
    ----------
    c : traitlets.config.Config
    values : Values
    release : Release
    """
    c.JupyterHub.spawner_class = "odatis_vre.hub.kubernetes.server_pods.ServerPods"
    set_pod(c, values, release)
    set_security(c)
    set_home(c, values)
    set_mounts(c, values)
    set_placement(c, values)
    c.Spawner.apply_user_options = pod_profile_setter(values, release)
    if values.vre.compute.stop_with_server:
        from odatis_vre.hub.kubernetes.clusters import stop_clusters

        c.KubeSpawner.post_stop_hook = stop_clusters


def set_pod(c: Config, values: Values, release: Release) -> None:
    """Names, labels, image, time to start."""
    c.KubeSpawner.namespace = release.namespace
    c.KubeSpawner.slug_scheme = "safe"
    c.KubeSpawner.handle_legacy_names = False
    c.KubeSpawner.component_label = COMPONENT
    kept = {
        name: value for name, value in labels(release, COMPONENT).items() if not name.endswith("component")
    }
    c.KubeSpawner.common_labels = {**kept, "app.kubernetes.io/managed-by": "kubespawner"}
    c.KubeSpawner.image = image_reference(values.singleuser.image, release)
    c.KubeSpawner.image_pull_policy = values.singleuser.image.pull_policy
    c.KubeSpawner.image_pull_secrets = list(values.image_pull_secrets)
    # Named, because arguments reach the server only behind a command.
    c.KubeSpawner.cmd = ["jupyterhub-singleuser"]
    c.KubeSpawner.working_dir = HOME
    c.KubeSpawner.start_timeout = values.singleuser.start_timeout
    # A pod runs before its server answers; where fifty start on few cores, most of the wait comes after.
    c.KubeSpawner.http_timeout = values.singleuser.start_timeout
    # A busy API server gets more than three seconds before it is asked again.
    c.KubeSpawner.k8s_api_request_timeout = 10


def set_security(c: Config) -> None:
    """Pod Security "restricted", and nothing of Kubernetes in the pod."""
    c.KubeSpawner.uid = 1000
    c.KubeSpawner.gid = 1000
    c.KubeSpawner.fs_gid = 1000
    c.KubeSpawner.allow_privilege_escalation = False
    c.KubeSpawner.pod_security_context = POD_SECURITY
    c.KubeSpawner.container_security_context = CONTAINER_SECURITY
    c.KubeSpawner.automount_service_account_token = False


def set_home(c: Config, values: Values) -> None:
    """A volume per user, for all of the user's servers. Nothing here ever deletes it."""
    home = values.singleuser.storage
    c.KubeSpawner.storage_pvc_ensure = True
    c.KubeSpawner.delete_pvc = False
    c.KubeSpawner.pvc_name_template = "home-{username}"
    c.KubeSpawner.storage_capacity = home.capacity
    if home.storage_class is not None:
        c.KubeSpawner.storage_class = home.storage_class
    c.KubeSpawner.storage_access_modes = list(home.access_modes)


def set_mounts(c: Config, values: Values) -> None:
    """Home, data, catalogue, notebooks; and what programs write at their start, off the home."""
    volumes = [{"name": "home", "persistentVolumeClaim": {"claimName": "{pvc_name}"}}]
    mounts = [{"name": "home", "mountPath": HOME}]
    env = gateway_environment()
    for more in (pod_local_volumes(), data_volumes(values), notebook_volumes(values)):
        written = as_written(list(more))
        volumes, mounts, env = volumes + written[0], mounts + written[1], env + written[2]
    c.KubeSpawner.volumes = volumes
    c.KubeSpawner.volume_mounts = mounts
    environment = {one["name"]: one.get("value", one) for one in env}
    environment["HOME"] = HOME
    environment["JUPYTERHUB_ACTIVITY_INTERVAL"] = str(activity_seconds(values.vre))
    c.KubeSpawner.environment = {**environment, **as_written(values.singleuser.extra_env)}


def as_written(found: Any) -> Any:
    """Texts in lists and mappings, such that KubeSpawner, which fills in `{username}`, leaves them alone.

    Parameters
    ----------
    found : str, list, dict or other

    Examples
    --------
    >>> as_written({"LAB": ['{"theme": "dark"}']})
    {'LAB': ['{{"theme": "dark"}}']}
    """
    if isinstance(found, str):
        return found.replace("{", "{{").replace("}", "}}")
    if isinstance(found, dict):
        return {key: as_written(value) for key, value in found.items()}
    return [as_written(value) for value in found] if isinstance(found, list) else found


def set_placement(c: Config, values: Values) -> None:
    """Where the pods run; links to every service of the namespace are left out of their environment."""
    c.KubeSpawner.extra_pod_config = {"enableServiceLinks": False, **placement(values.singleuser)}


def gateway_environment() -> list[dict]:
    """What lets `dask_gateway.Gateway()` find its server, and ask for the image that this server runs."""
    found = {
        "ADDRESS": "http://gateway-proxy:8000/services/dask-gateway",
        "PUBLIC_ADDRESS": "/services/dask-gateway",
        "PROXY_ADDRESS": "gateway://gateway-proxy:8786",
        "AUTH__TYPE": "jupyterhub",
        # Kubernetes puts in what KubeSpawner says of this pod.
        "CLUSTER__OPTIONS__IMAGE": "$(JUPYTER_IMAGE_SPEC)",
    }
    return [{"name": f"DASK_GATEWAY__{name}", "value": value} for name, value in found.items()]


def beside_the_home(affinity: dict, user: str, release: Release) -> dict:
    """An affinity that also asks for the node where the user's other servers run, if there are any.

    Parameters
    ----------
    affinity : dict
        The operator's, in Kubernetes' words.
    user : str
    release : Release
    """
    others = {**labels(release, COMPONENT), "hub.jupyter.org/username": safe_slug(user, is_valid_label)}
    term = {"labelSelector": {"matchLabels": others}, "topologyKey": "kubernetes.io/hostname"}
    pods, required = affinity.get("podAffinity", {}), "requiredDuringSchedulingIgnoredDuringExecution"
    known = [other for other in pods.get(required, []) if other != term]
    return {**affinity, "podAffinity": {**pods, required: [*known, term]}}


def pod_profile_setter(values: Values, release: Release):
    """Set a pod's image, memory and cores from the user's choice, and what its task asks for."""
    common = profile_setter(values.vre, python="python")
    # A disk that one node opens at a time: all servers of a user run on the node that has it.
    one_node = set(values.singleuser.storage.access_modes) <= {"ReadWriteOnce"}

    def apply(spawner, user_options: dict) -> None:
        common(spawner, user_options)
        profile = chosen_profile(values.vre, user_options)
        # What is promised is what there is: nobody's kernel dies for a neighbour's memory.
        spawner.mem_guarantee = profile.memory
        spawner.cpu_guarantee = min(profile.cores_guarantee, profile.cores)
        spawner.image = profile.image or image_reference(values.singleuser.image, release)
        pod = dict(spawner.extra_pod_config)
        if one_node:
            pod["affinity"] = beside_the_home(pod.get("affinity", {}), spawner.user.name, release)
        if spawner.name:
            # A container that ended is not begun again: no run is carried out twice.
            pod["restartPolicy"] = "Never"
            # A run that is stopped ends its kernel and writes how far it came.
            spawner.delete_grace_period = 30
        spawner.extra_pod_config = pod

    return apply
