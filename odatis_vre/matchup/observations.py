"""Points: one row per observation, with the values of its nearest wet cell or between cells."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import xarray as xr

from odatis_vre.errors import MatchupError
from odatis_vre.i18n import tr
from odatis_vre.matchup.axes import AXES
from odatis_vre.matchup.interpolation import linear
from odatis_vre.matchup.outcome import STATUS, placed, status_words
from odatis_vre.matchup.request import Request, checked
from odatis_vre.matchup.sources import sources
from odatis_vre.matchup.wet import Found, Search, nearest_wet

DEFAULT_TOLERANCE = {"lat": 1.0, "lon": 1.0}


def points(
    ds: xr.Dataset,
    df: pd.DataFrame,
    tolerance: Mapping[str, object] | None = None,
    method: str = "nearest",
    *,
    variables: Iterable[str] | None = None,
    columns: Mapping[str, str] | None = None,
    memory: float | str | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Match each observation to the nearest wet cell of a grid, or interpolate between cells.

    A cell is wet when all the variables asked for have a value there: one row is one place, and its
    values belong together. To let each variable take its own nearest cell, call once per variable.
    Time and depth take the nearest step and level; among the cells of that step and level within the
    tolerances of latitude and longitude, the nearest wet one on the great circle is taken.

    Parameters
    ----------
    ds : Dataset
        A grid with latitude and longitude, and possibly time and depth; lazy, chunked or in memory. Latitude
        and longitude have one dimension each, or the same two (a curvilinear grid; one that goes around the
        Earth is closed, columns that it repeats at its end are left out). Longitudes may be
        -180..180 or 0..360, whatever the observations have. A time of integers 1..12, or one with the CF
        attribute `climatology`, is a climatology: it is matched by month or season, whatever the year. Its
        bounds say which part of the year a step covers; without bounds it is what is nearer to the middle of
        its month than to that of the next step. A depth with the CF attribute `positive: up` is turned to
        positive down.
    df : DataFrame, n rows
        Observations with columns `lat` and `lon` (degrees), and `time` (dates, or ISO 8601 text) and
        `depth` (metres, or the length that `attrs["units"]` tells; positive down) where the variables have
        these axes.
    tolerance : mapping, default {"lat": 1.0, "lon": 1.0}
        Largest difference along each axis: degrees, metres, and for time a number of days, a text with a
        unit ("15D", "12h") or a timedelta; of a climatology, from the middle of what the step covers. An
        axis left out: half the distance between neighbouring grid points, that is, the observation lies in
        the cell.
    method : {"nearest", "linear"}
        "linear" interpolates along latitude, longitude, time and depth (a climatology is still matched by
        month); all cells that bear on the value have to be wet. Beyond the outermost grid point, as far as
        the tolerance goes, its value is taken; on a curvilinear grid nothing is: "outside".
    variables : iterable of str, optional
        Default: every numeric variable along latitude and longitude.
    columns : mapping, optional
        Axis -> column of `df`, where a column has another name: `{"lat": "latitude_start"}`.
    memory : float or str, optional
        Memory to use besides the result: bytes, or a text such as "500 MB". Default: a quarter of what is
        free, 2 GB at most.
    progress : bool, optional
        Show a progress bar. Default: in notebooks and terminals, after a second.

    Returns
    -------
    DataFrame, n rows
        The observations in their order and with their index; one column per variable; and
        `matched_lat`, `matched_lon` and `matched_depth` (in the convention of the observations) and
        `matched_time` where these axes were used, `distance_km`, `status` and `reason`. With "linear", these
        are the nearest grid point's. `status` is "matched", or says why the values are NaN: "no_position",
        "no_time", "no_depth" (unknown in the observation), "outside_time", "outside_depth", "outside" (no
        grid point within the tolerance; with "linear" on a curvilinear grid also: no cells around to
        interpolate between), "dry" (no wet cell within it). `reason` is the same in words.
        `attrs["units"]` maps columns to their units, as far as the observations' own `attrs["units"]` and
        the grid tell them.

    Raises
    ------
    MatchupError
        No common coordinates, a missing column, an unknown axis or variable, a tolerance that is not a
        number above or equal to 0 or a duration, dates that cannot be read, depths that are no lengths, or
        a column of `df` that would be overwritten.

    Notes
    -----
    Each chunk that may hold the nearest wet cell of an observation is read once; several chunks, or a whole
    small grid, at once where that costs less. Chunks of a dask array are searched by dask, on its cluster
    where there is one. Distances are on a sphere of radius 6371.0088 km.

    Examples
    --------
    >>> grid = xr.Dataset(
    ...     {"sst": (("lat", "lon"), [[15.0, np.nan]])}, coords={"lat": [45.5], "lon": [350.5, 351.5]}
    ... )
    >>> haul = pd.DataFrame({"lat": [45.5], "lon": [-8.9]})
    >>> points(grid, haul, tolerance={"lat": 1, "lon": 1}).status.tolist()
    ['matched']
    """
    if method not in ("nearest", "linear"):
        raise MatchupError(tr("matchup.bad_method", method=method), tr("matchup.bad_method_hint"))
    tolerance = DEFAULT_TOLERANCE if tolerance is None else tolerance
    asked = checked(ds, df, tolerance, variables, columns, memory)
    _refuse_overwriting(df, asked.names)
    steps, status = asked.steps()
    sought = np.flatnonzero(status == STATUS.index("matched"))
    search, status[sought] = _search(asked, steps, sought)
    within = np.flatnonzero(search.i >= 0)
    search, sought = search.of(within), sought[within]
    label = tr("matchup.reading")
    of = sources(asked.ds, asked.names)
    inside = np.ones(len(search), dtype=bool)
    if method == "linear":
        found, inside = linear(of, asked, search, sought, progress, label)
    else:
        found = nearest_wet(of, search, asked.memory, progress, label)
    status[sought[found.i < 0]] = STATUS.index("dry")
    status[sought[~inside]] = STATUS.index("outside")
    order = [name for source in of for name in source.variables]
    return _table(asked, found, dict(zip(order, found.values, strict=True)), steps, sought, status)


