"""Words of French and English: without accents or case, and down to their stems."""

import re
import threading
import unicodedata
from collections.abc import Iterable

__all__ = ["EMPTY", "fold", "split", "stems"]

_WORD = re.compile(r"[^\W_]+")
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "Œ": "oe", "Æ": "ae", "ß": "ss"})
# Words that carry no subject: a search passes over them, on both sides.
_ENGLISH = """
    a an and are as at between by during for from in into is near of off on or over per than that the their
    to under with within
"""
_FRENCH = """
    au aux avec ce ces chez comme dans de depuis des du en entre et la le les leur leurs ou par pendant pour
    pres sous sur un une vers
"""
EMPTY = frozenset(_ENGLISH.split() + _FRENCH.split())
# "l'eau", "d'oxygène", "qu'en"
_ELISION = re.compile(r"\b(?:[cdjlmnst]|qu|lorsqu|puisqu|jusqu)['’](?=\w)")
_own = threading.local()


def fold(text: str) -> str:
    """Lower case, without accents or ligatures.

    >>> fold("Œufs, Salinité")
    'oeufs, salinite'
    """
    if text.isascii():
        return text.lower()
    spread = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    return "".join(c for c in spread if not unicodedata.combining(c)).casefold()


def split(folded: str) -> list[str]:
    """The words of a folded text, without the elided articles of French.

    >>> split("temperature de l'eau, sea_water")
    ['temperature', 'de', 'eau', 'sea', 'water']
    """
    return _WORD.findall(_ELISION.sub(" ", folded))


def stems(words: Iterable[str]) -> list[tuple[str, str]]:
    """The stem of each folded word in English and in French (the Snowball algorithms).

    Parameters
    ----------
    words : iterable of str

    Returns
    -------
    list of (str, str)

    Examples
    --------
    >>> stems(["temperatures", "nitrate"])
    [('temperatur', 'temperatur'), ('nitrat', 'nitrat')]
    """
    words = list(words)
    english, french = _stemmers()
    return list(zip(english.stemWords(words), french.stemWords(words), strict=True))


def _stemmers():
    # a stemmer keeps a state of its own: one for each thread
    if not hasattr(_own, "stemmers"):
        from Stemmer import Stemmer

        _own.stemmers = Stemmer("english"), Stemmer("french")
    return _own.stemmers
