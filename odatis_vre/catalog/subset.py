"""The part of a grid that was asked for: box, period, depth, variables."""

import difflib
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import xarray as xr

from odatis_vre.catalog.request import BBox, Period
from odatis_vre.errors import CatalogError, DataNotFound
from odatis_vre.i18n import tr

__all__ = ["east_of_west", "nearest_name", "nothing_in", "select_grid"]

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
        With one-dimensional latitude and longitude: the axes of a grid, or the positions along a track.
    entry : str
        Its name, for messages.
    bbox : BBox, optional
        Grid points within, edges included. Longitudes come back in the convention of the box: ascending on a
        grid, in the order of the file along a track.
    time : Period, optional
        Instants within. Of a climatology: the months of the year that the period touches.
    depth : float or (float, float), optional
        Metres, positive down: the nearest level, up to half a step beyond the first and the last one, and to
        the surface; or the levels within.
    variables : list of str, optional
        Names or standard names.

    Raises
    ------
    DataNotFound
        Nothing is there; the hint names the nearest.
    CatalogError
        A variable is unknown, or an axis is missing.
    """
    whole = ds
    if variables is not None:
        ds = ds[[_variable(ds, name, entry) for name in variables]]
    if bbox is not None:
        ds = _within_box(ds, bbox, entry)
    if time is not None:
        ds = _within_period(ds, time, entry, whole)
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
    inside = (lat.values >= box.south) & (lat.values <= box.north)
    if lat.dims == lon.dims:
        east = east_of_west(lon.values, box)
        found = np.flatnonzero(inside & (east <= box.width + 1e-9))
        if not found.size:
            raise nothing_in(box, lat.values, lon.values, entry, along_a_track=True)
        lons = np.round(east[found] + box.west, 9).astype(lon.dtype)
        cut = {lat.dims[0]: _steps(found)}
    else:
        rows = np.flatnonzero(inside)
        columns, lons = _longitudes(lon.values, box)
        if not rows.size or not columns.size:
            raise nothing_in(box, lat.values, lon.values, entry)
        cut = {lat.dims[0]: _steps(rows), lon.dims[0]: _steps(columns)}
    return _with_longitudes(ds.isel(cut), str(lon.name), lons)


def _with_longitudes(ds: xr.Dataset, name: str, lons: np.ndarray) -> xr.Dataset:
    """Other longitudes for the same meridians; their bounds go with them."""
    lon = ds[name]
    bounds = lon.attrs.get("bounds")
    turns = 360 * np.round((lons - lon.values) / 360)
    if turns.any() and bounds in ds.variables and lon.dims[0] in ds[bounds].dims:
        shift = xr.Variable(lon.dims, turns.astype(ds[bounds].dtype))
        variable = ds[bounds].variable
        moved = (variable + shift).transpose(*variable.dims)
        moved.attrs, moved.encoding = variable.attrs, variable.encoding
        ds = ds.assign({bounds: moved})
    return ds.assign_coords({name: (lon.dims[0], lons, lon.attrs)})


def nothing_in(box: BBox, lats, lons, entry: str, along_a_track: bool = False) -> DataNotFound:
    """The error, with the nearest point: of a grid, each axis for itself."""
    known = np.isfinite(lats) & np.isfinite(lons) if along_a_track else slice(None)
    lats, lons = lats[known], lons[known]
    if not lats.size or not lons.size:
        return DataNotFound(tr("catalog.empty_box", entry=entry, bbox=box), None)
    north, east = _away(lats, lons, box)
    if along_a_track:
        row = column = np.hypot(north, east).argmin()
    else:
        row, column = np.abs(north).argmin(), np.abs(east).argmin()
    extent = BBox(*(float(x) for x in (lons.min(), lats.min(), lons.max(), lats.max())))
    return DataNotFound(
        tr("catalog.empty_box", entry=entry, bbox=box),
        tr("catalog.nearest_point", lat=f"{lats[row]:g}", lon=f"{lons[column]:g}", extent=extent),
    )


def _away(lats, lons, box: BBox) -> tuple[np.ndarray, np.ndarray]:
    """Degrees to the north and to the east of the middle of a box."""
    north = lats - (box.south + box.north) / 2
    return north, (lons - box.west - box.width / 2 + 180) % 360 - 180


def east_of_west(lon: np.ndarray, box: BBox) -> np.ndarray:
    """Degrees east of the western edge of a box, from 0 to 360."""
    shifted = (np.asarray(lon, dtype=np.float64) - box.west) % 360
    # a point on the western edge may come out just under 360
    return shifted if box.width >= 360 else np.where(shifted > 360 - 1e-9, 0.0, shifted)


def _longitudes(lon: np.ndarray, box: BBox) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the longitudes within a box, from west to east, and their values from `box.west` on."""
    shifted = east_of_west(lon, box)
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


