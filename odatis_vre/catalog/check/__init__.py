"""Whether entries open, and hold what their catalogue says: checked by night, told on the cards.

>>> from odatis_vre import open_catalog
>>> from odatis_vre.catalog.check import check_entry
>>> check_entry(open_catalog()["sample/ocean_climatology"]).state
'as_said'
"""

from importlib import import_module

__all__ = ["Checked", "Difference", "check_catalog", "check_entry", "status_of", "status_path"]

_HOMES = {
    "Checked": "status",
    "Difference": "status",
    "check_catalog": "checking",
    "check_entry": "checking",
    "status_of": "status",
    "status_path": "status",
}


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'odatis_vre.catalog.check' has no attribute {name!r}")
    return getattr(import_module(f"odatis_vre.catalog.check.{_HOMES[name]}"), name)
