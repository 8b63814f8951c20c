"""Citations from CSL fields: plain text, BibTeX, RIS, CSL-JSON."""

import difflib
import json
from typing import Any

from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["STYLES", "render"]

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
        `publisher`, `version`, `DOI`, `URL`. The first is the dataset, the others its sources.
    style : {"text", "bibtex", "ris", "csl-json"}

    Raises
    ------
    CatalogError
        There is nothing to cite, or the style is unknown.
    """
    if style not in STYLES:
        close = difflib.get_close_matches(str(style).lower(), STYLES, n=1, cutoff=0.4)
        hint = (
            tr("catalog.did_you_mean", names=close[0])
            if close
            else tr("catalog.there_are", names=", ".join(STYLES))
        )
        raise CatalogError(tr("catalog.no_style", style=style), hint)
    if not items:
        raise CatalogError(tr("catalog.no_citation", entry=entry), tr("catalog.no_citation_hint"))
    return STYLES[style](items)


def _names(item: dict) -> list[tuple[str, str]]:
    """(family, given) of each author; an institution has a family name only."""
    return [(a.get("literal") or a.get("family", ""), a.get("given", "")) for a in item.get("author", [])]


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
        lines.append(". ".join(str(part).rstrip(".") for part in parts if part) + ".")
    return "\n".join(lines)


def _bibtex(items: list[dict]) -> str:
    return "\n\n".join(_bibtex_item(item) for item in items)


def _bibtex_item(item: dict) -> str:
    kind = _BIBTEX.get(item.get("type", ""), "misc")
    authors = [
        f"{_tex(family)}, {_tex(given)}" if given else f"{{{_tex(family)}}}" for family, given in _names(item)
    ]
    fields = {
        "author": " and ".join(authors),
        "title": f"{{{_tex(item.get('title', ''))}}}",
        "year": item.get("issued"),
        "journal" if kind == "article" else "series": _tex(item.get("container-title", "")),
        "volume": item.get("volume"),
        "number": item.get("number"),
        "pages": str(item.get("page", "")).replace("-", "--"),
        "institution" if kind == "techreport" else "publisher": _tex(item.get("publisher", "")),
        "version": item.get("version"),
        "doi": item.get("DOI"),
        "url": item.get("URL"),
    }
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@{kind}{{{item['id']},\n{body}\n}}"


def _tex(text: str) -> str:
    return "".join(_SPECIAL.get(character, character) for character in str(text))


def _ris(items: list[dict]) -> str:
    blocks = []
    for item in items:
        first, _, last = str(item.get("page", "")).partition("-")
        tags = [("TY", _RIS.get(item.get("type", ""), "GEN")), ("ID", item.get("id"))]
        tags += [("AU", f"{family}, {given}" if given else family) for family, given in _names(item)]
        tags += [("TI", item.get("title")), ("PY", item.get("issued")), ("T2", item.get("container-title"))]
        tags += [("VL", item.get("volume") or item.get("number")), ("SP", first), ("EP", last)]
        tags += [("PB", item.get("publisher")), ("ET", item.get("version"))]
        tags += [("DO", item.get("DOI")), ("UR", item.get("URL"))]
        blocks.append("".join(f"{tag}  - {value}\r\n" for tag, value in tags if value) + "ER  - \r\n")
    return "\r\n".join(blocks)


def _csl_json(items: list[dict]) -> str:
    dated = [
        item | ({"issued": {"date-parts": [[int(item["issued"])]]}} if item.get("issued") else {})
        for item in items
    ]
    return json.dumps(dated, indent=2, ensure_ascii=False)


STYLES = {"text": _text, "bibtex": _bibtex, "ris": _ris, "csl-json": _csl_json}
