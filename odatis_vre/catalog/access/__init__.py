"""The way to values, whatever the protocol: several methods a dataset, tried in order.

Below: `session`, `filesystems`, `downloads` (bytes), `grids`, `opendap`, `tables`, `features` (formats).
"""

from importlib import import_module

__all__ = ["Method", "fetch", "methods", "open_grid", "open_table", "sized"]

_HOMES = {
    "Method": "odatis_vre.catalog.access.methods",
    "fetch": "odatis_vre.catalog.access.opening",
    "methods": "odatis_vre.catalog.access.methods",
    "open_grid": "odatis_vre.catalog.access.opening",
    "open_table": "odatis_vre.catalog.access.opening",
    "sized": "odatis_vre.catalog.access.opening",
}


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'odatis_vre.catalog.access' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
