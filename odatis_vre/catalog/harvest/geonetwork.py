"""GeoNetwork 4, the engine of the ODATIS catalogue: its `_search` in pages, records as its index has them.

Field names are those of the Sextant index; older records carry only `.default` (no `_tree`): both are read.
"""

import re
from collections.abc import Iterator
from typing import Any

from odatis_vre.catalog.address import public_url
from odatis_vre.catalog.harvest.page import Page
from odatis_vre.catalog.harvest.record import Link, Record
from odatis_vre.catalog.harvest.wire import Asker, TooLarge
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["CONDITIONS", "pages", "record_of"]

# Elasticsearch gives no page beyond.
_WINDOW = 10_000
# The name of a condition to the fields of the index that hold it.
CONDITIONS = {
    "data_centre": ("th_odatis_centre_donnees.default", "th_odatis_centre_donnees_tree.key"),
    "odatis_variable": ("th_odatis_variables.default", "th_odatis_variables_tree.key"),
    "platform": ("platforms", "th_otherKeywords-platform.default"),
    "dataset_type": ("th_type_jeux_donnee.default", "th_type_jeux_donnee_tree.key"),
    "theme": ("th_odatis_thematiques.default",),
    "group": ("groupPublishedId",),
}
_SOURCE = [
    *("uuid", "changeDate", "resourceTitleObject", "resourceAbstractObject", "tag", "format", "isOpenData"),
    *("geom", "resourceTemporalDateRange", "resourceTemporalExtentDateRange", "resourceDate"),
    *("indexingErrorMsg", "link", "linkUrl", "linkProtocol", "licenseObject", "MD_LegalConstraints*"),
    *("resourceIdentifier", "DOI", "publicationDateForResource", "OrgForResource*", "platforms"),
    *("th_odatis*", "th_type_jeux_donnee*", "th_otherKeywords-platform*"),
]
_RANGE = re.compile(r"Lower range bound '([^']*)' can not be greater than upper bound '([^']*)'")
_LANGUAGES = {"en": "langeng", "fr": "langfre"}


