"""Places on the sphere: distances, areas of grid cells, the latitude and longitude of tables and grids."""

import numpy as np
import pandas as pd
import xarray as xr

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr

EARTH_RADIUS_KM = 6371.0088
_CALLED = {
    "lat": ("lat", "latitude", "nav_lat", "degrees_north"),
    "lon": ("lon", "longitude", "nav_lon", "degrees_east"),
}


def positions(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude of each row.

    Parameters
    ----------
    table : DataFrame, n rows
        Has columns (or index levels) `lat` and `lon`, in degrees.

    Returns
    -------
    lat, lon : ndarray, shape (n,)
        NaN where unknown.

    Raises
    ------
    NicheError
        One of the columns is missing, or a latitude is not in -90..90.
    """
    found = {}
    for axis in ("lat", "lon"):
        if axis in getattr(table, "columns", ()):
            found[axis] = table[axis].to_numpy(float, na_value=np.nan)
        elif axis in getattr(getattr(table, "index", None), "names", ()):
            found[axis] = table.index.get_level_values(axis).to_numpy(float)
    if len(found) < 2:
        raise NicheError(
            tr("evaluation.no_position", columns=", ".join(map(str, getattr(table, "columns", ())))),
            tr("evaluation.no_position_hint"),
        )
    if (np.abs(found["lat"]) > 90).any():
        worst = found["lat"][np.nanargmax(np.abs(found["lat"]))]
        raise NicheError(tr("evaluation.bad_latitude", value=worst), tr("evaluation.bad_latitude_hint"))
    return found["lat"], found["lon"]


def axis_of(grid: xr.Dataset | xr.DataArray, axis: str) -> xr.DataArray:
    """The coordinate of latitude or longitude of a grid, by its name, standard name or units.

    Parameters
    ----------
    grid : Dataset or DataArray
    axis : {"lat", "lon"}

    Raises
    ------
    NicheError
        There is none.
    """
    for name, coordinate in grid.coords.items():
        told = (str(name), coordinate.attrs.get("standard_name"), coordinate.attrs.get("units"))
        if set(_CALLED[axis]) & set(told):
            return coordinate
    raise NicheError(
        tr("evaluation.no_axis", axis=axis, coords=", ".join(map(str, grid.coords))),
        tr("evaluation.no_axis_hint", axis=axis),
    )


def unit_vectors(lat, lon) -> np.ndarray:
    """Points on the unit sphere.

    Parameters
    ----------
    lat, lon : ndarray, shape (n,)
        Degrees.

    Returns
    -------
    ndarray, shape (n, 3)
    """
    lat, lon = np.radians(lat), np.radians(lon)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def chord(distance_km: float) -> float:
    """The straight line through the unit sphere that spans a distance on the Earth's surface."""
    return 2 * np.sin(min(distance_km / EARTH_RADIUS_KM, np.pi) / 2)


def arc_km(chord_length) -> np.ndarray:
    """The distance on the Earth's surface that a straight line through the unit sphere spans."""
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(np.asarray(chord_length) / 2, 1))


def cell_area(grid: xr.Dataset | xr.DataArray) -> xr.DataArray:
    """Area of the cells of a grid of latitude and longitude.

    Parameters
    ----------
    grid : Dataset or DataArray
        Latitude and longitude are one-dimensional; cells meet halfway between neighbours.

    Returns
    -------
    DataArray, dims (lat, lon)
        km2, on a sphere of 6371.0088 km.

    Raises
    ------
    NicheError
        No latitude or longitude, more than one dimension each, or fewer than two values.
    """
    lat, lon = axis_of(grid, "lat"), axis_of(grid, "lon")
    if lat.ndim != 1 or lon.ndim != 1 or lat.size < 2 or lon.size < 2:
        raise NicheError(
            tr("evaluation.no_cell_area", lat=lat.shape, lon=lon.shape), tr("evaluation.no_cell_area_hint")
        )
    limits = np.clip(_limits(lat.values.astype(float)), -90, 90)
    height = np.abs(np.diff(np.sin(np.radians(limits))))
    steps = np.diff(lon.values.astype(float))
    steps = (steps + 180) % 360 - 180  # a grid that crosses the dateline
    turned = np.append(0, np.cumsum(steps))
    width = np.radians(np.abs(np.diff(_limits(turned))))
    return EARTH_RADIUS_KM**2 * lat.copy(data=height) * lon.copy(data=width)


def _limits(centres: np.ndarray) -> np.ndarray:
    half = np.diff(centres) / 2
    return np.concatenate([[centres[0] - half[0]], centres[:-1] + half, [centres[-1] + half[-1]]])
