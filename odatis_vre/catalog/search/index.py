"""The index of a catalogue: which words, meanings and values are in which of its entries.

Built once from the entries; plain arrays, so that it can be kept in a file and read back at once.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from odatis_vre.catalog.manyobjects import many_objects
from odatis_vre.catalog.search.document import FACETS, WEIGHTS, facet_values, texts
from odatis_vre.catalog.search.vocabulary import CONCEPT, vocabulary
from odatis_vre.catalog.search.words import EMPTY, split, stems

if TYPE_CHECKING:
    from odatis_vre.catalog.entry import Entry

__all__ = ["Index", "build"]

_FAR = 4e6  # days: before and after any date


class Index:
    """Arrays over the rows of a catalogue; a row is an entry.

    Parameters
    ----------
    arrays : dict of str to array
        As `build` makes them: lists of texts as `name` (their UTF-8 bytes, one a line), and for `terms`,
        `stems` and each facet the rows (or terms) of text number i, from `name_from[i]` to `name_from[i+1]`
        of `name_of`.
    """

    def __init__(self, arrays: dict[str, np.ndarray]):
        self.arrays = arrays
        self.size = len(arrays["boxes"])

    @cached_property
    def terms(self) -> list[str]:
        """Words, and meanings behind their mark, in order."""
        return _lines(self.arrays["terms"])

    @cached_property
    def stems(self) -> list[str]:
        """Stems in order, behind the letter of their language."""
        return _lines(self.arrays["stems"])

    def exact(self, term: str) -> tuple[np.ndarray, np.ndarray]:
        """Rows that have a word or a meaning, and the weight of the best place where it stands."""
        position = bisect_left(self.terms, term)
        if position == len(self.terms) or self.terms[position] != term:
            return self._postings(0, 0)
        return self._postings(position, position + 1)

    def starting(self, word: str) -> tuple[np.ndarray, np.ndarray]:
        """Rows that have a word that starts so; a row may come several times."""
        return self._postings(bisect_left(self.terms, word), bisect_left(self.terms, word + "\U0010ffff"))

    def same_stem(self, word: str) -> tuple[np.ndarray, np.ndarray]:
        """Rows that have a word of the same stem in French or in English; a row may come several times."""
        found: set[int] = set()
        for lang, stem in zip("ef", stems([word])[0], strict=True):
            position = bisect_left(self.stems, lang + stem)
            if position < len(self.stems) and self.stems[position] == lang + stem:
                start, end = self.arrays["stems_from"][position : position + 2]
                found.update(self.arrays["stems_of"][start:end].tolist())
        pairs = [self._postings(term, term + 1) for term in sorted(found)]
        if not pairs:
            return self._postings(0, 0)
        return np.concatenate([p[0] for p in pairs]), np.concatenate([p[1] for p in pairs])

    def _postings(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        start, end = self.arrays["terms_from"][[first, last]]
        return self.arrays["terms_of"][start:end], self.arrays["weights"][start:end]

    def labels(self, facet: str) -> list[str]:
        """The values of a facet in the catalogue, in order."""
        known = self.__dict__.setdefault("_labels", {})
        if facet not in known:
            known[facet] = _lines(self.arrays[facet])
        return known[facet]

    def rows_with(self, facet: str, value: int) -> np.ndarray:
        """The rows of value number `value` of a facet."""
        start, end = self.arrays[f"{facet}_from"][[value, value + 1]]
        return self.arrays[f"{facet}_of"][start:end]

    def counts(self, facet: str, rows: np.ndarray) -> np.ndarray:
        """How many of the rows have each value of a facet."""
        chosen = np.zeros(self.size, bool)
        chosen[rows] = True
        taken = np.concatenate([[0], np.cumsum(chosen[self.arrays[f"{facet}_of"]])])
        bounds = self.arrays[f"{facet}_from"]
        return taken[bounds[1:]] - taken[bounds[:-1]]


@many_objects()
def build(entries: Sequence["Entry"]) -> Index:
    """Read every entry once.

    Parameters
    ----------
    entries : sequence of Entry

    Returns
    -------
    Index
    """
    from odatis_vre.catalog.search.extent import box_row, period_row

    documents = [{name: split(text) for name, text in texts(entry).items()} for entry in entries]
    words = sorted({word for document in documents for text in document.values() for word in text})
    stem_of = dict(zip(words, stems(words), strict=True))
    postings: dict[str, dict[int, int]] = {}
    for row, document in enumerate(documents):
        for term, weight in _weighted(document, stem_of).items():
            postings.setdefault(term, {})[row] = weight
    terms = sorted(postings)
    number = {term: position for position, term in enumerate(terms)}
    arrays = _grouped("terms", {term: sorted(postings[term]) for term in terms})
    arrays["weights"] = np.array([postings[t][row] for t in terms for row in sorted(postings[t])], np.uint8)
    by_stem: dict[str, list[int]] = {}
    for word, pair in stem_of.items():
        for stem in {lang + stem for lang, stem in zip("ef", pair, strict=True)}:
            by_stem.setdefault(stem, []).append(number[word])
    arrays |= _grouped("stems", by_stem)
    by_value: dict[str, dict[str, list[int]]] = {facet: {} for facet in (*FACETS, "named", "meaning")}
    for row, entry in enumerate(entries):
        for facet, values in (facet_values(entry) | _variables(entry)).items():
            for value in filter(str.strip, dict.fromkeys(values)):
                by_value[facet].setdefault(value.replace("\n", " "), []).append(row)
    for facet, values in by_value.items():
        arrays |= _grouped(facet, values)
    arrays["boxes"] = np.array([box_row(entry.bbox) for entry in entries], float).reshape(-1, 6)
    arrays["periods"] = np.array([period_row(entry.period, _FAR) for entry in entries], float).reshape(-1, 2)
    arrays["opens"] = np.array([entry.metadata.address == "exact" for entry in entries], bool)
    arrays["climatology"] = np.array([entry.metadata.climatology for entry in entries], bool)
    return Index(arrays)


def _weighted(document: dict[str, list[str]], stem_of: dict[str, Any]) -> dict[str, int]:
    """Each word and each meaning of an entry, with the weight of the best place where it stands."""
    known = vocabulary()
    found: dict[str, int] = {}
    for name, text in document.items():
        weight = WEIGHTS[name]
        terms = dict.fromkeys(text)
        said = [stem_of[word] for word in text if word not in EMPTY]
        for part in known.find(said):
            for token in (*part.same, *part.narrower):
                terms |= dict.fromkeys(known.with_broader(token))
        for term in terms:
            if weight > found.get(term, 0):
                found[term] = weight
    return found


def _variables(entry: "Entry") -> dict[str, list[str]]:
    """What a condition on a variable is compared with: names, and what they mean."""
    from odatis_vre.catalog.search.vocabulary import content
    from odatis_vre.catalog.search.words import fold

    known = vocabulary()
    named: list[str] = []
    phrases = [*facet_values(entry)["variable"]]
    for name, facts in entry.variables.items():
        titles = [facts.title.en, facts.title.fr]
        named += [fold(word) for word in (name, facts.standard_name, *titles) if word]
        phrases += [name, *titles]
    meaning: dict[str, None] = {}
    for phrase in phrases:
        for part in known.find(stems(content(phrase))):
            for token in (*part.same, *part.narrower):
                if token.startswith(CONCEPT):
                    meaning |= dict.fromkeys(known.with_broader(token))
    return {"named": named, "meaning": list(meaning)}


def _grouped(name: str, members: dict[str, Iterable[int]]) -> dict[str, np.ndarray]:
    labels = sorted(members)
    lists = [list(members[label]) for label in labels]
    bounds = np.concatenate([[0], np.cumsum([len(rows) for rows in lists], dtype=np.int64)])
    return {
        name: np.frombuffer("\n".join(labels).encode(), np.uint8),
        f"{name}_from": bounds.astype(np.int64),
        f"{name}_of": np.array([row for rows in lists for row in rows], np.int32),
    }


def _lines(array: np.ndarray) -> list[str]:
    text = array.tobytes().decode()
    return text.split("\n") if text else []
