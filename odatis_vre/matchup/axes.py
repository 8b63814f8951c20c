"""The axes that a grid and a table of observations have in common: lat, lon, time, depth."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import pandas as pd
import xarray as xr

from odatis_vre.errors import MatchupError
from odatis_vre.i18n import tr
from odatis_vre.matchup.climatology import Climatology, climatology_of, months_of
from odatis_vre.units import UnitsError, convert, parse

AXES = ("lat", "lon", "time", "depth")
_STANDARD_NAMES = {"lat": "latitude", "lon": "longitude", "time": "time", "depth": "depth"}
_NAMES = {
    "lat": ("lat", "latitude"),
    "lon": ("lon", "long", "longitude"),
    "time": ("time", "date", "datetime"),
    "depth": ("depth",),
}
_UNITS = {"lat": ("degrees_north", "degree_north"), "lon": ("degrees_east", "degree_east")}

_YEAR_AND_MORE = re.compile(r"\d{4}\D?\d")


@dataclass(frozen=True)
class Axis:
    """One axis of a grid, and where the observations are along it.

    Attributes
    ----------
    name : {"lat", "lon", "time", "depth"}
    dim : str
        Dimension of the grid; the name of the coordinate on a curvilinear grid.
    grid : ndarray, shape (n,)
        Degrees, metres (positive down), or days since 1970 (months since the first of January for a
        climatology). Latitude and longitude of a curvilinear grid: shape (ny, nx).
    observed : ndarray, shape (m,)
        The same, NaN where unknown.
    climatology : Climatology or None
        What the steps of time stand for, when it is a part of every year.
    """

    name: str
    dim: str
    grid: np.ndarray
    observed: np.ndarray
    climatology: Climatology | None = None


def _called(name: object, axis: str) -> bool:
    return str(name).lower() in _NAMES[axis]


def _told(attrs: Mapping[str, object], axis: str) -> bool:
    return attrs.get("standard_name") == _STANDARD_NAMES[axis] or attrs.get("units") in _UNITS.get(axis, ())


def _dimension(ds: xr.Dataset, axis: str) -> str | None:
    """The dimension coordinate of an axis: by its CF attributes, else by its name."""
    found = None
    for dim in ds.dims:
        attrs = ds[dim].attrs if dim in ds.coords else {}
        if _told(attrs, axis):
            return dim
        if _called(dim, axis) or (axis == "time" and dim == "month"):
            found = found or dim
    return found


def dimensions(ds: xr.Dataset) -> dict[str, str]:
    """The coordinate of each axis the grid has.

    Parameters
    ----------
    ds : Dataset

    Returns
    -------
    dict
        Axis name -> dimension; on a curvilinear grid latitude and longitude are coordinates of two
        dimensions.

    Raises
    ------
    MatchupError
        There is no latitude or no longitude.
    """
    found = {axis: dim for axis in AXES if (dim := _dimension(ds, axis)) is not None}
    if not {"lat", "lon"} <= set(found):
        found |= _curvilinear(ds)
    for axis in ("lat", "lon"):
        if axis not in found:
            raise MatchupError(
                tr("matchup.no_common", axis=axis, dims=", ".join(map(str, ds.dims))),
                tr("matchup.no_common_hint"),
            )
    return found


def _curvilinear(ds: xr.Dataset) -> dict[str, str]:
    """Latitude and longitude on the same two dimensions."""
    flat = [c for c in ds.coords if ds[c].ndim == 2]
    pair = {}
    for axis in ("lat", "lon"):
        told = [c for c in flat if _told(ds[c].attrs, axis)]
        named = [c for c in flat if _called(str(c).removeprefix("nav_"), axis)]
        if found := [*told, *named]:
            pair[axis] = found[0]
    if len(pair) == 1:
        (known,) = pair.values()
        raise MatchupError(tr("matchup.half_curvilinear", name=known), tr("matchup.half_curvilinear_hint"))
    if pair and set(ds[pair["lat"]].dims) != set(ds[pair["lon"]].dims):
        raise MatchupError(
            tr("matchup.half_curvilinear", name=pair["lat"]), tr("matchup.half_curvilinear_hint")
        )
    return pair


def column(df: pd.DataFrame, axis: str, columns: Mapping[str, str]) -> str | None:
    """The column of the observations that holds an axis: the one named by the caller, else by its name.

    Raises
    ------
    MatchupError
        The caller named a column that is not there.
    """
    if axis in columns:
        if columns[axis] not in df.columns:
            close = get_close_matches(str(columns[axis]), [str(c) for c in df.columns], 1)
            raise MatchupError(
                tr("matchup.missing_column", column=columns[axis]),
                tr("matchup.did_you_mean", name=close[0])
                if close
                else tr("matchup.columns_are", columns=", ".join(map(str, df.columns))),
            )
        return columns[axis]
    return next((c for c in df.columns if _called(c, axis)), None)


def axis_of(ds: xr.Dataset, df: pd.DataFrame, name: str, dim: str, source: str) -> Axis:
    """An axis as numbers, on the grid and in the observations.

    Parameters
    ----------
    ds : Dataset
    df : DataFrame
    name : {"lat", "lon", "time", "depth"}
    dim : str
        Dimension of the grid.
    source : str
        Column of the observations.

    Raises
    ------
    MatchupError
        The grid has no values along the dimension, a depth is in another unit than one of length, a latitude
        or longitude in one of length, or the times of either cannot be read: an observed date is a date
        object or ISO 8601 text.
    """
    if dim not in ds.coords:
        raise MatchupError(tr("matchup.no_coordinate", dim=dim), tr("matchup.no_coordinate_hint", dim=dim))
    if not ds[dim].size:
        raise MatchupError(tr("matchup.empty_axis", dim=dim), tr("matchup.empty_axis_hint"))
    if name != "time":
        told = df.attrs.get("units")
        told = told.get(source) if isinstance(told, Mapping) else None
        observed = pd.to_numeric(df[source], errors="coerce").to_numpy(float, na_value=np.nan)
        observed = in_our_unit(observed, name, told, tr("matchup.of_the_table", name=source))
        grid = in_our_unit(
            np.asarray(ds[dim].values, dtype=float),
            name,
            ds[dim].attrs.get("units"),
            tr("matchup.of_the_grid", name=dim),
        )
        if grid.ndim == 1 and not np.isfinite(grid).all():
            raise MatchupError(tr("matchup.gap_in_axis", dim=dim), tr("matchup.gap_in_axis_hint", dim=dim))
        if name == "depth" and str(ds[dim].attrs.get("positive", "down")).lower() == "up":
            grid = 0.0 - grid
        return Axis(name, dim, grid, observed)
    when = times(df[source], source)
    if (steps := climatology_of(ds, dim)) is not None:
        return Axis(name, dim, steps.middle, months_of(xr.DataArray(when, dims="obs")), steps)
    coordinate = ds[dim]
    if not np.issubdtype(coordinate.dtype, np.datetime64):
        coordinate = _to_datetime(coordinate)
    return Axis(name, dim, _days(pd.DatetimeIndex(coordinate.values)), _days(when))


def in_our_unit(values: np.ndarray, name: str, told: object, source: str) -> np.ndarray:
    """Metres or degrees; where no unit is told, values are taken as they are.

    Parameters
    ----------
    values : ndarray
    name : {"lat", "lon", "depth"}
    told : object
        Attribute `units`; what is no text tells nothing.
    source : str
        Whose values they are, for the message.

    Raises
    ------
    MatchupError
        A depth is in another unit than one of length, a position in one of length.
    """
    told = told.strip() if isinstance(told, str) else ""
    if not told:
        return values
    if name == "depth":
        try:
            return convert(values, "m", units=told)
        except UnitsError as error:
            raise MatchupError(
                tr("matchup.bad_depth_unit", name=source, unit=told), tr("matchup.bad_depth_unit_hint")
            ) from error
    try:
        unit = parse(told)
    except UnitsError:
        return values
    # Degrees have more spellings than a parser knows: "deg N" is read as degrees times newton.
    if dict(unit.pint.dimensionality) == {"[length]": 1}:
        raise MatchupError(
            tr("matchup.bad_place_unit", name=source, unit=told), tr("matchup.bad_place_unit_hint")
        )
    return np.rad2deg(values) if unit.canonical == "rad" else values


def times(values: pd.Series, source: str) -> pd.DatetimeIndex:
    """The dates of a column, in universal time.

    Raises
    ------
    MatchupError
        They are neither dates nor ISO 8601 text.
    """
    if pd.api.types.is_numeric_dtype(values):
        raise MatchupError(tr("matchup.bad_times", column=source), tr("matchup.bad_times_hint"))
    if not pd.api.types.is_datetime64_any_dtype(values):
        values = _read_dates(values, source)
    return pd.DatetimeIndex(pd.to_datetime(values, utc=True)).tz_localize(None)


def _read_dates(values: pd.Series, source: str) -> pd.Series:
    """Dates of a column of texts or date objects; 02/03 is March or February: nobody may guess."""
    texts = values.astype(object).map(lambda v: (v.strip() or None) if isinstance(v, str) else v)
    when = pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=True)
    # pandas reads "now", and takes a year alone for its first of January.
    vague = texts.map(lambda v: isinstance(v, str) and not _YEAR_AND_MORE.match(v)).astype(bool)
    unread = texts[texts.notna() & (when.isna() | vague)]
    if len(unread):
        raise MatchupError(
            tr("matchup.unread_date", column=source, value=str(unread.iloc[0])),
            tr("matchup.unread_date_hint", column=source),
        )
    return when


def _to_datetime(coordinate: xr.DataArray) -> xr.DataArray:
    try:
        index = coordinate.to_index().to_datetimeindex(unsafe=True, time_unit="us")
    except (AttributeError, ValueError, TypeError) as error:
        raise MatchupError(
            tr("matchup.bad_grid_times", dim=coordinate.name), tr("matchup.bad_grid_times_hint")
        ) from error
    return xr.DataArray(index, dims=coordinate.dims)


def _days(when: pd.DatetimeIndex) -> np.ndarray:
    return ((when - pd.Timestamp(1970, 1, 1)) / pd.Timedelta(days=1)).to_numpy(float)


def unrolled(lon: np.ndarray, dim: str) -> tuple[np.ndarray, bool, int]:
    """Longitudes as degrees from the first one, in the direction they go.

    Parameters
    ----------
    lon : ndarray, shape (n,)
    dim : str
        For the error message.

    Returns
    -------
    along : ndarray, shape (n,)
        Ascending from 0, below 360.
    closed : bool
        They go around the Earth: the gap that is left is no wider than another.
    sign : {1, -1}
        1 to the east.

    Raises
    ------
    MatchupError
        They go to and fro, or a meridian is there twice.
    """
    for sign in (1, -1):
        along = (sign * (lon - lon[0])) % 360
        steps = np.diff(along)
        if np.all(steps > 0):
            closed = len(lon) > 2 and 360 - along[-1] <= 1.5 * steps.max()
            return along, bool(closed), sign
    raise MatchupError(tr("matchup.not_ordered", dim=dim), tr("matchup.not_ordered_hint", dim=dim))
