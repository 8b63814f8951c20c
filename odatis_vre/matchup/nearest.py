"""Search for the nearest cell of a grid: arrays in, arrays out."""

from dataclasses import dataclass

import numpy as np

EARTH_RADIUS_KM = 6371.0088

# Candidate cells handled at once: some 100 MB of working memory.
_BATCH = 2_000_000


def great_circle_km(lat1, lon1, lat2, lon2) -> np.ndarray:
    """Great-circle distance on a sphere of the Earth's mean radius (haversine formula).

    Parameters
    ----------
    lat1, lon1, lat2, lon2 : float or ndarray
        Degrees.

    Returns
    -------
    ndarray
        Kilometres.

    Examples
    --------
    >>> float(great_circle_km(0.0, 179.5, 0.0, -179.5).round(1))
    111.2
    """
    lat1, lat2 = np.radians(lat1), np.radians(lat2)
    dlon = np.radians(lon2) - np.radians(lon1)
    half = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin(dlon / 2) ** 2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(half, 1)))


def half_spacing(grid: np.ndarray, circle: float | None = None) -> float:
    """Half the largest distance between neighbouring grid values.

    Parameters
    ----------
    grid : ndarray, shape (n,)
        Two values or more, in any order.
    circle : float, optional
        Length of the circle the values lie on (360 for longitudes). Its largest gap is then left out:
        it is the far side of a regional grid.

    Returns
    -------
    float

    Examples
    --------
    >>> half_spacing(np.array([358.5, 359.5, 0.5, 1.5]), circle=360)
    0.5
    """
    if circle is None:
        return float(np.diff(np.sort(grid)).max() / 2)
    ordered = np.sort(grid % circle)
    gaps = np.sort(np.diff(ordered, append=ordered[0] + circle))
    return float(gaps[-2] / 2)


def nearest_index(grid: np.ndarray, wanted: np.ndarray, tolerance: float | None) -> np.ndarray:
    """Index of the nearest grid value.

    Parameters
    ----------
    grid : ndarray, shape (n,)
        In any order.
    wanted : ndarray, shape (m,)
    tolerance : float or None
        Largest difference; None takes half the distance between the neighbouring grid values.

    Returns
    -------
    ndarray of int, shape (m,)
        -1 where nothing is within the tolerance, or `wanted` is NaN.
    """
    order = np.argsort(grid)
    ordered = grid[order]
    right = np.searchsorted(ordered, wanted).clip(0, len(grid) - 1)
    left = (right - 1).clip(0)
    at = np.where(np.abs(wanted - ordered[left]) <= np.abs(ordered[right] - wanted), left, right)
    if tolerance is None:
        gaps = np.diff(ordered)
        limit = np.maximum(np.r_[0, gaps], np.r_[gaps, 0])[at] / 2
    else:
        limit = tolerance
    with np.errstate(invalid="ignore"):
        near = np.abs(wanted - ordered[at]) <= limit
    return np.where(near, order[at], -1)


@dataclass(frozen=True)
class Windows:
    """For each observation, the cells within the tolerance: a rectangle of latitudes and longitudes.

    Longitudes are sought on the grid's circle repeated three times, so that a rectangle may cross
    the grid's edge and any convention (0..360, -180..180) meets any other.
    """

    lat: np.ndarray
    lon: np.ndarray
    row: np.ndarray
    rows: np.ndarray
    column: np.ndarray
    columns: np.ndarray
    row_index: np.ndarray
    column_index: np.ndarray
    row_lat: np.ndarray
    column_lon: np.ndarray

    @classmethod
    def around(cls, lat, lon, grid_lat, grid_lon, tolerance_lat: float, tolerance_lon: float) -> "Windows":
        """Windows of half-widths `tolerance_lat` and `tolerance_lon` (degrees) around positions.

        Parameters
        ----------
        lat, lon : ndarray, shape (m,)
            Known positions, degrees.
        grid_lat : ndarray, shape (ny,)
        grid_lon : ndarray, shape (nx,)
        """
        row_index = np.argsort(grid_lat, kind="stable")
        circle = grid_lon % 360
        once = np.argsort(circle, kind="stable")
        column_index = np.tile(once, 3)
        column_lon = np.concatenate([circle[once] - 360, circle[once], circle[once] + 360])
        row_lat, lon = grid_lat[row_index], lon % 360
        slack = 1e-9  # a cell exactly at the tolerance is within it
        half_lon = min(tolerance_lon, 180.0) + slack
        row = np.searchsorted(row_lat, lat - tolerance_lat - slack)
        column = np.searchsorted(column_lon, lon - half_lon)
        return cls(
            lat,
            lon,
            row,
            np.searchsorted(row_lat, lat + tolerance_lat + slack, side="right") - row,
            column,
            np.searchsorted(column_lon, lon + half_lon, side="right") - column,
            row_index,
            column_index,
            row_lat,
            column_lon,
        )

    @property
    def size(self) -> np.ndarray:
        """Number of cells in each window, shape (m,)."""
        return self.rows * self.columns

    def nearest_meridian(self) -> "Windows":
        """The same windows, each narrowed to its nearest column.

        On a row, the nearest cell is the one nearest in longitude: the narrowed window still holds
        the nearest cell of all.
        """
        right = np.searchsorted(self.column_lon, self.lon).clip(1, len(self.column_lon) - 1)
        left = right - 1
        nearer = self.lon - self.column_lon[left] <= self.column_lon[right] - self.lon
        column = np.where(nearer, left, right)
        return self._with(column=column, columns=np.where(self.columns > 0, 1, 0))

    def of(self, which: np.ndarray) -> "Windows":
        """The windows of some of the observations."""
        names = ("lat", "lon", "row", "rows", "column", "columns")
        return self._with(**{name: getattr(self, name)[which] for name in names})

    def _with(self, **changes) -> "Windows":
        return Windows(**{**self.__dict__, **changes})

    def batches(self):
        """Cells of the windows, a bounded number at once.

        Yields
        ------
        owner, row, column : ndarray of int
            Observation, row of `row_lat` and column of `column_lon` of each cell.
        """
        cut = np.cumsum(self.size) // _BATCH
        for batch in np.unique(cut):
            yield self._cells(np.flatnonzero(cut == batch))

    def _cells(self, members: np.ndarray):
        size, width = self.size[members], self.columns[members]
        place = np.repeat(np.arange(len(members)), size)
        offset = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
        row = self.row[members][place] + offset // width[place]
        column = self.column[members][place] + offset % width[place]
        return members[place], row, column

    def nearest(self, is_wet) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The nearest wet cell of each window.

        Parameters
        ----------
        is_wet : callable
            `is_wet(owner, i, j)` with indices of the grid: True where the cell has values.

        Returns
        -------
        row, column : ndarray of int, shape (m,)
            -1 where no cell of the window is wet.
        distance : ndarray, shape (m,)
            Kilometres, NaN where none.
        """
        best = np.full(len(self.lat), np.inf)
        found = np.full((2, len(self.lat)), -1)
        for owner, row, column in self.batches():
            distance = great_circle_km(
                self.lat[owner], self.lon[owner], self.row_lat[row], self.column_lon[column]
            )
            wet = is_wet(owner, self.row_index[row], self.column_index[column])
            distance = np.where(wet, distance, np.inf)
            np.minimum.at(best, owner, distance)
            winner = np.flatnonzero((distance == best[owner]) & wet)
            owners, first = np.unique(owner[winner], return_index=True)
            found[:, owners] = row[winner[first]], column[winner[first]]
        return found[0], found[1], np.where(np.isfinite(best), best, np.nan)
