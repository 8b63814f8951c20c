"""Citations from CSL fields: plain text, BibTeX, RIS, CSL-JSON."""

import difflib
import json
import re
from typing import Any

from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["STYLES", "check_style", "render"]

_BIBTEX = {"article-journal": "article", "report": "techreport", "book": "book"}
_RIS = {"article-journal": "JOUR", "report": "RPRT", "book": "BOOK", "dataset": "DATA"}
_SPECIAL = {c: f"\\{c}" for c in "&%$#_{}"} | {
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
}


def render(entry: str, items: list[dict[str, Any]], style: str) -> str:
    """Write citations in a style.

    Parameters
    ----------
    entry : str
        The dataset's name, for messages.
    items : list of dict
        CSL fields: `id`, `type`, `title`, `author`, `issued`, `container-title`, `volume`, `number`, `page`,
        `publisher`, `version`, `DOI`, `URL`, `accessed`. Dates are ISO dates or CSL's (`date-parts`, `raw`,
        `literal`); an author has `family` and `given`, or `literal`, or is a text. The first is the dataset,
        the others its sources.
    style : {"text", "bibtex", "ris", "csl-json"}

    Raises
    ------
    CatalogError
        There is nothing to cite, or the style is unknown.
    """
    check_style(style)
    if not items:
        raise CatalogError(tr("catalog.no_citation", entry=entry), tr("catalog.no_citation_hint"))
    items = [_with_authors(item) for item in items]
    # CSL's own dates stay as they are in CSL, with what a text cannot hold (circa, season)
    return STYLES[style](items if style == "csl-json" else [_with_dates(item) for item in items])


def check_style(style: str) -> None:
    """Refuse a style that is none; the hint names the nearest.

    Raises
    ------
    CatalogError
    """
    if style not in STYLES:
        close = difflib.get_close_matches(str(style).lower(), STYLES, n=1, cutoff=0.4)
        hint = (
            tr("catalog.did_you_mean", names=close[0])
            if close
            else tr("catalog.there_are", names=", ".join(STYLES))
        )
        raise CatalogError(tr("catalog.no_style", style=style), hint)


def _with_authors(item: dict) -> dict:
    """An item with its authors as a list of mappings, however they are written."""
    listed = item.get("author") or []
    listed = listed if isinstance(listed, list) else [listed]
    authors = [
        author if isinstance(author, dict) else {"literal": str(author)} for author in listed if author
    ]
    return item | ({"author": authors} if "author" in item else {})


def _with_dates(item: dict) -> dict:
    """An item with its dates as texts."""
    return item | {name: _date(item[name]) for name in ("issued", "accessed") if item.get(name)}


def _date(value: Any) -> str:
    """A date of CSL as an ISO date; of two, from one to the other."""
    if not isinstance(value, dict):
        return str(value)
    parts = value.get("date-parts")
    if not isinstance(parts, list):
        return str(value.get("raw") or value.get("literal") or "")
    dates = [date if isinstance(date, list) else [date] for date in parts if date]
    return "/".join("-".join(str(part).zfill(2) for part in date if part is not None) for date in dates)


def _names(item: dict) -> list[tuple[str, str]]:
    """(family, given) of each author; an institution has a family name only."""
    return [
        (
            _line(a.get("literal") or f"{a.get('non-dropping-particle') or ''} {a.get('family') or ''}"),
            _line(a.get("given") or ""),
        )
        for a in item.get("author") or []
    ]


def _year(item: dict) -> str:
    """Of the date of issue; a text that starts with none is given as it is."""
    issued = str(item.get("issued") or "")
    return issued[:4] if _DATE.match(issued) else issued


def _line(value: Any) -> str:
    """On one line: a line break would start another field of RIS."""
    return " ".join(str(value).split())


