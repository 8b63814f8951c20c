"""Axes: which variable is the latitude, the longitude, the depth, the time; their names and attributes."""

import re

import numpy as np
import xarray as xr

from odatis_vre.i18n import tr
from odatis_vre.units import UnitsError, canonical

__all__ = ["axis_of", "edges_to_bounds", "name_axes"]

_STANDARD = {"lat": "latitude", "lon": "longitude", "depth": "depth", "time": "time"}
_LETTERS = {"lat": "Y", "lon": "X", "depth": "Z", "time": "T"}
_UNITS = {"lat": "degrees_north", "lon": "degrees_east"}
_NAMES = {
    "lat": re.compile(r"(lat|latitude|nav_lat|ylat|latitudes?_?\w?)", re.IGNORECASE),
    "lon": re.compile(r"(lon|longitude|nav_lon|xlon|longitudes?_?\w?)", re.IGNORECASE),
    "depth": re.compile(r"(depth|depths|deptht|profondeur|prof|z_?(levels?|t)|lev|zax\w*)", re.IGNORECASE),
    "time": re.compile(r"(time|date|temps|juld|time_counter)", re.IGNORECASE),
}


def axis_of(name: str, variable: xr.Variable) -> str | None:
    """Which axis a variable is: "lat", "lon", "depth", "time", or none."""
    attrs = variable.attrs
    standard = str(attrs.get("standard_name", ""))
    for axis, known in _STANDARD.items():
        if standard == known:
            return axis
    if standard:  # altitude, pressure, grid coordinates: not ours
        return None
    if np.issubdtype(variable.dtype, np.datetime64) or _holds_dates(variable):
        return (
            "time"
            if _NAMES["time"].fullmatch(name) or attrs.get("axis") == "T" or variable.dims == (name,)
            else None
        )
    units = str(attrs.get("units", ""))
    for axis, ours in _UNITS.items():
        if _same(units, ours) and not _same(units, "degrees"):
            return axis
    for axis in ("lat", "lon"):
        if _NAMES[axis].fullmatch(name) and (not units or units.lower().startswith("deg")):
            return axis
    metres = _same(units, "m")
    if metres and str(attrs.get("positive", "")).lower() in ("down", "up") and variable.ndim == 1:
        return "depth"
    if variable.dims == (name,) and (metres or not units):
        # "z" may be a height: below the sea it is none
        below = name.lower() == "z" and variable.size > 0 and bool(np.nanmax(variable.values) <= 0)
        if below or _NAMES["depth"].fullmatch(name):
            return "depth"
    return None


def _holds_dates(variable: xr.Variable) -> bool:
    if variable.dtype != object or variable.size == 0 or variable.ndim != 1:
        return False
    return hasattr(np.ravel(variable[:1].values)[0], "calendar")


def _same(units: str, ours: str) -> bool:
    try:
        return canonical(units) == ours
    except UnitsError:
        return False


def edges_to_bounds(ds: xr.Dataset, changes: list[str]) -> xr.Dataset:
    """Ferret's `edges`, one more than the points, become CF's `bounds`, two a point."""
    for name in [str(name) for name in ds.coords]:
        if name not in ds.coords:
            continue  # the edges themselves, already taken
        edges = str(ds[name].attrs.get("edges", "")).strip()
        if "edges" in ds[name].attrs:
            del ds[name].attrs["edges"]
        if edges not in ds.variables or ds[name].ndim != 1 or ds[edges].size != ds[name].size + 1:
            continue
        values = ds[edges].values
        ds = ds.drop_vars(edges)
        ds[f"{name}_bounds"] = ((ds[name].dims[0], "bounds"), np.stack([values[:-1], values[1:]], axis=1))
        ds = ds.set_coords(f"{name}_bounds")
        ds[name].attrs["bounds"] = f"{name}_bounds"
        changes.append(tr("clean.edges", edges=edges, bounds=f"{name}_bounds"))
    return ds


def name_axes(ds: xr.Dataset, changes: list[str]) -> xr.Dataset:
    """Call the axes `lon`, `lat`, `depth` and `time`, and give them CF's attributes."""
    found: dict[str, list[str]] = {}
    for name, variable in ds.variables.items():
        if axis := axis_of(str(name), variable):
            found.setdefault(axis, []).append(str(name))
    for axis, names in found.items():
        flat = [name for name in names if name in ds.dims]
        chosen = flat or names
        if len(chosen) != 1:
            continue  # staggered grids: nobody may choose
        ds = _named(ds, chosen[0], axis, changes)
    return ds


def _named(ds: xr.Dataset, name: str, axis: str, changes: list[str]) -> xr.Dataset:
    ds = ds.set_coords(name)
    if name != axis and axis not in ds.variables and axis not in ds.dims:
        bounds = ds[name].attrs.get("bounds")
        ds = ds.rename({name: axis})
        if bounds == f"{name}_bounds" and bounds in ds.variables:
            ds = ds.rename({bounds: f"{axis}_bounds"})
            ds[axis].attrs["bounds"] = f"{axis}_bounds"
        changes.append(tr("clean.renamed", written=name, name=axis))
        name = axis
    coord = ds[name]
    dim = coord.dims[0] if coord.ndim == 1 else None
    alone = dim is not None and dim != name and dim not in ds.variables and _is_axis(coord)
    others = [other for other, variable in ds.coords.items() if variable.dims == (dim,) and other != name]
    if alone and not any(axis_of(str(other), ds.variables[other]) for other in others):
        ds = ds.swap_dims({dim: name})
        changes.append(tr("clean.dimension", written=dim, name=name))
    attrs = ds[name].attrs
    wanted = {"standard_name": _STANDARD[axis]} | ({"axis": _LETTERS[axis]} if name in ds.dims else {})
    if axis in _UNITS:
        wanted["units"] = _UNITS[axis]
    added = {key: value for key, value in wanted.items() if attrs.get(key) != value}
    if added:
        attrs.update(added)
        told = ", ".join(f"{key}={value}" for key, value in added.items())
        changes.append(tr("clean.axis", name=name, attributes=told))
    return ds


def _is_axis(coord: xr.DataArray) -> bool:
    values = np.asarray(coord.values)
    if values.size < 2 or not np.issubdtype(values.dtype, np.number):
        return values.size == 1
    steps = np.diff(values)
    return bool((steps > 0).all() or (steps < 0).all())
