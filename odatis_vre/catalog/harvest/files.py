"""Which links lead to the same file: two ways to one file are tried in turn, two files are two datasets."""

import posixpath
import re
from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from odatis_vre.catalog.harvest.record import Link
from odatis_vre.catalog.harvest.ways import Way, classify

__all__ = ["DataFile", "addresses", "files_of"]

# Before them, where a server's service is; after them, where the file is.
_SERVICES = re.compile(r"^.*?/(?:dodsC|fileServer)/")


class DataFile(NamedTuple):
    """A file, a store or a layer: the ways to it, the preferred one first, and a link to it."""

    ways: list[Way]
    link: Link

    @property
    def name(self) -> str:
        """Its own name, without its folder."""
        args = self.ways[0].args
        return args.get("typename") or posixpath.basename(urlsplit(args["urlpath"]).path.rstrip("/"))

    @property
    def stem(self) -> str:
        """Its name without the ending of a format."""
        return re.sub(r"(?:\.(?:nc4?|cdf|h5|hdf5|zarr|csv|tsv|gz|bz2|xz|zip))+$", "", self.name, flags=re.I)


def files_of(links: Iterable[Link]) -> list[DataFile]:
    """The files that links lead to, in the order of their first links.

    Two links lead to the same file only where that is sure: the same path of a server, by two of its
    services; or by two protocols, where the whole path of one ends that of the other.

    Parameters
    ----------
    links : iterable of Link
        Checked; those that are no way to values are passed over.

    Examples
    --------
    >>> tds, http = "https://host/thredds/dodsC/sst/a.nc", "https://host/thredds/fileServer/sst/a.nc"
    >>> [len(file.ways) for file in files_of([Link(tds), Link(http), Link("https://host/sst/b.nc")])]
    [2, 1]
    """
    groups: list[list[tuple[Link, Way]]] = []
    for link in links:
        way = classify(link)
        if way is None:
            continue
        same = (group for group in groups if all(_same(link, way, *other) for other in group))
        group = next(same, None)
        if group is None:
            groups.append([(link, way)])
        elif all(str(way) != str(other) for _, other in group):
            group.append((link, way))
    found = []
    for group in groups:
        group.sort(key=lambda pair: pair[1].rank)
        found.append(DataFile([way for _, way in group], group[0][0]))
    return found


def addresses(entry: dict[str, Any]) -> set[tuple[str, str]]:
    """Where an entry's values are: what makes it the same one from harvest to harvest.

    Examples
    --------
    >>> addresses({"args": {"urlpath": "https://host/a.nc"}, "metadata": {}})
    {('https://host/a.nc', '')}
    """
    ways = [entry, *entry.get("metadata", {}).get("access", [])]
    if len(ways) > 1:
        ways = ways[1:]  # the first is one of them, in the words of plain Intake
    return {(str(way["args"].get("urlpath")), str(way["args"].get("typename", ""))) for way in ways}


def _same(link: Link, way: Way, other_link: Link, other: Way) -> bool:
    if str(way) == str(other):
        return True
    known = link.sha256, other_link.sha256
    if all(known):
        return known[0] == known[1]
    if way.args.get("typename") or other.args.get("typename"):
        return False
    here, there = urlsplit(way.args["urlpath"]), urlsplit(other.args["urlpath"])
    kinds = {way.driver, other.driver}
    if here.query or there.query or (len(kinds) > 1 and kinds & {"csv", "tabledap"}):
        return False
    if here.hostname == there.hostname and _SERVICES.match(here.path) and _SERVICES.match(there.path):
        return way.driver != other.driver and _SERVICES.sub("", here.path) == _SERVICES.sub("", there.path)
    if {here.scheme, there.scheme} <= {"http", "https"}:
        return here.scheme != there.scheme and (here.hostname, here.path) == (there.hostname, there.path)
    one, other_path = sorted((_folders(here), _folders(there)), key=len)
    return here.scheme != there.scheme and len(one) > 1 and other_path[-len(one) :] == one


def _folders(parts) -> list[str]:
    """Of a path, its folders and its name; of a bucket, the bucket is a folder."""
    path = f"/{parts.netloc}{parts.path}" if parts.scheme == "s3" else parts.path
    return [part for part in path.split("/") if part]
