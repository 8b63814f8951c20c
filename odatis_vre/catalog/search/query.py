"""A question in a person's words: which of them name a place, a period, or a variable."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from odatis_vre.catalog.request import BBox, Period, read_period
from odatis_vre.catalog.search.vocabulary import CONCEPT, PLACE, vocabulary
from odatis_vre.catalog.search.words import EMPTY, fold, split, stems
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["Part", "Place", "Understood", "understand"]

_DATE = r"(?:1[5-9]|2[01])[0-9]{2}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?)?"
# What stands before or after a number that is no date: the numbers of a DOI, a version, another number.
_ALONE = r"(?<![\w./-]){}(?![\w/-]|\.[0-9])"
_TO = r"\s*(?:-|–|—|/|\.\.+|\b(?:to|a|à|au|and|et|until|jusqu['’](?:a|à|en))(?=\s))\s*"
_RANGE = re.compile(
    rf"(?:\b(?:from|between|entre|de|du|depuis)\s+)?{_ALONE.format(f'({_DATE}){_TO}({_DATE})')}"
)
_SINCE = re.compile(rf"\b(?:since|depuis|after|apr[eè]s|[aà] partir de)\s+{_ALONE.format(f'({_DATE})')}")
_BEFORE = re.compile(
    rf"(?:\b(?:before|until|till|avant)|jusqu['’](?:a|à|en))\s+{_ALONE.format(f'({_DATE})')}"
)
_DECADE = re.compile(
    rf"(?:\bthe\s+)?{_ALONE.format(r'((?:19|20)[0-9]0)s')}|\bann[eé]es\s+((?:19|20)[0-9]0)\b"
)
_YEAR = re.compile(r"(?:1[5-9]|2[01])[0-9]{2}")


@dataclass(frozen=True)
class Part:
    """Words that stand together: a variable or its code, or one word."""

    words: tuple[str, ...]
    """As written, in lower case."""
    tokens: tuple[str, ...] = ()
    year: Period | None = None
    """What a year alone may also mean; it is part of many titles."""


@dataclass(frozen=True)
class Place:
    """A place by its name."""

    words: tuple[str, ...]
    token: str

    @property
    def box(self) -> BBox:
        """(west, south, east, north)."""
        return vocabulary().box(self.token)


@dataclass(frozen=True)
class Understood:
    """How a text was read: print it, or take its parts."""

    parts: tuple[Part, ...] = ()
    places: tuple[Place, ...] = ()
    period: Period | None = None

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        known = vocabulary()
        return {
            "words": [
                {
                    "text": " ".join(part.words),
                    "means": [known.label(token) for token in part.tokens],
                    "period": part.year and str(part.year),
                }
                for part in self.parts
            ],
            "places": [{"name": known.label(place.token), "bbox": list(place.box)} for place in self.places],
            "period": self.period and str(self.period),
        }

    def __bool__(self) -> bool:
        return bool(self.parts or self.places or self.period)

    def __str__(self) -> str:
        known = vocabulary()
        said = []
        for part in self.parts:
            text = " ".join(part.words)
            means = [known.label(token) for token in part.tokens]
            means = [label for label in means if fold(label) != fold(text)]
            means += [str(part.year)] if part.year else []
            said.append(f"{text} (= {', '.join(means)})" if means else text)
        rows = [tr("search.words", words=", ".join(said))] if said else []
        rows += [tr("search.place", name=known.label(place.token), box=place.box) for place in self.places]
        rows += [tr("search.period", period=self.period)] if self.period else []
        return tr("search.understood", parts=tr("catalog.semicolon").join(rows)) if rows else ""


def understand(text: str) -> Understood:
    """Read a question: places become boxes, dates a period, and names of variables what they mean.

    Parameters
    ----------
    text : str
        In French or in English.

    Returns
    -------
    Understood

    Examples
    --------
    >>> asked = understand("chlorophylle, golfe de Gascogne, 2010-2020")
    >>> [part.words for part in asked.parts], asked.places[0].box.west, asked.period.start.year
    ([('chlorophylle',)], -10, 2010)
    """
    period, rest = _period(unicodedata.normalize("NFC", text).lower())
    words = [word for word in split(rest) if fold(word)]
    words = [word for word in words if fold(word) not in EMPTY] or words
    parts: list[Part] = []
    places: list[Place] = []
    done = 0
    for found in vocabulary().find(stems(map(fold, words))):
        parts += [_word(word) for word in words[done : found.start]]
        there = tuple(words[found.start : found.end])
        done = found.end
        where = [token for token in found.same if token.startswith(PLACE)]
        if where:
            places.append(Place(there, where[0]))
        elif found.same:
            parts.append(Part(there, tuple(token for token in found.same if token.startswith(CONCEPT))))
        else:
            parts += [_word(word) for word in there]
    parts += [_word(word) for word in words[done:]]
    return Understood(tuple(dict.fromkeys(parts)), tuple(dict.fromkeys(places)), period)


def _word(word: str) -> Part:
    return Part((word,), (), read_period((word, word)) if _YEAR.fullmatch(word) else None)


def _period(text: str) -> tuple[Period | None, str]:
    """The first period that a text gives, and the text without it."""
    for pattern, dates in (
        (_RANGE, lambda match: (match[1], match[2])),
        (_SINCE, lambda match: (match[1], None)),
        (_BEFORE, lambda match: (None, match[1])),
        (_DECADE, lambda match: (match[1] or match[2], str(int(match[1] or match[2]) + 9))),
    ):
        for match in pattern.finditer(text):
            period = _read(dates(match))
            if period is not None:
                return period, f"{text[: match.start()]} {text[match.end() :]}"
    return None, text


def _read(dates: Sequence[str | None]) -> Period | None:
    try:
        return read_period(dates)
    except CatalogError:  # "2020-2010" is no period: its numbers are words
        return None
