"""Seanoe: one dataset at a time, with its files and their checksums."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from odatis_vre.catalog.harvest.page import Page
from odatis_vre.catalog.harvest.record import Link, Record
from odatis_vre.catalog.harvest.wire import Asker
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["pages", "record_of"]

# The number of a dataset, and of one of its snapshots.
_ID = re.compile(r"(?:10\.17882/|/data/\d{5}/|^)(\d{4,7})(?:/[^#]*)?(?:#(\w+))?$")


def pages(
    asker: Asker,
    url: str,
    conditions: dict[str, str],
    since: str | None = None,
    start: Any = None,
    size: int = 1,
) -> Iterator[Page]:
    """The datasets named by `conditions["id"]`: numbers, DOIs or pages of Seanoe, parted by commas or spaces.

    `42182#52` is a snapshot of the dataset. A record has no date of change: `since` leaves none out.
    """
    wanted = [part for part in re.split(r"[,\s]+", conditions.get("id", "")) if part]
    if not wanted:
        raise CatalogError(tr("harvest.no_id"), tr("harvest.no_id_hint"))
    for place, text in list(enumerate(wanted))[int(start or 0) :]:
        following = place + 1 if place + 1 < len(wanted) else None
        match = _ID.search(text)
        if match is None:
            raise CatalogError(tr("harvest.bad_id", id=text), tr("harvest.no_id_hint"))
        page = Page(following=following)
        number, snapshot = match[1], match[2] or ""
        where = f"find-by-fragment/{number}?fragmentId={snapshot}" if snapshot else f"find-by-id/{number}"
        try:
            page.records.append(record_of(asker.json(f"{url.rstrip('/')}/{where}"), number, snapshot))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            page.refused.append((where.partition("/")[2], "unreadable", {"reason": type(error).__name__}))
        yield page


def record_of(answer: dict[str, Any], number: str, snapshot: str = "") -> Record:
    """An answer of `find-by-id`, or of `find-by-fragment`, as a record.

    Raises
    ------
    KeyError, TypeError, ValueError
        It is none.
    """
    doi = str(answer["publicationDoi"])
    record = Record(f"seanoe-{number}-{snapshot}" if snapshot else f"seanoe-{number}")
    record.version = snapshot
    record.title = _texts(answer.get("title"))
    record.description = _texts(answer.get("abstract") or answer.get("description"))
    record.data_centre = record.publisher = "SEANOE"
    record.identifiers = [doi]
    for box in answer.get("geoExtendList") or []:
        record.boxes.append([float(box[side]) for side in ("west", "south", "east", "north")])
    period = answer.get("temporalExtend") or {}
    if period.get("begin") or period.get("end"):
        record.period = [period.get("begin") or None, period.get("end") or None]
    record.authors = [_name(author) for author in answer.get("authors") or []]
    record.issued = str(answer.get("publicationDate") or answer.get("date") or "")
    licence = answer.get("licenceUrl") or answer.get("license") or answer.get("licence")
    licence = licence.get("url") or licence.get("name") if isinstance(licence, dict) else licence
    record.constraints = [str(licence)] if licence else []
    keywords = answer.get("keywords") or []
    record.keywords = [str(word) for word in keywords if isinstance(word, str)]
    for file in answer.get("files") or []:
        label = _texts(file.get("label"))
        record.links.append(
            Link(
                url=str(file.get("fileUrl") or ""),
                protocol=f"WWW:DOWNLOAD-{urlsplit(str(file.get('fileUrl'))).scheme}",
                name=str(file.get("fileName") or ""),
                description=label.get("en") or label.get("fr") or label.get("") or "",
                size=int(file["size"]) if str(file.get("size") or "").isdigit() else None,
                sha256=str(file.get("checksum") or "") or None,
                open_access=bool(file.get("openAccess")),
            )
        )
    record.links.append(Link(f"https://doi.org/{doi}", "WWW:LINK-1.0-http--metadata-URL"))
    return record


def _texts(value: Any) -> dict[str, str]:
    if isinstance(value, str):
        return {"": value}
    if not isinstance(value, dict):
        return {}
    return {lang: value[lang] for lang in ("en", "fr") if isinstance(value.get(lang), str)}


def _name(author: Any) -> str:
    if isinstance(author, dict):
        return " ".join(str(author.get(key) or "") for key in ("firstName", "lastName")).strip()
    return str(author)
