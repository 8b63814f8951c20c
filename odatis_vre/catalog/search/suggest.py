"""A way out of nothing: what was probably meant, or what there is."""

import difflib
from collections.abc import Iterable, Sequence

from odatis_vre.catalog.search.words import fold
from odatis_vre.i18n import tr

__all__ = ["close_words", "nearest_name", "suggest"]

_SHOWN = 8


def suggest(close: Sequence[str], known: Sequence[str]) -> str:
    """A hint: the closest names, else some of those there are."""
    if close:
        return tr("catalog.did_you_mean", names=", ".join(close[:3]))
    if not known:
        return tr("catalog.empty")
    return tr("catalog.there_are", names=", ".join(known[:_SHOWN]) + (" …" if len(known) > _SHOWN else ""))


def close_words(wanted: str, known: Iterable[str], cutoff: float = 0.6) -> list[str]:
    """The names most like one, at most three, the most alike first; accents and case do not count."""
    folded = fold(wanted)
    # a name of another length cannot be that much alike
    longest, shortest = len(folded) * (2 - cutoff) / cutoff, len(folded) * cutoff / (2 - cutoff)
    names = {fold(name): name for name in known if shortest <= len(name) <= longest}
    letters = set(folded)
    near = [name for name in names if len(letters & set(name)) >= cutoff * len(letters)]
    return [names[name] for name in difflib.get_close_matches(folded, near, n=3, cutoff=cutoff)]


def nearest_name(name: str, names: Sequence[str]) -> str:
    """A hint: the names closest to a wrong one, whole or after the last "/".

    Parameters
    ----------
    name : str
    names : sequence of str
        Those there are.
    """
    whole = {known: known for known in names} | {known.rpartition("/")[2]: known for known in names}
    tail = name.rpartition("/")[2]
    close = [
        whole[found] for word in (name, tail) for found in close_words(word, whole, 0.5) if found in whole
    ]
    close += [known for known in names if tail and fold(tail) in fold(known)]
    return suggest(list(dict.fromkeys(close)), names)
