"""Grids whose latitude and longitude have two dimensions: model grids, swaths."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.spatial import cKDTree

from odatis_vre.matchup.nearest import EARTH_RADIUS_KM, great_circle_km
from odatis_vre.matchup.pieces import repeated
from odatis_vre.matchup.rectangles import Spans, batches

# A cell exactly at the tolerance is within it.
_SLACK = 1e-9


@dataclass(frozen=True)
class CurvilinearGrid:
    """Positions of the cells of a grid, and a tree to search them.

    Attributes
    ----------
    lat, lon : ndarray, shape (ny, nx)
        Degrees; NaN where a cell has no position.
    """

    lat: np.ndarray
    lon: np.ndarray
    tree: cKDTree = field(init=False, repr=False, compare=False)
    cell: np.ndarray = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        cell = np.flatnonzero(np.isfinite(self.lat) & np.isfinite(self.lon))
        object.__setattr__(self, "cell", cell)
        object.__setattr__(self, "tree", cKDTree(on_sphere(self.lat.ravel()[cell], self.lon.ravel()[cell])))

    def half_spacing(self) -> tuple[np.ndarray, np.ndarray]:
        """Half the largest difference to a neighbouring cell, in latitude and longitude, shape (ny, nx)."""
        return _half_spacing(self.lat, None), _half_spacing(self.lon, 360.0)

    def nearest(self, lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
        """Flat index of the nearest cell to each position, shape (m,)."""
        if not len(self.cell):
            return np.full(len(lat), -1)
        return self.cell[self.tree.query(on_sphere(lat, lon))[1]] if len(lat) else np.empty(0, dtype=int)


def on_sphere(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """Positions as points of the unit sphere, shape (m, 3)."""
    lat, lon = np.radians(lat), np.radians(lon)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Difference of longitudes on the circle, 0..180 degrees."""
    return np.abs((a - b + 180) % 360 - 180)


def closed_dimensions(lat: np.ndarray, lon: np.ndarray) -> tuple[bool, bool]:
    """Whether a grid goes around the Earth along its first, and along its second dimension.

    Beyond its last cell lies its first one, about a step away and in the same direction.

    Parameters
    ----------
    lat, lon : ndarray, shape (ny, nx)

    Examples
    --------
    >>> lon, lat = np.meshgrid(np.arange(0, 360, 10), [-10, 0, 10])
    >>> closed_dimensions(lat, lon)
    (False, True)
    """
    return _closes(lat, lon), _closes(lat.T, lon.T)


def _closes(lat: np.ndarray, lon: np.ndarray) -> bool:
    """Whether lines along the first dimension come back to their start."""
    if len(lat) < 3:
        return False
    ends = [0, 1, -2, -1]
    at = on_sphere(lat[ends], lon[ends])
    first, last, over = at[1] - at[0], at[3] - at[2], at[0] - at[3]
    step, before = np.linalg.norm(over, axis=-1), np.linalg.norm([first, last], axis=-1)
    onwards = (np.einsum("lk,lk->l", over, first) > 0) & (np.einsum("lk,lk->l", over, last) > 0)
    known = np.isfinite(step) & np.isfinite(before).all(axis=0)
    return bool(known.any() and np.mean((onwards & (step <= 1.5 * before.max(axis=0)))[known]) > 0.9)


def repeated_cells(lat: np.ndarray, lon: np.ndarray) -> tuple[int, int]:
    """How many of the last cells along each dimension are the first ones again, as in the grids of NEMO.

    Parameters
    ----------
    lat, lon : ndarray, shape (ny, nx)

    Examples
    --------
    >>> lon, lat = np.meshgrid(np.arange(0, 380, 10), [-10, 0, 10])
    >>> repeated_cells(lat, lon)
    (0, 2)
    """
    return _repeats(lat, lon), _repeats(lat.T, lon.T)


def _repeats(lat: np.ndarray, lon: np.ndarray) -> int:
    for count in (2, 1):
        if len(lat) <= 2 * count:
            continue
        first, last = (on_sphere(lat[k], lon[k]) for k in (slice(0, count), slice(-count, None)))
        if np.isfinite(first).any() and np.allclose(first, last, atol=1e-7, equal_nan=True):
            return count
    return 0


def _half_spacing(values: np.ndarray, circle: float | None) -> np.ndarray:
    half = np.zeros(values.shape)
    for axis in (0, 1):
        low, high = np.moveaxis(values, axis, 0)[:-1], np.moveaxis(values, axis, 0)[1:]
        gap = np.abs(high - low) if circle is None else difference(high, low)
        out = np.moveaxis(half, axis, 0)
        out[:-1] = np.fmax(out[:-1], gap / 2)
        out[1:] = np.fmax(out[1:], gap / 2)
    return half


