"""The ways to a dataset, and which of them suits what is asked."""

from typing import Any, NamedTuple

from odatis_vre.catalog.address import is_local, public_url
from odatis_vre.catalog.model import Source
from odatis_vre.catalog.request import BBox, Period

__all__ = ["GRIDS", "TABLES", "Method", "Origin", "Request", "in_order", "methods"]

GRIDS = ("netcdf", "zarr", "opendap", "kerchunk", "icechunk")
TABLES = ("csv", "tabledap", "wfs")


class Origin(NamedTuple):
    """Whose data are opened: the entry's name, whether its file is of this machine, its checksum."""

    entry: str
    trusted: bool = True
    sha256: str | None = None


class Request(NamedTuple):
    """What is asked of a dataset that has an extent and a period."""

    bbox: BBox | None = None
    time: Period | None = None
    variables: list[str] | None = None
    depth: float | tuple[float, float] | None = None
    extent: BBox | None = None
    period: Period | None = None


class Method(NamedTuple):
    """One way to a dataset: an Intake driver, or one of ours, and its arguments."""

    driver: str
    args: dict[str, Any]
    protocol: str | None = None
    layout: str | None = None
    login: str | None = None

    @property
    def urls(self) -> list[str]:
        """Its addresses."""
        urls = self.args.get("urlpath", "")
        return urls if isinstance(urls, list) else [urls]

    @property
    def is_local(self) -> bool:
        """Whether all of it is on this machine."""
        return all(is_local(url) for url in self.urls)

    @property
    def label(self) -> str:
        """For messages: without account or key."""
        return f"{self.protocol or self.driver} {public_url(self.urls)}"


def methods(source: Source) -> list[Method]:
    """The methods of an entry, in its order of preference.

    Parameters
    ----------
    source : Source

    Returns
    -------
    list of Method
        Those of `metadata.access`; without them the one that a plain Intake opens.
    """
    listed = source.metadata.access
    if not listed:
        return [Method(source.driver, source.args, source.metadata.protocol)]
    return [Method(way.driver, way.args, way.protocol, way.layout, way.login) for way in listed]


def in_order(known: list[Method], request: Request) -> list[Method]:
    """The methods in the order to try them: of those that say their layout, the one that reads least first.

    A dataset in chunks of whole maps is read in proportion to the time asked for; one in chunks of series, in
    proportion to the area; cubes lie between.

    Parameters
    ----------
    known : list of Method
        In order of preference, which decides where layouts do not.
    request : Request
    """
    if len({way.layout for way in known if way.layout}) < 2 or not (request.bbox or request.time):
        return known
    # a point and an instant are a cell, not nothing
    area, time = max(_part_of_space(request), 1e-6), max(_part_of_time(request), 1e-6)
    cost = {"map": time, "series": area, "cube": (area * time) ** 0.5}
    ranked = iter(sorted((way for way in known if way.layout), key=lambda way: cost[way.layout]))
    return [next(ranked) if way.layout else way for way in known]


def _part_of_space(request: Request) -> float:
    box, extent = request.bbox, request.extent or BBox(-180, -90, 180, 90)
    if box is None:
        return 1.0
    return min(_area(box) / max(_area(extent), 1e-9), 1.0)


def _area(box: BBox) -> float:
    return box.width * (box.north - box.south)


def _part_of_time(request: Request) -> float:
    if request.time is None:
        return 1.0
    whole = request.period or Period(None, None)
    start, end = (asked or known for asked, known in zip(request.time, whole, strict=True))
    if start is None or end is None:
        return 1.0
    asked = max((end - start).total_seconds(), 0.0)
    years = 25 * 365.25 * 86400  # a long record, where the entry does not say
    known = (whole.end - whole.start).total_seconds() if whole.start and whole.end else years
    return min(asked / max(known, 1.0), 1.0)
