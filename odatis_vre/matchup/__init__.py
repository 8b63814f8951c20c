"""Observations matched to grids."""

__all__ = ["points"]


def __getattr__(name: str):
    if name not in __all__:
        raise AttributeError(f"module 'odatis_vre.matchup' has no attribute {name!r}")
    from odatis_vre.matchup.observations import points

    globals()["points"] = points
    return points