@dataclass(frozen=True)
class Surroundings:
    """For each observation, the cells of a curvilinear grid within the tolerance.

    Attributes
    ----------
    grid : CurvilinearGrid
    lat, lon : ndarray, shape (m,)
        Known positions, degrees.
    half_lat, half_lon : ndarray, shape (m,)
        Tolerance, degrees.
    """

    grid: CurvilinearGrid
    lat: np.ndarray
    lon: np.ndarray
    half_lat: np.ndarray
    half_lon: np.ndarray

    @classmethod
    def around(cls, grid: CurvilinearGrid, lat, lon, half_lat: float | None, half_lon: float | None):
        """Surroundings of positions; a tolerance of None is that of the nearest cell's own size."""
        at = grid.nearest(lat, lon)
        own = [h.ravel()[at] if h.size else np.zeros(len(lat)) for h in grid.half_spacing()]
        given = (half_lat, half_lon)
        half = [o if g is None else np.full(len(lat), float(g)) for o, g in zip(own, given, strict=True)]
        return cls(grid, lat, lon % 360, *half)

    def __len__(self) -> int:
        return len(self.lat)

    def of(self, which: np.ndarray) -> "Surroundings":
        """The surroundings of some of the observations."""
        names = ("lat", "lon", "half_lat", "half_lon")
        return replace(self, **{name: getattr(self, name)[which] for name in names})

    def key(self) -> list[np.ndarray]:
        """What two observations of the same cells have in common: their position."""
        return [self.lat, self.lon]

    def spans(self) -> Spans:
        """The whole grid: the cells are no rectangle of its indices."""
        return Spans.whole(len(self), *self.grid.lat.shape)

    def reach(self) -> Spans:
        """The same for each row and each column of the grid."""
        return self.spans()

    def count(self) -> int:
        """Number of cells of all observations, those just beyond the tolerance included."""
        return int(np.sum(self._size(on_sphere(self.lat, self.lon), self._chord())))

    def _size(self, here: np.ndarray, radius: np.ndarray) -> np.ndarray:
        if not len(here) or not len(self.grid.cell):
            return np.zeros(len(here), dtype=int)
        return np.asarray(self.grid.tree.query_ball_point(here, radius, return_length=True))

    def nearest(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The nearest cell of each observation, wet or dry, as `Rectangles.nearest`."""
        at = self.grid.nearest(self.lat, self.lon)
        within, distance = self._within(np.arange(len(at)), at)
        far = np.flatnonzero(~within)
        at[far], distance[far] = -1, np.nan
        # The nearest of all lies beyond one of the tolerances: a farther one may still be within both.
        for owner, i, j, away in self.of(far).cells():
            order = np.lexsort([away, owner])
            first = order[np.diff(owner[order], prepend=-1) != 0]
            mine = far[owner[first]]
            at[mine], distance[mine] = i[first] * self.grid.lat.shape[1] + j[first], away[first]
        i, j = np.divmod(at, self.grid.lat.shape[1])
        return np.where(at < 0, -1, i), np.where(at < 0, -1, j), distance

    def cells(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        """The cells within the tolerance, a bounded number at once, as `Rectangles.cells`."""
        radius, here = self._chord(), on_sphere(self.lat, self.lon)
        size = self._size(here, radius)
        for members in batches(size):
            if not size[members].any():
                continue
            lists = self.grid.tree.query_ball_point(here[members], radius[members], return_sorted=True)
            place, _ = repeated(np.array([len(found) for found in lists], dtype=int))
            at = self.grid.cell[np.concatenate([np.asarray(found, dtype=int) for found in lists])]
            owner = members[place]
            within, distance = self._within(owner, at)
            owner, at, distance = owner[within], at[within], distance[within]
            i, j = np.divmod(at, self.grid.lat.shape[1])
            yield owner, i, j, distance

    def places(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """The same without their distance."""
        for owner, i, j, _ in self.cells():
            yield owner, i, j

    def _within(self, owner: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        lat, lon = self.grid.lat.ravel()[at], self.grid.lon.ravel()[at]
        near_lat = np.abs(lat - self.lat[owner]) <= self.half_lat[owner] + _SLACK
        near_lon = difference(lon, self.lon[owner]) <= self.half_lon[owner] + _SLACK
        distance = great_circle_km(self.lat[owner], self.lon[owner], lat, lon)
        return near_lat & near_lon & (at >= 0), distance

    def _chord(self) -> np.ndarray:
        """Length of the straight line to the farthest corner of the tolerance."""
        away = np.minimum(self.half_lon, 180.0)
        north, south = np.minimum(self.lat + self.half_lat, 90), np.maximum(self.lat - self.half_lat, -90)
        corners = [great_circle_km(self.lat, self.lon, edge, self.lon + away) for edge in (north, south)]
        return 2 * np.sin(np.maximum(*corners) / (2 * EARTH_RADIUS_KM)) * (1 + 1e-6) + _SLACK
