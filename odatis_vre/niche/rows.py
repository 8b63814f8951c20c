"""Rows of occurrences: their numbers, their places, their times and their classes."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import xarray as xr
from scipy.spatial import KDTree

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.sphere import axis_of, positions, unit_vectors

_PERIODS = ("h", "D", "W", "M", "Q", "Y")
# A node of a mesh and the seven nearest to it: in a lattice of squares the last is a diagonal away.
_AROUND = 8
# What lies on the edge of a cell is in it, whatever the rounding.
_SLACK = 1 + 1e-6


def columns_of(table: pd.DataFrame, names: Iterable[str]) -> list[str]:
    """Names of columns as a list; those that are missing are named in an error, as is what is no table."""
    if not isinstance(table, pd.DataFrame):
        raise NicheError(tr("niche.no_table", kind=type(table).__name__), tr("niche.no_table_hint"))
    names = [names] if isinstance(names, str) else list(names)
    if missing := [str(n) for n in names if n not in table.columns]:
        raise NicheError(
            tr("evaluation.missing_columns", columns=", ".join(missing)),
            tr("evaluation.missing_columns_hint", columns=", ".join(map(str, table.columns))),
        )
    return names


def known_rows(table: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Numeric columns as float64, shape (n, p); infinite and missing values are NaN."""
    text = [n for n in names if not pd.api.types.is_numeric_dtype(table[n])]
    if text or not names:
        raise NicheError(
            tr("niche.not_numbers", what=tr("niche.environment"), columns=", ".join(text) or "-"),
            tr("niche.not_numbers_hint"),
        )
    values = table[names].to_numpy(float, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def classes(values: np.ndarray, names: list[str], bins: int | Mapping[str, float]) -> np.ndarray:
    """The class of each value: of equal width between the extremes, or of the width given.

    Parameters
    ----------
    values : ndarray, shape (n, p)
        Without NaN.
    names : list of str, length p
    bins : int or mapping
        Number of classes, or their width by name.

    Returns
    -------
    ndarray of int, shape (n, p)
    """
    if isinstance(bins, Mapping):
        if missing := [n for n in names if not bins.get(n, 0) > 0]:
            raise NicheError(
                tr("niche.class_widths", columns=", ".join(missing)), tr("evaluation.class_widths_hint")
            )
        return np.floor(values / [bins[n] for n in names]).astype(np.int64)
    if not isinstance(bins, int | np.integer) or bins < 1:
        raise NicheError(
            tr("evaluation.bad_parameter", name="bins", value=bins),
            tr("evaluation.bad_parameter_hint", allowed=">= 1, {variable: width}"),
        )
    low, span = values.min(axis=0), np.ptp(values, axis=0)
    scaled = (values - low) / np.where(span > 0, span, 1)
    return np.minimum(np.floor(scaled * bins), bins - 1).astype(np.int64)


def places(table: pd.DataFrame, cell, reasons: np.ndarray) -> list[np.ndarray]:
    """Numbers that are equal where two rows are at the same place.

    Parameters
    ----------
    table : DataFrame, n rows
    cell : None, float, mapping or grid
        None: the same latitude and longitude; otherwise the same cell. Off the grid there is no cell: there
        it is the same latitude and longitude.
    reasons : ndarray of object, shape (n,)
        Rows without a position get theirs.

    Returns
    -------
    list of ndarrays, shape (n,)
    """
    lat, lon = positions(table)
    unknown = ~(np.isfinite(lat) & np.isfinite(lon))
    reasons[unknown] = tr("evaluation.unknown_position")
    lat, lon = np.where(unknown, 0.0, lat), np.where(unknown, 0.0, lon)
    if cell is None:
        return [lat, (lon + 180) % 360]
    if isinstance(cell, xr.Dataset | xr.DataArray):
        at = nearest_cell(cell, lat, lon)
        off = at[0] < 0
        return [*at, np.where(off, lat, 0.0), np.where(off, (lon + 180) % 360, 0.0)]
    sides = dict(cell) if isinstance(cell, Mapping) else {"lat": cell, "lon": cell}
    if set(sides) != {"lat", "lon"} or not all(0 < side < np.inf for side in sides.values()):
        raise NicheError(
            tr("evaluation.bad_parameter", name="cell", value=cell),
            tr("evaluation.bad_parameter_hint", allowed='> 0, {"lat": .., "lon": ..}, Dataset'),
        )
    # Decimal degrees such as 0.1 are not exact: a hair keeps a record on an edge in the cell it starts.
    row = np.floor((lat + 90) / sides["lat"] + 1e-9)
    return [row, np.floor((lon + 180) % 360 / sides["lon"] + 1e-9)]


def nearest_cell(grid, lat: np.ndarray, lon: np.ndarray) -> tuple[np.ndarray, ...]:
    """Position of the grid point nearest to each place.

    Parameters
    ----------
    grid : Dataset or DataArray
    lat, lon : ndarray, shape (n,)
        Degrees, without NaN.

    Returns
    -------
    tuple of ndarrays of int, shape (n,)
        One per dimension of the latitude and longitude broadcast. Nearest in latitude and in longitude
        (around the circle) where these have a dimension each, else on the sphere. All are -1 off the grid:
        farther than half the spacing on either axis (a single value has none: it reaches everywhere), on
        the sphere farther than half the diagonal of the cell.
    """
    rows, columns = axis_of(grid, "lat"), axis_of(grid, "lon")
    if rows.ndim == columns.ndim == 1 and rows.dims != columns.dims:
        at = np.stack([_nearest(rows.values, lat), _nearest(columns.values, lon, 360.0)])
        return tuple(np.where((at < 0).any(axis=0), -1, at))
    rows, columns = xr.broadcast(rows, columns)
    known = np.flatnonzero((rows.notnull() & columns.notnull()).values.ravel())
    points = unit_vectors(rows.values, columns.values)
    tree = KDTree(points.reshape(-1, 3)[known])
    away, nearest = tree.query(unit_vectors(lat, lon))
    cell = known[nearest]
    if rows.ndim == 1:
        reach = tree.query(tree.data[nearest], _AROUND)[0][:, -1] / 2
    else:
        reach = _half_diagonals(points).ravel()[cell]
    off = away > reach * _SLACK
    return tuple(np.where(off, -1, index) for index in np.unravel_index(cell, rows.shape))


def _nearest(centres: np.ndarray, wanted: np.ndarray, circle: float | None = None) -> np.ndarray:
    """Position of the nearest centre; -1 farther from it than half the way to its farther neighbour."""
    centres, wanted = centres.astype(float), wanted.astype(float)
    if circle:
        centres, wanted = centres % circle, wanted % circle
    order = np.argsort(centres)
    ordered = centres[order]
    gaps = np.diff(ordered, append=ordered[0] + (circle or 0))
    if circle is None:
        gaps[-1] = 0
    elif gaps.max() > 1.5 * np.sort(gaps)[-2:][0]:
        gaps[gaps.argmax()] = 0  # the far side of a grid that does not go around the Earth
    half = np.empty(len(centres))
    half[order] = np.maximum(gaps, np.roll(gaps, 1)) / 2 if len(centres) > 1 else np.inf
    if circle:
        order = np.concatenate([order[-1:], order, order[:1]])
        ordered = np.concatenate([ordered[-1:] - circle, ordered, ordered[:1] + circle])
    place = np.searchsorted((ordered[1:] + ordered[:-1]) / 2, wanted)
    at = order[place]
    return np.where(np.abs(wanted - ordered[place]) > half[at] * _SLACK, -1, at)


def _half_diagonals(points: np.ndarray) -> np.ndarray:
    """Half the diagonal of the cells around points of the unit sphere, shape (..., 3), as a chord."""
    square = np.zeros(points.shape[:-1])
    for axis in range(square.ndim):
        step = np.linalg.norm(np.diff(points, axis=axis), axis=-1)
        square += np.fmax(np.insert(step, 0, 0, axis), np.insert(step, step.shape[axis], 0, axis)) ** 2
    return np.sqrt(square) / 2


def spans(table: pd.DataFrame, period: str | None, reasons: np.ndarray) -> np.ndarray:
    """Numbers that are equal where two rows are in the same period.

    Parameters
    ----------
    table : DataFrame, n rows
        Its column `time` holds dates.
    period : str or None
        A pandas period; None tells instants, in ns since 1970.
    reasons : ndarray of object, shape (n,)
        Rows without a time get theirs.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    columns_of(table, ["time"])
    if period is not None and period not in _PERIODS:
        raise NicheError(
            tr("evaluation.bad_parameter", name="time", value=period),
            tr("evaluation.bad_parameter_hint", allowed=", ".join(map(repr, _PERIODS))),
        )
    try:
        when = pd.to_datetime(table["time"], format="ISO8601", utc=True).dt.tz_localize(None)
    except (TypeError, ValueError) as error:
        raise NicheError(tr("evaluation.bad_time"), tr("evaluation.bad_time_hint")) from error
    unknown = when.isna().to_numpy()
    for row in np.flatnonzero(unknown):
        reasons[row] = reasons[row] or tr("evaluation.unknown_time")
    when = when.fillna(pd.Timestamp(0))
    if period is None:
        return when.to_numpy("datetime64[ns]").astype(np.int64).astype(float)
    return when.dt.to_period(period).apply(lambda p: p.ordinal).to_numpy(float)
