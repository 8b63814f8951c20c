"""The part of a dataset that was asked for: box, period, depth, variables."""

import difflib
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import xarray as xr

from odatis_vre.catalog.request import BBox, Period
from odatis_vre.errors import CatalogError, DataNotFound
from odatis_vre.i18n import tr

__all__ = ["select_columns", "select_grid", "select_rows"]

_STANDARD = {"lat": "latitude", "lon": "longitude", "time": "time", "depth": "depth"}
_AXES = {"lat": "Y", "lon": "X", "time": "T", "depth": "Z"}


def select_grid(
    ds: xr.Dataset,
    entry: str,
    bbox: BBox | None = None,
    time: Period | None = None,
    depth: float | tuple[float, float] | None = None,
    variables: list[str] | None = None,
) -> xr.Dataset:
    """Select from a gridded dataset; lazy in, lazy out.

    Parameters
    ----------
    ds : xarray.Dataset
        With one-dimensional latitude and longitude.
    entry : str
        Its name, for messages.
    bbox : BBox, optional
        Grid points within, edges included. Longitudes come back ascending, in the convention of the box.
    time : Period, optional
        Instants within. Of a climatology: the months of the year that the period touches.
    depth : float or (float, float), optional
        Metres, positive down: the nearest level, or the levels within.
    variables : list of str, optional
        Names or standard names.

    Raises
    ------
    DataNotFound
        Nothing is there; the hint names the nearest.
    CatalogError
        A variable is unknown, or an axis is missing.
    """
    if variables is not None:
        ds = ds[[_variable(ds, name, entry) for name in variables]]
    if bbox is not None:
        ds = _within_box(ds, bbox, entry)
    if time is not None:
        ds = _within_period(ds, time, entry)
    if depth is not None:
        ds = _at_depth(ds, depth, entry)
    return ds


def _variable(ds: xr.Dataset, wanted: str, entry: str) -> str:
    if wanted in ds.data_vars:
        return wanted
    named = [name for name, field in ds.data_vars.items() if field.attrs.get("standard_name") == wanted]
    if named:
        return named[0]
    known = [str(name) for name in ds.data_vars]
    raise CatalogError(tr("catalog.no_variable", name=wanted, entry=entry), nearest_name(wanted, known))


def nearest_name(wanted: str, known: list[str]) -> str:
    """A hint: "did you mean", or the names there are."""
    folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(str(wanted).casefold(), folded, n=3, cutoff=0.6)
    if close:
        return tr("catalog.did_you_mean", names=", ".join(folded[name] for name in close))
    return tr("catalog.there_are", names=", ".join(known[:12]) + (" …" if len(known) > 12 else ""))


def _coordinate(ds: xr.Dataset, axis: str, entry: str) -> xr.DataArray:
    standard = _STANDARD[axis]
    for name, coord in ds.coords.items():
        if coord.attrs.get("standard_name") == standard or coord.attrs.get("axis") == _AXES[axis]:
            return _flat(ds[name], entry)
        if axis == "depth" and coord.ndim and str(coord.attrs.get("positive")).lower() in ("up", "down"):
            return _flat(ds[name], entry)  # CF 4.3: only a vertical coordinate says so
    for name, coord in ds.coords.items():
        units = str(coord.attrs.get("units", "")).lower()
        if (
            axis in ("lat", "lon")
            and units.startswith("degree")
            and units.endswith(("north", "east")[axis == "lon"])
        ):
            return _flat(ds[name], entry)
    for name in (axis, standard, standard.capitalize(), axis.upper(), standard.upper()):
        if name in ds.coords:
            return _flat(ds[name], entry)
    raise CatalogError(tr("catalog.no_axis", entry=entry, axis=axis), tr("catalog.no_axis_hint"))


def _flat(coord: xr.DataArray, entry: str) -> xr.DataArray:
    if coord.ndim != 1:
        raise CatalogError(
            tr("catalog.not_flat", entry=entry, axis=coord.name), tr("catalog.not_flat_hint", axis=coord.name)
        )
    return coord


def _within_box(ds: xr.Dataset, box: BBox, entry: str) -> xr.Dataset:
    lat, lon = _coordinate(ds, "lat", entry), _coordinate(ds, "lon", entry)
    rows = np.flatnonzero((lat.values >= box.south) & (lat.values <= box.north))
    columns, lons = _longitudes(lon.values, box)
    if not rows.size or not columns.size:
        middle = box.west + box.width / 2
        near_lat = lat.values[np.abs(lat.values - (box.south + box.north) / 2).argmin()]
        near_lon = lon.values[np.abs((lon.values - middle + 180) % 360 - 180).argmin()]
        extent = BBox(*(float(x) for x in (lon.min(), lat.min(), lon.max(), lat.max())))
        raise DataNotFound(
            tr("catalog.empty_box", entry=entry, bbox=box),
            tr("catalog.nearest_point", lat=f"{near_lat:g}", lon=f"{near_lon:g}", extent=extent),
        )
    ds = ds.isel({lat.dims[0]: _steps(rows), lon.dims[0]: _steps(columns)})
    return ds.assign_coords({lon.name: (lon.dims[0], lons, lon.attrs)})


