"""Messages in French and English: `tr(key, name=value)`.

The texts are in `locales/en/` and `locales/fr/`, one file a part; both hold the same keys.
"""

import json
import locale
import os
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files

__all__ = [
    "COOKIE",
    "LANGUAGES",
    "LANGUAGE_NAMES",
    "choose_language",
    "language",
    "language_from_header",
    "own_half",
    "tr",
    "use_language",
]

# What a reader chose on any page: hub, notebook servers and dashboards read it.
COOKIE = "odatis-lang"
LANGUAGE_NAMES = {"en": "English", "fr": "Français"}
LANGUAGES = tuple(LANGUAGE_NAMES)
_current: ContextVar[str | None] = ContextVar("odatis_language", default=None)


@cache
def _messages(lang: str) -> dict[str, str]:
    flat = {}

    def walk(node: dict, prefix: str) -> None:
        for key, value in node.items():
            if isinstance(value, dict):
                walk(value, f"{prefix}{key}.")
            else:
                flat[prefix + key] = value

    for path in files("odatis_vre").joinpath("locales", lang).iterdir():
        walk(json.loads(path.read_text("utf-8")), "")
    return flat


def _known(tag: str | None) -> str | None:
    lang = (tag or "").replace("_", "-").split("-")[0].split(".")[0].lower()
    if lang in ("c", "posix"):  # the locale of programs: no translation
        return "en"
    return lang if lang in LANGUAGES else None


def language() -> str:
    """The language in force: `use_language`, then `ODATIS_LANG`, then the locale, then English.

    Returns
    -------
    str
        `"en"` or `"fr"`.
    """
    for tag in (
        _current.get(),
        os.environ.get("ODATIS_LANG"),
        os.environ.get("LC_ALL"),
        os.environ.get("LC_MESSAGES"),
        os.environ.get("LANG"),
        locale.getlocale()[0],
    ):
        if found := _known(tag):
            return found
    return "en"


@contextmanager
def use_language(lang: str):
    """Use one language inside a `with` block.

    Parameters
    ----------
    lang : {"en", "fr"}
    """
    token = _current.set(_known(lang) or "en")
    try:
        yield
    finally:
        _current.reset(token)


def language_from_header(accept_language: str | None) -> str:
    """The best language for an HTTP `Accept-Language` header.

    Parameters
    ----------
    accept_language : str or None

    Returns
    -------
    str
        `"en"` or `"fr"`.
    """
    ranked = []
    for position, part in enumerate((accept_language or "").split(",")):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        if found := _known(tag):
            ranked.append((-weight, position, found))
    return min(ranked)[2] if ranked else "en"


def choose_language(*candidates: str | None, accept_language: str | None = None) -> str:
    """The language to answer a web request in.

    Parameters
    ----------
    *candidates : str or None
        Languages, the one that counts most first: `?lang=`, then the cookie; the first one we have wins.
    accept_language : str or None
        The HTTP header, where there is no such candidate.

    Returns
    -------
    str
        `"en"` or `"fr"`.

    Examples
    --------
    >>> choose_language("de", None, "fr", accept_language="en-GB")
    'fr'
    """
    return next(filter(None, map(_known, candidates)), None) or language_from_header(accept_language)


def tr(key: str, /, lang: str | None = None, **values) -> str:
    """The message of a key in the language in force.

    Parameters
    ----------
    key : str
        Dotted key, as in `"catalog.not_found"`.
    lang : {"en", "fr"}, optional
        Instead of the language in force.
    **values
        Fill the `{name}` fields of the text.

    Raises
    ------
    KeyError
        The key is in no locale file.

    Examples
    --------
    >>> tr("words.yes", lang="fr")
    'oui'
    """
    text = _messages(lang or language())[key]
    return text.format(**values) if values else text


def own_half(text: str) -> str:
    """The reader's half of a message that a server said in French, then in English.

    Parameters
    ----------
    text : str
        Returned whole when it has no two halves.

    Examples
    --------
    >>> with use_language("fr"):
    ...     own_half("oui / yes")
    'oui'
    """
    halves = text.split(" / ")
    return halves[("fr", "en").index(language())] if len(halves) == 2 else text
