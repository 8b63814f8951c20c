"""Typed conditions of a search: each leaves some rows, or says what there is instead."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from odatis_vre.catalog.request import BBox, Period
from odatis_vre.catalog.search.document import domain_labels
from odatis_vre.catalog.search.extent import box_distance, period_distance, touches_box, touches_period
from odatis_vre.catalog.search.suggest import close_words, suggest
from odatis_vre.catalog.search.vocabulary import CONCEPT, content, vocabulary
from odatis_vre.catalog.search.words import fold, split, stems
from odatis_vre.errors import DataNotFound
from odatis_vre.i18n import tr

if TYPE_CHECKING:
    from odatis_vre.catalog.entry import Entry
    from odatis_vre.catalog.search.index import Index

__all__ = ["in_box", "in_domain", "in_period", "with_value", "with_variable"]

_DOMAINS = (
    "physics",
    "biology",
    "marine_biology",
    "biogeochemistry",
    "geology",
    "atmosphere",
    "meteorology",
    "hydrology",
    "other_poles",
)
# Two names of one domain: whichever a catalogue writes, both find it.
_TWINS = ({"biology", "marine_biology"}, {"atmosphere", "meteorology"})
# "CC-BY" asks for no licence with these.
_RESTRICTIONS = {"nc", "nd", "sa"}


def in_domain(index: "Index", rows: np.ndarray, domain: str) -> np.ndarray:
    """Rows of a domain, by its name or by its label in either language."""
    names = dict.fromkeys((*index.labels("domain"), *_DOMAINS))
    labels = {fold(label): name for name in names for label in domain_labels(name)}
    wanted = labels.get(fold(domain), fold(domain))
    twins = next((pair for pair in _TWINS if wanted in pair), {wanted})
    found = _rows_where(index, rows, "domain", lambda name: fold(name) in twins)
    if not len(found):
        there = sorted(_present(index, rows, "domain"))
        # a domain that exists elsewhere is no typing error
        near = (
            [] if wanted in _DOMAINS else close_words(domain, labels | {fold(name): name for name in there})
        )
        meant = dict.fromkeys(labels.get(fold(name), name) for name in near)
        raise DataNotFound(
            tr("catalog.no_domain", domain=domain), suggest([name for name in meant if name in there], there)
        )
    return found


def with_variable(index: "Index", rows: np.ndarray, variable: str) -> np.ndarray:
    """Rows that have a variable, by its name, standard name, title, ODATIS label or meaning."""
    folded, words = fold(variable), set(split(fold(variable)))

    def is_named(name: str) -> bool:
        return name == folded or bool(words and words.issubset(split(name)))

    def is_label(path: str) -> bool:
        return folded in (fold(path), fold(path.rpartition("/")[2]))

    exact = _rows_where(index, rows, "named", lambda name: name == folded)
    exact = np.union1d(exact, _rows_where(index, rows, "variable", lambda name: fold(name) == folded))
    found = np.union1d(exact, _rows_where(index, rows, "named", is_named))
    found = np.union1d(found, _rows_where(index, rows, "odatis_variable", is_label))
    if "_" not in variable:
        found = np.union1d(found, _meaning(index, rows, variable))
    if not len(found):
        known = [*_present(index, rows, "named"), *_present(index, rows, "variable")]
        raise DataNotFound(
            tr("catalog.no_such_variable", variable=variable),
            suggest(close_words(variable, known), sorted(_present(index, rows, "variable")) or sorted(known)),
        )
    return found


def with_value(index: "Index", rows: np.ndarray, facet: str, wanted: str) -> np.ndarray:
    """Rows that have a value of a facet; where none is that very value, those that hold all its words."""
    words = split(fold(wanted))
    found = _rows_where(index, rows, facet, lambda name: split(fold(name)) == words)
    if not len(found) and words:

        def holds(name: str) -> bool:
            there = set(split(fold(name)))
            more = facet == "licence" and (there - set(words)) & _RESTRICTIONS
            return there.issuperset(words) and not more

        found = _rows_where(index, rows, facet, holds)
    if not len(found):
        there = sorted(_present(index, rows, facet))
        raise DataNotFound(
            tr("search.no_value", facet=tr(f"search.facet.{facet}"), value=wanted),
            suggest(close_words(wanted, there), there) if there else tr("search.no_facet"),
        )
    return found


def in_box(index: "Index", rows: np.ndarray, box: BBox, entries: Sequence["Entry"]) -> np.ndarray:
    """Rows that touch a box."""
    found = rows[touches_box(index, box)[rows]]
    if not len(found):
        raise DataNotFound(tr("catalog.none_in_box", bbox=box), nearest_box(index, rows, box, entries))
    return found


def in_period(
    index: "Index", rows: np.ndarray, period: Period, entries: Sequence["Entry"], said: bool = False
) -> np.ndarray:
    """Rows that touch a period, which the text of the question may have said."""
    found = rows[touches_period(index, period)[rows]]
    if not len(found):
        gaps = period_distance(index, period, rows)
        hint = tr("search.no_period") if said else tr("catalog.no_period")
        if len(gaps) and np.isfinite(gaps.min()):
            nearest = entries[rows[gaps.argmin()]]
            hint = tr("catalog.nearest_period", entry=nearest.id, period=nearest.period)
        raise DataNotFound(tr("catalog.none_in_time", time=period), hint)
    return found


def nearest_box(
    index: "Index", rows: np.ndarray, box: BBox, entries: Sequence["Entry"], said: bool = False
) -> str:
    """A hint: the entry nearest to a box, which the text of the question may have said."""
    gaps = box_distance(index, box, rows)
    if not len(gaps) or not np.isfinite(gaps.min()):
        return tr("search.no_extent") if said else tr("catalog.no_extent")
    nearest = entries[rows[gaps.argmin()]]
    return tr("catalog.nearest_extent", entry=nearest.id, extent=nearest.bbox)


def _meaning(index: "Index", rows: np.ndarray, variable: str) -> np.ndarray:
    """Rows with a variable that means the same: of the whole phrase, not of a part of it."""
    known = vocabulary()
    words = content(variable)
    found = np.array([], np.int64)
    for part in known.find(stems(words)):
        if (part.start, part.end) != (0, len(words)):
            continue
        for token in part.same:
            if token.startswith(CONCEPT):
                same = _rows_where(index, rows, "meaning", lambda name, token=token: name == token)
                labels = known.concepts[token[1:]].get("odatis", ())
                of_label = _rows_where(index, rows, "odatis_variable", lambda p, labels=labels: p in labels)
                found = np.union1d(found, np.union1d(same, of_label))
    return found


def _rows_where(index: "Index", rows: np.ndarray, facet: str, holds: Callable[[str], bool]) -> np.ndarray:
    chosen = np.zeros(index.size, bool)
    for number, value in enumerate(index.labels(facet)):
        if holds(value):
            chosen[index.rows_with(facet, number)] = True
    return rows[chosen[rows]]


def _present(index: "Index", rows: np.ndarray, facet: str) -> list[str]:
    counts = index.counts(facet, rows)
    return [value for value, count in zip(index.labels(facet), counts, strict=True) if count]
