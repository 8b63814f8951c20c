"""Dashboards: what the catalogue holds, on a map, in French and English.

`odatis_vre.dashboards.serve("explore")` shows the catalogue explorer.
"""

from importlib import import_module

_HOMES = {
    "DASHBOARDS": "odatis_vre.dashboards.server",
    "serve": "odatis_vre.dashboards.server",
}

__all__ = ["DASHBOARDS", "serve"]


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'odatis_vre.dashboards' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
