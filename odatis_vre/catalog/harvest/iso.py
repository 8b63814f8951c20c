"""ISO 19139 (gmd) and 19115-3 (mdb) records in XML: OWSLib reads what a parser without entities parsed."""

import re
from typing import Any

from odatis_vre.catalog.harvest.hostile import Hostile
from odatis_vre.catalog.harvest.record import Link, Record
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["parse", "read_iso", "record_of"]

_GMD = "http://www.isotc211.org/2005/gmd"
_MDB = re.compile(r"http://standards\.iso\.org/iso/19115/-3/mdb/\d\.\d")
_LANGUAGES = {"eng": "en", "en": "en", "fre": "fr", "fra": "fr", "fr": "fr"}
_CENTRES = re.compile(r"odatis.{0,20}centre|centre.{0,20}odatis|CDS", re.IGNORECASE)
_DEEPEST = 200
_SIDES = ("westBoundLongitude", "southBoundLatitude", "eastBoundLongitude", "northBoundLatitude")
# Codes of a restriction, which name no licence.
_CODES = ("otherRestrictions", "license")


def parse(content: bytes) -> Any:
    """Parse XML without entities, documents of others, or network.

    Parameters
    ----------
    content : bytes

    Returns
    -------
    lxml element

    Raises
    ------
    Hostile
        It declares a document type: where entities that expand, or name files, are written.
    ValueError
        It is no XML.
    """
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    # before anything is parsed: whatever the encoding, a declaration is ASCII without its zeros
    if b"<!doctype" in content.replace(b"\x00", b"").lower():
        raise Hostile("entities")
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ValueError(str(error).splitlines()[0] if str(error) else "XML") from None
    if root is None or root.getroottree().docinfo.doctype:
        raise Hostile("entities")
    return root


def read_iso(content: bytes, name: str) -> Record:
    """Read a record of a file or an answer.

    Parameters
    ----------
    content : bytes
    name : str
        Of the file, for messages.

    Raises
    ------
    CatalogError
        It is no ISO record, or refused; names the file and the field.
    """
    try:
        return record_of(parse(content))
    except Hostile as error:
        raise CatalogError(
            tr(
                "catalog.bad_field",
                file=name,
                field="<!DOCTYPE>",
                problem=tr(f"harvest.finding.{error.code}"),
            ),
            tr("harvest.record_hint"),
        ) from None
    except ValueError as error:
        field, _, problem = str(error).rpartition(": ")
        raise CatalogError(
            tr("catalog.bad_field", file=name, field=field or "XML", problem=problem),
            tr("harvest.record_hint"),
        ) from None


def record_of(element: Any) -> Record:
    """An ISO element as a record.

    Raises
    ------
    ValueError
        It is no ISO record; the text names the field.
    """
    from owslib import iso, iso3

    namespace = element.tag.partition("}")[0].lstrip("{") if isinstance(element.tag, str) else ""
    reader = iso if namespace == _GMD else iso3 if _MDB.fullmatch(namespace) else None
    if reader is None or not element.tag.endswith("}MD_Metadata"):
        raise ValueError(f"MD_Metadata: {str(element.tag)[:80]}")
    _check_depth(element)
    try:
        known = reader.MD_Metadata(element)
    except Exception as error:  # OWSLib raises what its parts raise
        raise ValueError(f"MD_Metadata: {type(error).__name__}") from None
    if not known.identifier:
        raise ValueError(f"fileIdentifier: {tr('catalog.field_missing')}")
    if not known.identification:
        raise ValueError(f"identificationInfo: {tr('catalog.field_missing')}")
    about = known.identification[0]
    record = Record(str(known.identifier))
    locales = _locales(element, known)
    record.title = _texts(element, "citation", "title", about.title, locales)
    record.description = _texts(element, None, "abstract", about.abstract, locales)
    record.changed = str(known.datestamp or "")
    _read_extent(element, record)
    _read_keywords(about, record)
    limits = [*about.otherconstraints, *about.uselimitation, *about.useconstraints]
    record.constraints = [str(text) for text in limits if text and text not in _CODES]
    record.identifiers = [str(code) for code in about.uricode if code]
    contacts = [*about.publisher, *about.contact, *about.creator]
    organisations = [contact.organization for contact in contacts if getattr(contact, "organization", None)]
    record.publisher = str(organisations[0]) if organisations else ""
    dates = {date.type: str(date.date or "") for date in about.date}
    record.issued = dates.get("publication") or dates.get("creation") or ""
    online = known.distribution.online if known.distribution else []
    record.links = [
        Link(*(str(value or "") for value in (link.url, link.protocol, link.name, link.description)))
        for link in online
        if link.url
    ]
    return record


