"""Datasets as CF describes them, whatever the file: names, units, times, axes; each change is listed."""

from importlib import import_module

__all__ = ["clean_grid", "clean_table"]

_HOMES = {"clean_grid": "odatis_vre.catalog.clean.grid", "clean_table": "odatis_vre.catalog.clean.table"}


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'odatis_vre.catalog.clean' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
