"""Search: words without accents or case in both languages, and typed conditions."""

import difflib
import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from odatis_vre.catalog.entry import Entry
from odatis_vre.catalog.request import read_bbox, read_period
from odatis_vre.errors import DataNotFound
from odatis_vre.i18n import LANGUAGES, tr

__all__ = ["find", "nearest_entry"]

_WORD = re.compile(r"\w+")
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "Œ": "oe", "Æ": "ae", "ß": "ss"})
_WEIGHTS = {"title": 8, "name": 6, "variables": 4, "subject": 3, "description": 1}
_DOMAINS = ("physics", "biology", "biogeochemistry", "geology", "atmosphere")


@cache
def fold(text: str) -> str:
    """Lower case, without accents or ligatures.

    >>> fold("Œufs, Salinité")
    'oeufs, salinite'
    """
    spread = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    return "".join(c for c in spread if not unicodedata.combining(c)).casefold()


def find(
    entries: list[Entry],
    text: str = "",
    domain: str | None = None,
    variable: str | None = None,
    bbox: Sequence[float] | None = None,
    time: Sequence[str] | None = None,
) -> list[Entry]:
    """The entries that answer to every condition; see `Catalog.search`."""
    if domain:
        entries = _by_domain(entries, domain)
    if variable:
        entries = _by_variable(entries, variable)
    if bbox is not None:
        entries = _by_box(entries, bbox)
    if time is not None:
        entries = _by_period(entries, time)
    return _by_text(entries, text) if text and text.strip() else entries


def nearest_entry(name: str, entries: list[Entry]) -> str:
    """A hint: the names closest to a wrong one, whole or after the last "/"."""
    names = {entry.id: entry.id for entry in entries} | {e.id.rpartition("/")[2]: e.id for e in entries}
    tail = name.rpartition("/")[2]
    close = [
        names[n] for word in (name, tail) for n in difflib.get_close_matches(word, names, n=3, cutoff=0.5)
    ]
    close += [entry.id for entry in entries if tail and fold(tail) in fold(entry.id)]
    return _suggest(list(dict.fromkeys(close)), [entry.id for entry in entries])


def _suggest(close: list[str], known: list[str]) -> str:
    if close:
        return tr("catalog.did_you_mean", names=", ".join(close[:3]))
    if not known:
        return tr("catalog.empty")
    return tr("catalog.there_are", names=", ".join(known[:8]) + (" …" if len(known) > 8 else ""))


def _close(wanted: str, known: dict[str, str]) -> list[str]:
    return [known[key] for key in difflib.get_close_matches(fold(wanted), known, n=3, cutoff=0.6)]


def _by_domain(entries: list[Entry], domain: str) -> list[Entry]:
    labels = {fold(tr(f"catalog.domain.{name}", lang=lang)): name for name in _DOMAINS for lang in LANGUAGES}
    wanted = labels.get(fold(domain), fold(domain))
    found = [entry for entry in entries if fold(entry.metadata.domain or "") == wanted]
    if not found:
        there = sorted({entry.metadata.domain for entry in entries if entry.metadata.domain})
        # a domain that exists elsewhere is no typing error
        close = [] if wanted in _DOMAINS else _close(domain, labels | {fold(name): name for name in there})
        raise DataNotFound(
            tr("catalog.no_domain", domain=domain), _suggest([c for c in close if c in there], there)
        )
    return found


def _by_variable(entries: list[Entry], variable: str) -> list[Entry]:
    wanted, words = fold(variable), _WORD.findall(fold(variable))
    found = []
    for entry in entries:
        for name, facts in entry.variables.items():
            titles = {*_WORD.findall(fold(facts.title.both))}
            exact = wanted in (fold(name), fold(facts.standard_name or ""))
            if exact or (words and titles.issuperset(words)):
                found.append(entry)
                break
    if not found:
        known = {}
        for entry in entries:
            for name, facts in entry.variables.items():
                known |= {fold(word): word for word in (name, facts.standard_name) if word}
        raise DataNotFound(
            tr("catalog.no_such_variable", variable=variable),
            _suggest(_close(variable, known), sorted(known.values())),
        )
    return found


def _by_box(entries: list[Entry], bbox: Sequence[float]) -> list[Entry]:
    box = read_bbox(bbox)
    placed = [entry for entry in entries if entry.bbox]
    found = [entry for entry in placed if entry.bbox.overlaps(box)]
    if not found:
        hint = tr("catalog.no_extent")
        if placed:
            nearest = min(placed, key=lambda entry: entry.bbox.distance(box))
            hint = tr("catalog.nearest_extent", entry=nearest.id, extent=nearest.bbox)
        raise DataNotFound(tr("catalog.none_in_box", bbox=box), hint)
    return found


def _by_period(entries: list[Entry], time: Sequence[str]) -> list[Entry]:
    period = read_period(time)
    dated = [entry for entry in entries if entry.period]
    found = [
        entry
        for entry in entries
        if entry.metadata.climatology or (entry.period and entry.period.overlaps(period))
    ]
    if not found:
        hint = tr("catalog.no_period")
        if dated:
            nearest = min(dated, key=lambda entry: entry.period.distance(period))
            hint = tr("catalog.nearest_period", entry=nearest.id, period=nearest.period)
        raise DataNotFound(tr("catalog.none_in_time", time=period), hint)
    return found


def _by_text(entries: list[Entry], text: str) -> list[Entry]:
    words = _WORD.findall(fold(text))
    scores = [(_score(entry, words), entry) for entry in entries]
    found = sorted((pair for pair in scores if pair[0] > 0), key=lambda pair: (-pair[0], pair[1].id))
    if not found:
        vocabulary = {
            w: w for entry in entries for w in _WORD.findall(" ".join(_fields(entry).values())) if len(w) > 3
        }
        close = [hit for word in words for hit in _close(word, vocabulary)]
        raise DataNotFound(
            tr("catalog.none_with_text", text=text), _suggest(close, [entry.id for entry in entries])
        )
    return [entry for _, entry in found]


def _score(entry: Entry, words: list[str]) -> int:
    """0 unless each word is found; the start of a word is enough, and counts less than the whole."""
    fields = {name: _WORD.findall(value) for name, value in _fields(entry).items()}
    total = 0
    for word in words:
        best = 0
        for name, there in fields.items():
            if word in there:
                best = max(best, 2 * _WEIGHTS[name])
            elif any(other.startswith(word) for other in there):
                best = max(best, _WEIGHTS[name])
        if not best:
            return 0
        total += best
    return total


def _fields(entry: Entry) -> dict[str, str]:
    known = entry.metadata
    variables = [
        f"{name} {facts.standard_name or ''} {facts.title.both}" for name, facts in entry.variables.items()
    ]
    variables += [name.replace("_", " ") for name in known.standard_names]
    subject = [known.domain or "", known.data_centre or "", known.doi or "", *known.odatis_variables]
    if known.domain in _DOMAINS:
        subject += [tr(f"catalog.domain.{known.domain}", lang=lang) for lang in LANGUAGES]
    fields = {
        "title": known.title.both,
        "name": f"{entry.id} {entry.id.replace('_', ' ')}",
        "variables": " ".join(variables),
        "subject": " ".join(subject),
        "description": f"{known.description.both} {entry.description}",
    }
    return {name: fold(value) for name, value in fields.items()}
