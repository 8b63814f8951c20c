"""Observations matched to grids: points, and windows around them."""

from importlib import import_module

_PUBLIC = {"points": "odatis_vre.matchup.observations", "windows": "odatis_vre.matchup.minicubes"}

__all__ = ["points", "windows"]


def __getattr__(name: str):
    if name not in _PUBLIC:
        raise AttributeError(f"module 'odatis_vre.matchup' has no attribute {name!r}")
    value = getattr(import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
