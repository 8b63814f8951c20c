"""Datasets by name: search in French or English, open lazily, cite.

>>> import odatis_vre as ov
>>> cat = ov.open_catalog()
>>> cat["sample/ocean_climatology"].to_xarray(bbox=(-12, 43, 2, 60))  # doctest: +SKIP
"""

from importlib import import_module

__all__ = ["Catalog", "Entry", "citations", "open_catalog", "opened", "site_catalog"]

_HOMES = {
    "Catalog": "odatis_vre.catalog.tree",
    "Entry": "odatis_vre.catalog.entry",
    "citations": "odatis_vre.catalog.citing",
    "open_catalog": "odatis_vre.catalog.tree",
    "opened": "odatis_vre.catalog.provenance",
    "site_catalog": "odatis_vre.catalog.yamlfile",
}


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'odatis_vre.catalog' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__():
    return sorted({*globals(), *__all__})
