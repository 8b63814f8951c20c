"""From a record to entries of a catalogue file, and what a reviewer should look at."""

import math
import re
from collections.abc import Iterator
from typing import Any

from odatis_vre.catalog.harvest.entries import entry_name, entry_of, link_of, page_of
from odatis_vre.catalog.harvest.files import files_of
from odatis_vre.catalog.harvest.hostile import Hostile, check_name, check_text, check_url
from odatis_vre.catalog.harvest.licences import is_citation, licence_of
from odatis_vre.catalog.harvest.record import Link, Record
from odatis_vre.catalog.harvest.report import Finding
from odatis_vre.catalog.harvest.ways import classify, doi_of
from odatis_vre.catalog.request import read_period
from odatis_vre.catalog.search.words import fold
from odatis_vre.errors import CatalogError

__all__ = ["Draft"]

_DOMAINS = (
    ("biogeochimie", "biogeochemistry"),
    ("biologie", "biology"),
    ("physique", "physics"),
    ("geolog", "geology"),
    ("geophys", "geology"),
    ("meteo", "atmosphere"),
    ("atmosph", "atmosphere"),
)
_LONGEST_LIST = 200
# Beyond, a record is one entry that leads to its page.
_MOST_FILES = 50
_MOST_LINKS = 1000


class Draft:
    """What a record becomes, with the findings: an entry for each of its files.

    Parameters
    ----------
    record : Record

    Attributes
    ----------
    entries : list of (str, dict)
        Which of several files it is, else "", and the entry as a catalogue file has it; none where no link
        leads to values.
    title : dict of str to str
        In each language, of the record.
    findings : list of Finding

    Raises
    ------
    Hostile
        The record is refused.
    """

    def __init__(self, record: Record):
        self._record = record
        self._name = check_text(record.uuid)[:80]
        self.findings: list[Finding] = []
        if record.changed and record.changed_at is None:
            self._say("suspicious", "bad_change", "changed", date=check_text(record.changed)[:40])
        for code, values in record.notes:
            self._say("suspicious", code, **values)
        self.title = _texts(record.title)
        self.entries = self._entries()

    def _say(self, sort: str, code: str, field: str = "", **values) -> None:
        finding = Finding(self._name, sort, code, field, values)
        if finding not in self.findings:
            self.findings.append(finding)

    def _entries(self) -> list[tuple[str, dict[str, Any]]]:
        links = list(self._links())
        about = self._about(links)
        files = files_of(links)
        if not files:
            self._say("note", "no_access", "metadata.access", number=len(links))
            return []
        if len(files) > _MOST_FILES:
            self._say("note", "many_files", "metadata.access", number=len(files), most=_MOST_FILES)
            return [("", page_of(about, [link_of(link) for link in links if not doi_of(link.url)]))]
        if len(files) > 1:
            self._say("note", "several_files", "metadata.access", number=len(files))
        others = [link_of(link) for link in links if classify(link) is None and not doi_of(link.url)]
        several = len(files) > 1
        return [
            (file.stem if several else "", entry_of(about | {"links": others}, file, several))
            for file in files
        ]

    def _about(self, links: list[Link]) -> dict[str, Any]:
        """What the record says of all its files."""
        record = self._record
        if not self.title:
            self._say("suspicious", "no_title", "metadata.title")
        doi = self._doi(links)
        odatis = _words(record.odatis_variables)
        return {
            "title": self.title,
            "description": _texts(record.description),
            "domain": _domain(odatis),
            "data_centre": check_text(record.data_centre or record.publisher) or None,
            "odatis_variables": odatis,
            "platforms": _words(record.platforms),
            "keywords": [word for word in _words(record.keywords) if word not in odatis],
            "bbox": self._box(),
            "time": self._period(),
            "doi": doi,
            "uuid": self._name,
            "version": check_text(record.version) or None,
            "licence": self._licence(),
            "citation": self._citation(doi),
        }

    def _links(self) -> Iterator[Link]:
        """The links that may be written down, once each."""
        seen = set()
        if len(self._record.links) > _MOST_LINKS:
            self._say("note", "many_links", "links", number=len(self._record.links), most=_MOST_LINKS)
        for link in self._record.links[:_MOST_LINKS]:
            try:
                url = check_url(link.url)
                name = check_name(link.name)
                description = check_text(link.description)
            except Hostile as error:
                self._say("refused", error.code, "links", **error.values)
                continue
            if link.stripped:
                self._say("stripped", "account", "links", url=url)
            if url.startswith("http:"):
                self._say("suspicious", "http", "links", url=url)
            if not link.open_access:
                self._say("note", "restricted", "links", name=name or url)
                continue
            key = (url, check_text(link.protocol), name)
            if key in seen:
                continue
            seen.add(key)
            sha256 = link.sha256 if link.sha256 and re.fullmatch(r"[0-9a-f]{64}", link.sha256) else None
            yield Link(url, key[1], name, description, link.size, sha256)

    def _doi(self, links: list[Link]) -> str | None:
        for text in [*map(check_text, self._record.identifiers), *(link.url for link in links)]:
            if doi := doi_of(text):
                return doi
        return None

    def _box(self) -> list[float] | None:
        boxes = []
        for box in self._record.boxes:
            west, south, east, north = box
            if (
                not all(map(math.isfinite, box))
                or abs(south) > 90
                or abs(north) > 90
                or max(map(abs, box)) > 360
            ):
                self._say("suspicious", "bad_box", "metadata.bbox", box=_shown(box))
            elif south > north:
                self._say("suspicious", "box_upside_down", "metadata.bbox", box=_shown(box))
                boxes.append([west, north, east, south])
            else:
                boxes.append(list(box))
        if not boxes:
            self._say("suspicious", "no_box", "metadata.bbox")
            return None
        if len(boxes) > 1:
            self._say("suspicious", "several_boxes", "metadata.bbox", number=len(boxes))
        found = _hull(boxes)
        if found[2] - found[0] >= 350 and found[3] - found[1] >= 100:
            self._say("suspicious", "world_box", "metadata.bbox", box=_shown(found))
        return found

    def _period(self) -> list[str | None] | None:
        if self._record.period is None:
            self._say("suspicious", "no_period", "metadata.time")
            return None
        dates = [date and check_text(date)[:40] for date in self._record.period]
        days = [date and re.sub(r"T00:00:00(\.0+)?Z?$", "", date) for date in dates]
        try:
            period = read_period(days)
        except CatalogError:
            start, end = (date or "…" for date in days)
            reversed_ = start != "…" and end != "…" and start > end
            self._say(
                "suspicious", "reversed" if reversed_ else "bad_period", "metadata.time", start=start, end=end
            )
            return None
        if period.start and period.start.year < 1500:
            self._say("suspicious", "early", "metadata.time", start=days[0])
        return [date and date[:10] for date in days]

    def _licence(self) -> dict[str, str] | None:
        texts = [text for text in map(check_text, self._record.constraints) if text]
        found = licence_of(texts)
        if texts and is_citation(texts[0]) and licence_of(texts[:1]) is None:
            self._say("suspicious", "licence_is_citation", "metadata.licence", text=texts[0][:160])
        if found is None:
            said = [text for text in texts if not is_citation(text)]
            self._say("suspicious", "unknown_licence", "metadata.licence", text=(said or ["-"])[0][:160])
            return {"name": said[0][:200]} if said else None
        if self._record.says_open is False and not re.search("NC|ND", found["name"]):
            self._say("suspicious", "open_or_not", "metadata.licence", licence=found["name"])
        return found

    def _citation(self, doi: str | None) -> list[dict[str, Any]]:
        record = self._record
        authors = _words(record.authors)[:50] or [check_text(record.publisher or record.data_centre)]
        if not self.title or not authors[0]:
            return []
        known = {
            "id": entry_name(self.title, self._name),
            "type": "dataset",
            "title": self.title.get("en") or self.title.get("fr"),
            "author": [{"literal": author} for author in authors],
            "publisher": check_text(record.publisher or record.data_centre),
            "issued": int(record.issued[:4]) if re.match(r"[12]\d{3}", record.issued) else None,
            "version": check_text(record.version),
            "DOI": doi,
            # the version's own address: a DOI leads to all of them
            "URL": f"https://doi.org/{doi}#{record.version}" if doi and record.version else None,
        }
        return [{key: value for key, value in known.items() if value}]


