"""Points: one row per observation, with the values of its nearest wet cell."""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from numbers import Real

import numpy as np
import pandas as pd
import xarray as xr

from odatis_vre.errors import MatchupError
from odatis_vre.i18n import tr
from odatis_vre.matchup.axes import AXES, Axis, axis_of, column, dimensions
from odatis_vre.matchup.cells import Cells
from odatis_vre.matchup.nearest import Windows, half_spacing, nearest_index

DEFAULT_TOLERANCE = {"lat": 1.0, "lon": 1.0}


def points(
    ds: xr.Dataset,
    df: pd.DataFrame,
    tolerance: Mapping[str, object] | None = None,
    method: str = "nearest",
    *,
    variables: Iterable[str] | None = None,
    columns: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Match each observation to the nearest wet cell of a grid.

    A cell is wet when all the variables asked for have a value there: one row is one place, and its
    values belong together. To let each variable take its own nearest cell, call once per variable.
    Time and depth take the nearest step and level; among the cells of that step and level within the
    tolerances of latitude and longitude, the nearest wet one on the great circle is taken.

    Parameters
    ----------
    ds : Dataset
        A grid with one-dimensional latitude and longitude, and possibly time and depth. Longitudes may be
        -180..180 or 0..360, whatever the observations have. A time of integers 1..12, or one with the CF
        attribute `climatology`, is a climatology: it is matched by month. A depth with the CF attribute
        `positive: up` is turned to positive down.
    df : DataFrame, n rows
        Observations with columns `lat` and `lon` (degrees), and `time` (dates, or ISO 8601 text) and
        `depth` (metres, positive down) where the variables have these axes.
    tolerance : mapping, default {"lat": 1.0, "lon": 1.0}
        Largest difference along each axis: degrees, metres, and for time a number of days, a text with a
        unit ("15D", "12h") or a timedelta. An axis left out: half the distance between neighbouring grid
        points, that is, the observation lies in the cell.
    method : {"nearest"}
    variables : iterable of str, optional
        Default: every numeric variable along latitude and longitude.
    columns : mapping, optional
        Axis -> column of `df`, where a column has another name: `{"lat": "latitude_start"}`.

    Returns
    -------
    DataFrame, n rows
        The observations in their order and with their index; one column per variable; and
        `matched_lat`, `matched_lon` and `matched_depth` (in the convention of the observations) and
        `matched_time` where these axes were used, `distance_km`, `status` and `reason`. `status` is
        "matched", or says why the values are NaN: "no_position", "no_time", "no_depth" (unknown in the
        observation), "outside_time", "outside_depth", "outside" (no grid point within the tolerance),
        "dry" (no wet cell within it). `reason` is the same in words. `attrs["units"]` maps columns to
        their units, as far as the observations' own `attrs["units"]` and the grid tell them.

    Raises
    ------
    MatchupError
        No common coordinates, a missing column, an unknown axis or variable, a tolerance that is not a
        number above or equal to 0 or a duration, dates that cannot be read, or a column of `df` that
        would be overwritten.

    Notes
    -----
    All cells that may be needed are read at once: each chunk that holds one is read once. Distances are
    on a sphere of radius 6371.0088 km.

    Examples
    --------
    >>> grid = xr.Dataset(
    ...     {"sst": (("lat", "lon"), [[15.0, np.nan]])}, coords={"lat": [45.5], "lon": [350.5, 351.5]}
    ... )
    >>> haul = pd.DataFrame({"lat": [45.5], "lon": [-8.9]})
    >>> points(grid, haul, tolerance={"lat": 1, "lon": 1}).status.tolist()
    ['matched']
    """
    if isinstance(ds, xr.DataArray):
        ds = ds.to_dataset(name=ds.name or "value")
    if method != "nearest":
        raise MatchupError(tr("matchup.bad_method", method=method), tr("matchup.bad_method_hint"))
    dims = dimensions(ds)
    names = _variables(ds, dims, variables)
    columns = _checked_columns(columns)
    axes = _axes(ds, df, dims, names, columns)
    limits = _limits(tolerance, axes)
    _refuse_overwriting(df, names)
    return _matched(ds, df, axes, limits, names)


def _variables(ds: xr.Dataset, dims: dict[str, str], wanted: Iterable[str] | None) -> list[str]:
    grid = {dims["lat"], dims["lon"]}
    if wanted is None:
        names = [n for n, v in ds.data_vars.items() if grid <= set(v.dims) and v.dtype.kind in "fiub"]
        if not names:
            raise MatchupError(tr("matchup.no_variable"), tr("matchup.no_variable_hint"))
    else:
        names = [wanted] if isinstance(wanted, str) else list(wanted)
        if missing := [n for n in names if n not in ds.data_vars]:
            raise MatchupError(
                tr("matchup.missing_variable", names=", ".join(missing)),
                tr("matchup.variables_are", names=", ".join(map(str, ds.data_vars))),
            )
        if off := [n for n in names if not grid <= set(ds[n].dims) or ds[n].dtype.kind not in "fiub"]:
            raise MatchupError(
                tr("matchup.not_on_grid", names=", ".join(off)), tr("matchup.no_variable_hint")
            )
    for name in names:
        if other := [str(d) for d in ds[name].dims if d not in dims.values()]:
            raise MatchupError(
                tr("matchup.other_dimension", name=name, dims=", ".join(other)),
                tr("matchup.other_dimension_hint", dim=other[0]),
            )
    return names


def _checked_columns(columns: Mapping[str, str] | None) -> Mapping[str, str]:
    columns = columns or {}
    _refuse_unknown_axis(columns)
    return columns


def _refuse_unknown_axis(names: Iterable[str]) -> None:
    if unknown := [str(n) for n in names if n not in AXES]:
        raise MatchupError(
            tr("matchup.unknown_axis", names=", ".join(unknown)),
            tr("matchup.unknown_axis_hint", axes=", ".join(AXES)),
        )


def _axes(ds, df, dims, names, columns) -> dict[str, Axis]:
    axes = {}
    for axis, dim in dims.items():
        using = [n for n in names if dim in ds[n].dims]
        if not using:
            continue
        source = column(df, axis, columns)
        if source is None:
            hint = "matchup.missing_axis_hint" if axis in ("time", "depth") else "matchup.missing_place_hint"
            raise MatchupError(
                tr("matchup.missing_axis", axis=axis, names=", ".join(using)), tr(hint, axis=axis, dim=dim)
            )
        axes[axis] = axis_of(ds, df, axis, dim, source)
    return axes


def _limits(tolerance: Mapping[str, object] | None, axes: dict[str, Axis]) -> dict[str, float | None]:
    tolerance = DEFAULT_TOLERANCE if tolerance is None else tolerance
    _refuse_unknown_axis(tolerance)
    limits = {}
    for name, axis in axes.items():
        given = tolerance.get(name)
        if given is None:
            if len(axis.grid) < 2 and not axis.climatology:
                raise MatchupError(
                    tr("matchup.needs_tolerance", axis=name), tr("matchup.needs_tolerance_hint", axis=name)
                )
            limits[name] = None
            continue
        try:
            number = _in_days(given) if name == "time" else float(given)
        except (TypeError, ValueError):
            number = np.nan
        if not number >= 0:
            raise MatchupError(
                tr("matchup.bad_tolerance", axis=name, value=given), tr("matchup.bad_tolerance_hint")
            )
        limits[name] = number
    for name, circle in (("lat", None), ("lon", 360)):
        if limits[name] is None:
            limits[name] = half_spacing(axes[name].grid, circle)
    return limits


def _in_days(given: object) -> float:
    if isinstance(given, Real) and not isinstance(given, np.timedelta64):
        return float(given)
    with_unit = re.search(r"[a-zA-Z:]", given) if isinstance(given, str) else _has_unit(given)
    if not with_unit:
        raise ValueError(given)
    return pd.Timedelta(given) / pd.Timedelta(days=1)


def _has_unit(given: object) -> bool:
    if isinstance(given, np.timedelta64):
        return np.datetime_data(given)[0] != "generic"
    return isinstance(given, timedelta)


def _refuse_overwriting(df: pd.DataFrame, names: list[str]) -> None:
    ours = [*names, *(f"matched_{a}" for a in AXES), "distance_km", "status", "reason"]
    if both := [c for c in df.columns if c in ours]:
        raise MatchupError(
            tr("matchup.would_overwrite", columns=", ".join(both)),
            tr("matchup.would_overwrite_hint", column=both[0]),
        )


def _matched(ds, df, axes, limits, names) -> pd.DataFrame:
    status = np.full(len(df), "matched", dtype=object)
    lat, lon = axes["lat"].observed, axes["lon"].observed
    with np.errstate(invalid="ignore"):
        status[~((np.abs(lat) <= 90) & (np.abs(lon) <= 540))] = "no_position"
    steps = {}
    for name in ("time", "depth"):
        if name in axes:
            axis = axes[name]
            limit = 0.0 if axis.climatology else limits[name]
            steps[axis.dim] = nearest_index(axis.grid, axis.observed, limit)
            going = status == "matched"
            status[going & np.isnan(axis.observed)] = f"no_{name}"
            status[going & ~np.isnan(axis.observed) & (steps[axis.dim] < 0)] = f"outside_{name}"

    sought = np.flatnonzero(status == "matched")
    windows = Windows.around(
        lat[sought], lon[sought], axes["lat"].grid, axes["lon"].grid, limits["lat"], limits["lon"]
    )
    status[sought[windows.size == 0]] = "outside"
    cells = Cells(ds[names], axes["lat"].dim, axes["lon"].dim, {d: s[sought] for d, s in steps.items()})
    cells.read(windows)
    row, col, distance = _nearest_wet(windows, cells)
    missed = np.isnan(distance)
    status[sought[missed & (windows.size > 0)]] = "dry"

    hit, found = sought[~missed], np.flatnonzero(~missed)
    row, col, distance = row[found], col[found], distance[found]
    at = cells.at(found, windows.row_index[row], windows.column_index[col])
    out = df.copy()
    for name in names:
        out[name] = _placed(cells.values[name][at], hit, len(df))
    out["matched_lat"] = _placed(windows.row_lat[row], hit, len(df))
    out["matched_lon"] = _placed(_like(windows.column_lon[col], lon), hit, len(df))
    for axis in axes.values():
        if axis.dim in steps:
            labels = axis.grid if axis.name == "depth" else ds[axis.dim].values
            labels = labels[steps[axis.dim][hit]]
            out[f"matched_{axis.name}"] = pd.Series(labels, index=hit).reindex(range(len(df))).array
    out["distance_km"] = _placed(distance, hit, len(df))
    out["status"] = status
    words = {code: "" if code == "matched" else tr(f"matchup.reason.{code}") for code in set(status)}
    out["reason"] = [words[code] for code in status]
    out.attrs["units"] = _units(ds, df, names)
    return out


def _units(ds: xr.Dataset, df: pd.DataFrame, names: list[str]) -> dict[str, str]:
    told = df.attrs.get("units")
    units = {c: u for c, u in told.items() if c in df.columns} if isinstance(told, Mapping) else {}
    return {**units, **{n: str(ds[n].attrs["units"]) for n in names if "units" in ds[n].attrs}}


def _nearest_wet(windows: Windows, cells: Cells) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First the nearest cell of all; whole windows only for those whose nearest cell is dry."""
    narrow = windows.nearest_meridian()
    row, col, distance = narrow.nearest(lambda owner, i, j: np.ones(len(owner), dtype=bool))
    dry = np.isnan(distance)
    open_water = np.flatnonzero(~dry)
    dry[open_water] = ~cells.wet(
        open_water, windows.row_index[row[open_water]], windows.column_index[col[open_water]]
    )
    rest = np.flatnonzero(dry)
    row[rest], col[rest], distance[rest] = windows.of(rest).nearest(
        lambda owner, i, j: cells.wet(rest[owner], i, j)
    )
    return row, col, distance


def _placed(values: np.ndarray, at: np.ndarray, n: int) -> np.ndarray:
    out = np.full(n, np.nan)
    out[at] = values
    return out


def _like(found: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Longitudes in the convention of the observations: 0..360 when one of these is above 180."""
    found = found % 360
    if np.nanmax(observed, initial=-180) > 180:
        return found
    return np.where(found >= 180, found - 360, found)
