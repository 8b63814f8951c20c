"""The part of a table that was asked for: box, period, columns."""

import pandas as pd

from odatis_vre.catalog.request import BBox, Period
from odatis_vre.catalog.subset import east_of_west, nearest_name, nothing_in
from odatis_vre.errors import CatalogError, DataNotFound
from odatis_vre.i18n import tr

__all__ = ["select_columns", "select_rows"]


def select_columns(table: pd.DataFrame, entry: str, names: list[str]) -> pd.DataFrame:
    """Select columns by their names; raises CatalogError with the nearest name."""
    for name in names:
        if name not in table.columns:
            raise CatalogError(
                tr("catalog.no_variable", name=name, entry=entry),
                nearest_name(name, [str(c) for c in table.columns]),
            )
    return table[list(names)]


def select_rows(
    table: pd.DataFrame,
    entry: str,
    bbox: BBox | None = None,
    time: Period | None = None,
    period: Period | None = None,
) -> pd.DataFrame:
    """Select rows by their `lat` and `lon` (degrees) and their `time`.

    Parameters
    ----------
    table : pandas.DataFrame
        Cleaned: what is called `time` and could be read as dates, is dates.
    entry : str
        Its name, for messages.
    bbox : BBox, optional
    time : Period, optional
    period : Period, optional
        That of the dataset. Where no column holds dates, all rows are of it: all are in, or none.

    Raises
    ------
    DataNotFound
        No row is there; the hint names the nearest.
    CatalogError
        The table has no position, or nothing tells when its rows were made.
    """
    if bbox is not None:
        table = _rows_in_box(table, entry, bbox)
    if time is None:
        return table
    if "time" not in table.columns:
        return _all_or_none(table, entry, time, period)
    if not pd.api.types.is_datetime64_any_dtype(table["time"]):
        raise CatalogError(tr("catalog.no_dates", entry=entry), tr("catalog.no_dates_hint"))
    instants = table["time"]
    inside = instants.notna()
    if time.start is not None:
        inside &= instants >= time.start
    if time.end is not None:
        inside &= instants <= time.end
    if not inside.any():
        dated = instants.dropna()
        if dated.empty:
            raise DataNotFound(tr("catalog.empty_time", entry=entry, time=time), None)
        there = Period(dated.min().to_pydatetime(), dated.max().to_pydatetime())
        nearest = dated.iloc[(dated - pd.Timestamp(time.start or time.end)).abs().argmin()]
        raise DataNotFound(
            tr("catalog.empty_time", entry=entry, time=time),
            tr("catalog.nearest_time", nearest=f"{nearest:%Y-%m-%d}", period=there),
        )
    return table[inside]


def _all_or_none(table: pd.DataFrame, entry: str, time: Period, period: Period | None) -> pd.DataFrame:
    if period is None or (period.start is None and period.end is None):
        raise CatalogError(tr("catalog.no_dates", entry=entry), tr("catalog.no_dates_hint"))
    if not period.overlaps(time):
        raise DataNotFound(
            tr("catalog.empty_time", entry=entry, time=time), tr("catalog.has_period", period=period)
        )
    return table


def _rows_in_box(table: pd.DataFrame, entry: str, bbox: BBox) -> pd.DataFrame:
    if not {"lat", "lon"} <= {*table.columns}:
        raise CatalogError(tr("catalog.no_axis", entry=entry, axis="lat, lon"), tr("catalog.no_axis_hint"))
    lats, lons = (pd.to_numeric(table[name], errors="coerce").to_numpy(float) for name in ("lat", "lon"))
    inside = (lats >= bbox.south) & (lats <= bbox.north) & (east_of_west(lons, bbox) <= bbox.width + 1e-9)
    if not inside.any():
        raise nothing_in(bbox, lats, lons, entry, along_a_track=True)
    return table[inside]
