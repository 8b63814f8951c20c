"""Ecological niche methods on tables and grids.

>>> import numpy as np, odatis_vre as ov
>>> sst = np.linspace(5, 25, 200)[:, None]
>>> eggs = np.exp(-(((sst[:, 0] - 12) / 2) ** 2))
>>> float(ov.niche.Chromatogram(bins=20).fit(sst, eggs).optimum_[0, 0].round(1))
12.0
"""

from importlib import import_module

_HOME = {
    "BRT": "brt",
    "Chromatogram": "chromatogram",
    "ENFA": "enfa",
    "Ensemble": "ensemble",
    "Envelope": "envelope",
    "GAM": "gam",
    "GLM": "glm",
    "MaxEnt": "maxent",
    "NPPEN": "nppen",
    "OMI": "omi",
    "RandomForest": "forest",
    "WeightedAveraging": "averaging",
    "chromatogram_overlap": "hyperrectangles",
    "estimate": "projection_cost",
    "mess": "extrapolation",
    "mop": "extrapolation",
    "overlap": "similarity",
    "project": "projection",
}
_MODULES = {"absences", "collinearity", "explain", "metrics", "prepare", "report", "shift", "validation"}

__all__ = [
    "BRT",
    "ENFA",
    "GAM",
    "GLM",
    "NPPEN",
    "OMI",
    "Chromatogram",
    "Ensemble",
    "Envelope",
    "MaxEnt",
    "RandomForest",
    "WeightedAveraging",
    "absences",
    "chromatogram_overlap",
    "collinearity",
    "estimate",
    "explain",
    "mess",
    "metrics",
    "mop",
    "overlap",
    "prepare",
    "project",
    "report",
    "shift",
    "validation",
]


def __getattr__(name: str):
    if name in _MODULES:
        return import_module(f"odatis_vre.niche.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'odatis_vre.niche' has no attribute {name!r}")
    value = getattr(import_module(f"odatis_vre.niche.{_HOME[name]}"), name)
    globals()[name] = value
    return value
