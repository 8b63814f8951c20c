"""Entries of a catalogue file, as a harvest writes them, and their names."""

import hashlib
import re
from typing import Any

from odatis_vre.catalog.harvest.files import DataFile
from odatis_vre.catalog.harvest.record import Link
from odatis_vre.catalog.harvest.ways import Way
from odatis_vre.catalog.search.words import fold, split

__all__ = ["entry_name", "entry_of", "link_of", "page_of"]

_ORDER = (
    *("title", "description", "domain", "data_centre", "odatis_variables", "platforms", "keywords"),
    *("bbox", "time", "doi", "uuid", "version", "licence", "citation", "protocol", "address", "access"),
    *("links", "sha256", "size", "harvested", "verified"),
)


def entry_of(about: dict[str, Any], file: DataFile, one_of_several: bool) -> dict[str, Any]:
    """An entry of one file; the name of one of several tells which."""
    way = file.ways[0]
    title = about["title"]
    if one_of_several:
        title = {lang: f"{text} ({file.name})" for lang, text in title.items()}
    one_file = way.driver in ("netcdf", "csv")
    more = {
        "title": title,
        "protocol": way.protocol,
        # one that a plain Intake opens is said by driver and args alone
        "access": [_access(way) for way in file.ways] if len(file.ways) > 1 or way.plain else [],
        "sha256": file.link.sha256 if one_file else None,
        "size": file.link.size if one_file and file.link.size and file.link.size > 0 else None,
    }
    driver, args = way.plain or (way.driver, way.args)
    return _written(driver, args, about | more)


def page_of(about: dict[str, Any], links: list[dict[str, str]]) -> dict[str, Any]:
    """An entry of very many files: it leads to their page, and keeps the links."""
    address = f"https://doi.org/{about['doi']}" if about["doi"] else links[0]["url"]
    more = {"protocol": "https", "address": "page", "links": links}
    return _written("csv", {"urlpath": address}, about | more)


def _written(driver: str, args: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """As a file has it: only what is known, in the same order each time."""
    known |= {"harvested": True, "verified": False}
    metadata = {key: known[key] for key in _ORDER if key in known and (known[key] or known[key] is False)}
    heads = dict.fromkeys(filter(None, (known["title"].get("en"), known["title"].get("fr"))))
    return {"description": " / ".join(heads), "driver": driver, "args": args, "metadata": metadata}


def entry_name(
    title: dict[str, str], uuid: str, taken: frozenset[str] | set[str] = frozenset(), part: str = ""
) -> str:
    """A name for an entry, from its title; with a part of a checksum where the name is taken.

    Parameters
    ----------
    title : dict of str to str
    uuid : str
        What the checksum is made of.
    taken : set of str, optional
        Names of others.
    part : str, optional
        Which of the record's files it is.

    Examples
    --------
    >>> entry_name({"en": "Sea-surface temperature, L4"}, "u1")
    'sea_surface_temperature_l4'
    >>> entry_name({"en": "Sea-surface temperature, L4"}, "u1", part="2010")
    'sea_surface_temperature_l4_2010'
    """
    name = _name(title.get("en") or title.get("fr") or "", 60 if not part else 40) or "record"
    if part:
        name = "_".join(filter(None, (name, _name(part, 30))))
    if name in taken or name[0].isdigit():
        name = f"{name}_{hashlib.sha256(f'{uuid}{part}'.encode()).hexdigest()[:8]}"
    return f"d_{name}" if name[0].isdigit() else name


def _name(text: str, longest: int) -> str:
    name = ""
    for word in split(fold(text)):
        word = re.sub(r"[^a-z0-9]", "", word)
        if word and len(name) + len(word) < longest:
            name += f"_{word}" if name else word
    return name


def _access(way: Way) -> dict[str, Any]:
    return {"protocol": way.protocol, "driver": way.driver, "args": way.args}


def link_of(link: Link) -> dict[str, str]:
    """A link that is kept beside the values."""
    known = {"protocol": link.protocol, "url": link.url, "name": link.name or link.description[:120]}
    return {key: value for key, value in known.items() if value}
