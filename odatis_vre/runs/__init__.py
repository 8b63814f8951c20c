"""Notebook runs that leave evidence: parameters checked first, one folder per run, a record.

>>> import odatis_vre as ov
>>> run = ov.run("notebooks/templates/mean.ipynb", parameters={"year": 1992})  # doctest: +SKIP
>>> run.status, run.report  # doctest: +SKIP
"""

from importlib import import_module

_HOMES = {
    "ParameterError": "odatis_vre.runs.parameters",
    "Run": "odatis_vre.runs.result",
    "run": "odatis_vre.runs.execution",
}

__all__ = ["ParameterError", "Run", "run"]


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'odatis_vre.runs' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
