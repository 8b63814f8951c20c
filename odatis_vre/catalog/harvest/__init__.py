"""Harvest: the records of other catalogues into reviewable YAML, with a report.

>>> from odatis_vre.catalog.harvest import harvest
>>> report = harvest(
...     "https://sextant.ifremer.fr/geonetwork/srv/api", "sextant.yaml", kind="geonetwork"
... )  # doctest: +SKIP
"""

from importlib import import_module

__all__ = ["KINDS", "Finding", "Link", "Record", "Report", "harvest"]

_HOMES = {
    "KINDS": "harvesting",
    "Finding": "report",
    "Link": "record",
    "Record": "record",
    "Report": "report",
    "harvest": "harvesting",
}


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'odatis_vre.catalog.harvest' has no attribute {name!r}")
    return getattr(import_module(f"odatis_vre.catalog.harvest.{_HOMES[name]}"), name)
