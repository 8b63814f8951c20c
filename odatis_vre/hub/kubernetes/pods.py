"""What the pods of servers, schedulers and workers have in common, as Kubernetes writes it."""

from odatis_vre.hub.kubernetes.release import Release
from odatis_vre.hub.kubernetes.value_parts import Image, Placement

__all__ = ["CONTAINER_SECURITY", "POD_SECURITY", "image_reference", "labels", "placement"]

# Pod Security "restricted"; the chart's vre.podSecurity and vre.containerSecurity say the same.
POD_SECURITY = {
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "runAsGroup": 1000,
    "fsGroup": 1000,
    "fsGroupChangePolicy": "OnRootMismatch",
    "seccompProfile": {"type": "RuntimeDefault"},
}
CONTAINER_SECURITY = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
}


def image_reference(image: Image, release: Release) -> str:
    """An image by digest, else by its tag, else by the version of the chart.

    Parameters
    ----------
    image : Image
    release : Release

    Examples
    --------
    >>> image_reference(Image(name="odatis-vre/hub"), Release(version="1.2.3"))
    'odatis-vre/hub:1.2.3'
    """
    return f"{image.name}@{image.digest}" if image.digest else f"{image.name}:{image.tag or release.version}"


def labels(release: Release, component: str) -> dict[str, str]:
    """The labels by which network policies and people find a pod.

    Parameters
    ----------
    release : Release
    component : str
        As in `"singleuser-server"`, `"dask-scheduler"`, `"dask-worker"`.
    """
    return {
        "app.kubernetes.io/name": "odatis-vre",
        "app.kubernetes.io/instance": release.name,
        "app.kubernetes.io/component": component,
    }


def placement(place: Placement) -> dict:
    """Node selector, tolerations and affinity, as fields of a pod; what is empty is left out.

    Parameters
    ----------
    place : Placement
    """
    found = {
        "nodeSelector": place.node_selector,
        "tolerations": place.tolerations,
        "affinity": place.affinity,
    }
    return {name: value for name, value in found.items() if value}