def _text(items: list[dict]) -> str:
    lines = []
    for item in items:
        authors = ", ".join(f"{family} {given}".strip() for family, given in _names(item))
        where = item.get("container-title", "")
        if number := item.get("volume") or item.get("number"):
            where = f"{where} {number}".strip()
        if pages := item.get("page"):
            where = f"{where}, {pages}"
        parts = [f"{authors} ({item['issued']})" if item.get("issued") else authors, item.get("title"), where]
        parts += [item.get("publisher"), item.get("version")]
        parts += [f"https://doi.org/{item['DOI']}" if item.get("DOI") else item.get("URL")]
        parts += [tr("catalog.accessed", day=item["accessed"]) if item.get("accessed") else None]
        lines.append(". ".join(_line(part).rstrip(".") for part in parts if part) + ".")
    return "\n".join(lines)


def _bibtex(items: list[dict]) -> str:
    return "\n\n".join(_bibtex_item(item) for item in items)


def _bibtex_item(item: dict) -> str:
    kind = _BIBTEX.get(str(item.get("type")), "misc")
    authors = [
        f"{_tex(family)}, {_tex(given)}" if given else f"{{{_tex(family)}}}" for family, given in _names(item)
    ]
    fields = {
        "author": " and ".join(authors),
        "title": f"{{{_tex(item.get('title', ''))}}}",
        "year": _tex(_year(item)),
        "journal" if kind == "article" else "series": _tex(item.get("container-title", "")),
        "volume": _tex(item.get("volume", "")),
        "number": _tex(item.get("number", "")),
        "pages": _tex(item.get("page", "")).replace("-", "--"),
        "institution" if kind == "techreport" else "publisher": _tex(item.get("publisher", "")),
        "version": _tex(item.get("version", "")),
        "doi": _verbatim(item.get("DOI", "")),
        "url": _verbatim(item.get("URL", "")),
        "urldate": _verbatim(item.get("accessed", "")),
    }
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@{kind}{{{_key(item)},\n{body}\n}}"


def _key(item: dict) -> str:
    """What BibTeX takes as a key: no space, comma, brace, or sign of its own."""
    return re.sub(r"[^\w:.+/-]", "_", str(item.get("id") or "dataset"))


def _tex(text: Any) -> str:
    return "".join(_SPECIAL.get(character, character) for character in _line(text))


def _verbatim(address: Any) -> str:
    """An address is not escaped, and must not end its field."""
    return re.sub(r"[{}\\\s]", "", str(address or ""))


def _ris(items: list[dict]) -> str:
    blocks = []
    for item in items:
        first, _, last = str(item.get("page", "")).partition("-")
        tags = [("TY", _RIS.get(str(item.get("type")), "GEN")), ("ID", item.get("id"))]
        tags += [("AU", f"{family}, {given}" if given else family) for family, given in _names(item)]
        tags += [("TI", item.get("title")), ("PY", _year(item)), ("T2", item.get("container-title"))]
        tags += [("VL", item.get("volume") or item.get("number")), ("SP", first), ("EP", last)]
        tags += [("PB", item.get("publisher")), ("ET", item.get("version"))]
        tags += [("DO", item.get("DOI")), ("UR", item.get("URL"))]
        tags += [("Y2", str(item.get("accessed") or "").replace("-", "/"))]
        blocks.append("".join(f"{tag}  - {_line(value)}\r\n" for tag, value in tags if value) + "ER  - \r\n")
    return "\r\n".join(blocks)


def _csl_json(items: list[dict]) -> str:
    return json.dumps([_dated(item) for item in items], indent=2, ensure_ascii=False, default=str)


def _dated(item: dict) -> dict:
    """Dates as CSL writes them: lists of year, month, day; what is no date, raw."""
    return item | {name: _csl_date(item[name]) for name in ("issued", "accessed") if item.get(name)}


def _csl_date(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    dates = str(value).split("/")
    if not all(map(_DATE.fullmatch, dates)):
        return {"raw": str(value)}
    return {"date-parts": [[int(part) for part in date.split("-")] for date in dates]}


_DATE = re.compile(r"\d{4}(-\d{1,2}){0,2}(?!\d)")
STYLES = {"text": _text, "bibtex": _bibtex, "ris": _ris, "csl-json": _csl_json}
