"""What a caller asks for: a box and a period, checked and compared."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["BBox", "Period", "read_bbox", "read_period"]


class BBox(NamedTuple):
    """Degrees; `east < west` crosses the date line."""

    west: float
    south: float
    east: float
    north: float

    @property
    def width(self) -> float:
        """Degrees of longitude from west to east, 360 for the whole world and for more."""
        width = self.east - self.west
        return min(width, 360.0) if width >= 0 else width % 360

    @property
    def spans(self) -> list[tuple[float, float]]:
        """Longitudes within -180..180: one span, or two across the date line."""
        if self.width >= 360:
            return [(-180.0, 180.0)]
        west = (self.west + 180) % 360 - 180
        east = west + self.width
        return [(west, east)] if east <= 180 else [(west, 180.0), (-180.0, east - 360)]

    def overlaps(self, other: "BBox") -> bool:
        """Whether two boxes share a point."""
        if self.south > other.north or other.south > self.north:
            return False
        return any(a[0] <= b[1] and b[0] <= a[1] for a in self.spans for b in other.spans)

    def distance(self, other: "BBox") -> float:
        """Degrees between two boxes: 0 where they touch; a rank, not a length."""
        lat = max(self.south - other.north, other.south - self.north, 0.0)
        gaps = [
            min(max(a[0] - b[1], b[0] - a[1], 0.0), max(360 - (max(a[1], b[1]) - min(a[0], b[0])), 0.0))
            for a in self.spans
            for b in other.spans
        ]
        return (lat**2 + min(gaps) ** 2) ** 0.5

    def __str__(self) -> str:
        west, east, south, north = tr("catalog.compass")
        ends = (-180, 180) if self.width >= 360 else (self.west, self.east)
        lons = " – ".join(_degrees(lon, west, east) for lon in ends)
        lats = " – ".join(_degrees(lat, south, north) for lat in (self.south, self.north))
        return f"{lons}, {lats}"


class Period(NamedTuple):
    """From the first instant to the last, both included; None is open."""

    start: datetime | None
    end: datetime | None

    def overlaps(self, other: "Period") -> bool:
        """Whether two periods share an instant."""
        first = self.start is None or other.end is None or self.start <= other.end
        return first and (other.start is None or self.end is None or other.start <= self.end)

    def distance(self, other: "Period") -> float:
        """Days between two periods: 0 where they overlap."""
        if self.overlaps(other):
            return 0.0
        gaps = [a - b for a, b in ((self.start, other.end), (other.start, self.end)) if a and b]
        return max(gap.total_seconds() for gap in gaps) / 86400

    @property
    def months(self) -> set[int]:
        """The months of the year that the period touches, 1 to 12."""
        if self.start is None or self.end is None or (self.end - self.start) >= timedelta(days=365):
            return set(range(1, 13))
        first = self.start.year * 12 + self.start.month - 1
        last = self.end.year * 12 + self.end.month - 1
        return {month % 12 + 1 for month in range(first, last + 1)}

    def __str__(self) -> str:
        start, end = (f"{date:%Y-%m-%d}" if date else "…" for date in self)
        return f"{start} – {end}"


def read_bbox(value: Sequence[float]) -> BBox:
    """Check a box.

    Parameters
    ----------
    value : sequence of 4 numbers
        `(west, south, east, north)` in degrees; longitudes from -180 to 360, west greater than east across
        the date line.

    Returns
    -------
    BBox

    Raises
    ------
    CatalogError
        There are not four finite numbers, or they are out of range or order.

    Examples
    --------
    >>> read_bbox((170, -10, -170, 10)).width
    20.0
    """
    try:
        box = BBox(*(float(part) for part in value))
    except (TypeError, ValueError):
        raise CatalogError(tr("catalog.bbox_form", value=repr(value)), tr("catalog.bbox_hint")) from None
    if not all(-180 <= lon <= 360 for lon in (box.west, box.east)):
        raise CatalogError(tr("catalog.bbox_lon", west=box.west, east=box.east), tr("catalog.bbox_hint"))
    if not -90 <= box.south <= box.north <= 90:
        raise CatalogError(tr("catalog.bbox_lat", south=box.south, north=box.north), tr("catalog.bbox_hint"))
    return box


def read_period(value: Sequence) -> Period:
    """Check a period.

    Parameters
    ----------
    value : sequence of 2
        `(start, end)`: ISO dates, whole or partial (`"1990"`, `"1990-03"`), or dates; None is open. A partial
        end means its last instant.

    Returns
    -------
    Period

    Raises
    ------
    CatalogError
        There are not two dates, or they are in the wrong order.

    Examples
    --------
    >>> str(read_period(("1990", "2000-02")))
    '1990-01-01 – 2000-02-29'
    """
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:
        raise CatalogError(tr("catalog.time_form", value=repr(value)), tr("catalog.time_hint"))
    start, end = (None if part is None else _instants(part) for part in value)
    period = Period(start and start[0], end and end[1])
    if period.start and period.end and period.start > period.end:
        raise CatalogError(tr("catalog.time_order", start=value[0], end=value[1]), tr("catalog.time_hint"))
    return period


_DATE = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")


def _instants(value) -> tuple[datetime, datetime]:
    """The first and the last instant of a date, whole or partial."""
    text = str(value).strip()
    try:
        if match := _DATE.fullmatch(text):
            year, month, day = (int(part) if part else None for part in match.groups())
            first = datetime(year, month or 1, day or 1)
            after = (
                first + timedelta(days=1)
                if day
                else datetime(year + (month == 12), month % 12 + 1, 1)
                if month
                else datetime(year + 1, 1, 1)
            )
            return first, after - timedelta(microseconds=1)
        # numpy writes nanoseconds, which datetime does not read
        instant = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)).replace(tzinfo=None)
    except ValueError:
        raise CatalogError(tr("catalog.date", value=text), tr("catalog.time_hint")) from None
    return instant, instant


def _degrees(value: float, below: str, above: str) -> str:
    shown = value - 360 if value > 180 else value  # as people say them
    side = "" if shown == 0 else (below, above)[shown > 0]
    return f"{abs(shown):g}°{side}"
