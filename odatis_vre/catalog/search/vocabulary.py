"""What words mean: the same variable in two languages and in codes, and where a place is.

`vocabulary/concepts.json`, `nvs.json` and `places.json` are the tables; each says where it comes from.
"""

import json
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from odatis_vre.catalog.request import BBox
from odatis_vre.catalog.search.words import EMPTY, fold, split, stems
from odatis_vre.i18n import language

__all__ = ["CONCEPT", "PLACE", "Found", "Vocabulary", "vocabulary"]

# How the index writes a concept and a place among the words.
CONCEPT, PLACE = "=", "@"
Stems = tuple[str, str]


class Found(NamedTuple):
    """Words `start` to `end` of a text, and what they mean."""

    start: int
    end: int
    same: tuple[str, ...]
    """Concepts and places that have this very name."""
    narrower: tuple[str, ...]
    """Concepts that these words are a part of."""


class Vocabulary:
    """The tables, ready to be looked for in texts."""

    def __init__(
        self, concepts: dict[str, dict], places: dict[str, dict], nvs: dict[str, dict[str, str]] | None = None
    ):
        nvs = nvs or {}
        self.concepts, self.places = concepts, places
        # of each language: the stems of a phrase to what it means, a first stem to the longest phrase
        self._phrases: tuple[dict[tuple[str, ...], dict[str, bool]], ...] = ({}, {})
        self._longest: tuple[dict[str, int], ...] = ({}, {})
        for name, facts in concepts.items():
            for phrase in (*facts["phrases"], *_labels(facts.get("p02", {})), *_labels(nvs.get(name, {}))):
                self._add(phrase, CONCEPT + name, same=True)
            for phrase in facts.get("narrower", ()):
                self._add(phrase, CONCEPT + name, same=False)
        for name, facts in places.items():
            for phrase in (facts["en"], facts["fr"], *facts.get("phrases", ())):
                self._add(phrase, PLACE + name, same=True)

    def _add(self, phrase: str, token: str, same: bool) -> None:
        found = stems(content(phrase))
        if not found:  # PRES, the code of pressure, is an empty word of French
            return
        for lang in (0, 1):
            key = tuple(pair[lang] for pair in found)
            known = self._phrases[lang].setdefault(key, {})
            known[token] = same or known.get(token, False)
            self._longest[lang][key[0]] = max(self._longest[lang].get(key[0], 0), len(key))

    def find(self, text: Sequence[Stems]) -> Iterator[Found]:
        """What a text names, the longest name first at each word.

        Parameters
        ----------
        text : sequence of (str, str)
            The stems of its words, without the empty ones.

        Yields
        ------
        Found
        """
        english, french = self._longest
        start = 0
        for position, (first, second) in enumerate(text):
            if position < start:
                continue
            longest = english.get(first, 0), french.get(second, 0)
            for end in range(min(position + max(longest), len(text)), position, -1):
                if tokens := self._meaning(text[position:end]):
                    yield Found(
                        position,
                        end,
                        tuple(token for token, same in tokens.items() if same),
                        tuple(token for token, same in tokens.items() if not same),
                    )
                    start = end
                    break

    def _meaning(self, words: Sequence[Stems]) -> dict[str, bool]:
        """What some words mean together, and whether they are the very name of it."""
        tokens: dict[str, bool] = {}
        for phrases, key in zip(self._phrases, zip(*words, strict=True), strict=True):
            for token, same in phrases.get(key, {}).items():
                tokens[token] = same or tokens.get(token, False)
        return tokens

    def with_broader(self, token: str) -> list[str]:
        """A concept and those it belongs to; a place alone."""
        found = [token]
        if token.startswith(CONCEPT):
            for broader in self.concepts[token[1:]].get("broader", ()):
                found += self.with_broader(CONCEPT + broader)
        return found

    def label(self, token: str) -> str:
        """The name of a concept or of a place in the language in force."""
        table = self.concepts if token.startswith(CONCEPT) else self.places
        return table[token[1:]][language()]

    def box(self, token: str) -> BBox:
        """Where a place is."""
        return BBox(*self.places[token[1:]]["bbox"])


def content(text: str) -> list[str]:
    """The folded words of a text that carry a subject."""
    return [word for word in split(fold(text)) if word not in EMPTY]


@cache
def vocabulary() -> Vocabulary:
    """The tables that come with the library.

    Examples
    --------
    >>> list(vocabulary().find(stems(["golfe", "gascogne"])))[0].same
    ('@bay_of_biscay',)
    """
    return Vocabulary(_table("concepts"), _table("places"), _table("nvs"))


def _labels(terms: dict[str, str]) -> list[str]:
    """The codes and the preferred labels of a vocabulary's terms."""
    return [*terms, *terms.values()]


def _table(name: str) -> dict[str, dict]:
    path = files("odatis_vre.catalog.search").joinpath("vocabulary", f"{name}.json")
    return json.loads(path.read_text("utf-8"))[name]