def pages(
    asker: Asker,
    url: str,
    conditions: dict[str, str],
    since: str | None = None,
    start: Any = None,
    size: int = 50,
) -> Iterator[Page]:
    """The records of a server, the oldest change first.

    Parameters
    ----------
    asker : Asker
    url : str
        `.../srv/api`, or the address of `_search` itself.
    conditions : dict of str to str
        A key of `CONDITIONS`, or a field of the index, and its value; `"query"` is free text.
    since : str, optional
        Only records changed then or later.
    start : optional
        `following` of a page that was read before.
    size : int
        Records a page; halved where a page is too large.

    Yields
    ------
    Page

    Raises
    ------
    CatalogError
        No answer, or one that is no page of records, or the same page again.
    """
    search = url if url.rstrip("/").endswith("_search") else f"{url.rstrip('/')}/search/records/_search"
    offset, floor, last = start or (0, since, "")
    before: list[Any] = []
    while True:
        # beyond the window, start again from the last change seen; what comes twice is the caller's to know
        if offset + size > _WINDOW:
            if last == floor:
                raise CatalogError(tr("harvest.window", number=_WINDOW, date=last), tr("harvest.window_hint"))
            offset, floor, before = 0, last, []
        try:
            answer = asker.json(search, _body(conditions, floor, offset, size))
        except TooLarge:
            if size > 1:
                size = max(size // 4, 1)
                continue
            yield Page([], [(f"#{offset}", "large_record", {})], (offset + 1, floor, last))
            offset += 1
            continue
        hits, total = _hits(answer, search)
        if hits and hits == before:  # it does not understand `from`, and would be asked for ever
            raise CatalogError(tr("harvest.same_page", url=public_url(search)), tr("harvest.same_page_hint"))
        before = hits
        page = Page()
        for hit in hits:
            try:
                page.records.append(record_of(hit))
            except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
                name = str(hit.get("_id", "?")) if isinstance(hit, dict) else "?"
                page.refused.append((name, "unreadable", {"reason": type(error).__name__}))
        changes = [record.changed for record in page.records if record.changed_at]
        last = max([last, *changes])
        offset += len(hits)
        # a server may give fewer records a page than asked
        more = len(hits) == size if total is None else bool(hits) and offset < total
        page.following = (offset, floor, last) if more else None
        yield page
        if page.following is None:
            return


def _body(conditions: dict[str, str], since: str | None, offset: int, size: int) -> dict[str, Any]:
    filters: list[dict[str, Any]] = [{"term": {"isTemplate": "n"}}]
    for name, value in conditions.items():
        if name == "query":
            filters.append({"query_string": {"query": value}})
        else:
            fields = CONDITIONS.get(name, (name,))
            filters.append({"bool": {"should": [{"term": {field: value}} for field in fields]}})
    if since:
        filters.append({"range": {"changeDate": {"gte": since}}})
    return {
        "from": offset,
        "size": size,
        "sort": [{"changeDate": "asc"}, {"uuid": "asc"}],
        "query": {"bool": {"filter": filters}},
        "_source": _SOURCE,
        "track_total_hits": True,
    }


def _hits(answer: Any, url: str) -> tuple[list[Any], int | None]:
    """The records of an answer, and how many there are in all where it counts them."""
    try:
        hits, total = answer["hits"]["hits"], answer["hits"].get("total")
    except (KeyError, TypeError):
        hits = total = None
    if not isinstance(hits, list):
        raise CatalogError(tr("harvest.no_hits", url=public_url(url)), tr("harvest.no_hits_hint"))
    exact = isinstance(total, dict) and total.get("relation") == "eq" and isinstance(total.get("value"), int)
    return hits, total["value"] if exact else None


def record_of(hit: dict[str, Any]) -> Record:
    """A hit of the index as a record.

    Parameters
    ----------
    hit : dict
        With `_source`.

    Raises
    ------
    KeyError, TypeError, ValueError
        It is no hit.
    """
    source = hit["_source"]
    record = Record(str(source.get("uuid") or hit["_id"]))
    record.title = _texts(source.get("resourceTitleObject"))
    record.description = _texts(source.get("resourceAbstractObject"))
    record.changed = str(source.get("changeDate") or "")
    _read_extent(source, record)
    _read_period(source, record)
    record.odatis_variables = _labels(source, "th_odatis_variables")
    record.data_centre = (
        (_labels(source, "th_odatis_centre_donnees") or [""])[0].strip("/").rpartition("/")[2]
    )
    record.platforms = [*_values(source.get("platforms")), *_labels(source, "th_otherKeywords-platform")]
    record.keywords = _values(source.get("tag"))
    record.publisher = (
        _values(source.get("OrgForResourceObject")) or _values(source.get("OrgForResource")) or [""]
    )[0]
    record.issued = (_values(source.get("publicationDateForResource")) or [""])[0]
    constraints = ["licenseObject", *sorted(key for key in source if key.startswith("MD_LegalConstraints"))]
    record.constraints = [text for key in constraints for text in _values(source.get(key))]
    if "isOpenData" in source:
        record.says_open = str(source["isOpenData"]).lower() == "true"
    record.identifiers = [*_values(source.get("DOI"))]
    record.identifiers += [str(i.get("code") or "") for i in _list(source.get("resourceIdentifier"))]
    if "format" in source and not any(_values(source["format"])):
        record.notes.append(("empty_format", {}))
    record.links = [_link(link) for link in _list(source.get("link"))]
    if not record.links:
        pairs = zip(_values(source.get("linkUrl")), _values(source.get("linkProtocol")), strict=False)
        record.links = [Link(url, protocol) for url, protocol in pairs]
    return record


def _read_extent(source: dict[str, Any], record: Record) -> None:
    shapes = source.get("geom")
    if isinstance(shapes, list):
        record.notes.append(("geom_list", {"number": len(shapes)}))
    for shape in _list(shapes):
        points = list(_points(shape.get("coordinates") or []))
        if points:
            lons, lats = zip(*points, strict=True)
            record.boxes.append([min(lons), min(lats), max(lons), max(lats)])


def _points(nested: Any, depth: int = 0) -> Iterator[tuple[float, float]]:
    if depth > 5:
        raise ValueError("a geometry has fewer levels")
    if nested and isinstance(nested[0], int | float):
        yield float(nested[0]), float(nested[1])
    else:
        for part in nested:
            yield from _points(part, depth + 1)


def _read_period(source: dict[str, Any], record: Record) -> None:
    """The extent of the data; `resourceTemporalDateRange` holds the dates of the record's publication too."""
    ranges = _list(source.get("resourceTemporalExtentDateRange"))
    if not ranges:
        dates = {str(date.get("date")) for date in _list(source.get("resourceDate"))}
        ranges = [
            part
            for part in _list(source.get("resourceTemporalDateRange"))
            if not (part.get("gte") == part.get("lte") and str(part.get("gte")) in dates)
        ]
    if ranges:
        starts = [part.get("gte") for part in ranges]
        ends = [part.get("lte") for part in ranges]
        start = None if None in starts else min(map(str, starts))
        end = None if None in ends else max(map(str, ends))
        record.period = [start, end]
        if len(ranges) > 1:
            record.notes.append(("several_periods", {"number": len(ranges)}))
        return
    for message in _values(source.get("indexingErrorMsg")):
        if match := _RANGE.search(message):
            record.period = [match[1] or None, match[2] or None]
            if not match[2]:
                record.notes.append(("open_range", {"start": match[1]}))
            return


def _texts(value: Any) -> dict[str, str]:
    if isinstance(value, str):
        return {"": value}
    if not isinstance(value, dict):
        return {}
    found = {lang: value[key] for lang, key in _LANGUAGES.items() if isinstance(value.get(key), str)}
    return found | ({"": value["default"]} if isinstance(value.get("default"), str) else {})


def _labels(source: dict[str, Any], thesaurus: str) -> list[str]:
    found = _values(source.get(thesaurus))
    if not found:  # the tree holds each level: the longest paths are the labels
        tree = source.get(f"{thesaurus}_tree")
        keys = _values(tree.get("default") or tree.get("key") if isinstance(tree, dict) else tree)
        found = [key for key in keys if not any(other.startswith(f"{key}/") for other in keys)]
    return found


def _values(value: Any) -> list[str]:
    """Texts, whether the index has one, a list, or `{default: ...}`."""
    found = [part.get("default") if isinstance(part, dict) else part for part in _list(value)]
    return [str(part) for part in found if part not in (None, "")]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _link(link: dict[str, Any]) -> Link:
    def text(name: str) -> str:
        value = link.get(name) or link.get(f"{name}Object") or ""
        return str(value.get("default") or "") if isinstance(value, dict) else str(value)

    return Link(text("url"), text("protocol"), text("name"), text("description"))