def _texts(texts: dict[str, str]) -> dict[str, str]:
    clean = {lang: check_text(text) for lang, text in texts.items()}
    default = clean.get("", "")
    known = {lang: clean.get(lang) or default for lang in ("en", "fr")}
    return {lang: text for lang, text in known.items() if text}


def _words(values: list[str]) -> list[str]:
    return list(dict.fromkeys(filter(None, map(check_text, values[:_LONGEST_LIST]))))


def _domain(odatis: list[str]) -> str | None:
    for path in odatis:
        top = fold(path.strip("/").partition("/")[0])
        for start, domain in _DOMAINS:
            if top.startswith(start):
                return domain
    return None


def _hull(boxes: list[list[float]]) -> list[float]:
    wests, souths, easts, norths = zip(*boxes, strict=True)
    if len(boxes) == 1:
        west, east = wests[0], easts[0]
    elif any(west > east for west, east in zip(wests, easts, strict=True)):
        west, east = -180.0, 180.0
    else:
        west, east = min(wests), max(easts)
    if west < -180:
        west, east = (west + 360, east + 360) if east <= 180 else (-180.0, 180.0)
    return [_plain(value) for value in (west, min(souths), min(east, 360.0), max(norths))]


def _plain(value: float) -> float | int:
    return int(value) if float(value).is_integer() else float(value)


def _shown(box: list[float]) -> str:
    return ", ".join(f"{value:g}" for value in box)
