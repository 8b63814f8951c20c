"""Search: words of two languages and what they mean, typed conditions, counts by facet."""

from importlib import import_module

__all__ = ["Facets", "Index", "Understood", "build", "find", "nearest_name", "understand"]

_HOMES = {
    "Facets": "facets",
    "Index": "index",
    "Understood": "query",
    "build": "index",
    "find": "ranking",
    "nearest_name": "suggest",
    "understand": "query",
}


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'odatis_vre.catalog.search' has no attribute {name!r}")
    return getattr(import_module(f"odatis_vre.catalog.search.{_HOMES[name]}"), name)
