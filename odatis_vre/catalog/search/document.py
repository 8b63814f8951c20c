"""What a search looks at in an entry: its texts by weight, its facets, its extent and its period."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from odatis_vre.catalog.search.words import fold
from odatis_vre.i18n import LANGUAGES, tr

if TYPE_CHECKING:
    from odatis_vre.catalog.entry import Entry

__all__ = ["FACETS", "WEIGHTS", "domain_labels", "facet_values", "texts"]

WEIGHTS = {"title": 8, "name": 6, "variables": 4, "subject": 3, "description": 1}
FACETS = (
    "domain",
    "odatis_variable",
    "variable",
    "data_centre",
    "platform",
    "protocol",
    "licence",
)


def texts(entry: "Entry") -> dict[str, str]:
    """The folded texts of an entry, by the names of `WEIGHTS`."""
    known = entry.metadata
    variables = [
        f"{name} {facts.standard_name or ''} {facts.title.both}" for name, facts in entry.variables.items()
    ]
    subject = [known.domain or "", known.data_centre or "", known.doi or "", *known.odatis_variables]
    subject += domain_labels(known.domain)
    subject += [*_extra(entry, "platforms"), *_extra(entry, "keywords"), *_extra(entry, "standard_names")]
    fields = {
        "title": known.title.both,
        "name": entry.id,
        # a mark between two names: words on both sides of it are no phrase
        "variables": " . ".join(variables),
        "subject": " . ".join(subject),
        "description": f"{known.description.both} {entry.description}",
    }
    return {name: fold(value) for name, value in fields.items()}


def facet_values(entry: "Entry") -> dict[str, list[str]]:
    """The values of an entry in each facet; an ODATIS variable counts for those above it too."""
    known = entry.metadata
    standard_names = {*known.standard_names, *_extra(entry, "standard_names")}
    found = {
        "domain": [known.domain] if known.domain else [],
        "odatis_variable": _with_parents(known.odatis_variables),
        "variable": sorted(standard_names),
        "data_centre": [known.data_centre] if known.data_centre else [],
        "platform": sorted(set(_extra(entry, "platforms"))),
        "protocol": sorted({p for p in [known.protocol, *_access_protocols(entry)] if p}),
        "licence": [known.licence.name] if known.licence else [],
    }
    # a field that is there and empty is a value of no facet
    return {facet: [value for value in values if value.strip()] for facet, values in found.items()}


def domain_labels(domain: str | None) -> list[str]:
    """A domain in each language; none for one that the catalogue's words do not know."""
    try:
        return [tr(f"catalog.domain.{domain}", lang=lang) for lang in LANGUAGES]
    except KeyError:
        return []


def _with_parents(paths: Iterable[str]) -> list[str]:
    found: dict[str, None] = {}
    for path in paths:
        parts = [part for part in path.split("/") if part]
        for depth in range(1, len(parts) + 1):
            found["/" + "/".join(parts[:depth])] = None
    return list(found)


def _extra(entry: "Entry", name: str) -> list[str]:
    """A list of words that the file may hold, declared in the model or not."""
    value: Any = getattr(entry.metadata, name, None) or []
    value = [value] if isinstance(value, str) else value
    return [part for part in value if isinstance(part, str)] if isinstance(value, list | tuple) else []


def _access_protocols(entry: "Entry") -> list[str]:
    methods = getattr(entry.metadata, "access", None) or []
    if not isinstance(methods, list | tuple):
        return []
    found = [
        way.get("protocol") if isinstance(way, dict) else getattr(way, "protocol", None) for way in methods
    ]
    return [protocol for protocol in found if isinstance(protocol, str)]
