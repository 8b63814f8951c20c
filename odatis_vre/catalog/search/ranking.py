"""Find the entries that answer, the best first."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from odatis_vre.catalog.request import Period, read_bbox, read_period
from odatis_vre.catalog.search import conditions
from odatis_vre.catalog.search.extent import likeness, touches_box, touches_period
from odatis_vre.catalog.search.query import Part, Place, Understood, understand
from odatis_vre.catalog.search.suggest import close_words, suggest
from odatis_vre.catalog.search.vocabulary import content, vocabulary
from odatis_vre.catalog.search.words import fold, stems
from odatis_vre.errors import DataNotFound
from odatis_vre.i18n import tr

if TYPE_CHECKING:
    from odatis_vre.catalog.entry import Entry
    from odatis_vre.catalog.search.index import Index

__all__ = ["find"]

# The word itself, its stem, what means the same, the start of a word; times the weight of the place.
_EXACT, _STEM, _MEANING, _START = 8, 7, 6, 4
# A dataset that covers the place and nothing else, as much as its name in the subject.
_COVERS = 18
# Of two worth much the same, the one that opens comes first: less than what parts two kinds of match.
_OPENS = 1.1
_SHORTEST_START = 3


def find(
    index: "Index",
    rows: np.ndarray,
    entries: Sequence["Entry"],
    text: str = "",
    domain: str | None = None,
    variable: str | None = None,
    bbox: Sequence[float] | None = None,
    time: Sequence[str] | None = None,
    **values: str | None,
) -> tuple[np.ndarray, Understood]:
    """The rows that answer to every condition; see `Catalog.search`.

    Parameters
    ----------
    index : Index
    rows : array of int
        Those to search.
    entries : sequence of Entry
        All of the index, for hints.
    text, domain, variable, bbox, time
        As in `Catalog.search`.
    **values : str, optional
        Values of other facets: `data_centre`, `platform`, `protocol`, `licence`.

    Returns
    -------
    rows : array of int
        The best first; without text, in the order given.
    understood : Understood
        How the text was read.
    """
    box = None if bbox is None else read_bbox(bbox)
    period = None if time is None else read_period(time)
    if domain:
        rows = conditions.in_domain(index, rows, domain)
    if variable:
        rows = conditions.with_variable(index, rows, variable)
    for facet, value in values.items():
        if value:
            rows = conditions.with_value(index, rows, facet, value)
    if box is not None:
        rows = conditions.in_box(index, rows, box, entries)
    if period is not None:
        rows = conditions.in_period(index, rows, period, entries)
    if not text or not text.strip():
        return rows, Understood()
    asked = understand(text)
    return _by_text(index, rows, entries, text, asked), asked


def _by_text(index: "Index", rows: np.ndarray, entries, text: str, asked: Understood) -> np.ndarray:
    total = np.zeros(index.size)
    for part in asked.parts:
        score = _part(index, part)
        if not score[rows].any():
            raise _no_word(index, rows, entries, text, part)
        rows = rows[score[rows] > 0]
        total += score
        if not len(rows):
            raise DataNotFound(tr("catalog.none_with_text", text=text), suggest([], []))
    for place in asked.places:
        score = _place(index, place)
        if not score[rows].any():
            name = vocabulary().label(place.token)
            raise DataNotFound(
                tr("search.none_at_place", name=name, box=place.box),
                conditions.nearest_box(index, rows, place.box, entries, said=True),
            )
        rows = rows[score[rows] > 0]
        total += score
    if asked.period is not None:
        rows = conditions.in_period(index, rows, asked.period, entries, said=True)
    opens = index.arrays["opens"]
    total = np.where(opens, _OPENS * total, total)
    names = np.array([entries[row].id for row in rows])
    return rows[np.lexsort((names, ~opens[rows], -total[rows]))]


def _part(index: "Index", part: Part) -> np.ndarray:
    """What each row is worth for some words that stand together: 0 where it does not answer."""
    score = _words(index, part.words)
    for token in part.tokens:
        rows, weights = index.exact(token)
        np.maximum.at(score, rows, _MEANING * weights.astype(float))
    if part.year is not None:
        score = np.where(score > 0, score, touches_period(index, part.year).astype(float))
    return score


def _place(index: "Index", place: Place) -> np.ndarray:
    score = _words(index, place.words)
    rows, weights = index.exact(place.token)
    np.maximum.at(score, rows, _MEANING * weights.astype(float))
    # a dataset of the place ranks before one of the world
    covers = touches_box(index, place.box)
    return score + np.where(covers, 1 + _COVERS * likeness(index, place.box), 0)


def _words(index: "Index", words: Sequence[str]) -> np.ndarray:
    """Worth of several words at once: their mean where all are found."""
    total, answered = np.zeros(index.size), np.ones(index.size, bool)
    for word in map(fold, words):
        score = np.zeros(index.size)
        ways = [(_EXACT, index.exact(word)), (_STEM, index.same_stem(word))]
        if len(word) >= _SHORTEST_START:
            ways.append((_START, index.starting(word)))
        for factor, (rows, weights) in ways:
            np.maximum.at(score, rows, factor * weights.astype(float))
        answered &= score > 0
        total += score
    return np.where(answered, total / max(len(words), 1), 0.0)


def _no_word(index: "Index", rows: np.ndarray, entries, text: str, part: Part) -> DataNotFound:
    close: list[str] = []
    if not _part(index, part).any():  # a typing error, unless the other conditions leave the word out
        known = [term for term in index.terms if len(term) > 3 and term[0].isalnum()]
        close = _broader(index, part, text) or [
            found for word in part.words for found in close_words(word, known)
        ]
    message = tr("catalog.none_with_text", text=text)
    period: Period | None = part.year
    if period is not None and not close:
        try:
            conditions.in_period(index, rows, period, entries, said=True)
        except DataNotFound as error:
            return DataNotFound(message, error.hint)
    return DataNotFound(message, suggest(close, [entries[row].id for row in rows[:9]]))


def _broader(index: "Index", part: Part, text: str) -> list[str]:
    """What the words are a part of, where the catalogue has some of it."""
    words = content(text)
    return [
        vocabulary().label(token)
        for found in vocabulary().find(stems(words))
        if set(map(fold, part.words)) & set(words[found.start : found.end])
        for token in found.narrower
        if index.exact(token)[0].size
    ]
