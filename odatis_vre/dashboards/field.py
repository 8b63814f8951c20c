"""A gridded variable as an explorer reads it: maps, the nearest wet cell, series and profiles."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from odatis_vre.matchup.nearest import great_circle_km

__all__ = ["Cell", "Field", "Layer"]

_MOST_PIXELS = 1200  # a map travels with at most this many pixels a side
_WHOLE_RANGE = 200e6  # bytes; a larger variable takes its colour range from the first map


@dataclass(frozen=True)
class Cell:
    """A grid cell with a value, and how far it is from the place that was asked for.

    Parameters
    ----------
    lat, lon : float
        Centre, degrees.
    distance : float
        Kilometres.
    value : float
    index : dict of str to int
        Its place on the grid.
    """

    lat: float
    lon: float
    distance: float
    value: float
    index: dict


@dataclass(frozen=True)
class Layer:
    """One map.

    Parameters
    ----------
    values : array (lat, lon)
        NaN where there is no value.
    lat, lon : array
        Ascending, degrees.
    names : tuple of str
        The grid's own names of latitude and longitude.
    flipped : tuple of bool
        Whether the grid runs the other way.
    """

    values: np.ndarray
    lat: np.ndarray
    lon: np.ndarray
    names: tuple[str, str]
    flipped: tuple[bool, bool]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Outer edges of the cells, on the Earth: west, south, east, north."""
        west, south, east, north = self.edges
        return west, max(south, -90.0), east, min(north, 90.0)

    @property
    def edges(self) -> tuple[float, float, float, float]:
        """Outer edges of the pixels, as `bounds`; of a row at a pole, half lies past it."""
        (west, east), (south, north) = (_edges(axis) for axis in (self.lon, self.lat))
        return west, south, east, north

    @property
    def pixels(self) -> np.ndarray:
        """The values on even pixels between the `edges`: each pixel has the value of the nearest cell.

        On an even grid of a screen's size these are the cells; an uneven axis is resampled to its
        finest step, a larger grid is thinned.
        """
        return self.values[np.ix_(_nearest(self.lat), _nearest(self.lon))].astype("float32")

    def nearest(self, lat: float, lon: float) -> Cell | None:
        """The nearest cell that has a value; None on an empty map.

        Parameters
        ----------
        lat, lon : float
            Degrees; any turn of longitude.
        """
        wet = np.isfinite(self.values)
        if not wet.any():
            return None
        distance = great_circle_km(lat, lon, self.lat[:, None], self.lon[None, :])
        i, j = np.unravel_index(np.argmin(np.where(wet, distance, np.inf)), wet.shape)
        place = [n - 1 - k if f else k for n, k, f in zip(wet.shape, (i, j), self.flipped, strict=True)]
        return Cell(
            float(self.lat[i]),
            float(self.lon[j]),
            float(distance[i, j]),
            float(self.values[i, j]),
            dict(zip(self.names, map(int, place), strict=True)),
        )

    def summary(self) -> dict[str, float]:
        """Least, area-weighted mean and greatest value, and the part of the cells that have one."""
        wet = np.isfinite(self.values)
        if not wet.any():
            return {"min": np.nan, "mean": np.nan, "max": np.nan, "covered": 0.0}
        weights = np.where(wet, np.cos(np.radians(self.lat))[:, None], 0.0)
        mean = np.sum(np.where(wet, self.values, 0.0) * weights) / weights.sum()
        return {
            "min": float(np.nanmin(self.values)),
            "mean": float(mean),
            "max": float(np.nanmax(self.values)),
            "covered": float(wet.mean()),
        }

    def bands(self, width: float = 10.0) -> list[tuple[float, float, dict[str, float]]]:
        """The summary of each band of latitude, from north to south: the map as a table."""
        rows = []
        for south in np.arange(90 - width, -91, -width):
            north = south + width
            # The pole itself belongs to the band below it.
            inside = (self.lat >= south) & ((self.lat < north) | (north >= 90))
            if inside.any() and np.isfinite(self.values[inside]).any():
                part = Layer(self.values[inside], self.lat[inside], self.lon, self.names, self.flipped)
                rows.append((float(south), float(north), part.summary()))
        return rows