def _check_depth(element: Any) -> None:
    depth, here = 0, element
    for here in element.iter():
        depth = max(depth, sum(1 for _ in here.iterancestors())) if len(here) else depth
        if depth > _DEEPEST:
            raise ValueError(f"MD_Metadata: {tr('search.too_deep', levels=_DEEPEST)}")


def _locales(element: Any, known: Any) -> dict[str, str]:
    """The identifier of each locale to our language, and "" to the language of the record."""
    found = {}
    for locale in element.iter("{*}PT_Locale"):
        codes = [code.get("codeListValue", "") for code in locale.iter("{*}LanguageCode")]
        if codes and codes[0] in _LANGUAGES:
            found[f"#{locale.get('id')}"] = _LANGUAGES[codes[0]]
    own = str(known.languagecode or known.language or "")
    if own in _LANGUAGES:
        found[""] = _LANGUAGES[own]
    return found


def _texts(
    element: Any, parent: str | None, name: str, default: str | None, locales: dict[str, str]
) -> dict[str, str]:
    """A text in its languages: OWSLib gives the default one."""
    texts = {"": str(default)} if default else {}
    if default and locales.get(""):
        texts[locales[""]] = str(default)
    path = (
        "{*}identificationInfo/*/" + (f"{{*}}{parent}/{{*}}CI_Citation/" if parent else "") + f"{{*}}{name}"
    )
    for node in element.findall(path)[:1]:
        for localised in node.iter("{*}LocalisedCharacterString"):
            lang = locales.get(localised.get("locale", ""))
            if lang and localised.text:
                texts[lang] = localised.text
    return texts


def _read_extent(element: Any, record: Record) -> None:
    """All boxes and the first period: an end that is "now" is open."""
    identification = element.find("{*}identificationInfo")
    for box in identification.iter("{*}EX_GeographicBoundingBox"):
        sides = [box.find(f"{{*}}{side}") for side in _SIDES]
        texts = ["".join(side.itertext()).strip() if side is not None else "" for side in sides]
        try:
            record.boxes.append([float(text.replace(",", ".")) for text in texts])
        except ValueError:
            record.notes.append(("unreadable_box", {"box": ", ".join(texts)[:80]}))
    for period in identification.iter("{*}TimePeriod"):
        ends = []
        for which in ("begin", "end"):
            node = period.find(f"{{*}}{which}Position")
            if node is None:
                node = period.find(f"{{*}}{which}/{{*}}TimeInstant/{{*}}timePosition")
            text = (node.text or "").strip() if node is not None else ""
            ends.append(text or None)
        if any(ends):
            record.period = ends
            if ends[1] is None:
                record.notes.append(("open_range", {"start": ends[0]}))
            return


def _read_keywords(about: Any, record: Record) -> None:
    for group in about.keywords:
        words = [str(word.name) for word in group.keywords if word.name]
        thesaurus = str((group.thesaurus or {}).get("title") or "")
        if "odatis" in thesaurus.lower() and "variable" in thesaurus.lower():
            record.odatis_variables += words
        elif _CENTRES.search(thesaurus):
            record.data_centre = record.data_centre or (
                words[0].strip("/").rpartition("/")[2] if words else ""
            )
        elif "platform" in thesaurus.lower() or group.type == "platform":
            record.platforms += words
        else:
            record.keywords += words
