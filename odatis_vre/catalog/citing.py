"""How to cite everything that a script or a notebook has opened."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from odatis_vre.catalog.citation import check_style, render
from odatis_vre.catalog.provenance import opened
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

if TYPE_CHECKING:
    from odatis_vre.catalog.entry import Entry

__all__ = ["citations", "cite", "read_opened"]


def cite(entry: "Entry", style: str = "text") -> str:
    """Cite one dataset and its sources, accessed today.

    Raises
    ------
    CatalogError
        The style is unknown, or the dataset has no citation.
    """
    record = _of_entry(entry)
    return render(entry.id, _dataset_and_sources(record, record["csl"]), style)


def citations(
    style: str = "text",
    entries: "Iterable[Entry] | None" = None,
    records: Iterable[dict[str, Any]] | None = None,
) -> str:
    """Cite datasets and their sources, with DOI, version and the date of access; each once.

    Parameters
    ----------
    style : {"text", "bibtex", "ris", "csl-json"}
    entries : iterable of Entry, optional
        Datasets, accessed today. Without it: all that this process has opened, each on the day it did.
    records : iterable of dict, optional
        Records of another process, from `read_opened`.

    Returns
    -------
    str
        In text and BibTeX, a dataset without a known citation is named.

    Raises
    ------
    CatalogError
        The style is unknown, or nothing has been opened.

    Examples
    --------
    >>> from odatis_vre import open_catalog
    >>> table = open_catalog()["sample/mackerel_eggs_1992"].to_pandas()
    >>> print(citations("bibtex", [open_catalog()["sample/mackerel_eggs_1992"]]).splitlines()[0])
    @misc{mackerel_eggs_1992,
    """
    check_style(style)
    if entries is not None:
        found = [_of_entry(entry) for entry in entries]
    else:
        found = list(opened() if records is None else records)
    if not found:
        raise CatalogError(tr("catalog.nothing_opened"), tr("catalog.nothing_opened_hint"))
    items: list[dict[str, Any]] = []
    uncited = []
    for record in found:
        listed = record.get("csl") or []
        if not listed:
            uncited.append(str(record.get("entry", "?")))
        for item in _dataset_and_sources(record, listed):
            _add(items, item)
    lines = [tr("catalog.uncited", entry=entry) for entry in dict.fromkeys(uncited)]
    text = render("", items, style) if items else _nothing(style)
    marks = {"text": "", "bibtex": "% "}
    if lines and style in marks:
        text = "\n".join(part for part in (text, *(marks[style] + line for line in lines)) if part)
    return text


def read_opened(path: str | Path) -> list[dict[str, Any]]:
    """What another process opened: the file that `ODATIS_OPENED` named.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    list of dict
        As `opened()`.

    Raises
    ------
    CatalogError
        There is no such file, or it holds no record.
    """
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    records: dict[tuple, dict[str, Any]] = {}
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:  # a process was killed while it wrote
            continue
        if isinstance(record, dict) and "entry" in record:
            records.setdefault((record["entry"], record.get("urlpath"), record.get("sha256")), record)
    if not records:
        raise CatalogError(tr("catalog.no_record", path=path), tr("catalog.no_record_hint"))
    return list(records.values())


def _of_entry(entry: "Entry") -> dict[str, Any]:
    known = entry.metadata
    return {
        "entry": entry.id,
        "csl": known.citation,
        "doi": known.doi,
        "version": known.version,
        "opened_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _dataset_and_sources(record: dict[str, Any], listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first item is the dataset: what the entry knows of its DOI and its version goes with it."""
    if not listed:
        return []
    first, *sources = ({key: value for key, value in item.items() if value} for item in listed)
    day = str(record.get("opened_at", ""))[:10]
    known = {"DOI": record.get("doi"), "version": record.get("version"), "accessed": day}
    return [{**{key: value for key, value in known.items() if value}, **first}, *sources]


def _add(items: list[dict[str, Any]], item: dict[str, Any]) -> None:
    """Once each, the first day of access counts; two works under one key get two keys."""
    same = [known for known in items if _work(known) == _work(item)]
    if same:
        return
    keys = {known.get("id") for known in items}
    key, number = item.get("id") or "dataset", 2
    while key in keys:
        key, number = f"{item.get('id') or 'dataset'}_{number}", number + 1
    items.append(item | {"id": key})


def _work(item: dict[str, Any]) -> tuple:
    # a dataset and a part of it may share a DOI, and are cited apart
    return str(item.get("DOI", "")).lower(), item.get("title"), item.get("version")


def _nothing(style: str) -> str:
    return "[]" if style == "csl-json" else ""