def _edges(axis: np.ndarray) -> tuple[float, float]:
    half = np.diff(axis)[[0, -1]] / 2 if len(axis) > 1 else np.array([0.5, 0.5])
    return float(axis[0] - half[0]), float(axis[-1] + half[1])


def _nearest(axis: np.ndarray) -> np.ndarray:
    """The place on an ascending axis of each of its even pixels."""
    low, high = _edges(axis)
    finest = np.diff(axis).min(initial=high - low)
    count = min(_MOST_PIXELS, round((high - low) / finest))
    centres = low + (np.arange(count) + 0.5) * (high - low) / count
    return np.searchsorted((axis[1:] + axis[:-1]) / 2, centres)


class Field:
    """A variable on a regular grid.

    Parameters
    ----------
    data : DataArray
        With latitude and longitude, and maybe time and depth, in any order.
    climatology : bool
        Whether its time is a month of any year.
    """

    def __init__(self, data: xr.DataArray, climatology: bool = False):
        self.data = data
        self.climatology = climatology
        self.lat, self.lon = self._axis("latitude", "lat"), self._axis("longitude", "lon")
        self.time, self.depth = self._axis("T", "time"), self._axis("Z", "depth")

    @staticmethod
    def is_mapped(data: xr.DataArray) -> bool:
        """Whether a variable has a latitude and a longitude axis."""
        field = Field(data)
        return field.lat is not None and field.lon is not None

    def _axis(self, key: str, name: str) -> str | None:
        import cf_xarray  # noqa: F401 - gives DataArray.cf

        found = [*self.data.cf.coordinates.get(key, ()), *self.data.cf.axes.get(key, ()), name]
        return next((known for known in found if known in self.data.dims), None)

    @property
    def times(self) -> list:
        """The time steps; empty without a time axis."""
        return [] if self.time is None else list(self.data[self.time].values)

    @property
    def depths(self) -> list[float]:
        """Metres, positive down; empty without a depth axis."""
        return [] if self.depth is None else [float(value) for value in self.data[self.depth].values]

    def at(self, time: int = 0, depth: int = 0) -> Layer:
        """The map of a time step and a level.

        Parameters
        ----------
        time, depth : int
            Positions; ignored without such an axis.
        """
        index = {axis: n for axis, n in ((self.time, time), (self.depth, depth)) if axis is not None}
        part = self.data.isel(index).transpose(self.lat, self.lon)
        flipped = tuple(
            bool(part[axis].size > 1 and part[axis][0] > part[axis][-1]) for axis in (self.lat, self.lon)
        )
        part = part.isel(
            {axis: slice(None, None, -1) for axis, f in zip((self.lat, self.lon), flipped, strict=True) if f}
        )
        return Layer(
            part.values.astype("float64"),
            part[self.lat].values.astype("float64"),
            part[self.lon].values.astype("float64"),
            (self.lat, self.lon),
            flipped,
        )

    def series(self, cell: Cell, depth: int = 0) -> np.ndarray:
        """The values of a cell through time, at one level."""
        index = {**cell.index, **({self.depth: depth} if self.depth else {})}
        return self.data.isel(index).values.astype("float64")

    def profile(self, cell: Cell, time: int = 0) -> np.ndarray:
        """The values of a cell from the surface down, at one time step."""
        index = {**cell.index, **({self.time: time} if self.time else {})}
        return self.data.isel(index).values.astype("float64")

    @cached_property
    def sample(self) -> np.ndarray:
        """Values to take a colour range from: all of them, or of one map where that is too much."""
        data = self.data if self.data.nbytes <= _WHOLE_RANGE else None
        values = self.at().values if data is None else data.values
        return values[np.isfinite(values)]