def _longitudes(lon: np.ndarray, box: BBox) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the longitudes within a box, from west to east, and their values from `box.west` on."""
    if box.width >= 360:
        shifted = (lon - box.west) % 360
    else:
        shifted = (lon - box.west) % 360
        # a point on the western edge may come out just under 360
        shifted = np.where(shifted > 360 - 1e-9, 0.0, shifted)
    found = np.flatnonzero(shifted <= box.width + 1e-9)
    found = found[np.argsort(shifted[found], kind="stable")]
    values = np.round(shifted[found] + box.west, 9).astype(lon.dtype)
    # 0..360 and -180..180 files may hold both ends of the world: one of them is enough
    keep = np.concatenate([[True], np.diff(values) > 1e-9]) if values.size else np.array([], dtype=bool)
    return found[keep], values[keep]


def _steps(index: np.ndarray) -> slice | np.ndarray:
    """A slice where the indices follow each other: it reads less, and keeps chunks whole."""
    if index.size and np.array_equal(index, np.arange(index[0], index[0] + index.size)):
        return slice(int(index[0]), int(index[-1]) + 1)
    return index


def _within_period(ds: xr.Dataset, period: Period, entry: str) -> xr.Dataset:
    time = _coordinate(ds, "time", entry)
    if "climatology" in time.attrs or "climatology" in time.encoding:
        return ds.isel(
            {time.dims[0]: _steps(np.flatnonzero(time.dt.month.isin(sorted(period.months)).values))}
        )
    instants = time.to_index()
    start, end = (_in_calendar(instants, date) for date in period)
    inside = np.ones(instants.size, dtype=bool)
    if start is not None:
        inside &= instants >= start
    if end is not None:
        inside &= instants <= end
    found = np.flatnonzero(inside)
    if not found.size:
        near = start if start is not None else end
        nearest = min(instants, key=lambda instant: abs(instant - near))
        ends = " – ".join(f"{instant:%Y-%m-%d}" for instant in (instants.min(), instants.max()))
        raise DataNotFound(
            tr("catalog.empty_time", entry=entry, time=period),
            tr("catalog.nearest_time", nearest=f"{nearest:%Y-%m-%d}", period=ends),
        )
    return ds.isel({time.dims[0]: _steps(found)})


def _in_calendar(instants: pd.Index, date: datetime | None):
    """A date in the calendar of a time axis; its month may be shorter there."""
    if date is None or isinstance(instants, pd.DatetimeIndex):
        return None if date is None else pd.Timestamp(date)
    kind = type(instants[0])
    after = date + timedelta(microseconds=1)
    if after.day == 1 and (after.hour, after.minute, after.second) == (0, 0, 0):
        return kind(after.year, after.month, 1) - timedelta(
            microseconds=1
        )  # the end of a month, as long as it is
    day = min(date.day, kind(date.year, date.month, 1).daysinmonth)
    return kind(date.year, date.month, day, date.hour, date.minute, date.second, date.microsecond)


def _upwards(levels: xr.DataArray) -> bool:
    default = "up" if levels.attrs.get("standard_name") in ("altitude", "height") else "down"
    return str(levels.attrs.get("positive", default)).lower() == "up"


def _at_depth(ds: xr.Dataset, depth, entry: str) -> xr.Dataset:
    levels = _coordinate(ds, "depth", entry)
    values = -levels.values if _upwards(levels) else levels.values
    try:
        top, bottom = (float(part) for part in ((depth, depth) if np.isscalar(depth) else depth))
    except (TypeError, ValueError):
        raise CatalogError(tr("catalog.depth_form", value=repr(depth)), tr("catalog.depth_hint")) from None
    if np.isscalar(depth):
        if values.min() <= top <= values.max():
            return ds.isel({levels.dims[0]: int(np.abs(values - top).argmin())})
        found = np.array([], dtype=int)
    else:
        found = np.flatnonzero((values >= top) & (values <= bottom))
    if not found.size:
        near = values[np.abs(values - (top + bottom) / 2).argmin()]
        raise DataNotFound(
            tr("catalog.empty_depth", entry=entry, depth=depth),
            tr(
                "catalog.nearest_depth",
                nearest=f"{near:g}",
                top=f"{values.min():g}",
                bottom=f"{values.max():g}",
            ),
        )
    return ds.isel({levels.dims[0]: _steps(found)})


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
    table: pd.DataFrame, entry: str, bbox: BBox | None = None, time: Period | None = None
) -> pd.DataFrame:
    """Select rows by their `lat` and `lon` (degrees) and their `time`, where there is one.

    Raises
    ------
    DataNotFound
        No row is there; the hint names the nearest.
    CatalogError
        The table has no position.
    """
    if bbox is not None:
        if not {"lat", "lon"} <= {*table.columns}:
            raise CatalogError(
                tr("catalog.no_axis", entry=entry, axis="lat, lon"), tr("catalog.no_axis_hint")
            )
        east_of_west = (table["lon"] - bbox.west) % 360
        inside = table["lat"].between(bbox.south, bbox.north) & (east_of_west <= bbox.width)
        if not inside.any():
            extent = BBox(
                *(float(x) for x in (table.lon.min(), table.lat.min(), table.lon.max(), table.lat.max()))
            )
            away_lon = (table["lon"] - bbox.west - bbox.width / 2 + 180) % 360 - 180
            nearest = table.loc[np.hypot(table["lat"] - (bbox.south + bbox.north) / 2, away_lon).idxmin()]
            raise DataNotFound(
                tr("catalog.empty_box", entry=entry, bbox=bbox),
                tr("catalog.nearest_point", lat=f"{nearest.lat:g}", lon=f"{nearest.lon:g}", extent=extent),
            )
        table = table[inside]
    if time is not None and "time" in table.columns:
        instants = pd.to_datetime(table["time"])
        inside = (instants >= (time.start or instants.min())) & (instants <= (time.end or instants.max()))
        if not inside.any():
            there = Period(instants.min().to_pydatetime(), instants.max().to_pydatetime())
            nearest = instants.iloc[(instants - pd.Timestamp(time.start or time.end)).abs().argmin()]
            raise DataNotFound(
                tr("catalog.empty_time", entry=entry, time=time),
                tr("catalog.nearest_time", nearest=f"{nearest:%Y-%m-%d}", period=there),
            )
        table = table[inside]
    return table
