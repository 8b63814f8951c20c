"""What is asked of a matchup, checked: variables, axes and tolerances."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from numbers import Real

import numpy as np
import pandas as pd
import xarray as xr
from dask.utils import parse_bytes

from odatis_vre.errors import MatchupError
from odatis_vre.i18n import tr
from odatis_vre.matchup.axes import AXES, Axis, axis_of, column, dimensions, in_our_unit, times, unrolled
from odatis_vre.matchup.curvilinear import CurvilinearGrid, Surroundings, closed_dimensions, repeated_cells
from odatis_vre.matchup.nearest import nearest_index
from odatis_vre.matchup.outcome import STATUS
from odatis_vre.matchup.reading import default_memory
from odatis_vre.matchup.rectangles import Rectangles


@dataclass(frozen=True)
class Request:
    """Observations and the grid they are to be matched to.

    Attributes
    ----------
    ds : Dataset
    df : DataFrame
    names : list of str
        The variables asked for.
    dims : dict
        Axis -> coordinate of the grid, for all axes of the grid.
    axes : dict of Axis
        The axes that the variables have.
    limits : dict
        Axis -> tolerance in degrees, metres or days; None where it is the size of the cell.
    place : tuple of str
        The two dimensions of a map.
    memory : float
        Bytes to use besides the result.
    columns : dict
        Axis -> column of the observations.
    """

    ds: xr.Dataset
    df: pd.DataFrame
    names: list[str]
    dims: dict[str, str]
    axes: dict[str, Axis]
    limits: dict[str, float | None]
    place: tuple[str, str]
    memory: float
    columns: dict[str, str]

    @property
    def curvilinear(self) -> bool:
        """Whether latitude and longitude have two dimensions."""
        return self.axes["lat"].grid.ndim == 2

    def closed_place(self) -> frozenset[str]:
        """The dimensions along which a map goes around the Earth."""
        lat, lon = self.axes["lat"], self.axes["lon"]
        if self.curvilinear:
            closed = closed_dimensions(lat.grid, lon.grid)
            return frozenset(d for d, c in zip(self.place, closed, strict=True) if c)
        return frozenset([lon.dim] if len(lon.grid) > 1 and unrolled(lon.grid, lon.dim)[1] else [])

    def steps(self) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Index of each observation along time and depth, and its status so far.

        Returns
        -------
        dict of ndarray of int, shape (n,)
            Dimension -> index, -1 where there is none.
        ndarray of int, shape (n,)
            Positions in `STATUS`.
        """
        lat, lon = self.axes["lat"].observed, self.axes["lon"].observed
        known = (np.abs(lat) <= 90) & (np.abs(lon) <= 540)
        status = np.where(known, STATUS.index("matched"), STATUS.index("no_position")).astype(np.int8)
        steps = {}
        for name in ("time", "depth"):
            if name not in self.axes:
                continue
            axis = self.axes[name]
            if axis.climatology:
                step = axis.climatology.step_of(axis.observed, self.limits[name])
            else:
                step = nearest_index(axis.grid, axis.observed, self.limits[name])
            steps[axis.dim] = step
            unknown = np.isnan(axis.observed)
            status[(status == 0) & unknown] = STATUS.index(f"no_{name}")
            status[(status == 0) & ~unknown & (step < 0)] = STATUS.index(f"outside_{name}")
        return steps, status

    def hood(self, sought: np.ndarray) -> Rectangles | Surroundings:
        """The cells within the tolerance of some of the observations."""
        lat, lon = self.axes["lat"], self.axes["lon"]
        limits = self.limits["lat"], self.limits["lon"]
        positions = lat.observed[sought], lon.observed[sought]
        if self.curvilinear:
            return Surroundings.around(CurvilinearGrid(lat.grid, lon.grid), *positions, *limits)
        return Rectangles.around(*positions, lat.grid, lon.grid, *limits)

    def cell(self, i: np.ndarray, j: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Latitude and longitude of cells, the longitude in the convention of the observations."""
        lat, lon = self.axes["lat"], self.axes["lon"]
        at = ((i, j), (i, j)) if self.curvilinear else (i, j)
        return lat.grid[at[0]], self.convention(lon.grid)[at[1]]

    def convention(self, found: np.ndarray) -> np.ndarray:
        """Longitudes as the observations have them: 0..360 when one of theirs is above 180."""
        observed = self.axes["lon"].observed
        found = found % 360
        if np.nanmax(np.where(np.isfinite(observed), observed, np.nan), initial=-180) > 180:
            return found
        return np.where(found >= 180, found - 360, found)

    def observed_times(self) -> np.ndarray:
        """Dates of the observations in universal time, NaT where unknown."""
        return times(self.df[self.columns["time"]], self.columns["time"]).to_numpy()

    def labels(self, axis: str) -> np.ndarray:
        """The values along time or depth: dates or months as the grid has them, depths positive down."""
        return self.axes[axis].grid if axis == "depth" else self.ds[self.axes[axis].dim].values


def checked(
    ds: xr.Dataset | xr.DataArray,
    df: pd.DataFrame,
    tolerance: Mapping[str, object],
    variables: Iterable[str] | None,
    columns: Mapping[str, str] | None,
    memory: float | str | None,
) -> Request:
    """A request whose parts fit together.

    Parameters
    ----------
    ds : Dataset or DataArray
    df : DataFrame
    tolerance : mapping
    variables : iterable of str, optional
    columns : mapping, optional
    memory : float, str or None

    Raises
    ------
    MatchupError
    """
    if isinstance(ds, xr.DataArray):
        ds = ds.to_dataset(name=ds.name or "value")
    if not isinstance(ds, xr.Dataset):
        raise MatchupError(tr("matchup.no_grid", kind=type(ds).__name__), tr("matchup.no_grid_hint"))
    if not isinstance(df, pd.DataFrame):
        raise MatchupError(tr("matchup.no_table", kind=type(df).__name__), tr("matchup.no_table_hint"))
    dims = dimensions(ds)
    place = (dims["lat"], dims["lon"])
    if ds[dims["lat"]].ndim == 2:
        place = tuple(ds[dims["lat"]].dims)
        ds = _without_repetition(ds, dims, place)
    names = _variables(ds, dims, place, variables)
    columns = per_axis({} if columns is None else columns, "columns")
    axes = _axes(ds, df, dims, place, names, columns)
    known = {axis: column(df, axis, columns) for axis in axes}
    limits = _limits(tolerance, axes)
    return Request(ds, df, names, dims, axes, limits, place, _bytes(memory), known)


def _without_repetition(ds: xr.Dataset, dims: dict[str, str], place: tuple[str, str]) -> xr.Dataset:
    """A curvilinear grid whose cells are there once."""
    fields = {axis: ds[dims[axis]].transpose(*place) for axis in ("lat", "lon")}
    again = repeated_cells(
        *(in_our_unit(f.values, axis, f.attrs.get("units"), dims[axis]) for axis, f in fields.items())
    )
    return ds.isel({d: slice(0, ds.sizes[d] - k) for d, k in zip(place, again, strict=True) if k})


def _bytes(memory: float | str | None) -> float:
    if memory is None:
        return default_memory()
    try:
        number = parse_bytes(memory) if isinstance(memory, str) else float(memory)
    except (TypeError, ValueError):
        number = np.nan
    if not number > 0:
        raise MatchupError(tr("matchup.bad_memory", value=memory), tr("matchup.bad_memory_hint"))
    return number


def _variables(ds, dims, place, wanted: Iterable[str] | None) -> list[str]:
    if wanted is None:
        names = [n for n, v in ds.data_vars.items() if set(place) <= set(v.dims) and v.dtype.kind in "fiub"]
    else:
        names = list(dict.fromkeys([wanted] if isinstance(wanted, str) else wanted))
        if missing := [str(n) for n in names if n not in ds.data_vars]:
            raise MatchupError(
                tr("matchup.missing_variable", names=", ".join(missing)),
                tr("matchup.variables_are", names=", ".join(map(str, ds.data_vars))),
            )
        if off := [n for n in names if not set(place) <= set(ds[n].dims) or ds[n].dtype.kind not in "fiub"]:
            raise MatchupError(
                tr("matchup.not_on_grid", names=", ".join(off)), tr("matchup.no_variable_hint")
            )
    if not names:
        raise MatchupError(tr("matchup.no_variable"), tr("matchup.no_variable_hint"))
    known = {*place, *dims.values()}
    for name in names:
        if other := [str(d) for d in ds[name].dims if d not in known]:
            raise MatchupError(
                tr("matchup.other_dimension", name=name, dims=", ".join(other)),
                tr("matchup.other_dimension_hint", dim=other[0]),
            )
    return names


def per_axis(given: object, name: str) -> Mapping:
    """An option that says something for each of some axes.

    Raises
    ------
    MatchupError
        It is no mapping, or names none of `AXES`.
    """
    refuse_other_than_mapping(given, name)
    if unknown := [str(n) for n in given if n not in AXES]:
        raise MatchupError(
            tr("matchup.unknown_axis", names=", ".join(unknown)),
            tr("matchup.unknown_axis_hint", axes=", ".join(AXES)),
        )
    return given


def refuse_other_than_mapping(given: object, name: str) -> None:
    """Raise where one value was given for all axes."""
    if not isinstance(given, Mapping):
        raise MatchupError(
            tr("matchup.no_mapping", name=name, value=given), tr("matchup.no_mapping_hint", name=name)
        )


def _axes(ds, df, dims, place, names, columns) -> dict[str, Axis]:
    axes = {}
    for axis, dim in dims.items():
        using = names if axis in ("lat", "lon") else [n for n in names if dim in ds[n].dims]
        if not using:
            continue
        source = column(df, axis, columns)
        if source is None:
            hint = "matchup.missing_axis_hint" if axis in ("time", "depth") else "matchup.missing_place_hint"
            raise MatchupError(
                tr("matchup.missing_axis", axis=axis, names=", ".join(using)), tr(hint, axis=axis, dim=dim)
            )
        grid = ds.assign_coords({dim: ds[dim].transpose(*place)}) if ds[dim].ndim == 2 else ds
        axes[axis] = axis_of(grid, df, axis, dim, source)
    return axes


def _limits(tolerance: Mapping[str, object], axes: dict[str, Axis]) -> dict[str, float | None]:
    tolerance = per_axis(tolerance, "tolerance")
    limits = {}
    for name, axis in axes.items():
        given = tolerance.get(name)
        if given is None:
            if axis.grid.size < 2 and not axis.climatology:
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
