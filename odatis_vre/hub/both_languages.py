"""A message in both languages, for programs that do not say which one their reader has."""

from odatis_vre.i18n import tr

__all__ = ["both"]


def both(key: str, **values) -> str:
    """The message of a key in French, then in English, on one line.

    `odatis_vre.compute` shows its reader the half that is theirs; any other client of the Gateway shows both.

    Parameters
    ----------
    key : str
    **values
        Fill the `{name}` fields of the text.

    Examples
    --------
    >>> both("words.yes")
    'oui / yes'
    """
    return " / ".join(tr(key, lang=lang, **values) for lang in ("fr", "en"))
