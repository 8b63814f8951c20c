"""Dask clusters (Dask Gateway inside the VRE, processes of this machine outside), and what they write."""

from importlib import import_module

_HOME = {"cluster": "clusters", "save": "saving", "stop_noted": "noted"}

__all__ = ["cluster", "save", "stop_noted"]


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module 'odatis_vre.compute' has no attribute {name!r}")
    value = getattr(import_module(f"odatis_vre.compute.{_HOME[name]}"), name)
    globals()[name] = value
    return value