def _within_period(ds: xr.Dataset, period: Period, entry: str, whole: xr.Dataset) -> xr.Dataset:
    time = _coordinate(ds, "time", entry)
    if "climatology" in time.attrs or "climatology" in time.encoding:
        return _months_of(ds, time, period, entry, whole)
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


def _months_of(
    ds: xr.Dataset, time: xr.DataArray, period: Period, entry: str, whole: xr.Dataset
) -> xr.Dataset:
    """Of a climatology, the steps that stand for a month of the period: an annual one for each of them."""
    name = time.attrs.get("climatology", time.encoding.get("climatology"))
    # a selection of variables leaves the bounds behind
    bounds = whole.variables.get(name) if name in whole.variables else None
    months = [{month} for month in time.dt.month.values.tolist()]
    if bounds is not None and bounds.ndim == 2 and len(bounds) == time.size:
        told = {key: time.encoding[key] for key in ("units", "calendar") if key in time.encoding}
        if bounds.dtype.kind in "iuf" and "units" in told:  # not decoded with their time
            bounds = xr.conventions.decode_cf_variable(name, xr.Variable(bounds.dims, bounds.values, told))
        stands_for = [_months_between(*pair) for pair in bounds.values]
        months = [found or alone for found, alone in zip(stands_for, months, strict=True)]
    found = np.flatnonzero([bool(part & period.months) for part in months])
    if not found.size:
        known = ", ".join(str(month) for month in sorted(set().union(*months)))
        raise DataNotFound(
            tr("catalog.empty_time", entry=entry, time=period), tr("catalog.has_months", months=known)
        )
    return ds.isel({time.dims[0]: _steps(found)})


def _months_between(start, end) -> set[int]:
    """The months of the year from one bound to the other (CF 7.4), as many years as lie between."""
    if isinstance(start, np.datetime64):
        start, end = pd.Timestamp(start), pd.Timestamp(end)
    if pd.isna(start) or pd.isna(end) or not hasattr(start, "month"):
        return set()
    whole_days = (end.day, end.hour, end.minute, end.second) == (1, 0, 0, 0)
    last = end.month - 1 if whole_days else end.month
    return {(start.month - 1 + step) % 12 + 1 for step in range((last - start.month) % 12 + 1)}


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


def _edges(levels: np.ndarray) -> tuple[float, float]:
    """Half a step beyond the first and the last level, and never above the sea for levels that are below.

    A first level nearer to the surface than to the next one stands for the surface too.
    """
    if levels.size == 1:  # in its own precision, in which it is asked for
        return levels[0], levels[0]
    known = np.sort(levels.astype(np.float64))
    first, last = known[1] - known[0], known[-1] - known[-2]
    top = 0.0 if 0 <= known[0] < first else known[0] - first / 2
    return float(top), float(known[-1] + last / 2)


def _at_depth(ds: xr.Dataset, depth, entry: str) -> xr.Dataset:
    levels = _coordinate(ds, "depth", entry)
    values = -levels.values if _upwards(levels) else levels.values
    try:
        top, bottom = (float(part) for part in ((depth, depth) if np.isscalar(depth) else depth))
    except (TypeError, ValueError):
        raise CatalogError(tr("catalog.depth_form", value=repr(depth)), tr("catalog.depth_hint")) from None
    if np.isscalar(depth):
        highest, lowest = _edges(values)
        if highest <= top <= lowest:
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
