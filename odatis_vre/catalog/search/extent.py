"""Boxes and periods of a whole catalogue at once."""

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from odatis_vre.catalog.request import BBox, Period

if TYPE_CHECKING:
    from odatis_vre.catalog.search.index import Index

__all__ = [
    "box_distance",
    "box_row",
    "likeness",
    "period_distance",
    "period_row",
    "touches_box",
    "touches_period",
]

_NONE = (np.nan,) * 6
_START = datetime(1970, 1, 1)


def box_row(box: BBox | None) -> tuple[float, ...]:
    """South, north and two spans of longitude (the second empty unless it crosses the date line)."""
    if box is None:
        return _NONE
    first, *more = box.spans
    second = more[0] if more else (np.nan, np.nan)
    return (box.south, box.north, *first, *second)


def period_row(period: Period | None, far: float) -> tuple[float, float]:
    """Days from 1970; an open end is `far`, an unknown period is NaN."""
    if period is None:
        return (np.nan, np.nan)
    return (
        -far if period.start is None else _days(period.start),
        far if period.end is None else _days(period.end),
    )


def touches_box(index: "Index", box: BBox) -> np.ndarray:
    """Which rows share a point with a box; one of unknown extent does not."""
    south, north, *spans = index.arrays["boxes"].T
    across = np.zeros(index.size, bool)
    for west, east in (spans[:2], spans[2:]):
        for low, high in box.spans:
            across |= (west <= high) & (east >= low)
    return across & (south <= box.north) & (north >= box.south)


def touches_period(index: "Index", period: Period) -> np.ndarray:
    """Which rows share an instant with a period; a climatology always does, an unknown period never."""
    start, end = index.arrays["periods"].T
    first, last = period_row(period, np.inf)
    return index.arrays["climatology"] | ((start <= last) & (end >= first))


def likeness(index: "Index", box: BBox) -> np.ndarray:
    """How much each row's box is like another, 0 to 1: what they share over what they cover together."""
    south, north, *spans = index.arrays["boxes"].T
    height = np.clip(np.minimum(north, box.north) - np.maximum(south, box.south), 0, None)
    width, own = np.zeros(index.size), np.zeros(index.size)
    for west, east in (spans[:2], spans[2:]):
        own += np.nan_to_num(east - west)
        for low, high in box.spans:
            shared = np.clip(np.minimum(east, high) - np.maximum(west, low), 0, None)
            width += np.nan_to_num(shared)
    shared = width * height
    whole = own * (north - south) + box.width * (box.north - box.south) - shared
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nan_to_num(shared / whole)


def box_distance(index: "Index", box: BBox, rows: np.ndarray) -> np.ndarray:
    """Degrees from each row's box to a box, infinite for an unknown extent; see `BBox.distance`."""
    found = np.full(len(rows), np.inf)
    for position, row in enumerate(rows):
        south, north, west, east, *second = index.arrays["boxes"][row]
        if not np.isnan(south):
            end = second[1] if not np.isnan(second[1]) else east
            found[position] = BBox(west, south, end, north).distance(box)
    return found


def period_distance(index: "Index", period: Period, rows: np.ndarray) -> np.ndarray:
    """Days from each row's period to a period, infinite for an unknown one."""
    start, end = index.arrays["periods"][rows].T
    first, last = period_row(period, np.inf)
    gap = np.maximum(np.maximum(start - last, first - end), 0)
    return np.where(np.isnan(gap), np.inf, gap)


def _days(instant: datetime) -> float:
    return (instant - _START).total_seconds() / 86400
