"""From a record to an entry of a catalogue file, and what a reviewer should look at."""

import hashlib
import math
import re
from collections.abc import Iterator
from typing import Any

from odatis_vre.catalog.harvest.hostile import Hostile, check_name, check_text, check_url
from odatis_vre.catalog.harvest.licences import is_citation, licence_of
from odatis_vre.catalog.harvest.record import Link, Record
from odatis_vre.catalog.harvest.report import Finding
from odatis_vre.catalog.harvest.ways import Way, classify, doi_of
from odatis_vre.catalog.request import read_period
from odatis_vre.catalog.search.words import fold, split
from odatis_vre.errors import CatalogError

__all__ = ["Draft", "entry_name"]

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


class Draft:
    """An entry made from a record, with the findings.

    Parameters
    ----------
    record : Record

    Attributes
    ----------
    entry : dict or None
        As a catalogue file has it; None where no link leads to values.
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
        for code, values in record.notes:
            self._say("suspicious", code, **values)
        self.entry = self._entry()

    def _say(self, sort: str, code: str, field: str = "", **values) -> None:
        finding = Finding(self._name, sort, code, field, values)
        if finding not in self.findings:
            self.findings.append(finding)

    def _entry(self) -> dict[str, Any] | None:
        record = self._record
        title, description = _texts(record.title), _texts(record.description)
        links = list(self._links())
        ways = sorted((way for way in map(classify, links) if way), key=lambda way: way.rank)
        ways = list({str(way): way for way in ways}.values())
        doi = self._doi(links)
        odatis = _words(record.odatis_variables)
        known = {
            "title": title,
            "description": description,
            "domain": _domain(odatis),
            "data_centre": check_text(record.data_centre or record.publisher) or None,
            "odatis_variables": odatis,
            "platforms": _words(record.platforms),
            "keywords": [word for word in _words(record.keywords) if word not in odatis],
            "bbox": self._box(),
            "time": self._period(),
            "doi": doi,
            "uuid": self._name,
            "licence": self._licence(),
            "citation": self._citation(title, doi),
            "protocol": ways[0].protocol if ways else None,
            # one that a plain Intake opens is said by driver and args alone
            "access": [_access(way) for way in ways] if len(ways) > 1 or (ways and ways[0].plain) else [],
            "links": [_link(link) for link in links if classify(link) is None and not doi_of(link.url)],
            **self._file(links, ways),
            "verified": False,
        }
        if not title:
            self._say("suspicious", "no_title", "metadata.title")
        if not ways:
            self._say("note", "no_access", "metadata.access", number=len(links))
            return None
        driver, args = ways[0].plain or (ways[0].driver, ways[0].args)
        heads = dict.fromkeys(filter(None, (title.get("en"), title.get("fr"))))
        metadata = {key: value for key, value in known.items() if value is False or value}
        return {"description": " / ".join(heads), "driver": driver, "args": args, "metadata": metadata}

    def _links(self) -> Iterator[Link]:
        """The links that may be written down, once each."""
        seen = set()
        for link in self._record.links:
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

    def _citation(self, title: dict[str, str], doi: str | None) -> list[dict[str, Any]]:
        record = self._record
        authors = _words(record.authors)[:50] or [check_text(record.publisher or record.data_centre)]
        if not title or not authors[0]:
            return []
        known = {
            "id": entry_name(title, self._name),
            "type": "dataset",
            "title": title.get("en") or title.get("fr"),
            "author": [{"literal": author} for author in authors],
            "publisher": check_text(record.publisher or record.data_centre),
            "issued": int(record.issued[:4]) if re.match(r"[12]\d{3}", record.issued) else None,
            "DOI": doi,
        }
        return [{key: value for key, value in known.items() if value}]

    @staticmethod
    def _file(links: list[Link], ways: list[Way]) -> dict[str, Any]:
        """The checksum and the size, where the entry is one file."""
        if not ways or ways[0].driver not in ("netcdf", "csv"):
            return {}
        link = next(link for link in links if link.url == ways[0].args["urlpath"])
        return {"sha256": link.sha256, "size": link.size if link.size and link.size > 0 else None}


def entry_name(title: dict[str, str], uuid: str, taken: frozenset[str] | set[str] = frozenset()) -> str:
    """A name for an entry, from its title; with a part of a checksum where the name is taken.

    Examples
    --------
    >>> entry_name({"en": "Sea-surface temperature, L4"}, "u1")
    'sea_surface_temperature_l4'
    """
    words = split(fold(title.get("en") or title.get("fr") or ""))
    name = ""
    for word in words:
        word = re.sub(r"[^a-z0-9]", "", word)
        if word and len(name) + len(word) < 60:
            name += f"_{word}" if name else word
    name = name or "record"
    if name in taken or name[0].isdigit():
        name = f"{name}_{hashlib.sha256(uuid.encode()).hexdigest()[:8]}"
    return f"d_{name}" if name[0].isdigit() else name


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


def _access(way: Way) -> dict[str, Any]:
    return {"protocol": way.protocol, "driver": way.driver, "args": way.args}


def _link(link: Link) -> dict[str, str]:
    known = {"protocol": link.protocol, "url": link.url, "name": link.name or link.description[:120]}
    return {key: value for key, value in known.items() if value}


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
