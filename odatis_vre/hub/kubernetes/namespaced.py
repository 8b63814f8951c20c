"""Dask Gateway's watches, held to one namespace: without this they list the whole cluster.

Importing this module puts the namespaced watch where Dask Gateway's two servers look for theirs. So they
need no right outside the release's namespace.
"""

import os
from pathlib import Path

from dask_gateway_server.backends.kubernetes import backend, controller
from dask_gateway_server.backends.kubernetes.utils import Informer

__all__ = ["NamespacedInformer", "namespace"]

_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_METHODS = {
    "list_cluster_custom_object": "list_namespaced_custom_object",
    "list_pod_for_all_namespaces": "list_namespaced_pod",
    "list_endpoints_for_all_namespaces": "list_namespaced_endpoints",
}


def namespace() -> str:
    """The namespace of this pod."""
    return os.environ.get("ODATIS_VRE_NAMESPACE") or _NAMESPACE.read_text("utf-8").strip()


class NamespacedInformer(Informer):
    """A watch of one namespace, made with the arguments of a watch of all of them."""

    def __init__(self, *, method: str, method_kwargs: dict, **kwargs):
        kwargs["method_kwargs"] = {**method_kwargs, "namespace": namespace()}
        super().__init__(method=_METHODS[method], **kwargs)


# Neither server has a setting for it: their modules name the class.
backend.Informer = controller.Informer = NamespacedInformer
