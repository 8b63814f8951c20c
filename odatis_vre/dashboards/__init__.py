"""Dashboards: what the catalogue holds, on a map, in French and English; and figures for notebooks.

`odatis_vre.dashboards.serve("explore")` shows the catalogue explorer. In a notebook, `field_map` draws a
map and `show` shows a plot without any network.
"""

from importlib import import_module

_HOMES = {
    "DASHBOARDS": "odatis_vre.dashboards.server",
    "field_map": "odatis_vre.dashboards.fieldmap",
    "serve": "odatis_vre.dashboards.server",
    "show": "odatis_vre.dashboards.iframe",
}

__all__ = ["DASHBOARDS", "field_map", "serve", "show"]


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'odatis_vre.dashboards' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
