"""Ecological niche methods on tables and grids.

>>> import numpy as np, odatis_vre as ov
>>> sst = np.linspace(5, 25, 200)[:, None]
>>> eggs = np.exp(-(((sst[:, 0] - 12) / 2) ** 2))
>>> float(ov.niche.Chromatogram(bins=20).fit(sst, eggs).optimum_[0, 0].round(1))
12.0
"""

from importlib import import_module

_HOME = {"Chromatogram": "chromatogram", "NPPEN": "nppen", "project": "projection"}

__all__ = ["NPPEN", "Chromatogram", "project"]


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module 'odatis_vre.niche' has no attribute {name!r}")
    value = getattr(import_module(f"odatis_vre.niche.{_HOME[name]}"), name)
    globals()[name] = value
    return value
