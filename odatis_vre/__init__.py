"""The ODATIS virtual research environment: open, match, fit, project, run.

>>> import odatis_vre as ov
>>> cat = ov.open_catalog()
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("odatis-vre")
except PackageNotFoundError:  # a checkout that is not installed
    __version__ = "0+unknown"

# Public name -> where it lives. Loaded at first use: `import odatis_vre` stays quick.
_PUBLIC = {
    "OdatisError": "odatis_vre.errors",
    "catalog": None,
    "citations": "odatis_vre.catalog",
    "cluster": "odatis_vre.compute",
    "matchup": None,
    "niche": None,
    "open_catalog": "odatis_vre.catalog",
    "run": "odatis_vre.runs",
    "save": "odatis_vre.compute",
    "tr": "odatis_vre.i18n",
}

__all__ = [
    "OdatisError",
    "catalog",
    "citations",
    "cluster",
    "matchup",
    "niche",
    "open_catalog",
    "run",
    "save",
    "tr",
]


def __getattr__(name: str):
    if name not in _PUBLIC:
        raise AttributeError(f"module 'odatis_vre' has no attribute {name!r}")
    home = _PUBLIC[name]
    value = getattr(import_module(home), name) if home else import_module(f"odatis_vre.{name}")
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