def _refuse_overwriting(df: pd.DataFrame, names: list[str]) -> None:
    ours = [*names, *(f"matched_{a}" for a in AXES), "distance_km", "status", "reason"]
    if both := [c for c in df.columns if c in ours]:
        raise MatchupError(
            tr("matchup.would_overwrite", columns=", ".join(both)),
            tr("matchup.would_overwrite_hint", column=both[0]),
        )


def _search(asked: Request, steps: dict[str, np.ndarray], sought: np.ndarray) -> tuple[Search, np.ndarray]:
    """Where the observations are sought, and their status."""
    hood = asked.hood(sought)
    search = Search(hood, asked.place, {d: s[sought] for d, s in steps.items()}, *hood.nearest())
    return search, np.where(search.i < 0, STATUS.index("outside"), STATUS.index("matched"))


def _table(asked: Request, found: Found, values, steps, sought, status) -> pd.DataFrame:
    df, n = asked.df, len(asked.df)
    wet = np.flatnonzero(found.i >= 0)
    hit = sought[wet]
    new = {name: placed(values[name][wet], hit, n) for name in asked.names}
    lat, lon = asked.cell(found.i[wet], found.j[wet])
    new |= {"matched_lat": placed(lat, hit, n), "matched_lon": placed(lon, hit, n)}
    for axis in asked.axes.values():
        if axis.dim in steps:
            new[f"matched_{axis.name}"] = placed(asked.labels(axis.name)[steps[axis.dim][hit]], hit, n)
    new["distance_km"] = placed(found.distance[wet], hit, n)
    new["status"], new["reason"] = status_words(status)
    out = pd.concat([df, pd.DataFrame(new, index=df.index, copy=False)], axis=1)
    out.attrs = {**df.attrs, "units": _units(asked)}
    return out


def _units(asked: Request) -> dict[str, str]:
    ds, df = asked.ds, asked.df
    told = df.attrs.get("units")
    units = {c: u for c, u in told.items() if c in df.columns} if isinstance(told, Mapping) else {}
    return {**units, **{n: str(ds[n].attrs["units"]) for n in asked.names if "units" in ds[n].attrs}}
