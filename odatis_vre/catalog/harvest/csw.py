"""CSW 2.0.2: `GetRecords` in pages, ISO records."""

from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

from odatis_vre.catalog.address import public_url
from odatis_vre.catalog.harvest import iso
from odatis_vre.catalog.harvest.hostile import Hostile
from odatis_vre.catalog.harvest.page import Page
from odatis_vre.catalog.harvest.wire import Asker, TooLarge
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["SCHEMAS", "pages"]

SCHEMAS = {
    "gmd": "http://www.isotc211.org/2005/gmd",
    "mdb": "http://standards.iso.org/iso/19115/-3/mdb/2.0",
}
_REQUEST = """<?xml version="1.0" encoding="UTF-8"?>
<csw:GetRecords xmlns:csw="http://www.opengis.net/cat/csw/2.0.2" xmlns:ogc="http://www.opengis.net/ogc"
 xmlns:apiso="http://www.opengis.net/cat/csw/apiso/1.0" service="CSW" version="2.0.2" resultType="results"
 outputFormat="application/xml" outputSchema="{schema}" startPosition="{start}" maxRecords="{size}">
<csw:Query typeNames="csw:Record"><csw:ElementSetName>full</csw:ElementSetName>{constraint}</csw:Query>
</csw:GetRecords>"""
_CONSTRAINT = '<csw:Constraint version="1.1.0"><ogc:Filter>{filter}</ogc:Filter></csw:Constraint>'
_LIKE = (
    '<ogc:PropertyIsLike wildCard="%" singleChar="_" escapeChar="\\">'
    "<ogc:PropertyName>{name}</ogc:PropertyName><ogc:Literal>%{value}%</ogc:Literal></ogc:PropertyIsLike>"
)
_SINCE = (
    "<ogc:PropertyIsGreaterThanOrEqualTo><ogc:PropertyName>apiso:Modified</ogc:PropertyName>"
    "<ogc:Literal>{since}</ogc:Literal></ogc:PropertyIsGreaterThanOrEqualTo>"
)
_NAMES = {"query": "csw:AnyText", "data_centre": "apiso:OrganisationName", "odatis_variable": "apiso:Subject"}


def pages(
    asker: Asker,
    url: str,
    conditions: dict[str, str],
    since: str | None = None,
    start: Any = None,
    size: int = 50,
) -> Iterator[Page]:
    """The records of a server, in its order.

    Parameters
    ----------
    asker : Asker
    url : str
        Of the service.
    conditions : dict of str to str
        `"query"`: any text; a queryable such as `"apiso:Subject"`; `"schema"`: gmd (the default) or mdb.
    since : str, optional
        Only records changed then or later.
    start : optional
        `following` of a page that was read before.
    size : int
        Records a page; a page that is refused is asked for again record by record.

    Yields
    ------
    Page

    Raises
    ------
    CatalogError
        No answer, or one that is no page of records, or the same page again.
    """
    position = int(start or 1)
    schema = SCHEMAS.get(conditions.get("schema", "gmd"), conditions.get("schema", ""))
    constraint = _constraint({k: v for k, v in conditions.items() if k != "schema"}, since)
    alone = 0
    before: list[str] = []
    while position:
        now = 1 if alone else size
        request = _REQUEST.format(schema=escape(schema), start=position, size=now, constraint=constraint)
        try:
            page = _page(asker.xml(url, request.encode()), url, position)
        except (Hostile, TooLarge) as error:
            if now > 1:
                alone = size
                continue
            code = error.code if isinstance(error, Hostile) else "large_record"
            page = Page([], [(f"#{position}", code, {})], position + 1)
        found = [record.uuid for record in page.records]
        # a server that does not move on would be asked for ever
        if (found and found == before) or 0 < (page.following or 0) <= position:
            raise CatalogError(tr("harvest.same_page", url=public_url(url)), tr("harvest.same_page_hint"))
        yield page
        before, alone = found, max(alone - 1, 0)
        position = page.following or 0


def _constraint(conditions: dict[str, str], since: str | None) -> str:
    parts = [
        _LIKE.format(name=escape(_NAMES.get(name, name)), value=escape(value))
        for name, value in conditions.items()
    ]
    if since:
        parts.append(_SINCE.format(since=escape(since[:10])))
    if not parts:
        return ""
    joined = "".join(parts)
    return _CONSTRAINT.format(filter=joined if len(parts) == 1 else f"<ogc:And>{joined}</ogc:And>")


def _page(content: bytes, url: str, position: int) -> Page:
    try:
        root = iso.parse(content)
    except ValueError as error:
        if isinstance(error, Hostile):
            raise
        raise _no_answer(url, str(error)) from None
    results = root.find("{*}SearchResults")
    if results is None:
        texts = [" ".join("".join(node.itertext()).split()) for node in root.iter("{*}ExceptionText")]
        raise _no_answer(url, (texts or [str(root.tag)])[0][:200])
    page = Page()
    for number, element in enumerate(results):
        try:
            page.records.append(iso.record_of(element))
        except ValueError as error:
            found = [
                node.text for node in element.findall("{*}fileIdentifier/{*}CharacterString") if node.text
            ]
            page.refused.append(
                ((found or [f"record {number + 1}"])[0], "unreadable", {"reason": str(error)})
            )
    following, matched = (_number(results.get(name)) for name in ("nextRecord", "numberOfRecordsMatched"))
    # of the last page some say where they are
    if following and following <= matched and position + len(results) <= matched:
        page.following = following
    return page


def _number(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0


def _no_answer(url: str, why: str) -> CatalogError:
    return CatalogError(tr("harvest.no_answer", url=public_url(url), reason=why), tr("harvest.no_csw_hint"))
