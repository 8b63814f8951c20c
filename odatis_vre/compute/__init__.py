"""Dask clusters: Dask Gateway inside the VRE, processes of this machine outside."""

__all__ = ["cluster"]


def __getattr__(name: str):
    if name not in __all__:
        raise AttributeError(f"module 'odatis_vre.compute' has no attribute {name!r}")
    from odatis_vre.compute.clusters import cluster

    globals()["cluster"] = cluster
    return cluster
