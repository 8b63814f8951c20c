"""The cells of a grid of latitudes and longitudes within a tolerance of each observation."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from odatis_vre.matchup.nearest import great_circle_km, half_spacing, nearest_of
from odatis_vre.matchup.pieces import repeated

# Candidate cells handled at once: some 100 MB of working memory.
BATCH = 2_000_000

# Observations whose nearest cells are sought at once: their numbers stay in the processor's cache.
_ROWS = 16_384

# A cell exactly at the tolerance is within it.
_SLACK = 1e-9


@dataclass(frozen=True)
class Spans:
    """Where the cells of each of m observations lie in the grid's own order.

    Attributes
    ----------
    rows, columns : (ndarray of int, ndarray of int), shape (m,)
        First index and number along the first and the second dimension. Columns may begin below 0 or end
        above the size of the grid: it is then a circle.
    exact : bool
        Spans hold these cells only; else they are the whole grid.
    """

    rows: tuple[np.ndarray, np.ndarray]
    columns: tuple[np.ndarray, np.ndarray]
    exact: bool = True

    @classmethod
    def whole(cls, m: int, ny: int, nx: int) -> "Spans":
        """The whole grid for each observation."""
        first = np.zeros(m, dtype=int)
        return cls((first, np.full(m, ny)), (first, np.full(m, nx)), exact=False)


@dataclass(frozen=True)
class Rectangles:
    """For each observation, the cells within the tolerance: a rectangle of latitudes and longitudes.

    Longitudes are sought on the grid's circle repeated three times, so that a rectangle may cross
    the grid's edge and any convention (0..360, -180..180) meets any other.

    Attributes
    ----------
    lat, lon : ndarray, shape (m,)
        Known positions, degrees; longitudes 0..360.
    half_lat, half_lon : ndarray, shape (m,)
        Tolerance, degrees.
    row_lat, column_lon : ndarray, shape (ny,), (3 * nx,)
        The grid, ascending.
    row_index, column_index : ndarray of int
        Indices of these on the grid.
    """

    lat: np.ndarray
    lon: np.ndarray
    half_lat: np.ndarray
    half_lon: np.ndarray
    row_lat: np.ndarray
    column_lon: np.ndarray
    row_index: np.ndarray
    column_index: np.ndarray

    @classmethod
    def around(cls, lat, lon, grid_lat, grid_lon, tolerance_lat, tolerance_lon) -> "Rectangles":
        """Rectangles of half-widths `tolerance_lat` and `tolerance_lon` around positions.

        Parameters
        ----------
        lat, lon : ndarray, shape (m,)
            Known positions, degrees.
        grid_lat : ndarray, shape (ny,)
        grid_lon : ndarray, shape (nx,)
        tolerance_lat, tolerance_lon : float or None
            Degrees; None is the size of the cell that is nearest along the axis.
        """
        lon = lon % 360
        row_index = np.argsort(grid_lat, kind="stable")
        row_lat = grid_lat[row_index]
        circle = grid_lon % 360
        once = np.argsort(circle, kind="stable")
        column_lon = np.concatenate([circle[once] - 360, circle[once], circle[once] + 360])
        if tolerance_lat is None:
            tolerance_lat = half_spacing(row_lat)[nearest_of(row_lat, lat)]
        if tolerance_lon is None:
            tolerance_lon = half_spacing(circle[once], 360)[nearest_of(column_lon, lon) % len(once)]
        half_lat, half_lon = (
            np.broadcast_to(np.minimum(t, 180.0) + _SLACK, lat.shape) for t in (tolerance_lat, tolerance_lon)
        )
        return cls(lat, lon, half_lat, half_lon, row_lat, column_lon, row_index, np.tile(once, 3))

    def __len__(self) -> int:
        return len(self.lat)

    def of(self, which: np.ndarray | slice) -> "Rectangles":
        """The rectangles of some of the observations."""
        names = ("lat", "lon", "half_lat", "half_lon")
        return replace(self, **{name: getattr(self, name)[which] for name in names})

    @cached_property
    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """First row of each rectangle, and number of rows."""
        return _within(self.row_lat, self.lat, self.half_lat)

    @cached_property
    def columns(self) -> tuple[np.ndarray, np.ndarray]:
        """First column of each rectangle, and number of columns."""
        return _within(self.column_lon, self.lon, self.half_lon)

    def key(self) -> list[np.ndarray]:
        """What two rectangles of the same cells have in common."""
        return [*self.rows, *self.columns]

    def nearest(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The nearest cell of each rectangle, wet or dry.

        On a row, the nearest cell is the one nearest in longitude; on that meridian, cells are the farther
        the more their latitude differs from that of the foot of the perpendicular.

        Returns
        -------
        i, j : ndarray of int, shape (m,)
            Indices along latitude and longitude, -1 where the rectangle is empty.
        distance : ndarray, shape (m,)
            Kilometres, NaN where none.
        """
        i, j = np.empty((2, len(self)), dtype=np.int64)
        distance = np.empty(len(self))
        for begin in range(0, len(self), _ROWS):
            part = slice(begin, begin + _ROWS)
            i[part], j[part], distance[part] = self.of(part)._nearest()
        return i, j, distance

    def _nearest(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        column = nearest_of(self.column_lon, self.lon)
        row = self._nearest_row(self.column_lon[column] - self.lon)
        found = np.abs(self.column_lon[column] - self.lon) <= self.half_lon
        far = np.flatnonzero(found & (np.abs(self.row_lat[row] - self.lat) > self.half_lat))
        first, count = self.of(far).rows
        row[far] = np.clip(row[far], first, np.maximum(first + count - 1, 0))
        found[far] = count > 0
        distance = great_circle_km(self.lat, self.lon, self.row_lat[row], self.column_lon[column])
        i = np.where(found, self.row_index[row], -1)
        j = np.where(found, self.column_index[column], -1)
        return i, j, np.where(found, distance, np.nan)

    def _nearest_row(self, dlon: np.ndarray) -> np.ndarray:
        """The row nearest to the foot of the perpendicular on a meridian `dlon` degrees away."""
        row = nearest_of(self.row_lat, self.lat)
        if len(self.row_lat) == 1:
            return row
        # The foot is less than dlon ** 2 / 2 radians away: it matters near the middle between two rows only.
        middle = np.r_[-np.inf, (self.row_lat[1:] + self.row_lat[:-1]) / 2, np.inf]
        off = np.abs(np.radians(dlon))
        slack = np.where(off < 0.5, np.degrees(off**2), np.inf)
        close = (self.lat - middle[row] <= slack) | (middle[row + 1] - self.lat <= slack)
        some = np.flatnonzero(close)
        lat, dlon = np.radians(self.lat[some]), np.radians(dlon[some])
        foot = np.arctan2(np.sin(lat), np.cos(lat) * np.cos(dlon))
        row[some] = nearest_of(self.row_lat, np.degrees(foot))
        return row

    def spans(self) -> Spans:
        """First index and number of cells along each dimension."""
        ny, nx = len(self.row_index), len(self.column_index) // 3
        rows = _span(self.row_index, *self.rows, ny)
        columns = _span(self.column_index[nx : 2 * nx], self.columns[0] - nx, self.columns[1], nx)
        if rows is None or columns is None:
            return Spans.whole(len(self), ny, nx)
        return Spans(rows, columns)

    def reach(self) -> Spans:
        """The same for each row and each column of the grid: spans that hold any rectangle around them.

        An observation lies within the tolerance of its nearest cell; half-way to the next one at most in
        longitude, and in latitude by as much as the foot of the perpendicular may be away in addition.
        """
        nx = len(self.column_index) // 3
        rows, columns = np.argsort(self.row_index), nx + np.argsort(self.column_index[nx : 2 * nx])
        between_rows, between_columns = (
            np.diff(line).max(initial=0) / 2 for line in (self.row_lat, self.column_lon)
        )
        half_lat, half_lon = (half.max(initial=0) for half in (self.half_lat, self.half_lon))
        off_lon = min(half_lon, between_columns + _SLACK)
        foot = np.degrees(np.radians(off_lon) ** 2) if off_lon < 30 else np.inf
        off_lat = min(half_lat, between_rows + foot + _SLACK)
        half = {"half_lat": half_lat + off_lat, "half_lon": min(half_lon + off_lon, 180.0)}
        return replace(self, lat=self.row_lat[rows], lon=self.column_lon[columns], **half).spans()

    def count(self) -> int:
        """Number of cells of all rectangles."""
        return int((self.rows[1] * self.columns[1]).sum())

    def cells(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        """The cells of the rectangles, a bounded number at once.

        Yields
        ------
        owner, i, j : ndarray of int
            Observation, and indices along latitude and longitude.
        distance : ndarray
            Kilometres.
        """
        for owner, row, column in self._places():
            distance = great_circle_km(
                self.lat[owner], self.lon[owner], self.row_lat[row], self.column_lon[column]
            )
            yield owner, self.row_index[row], self.column_index[column], distance

    def places(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """The same without their distance."""
        for owner, row, column in self._places():
            yield owner, self.row_index[row], self.column_index[column]

    def _places(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        (first_row, rows), (first_column, columns) = self.rows, self.columns
        size = rows * columns
        for members in batches(size):
            place, offset = repeated(size[members])
            owner = members[place]
            down, right = np.divmod(offset, columns[owner])
            yield owner, first_row[owner] + down, first_column[owner] + right


def _within(
    ordered: np.ndarray, wanted: np.ndarray, half: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    first = np.searchsorted(ordered, wanted - half)
    return first, np.searchsorted(ordered, wanted + half, side="right") - first


def batches(size: np.ndarray) -> Iterator[np.ndarray]:
    """Observations whose cells are handled at once.

    Parameters
    ----------
    size : ndarray of int, shape (m,)
        Number of cells of each.
    """
    ends = np.cumsum(size)
    begin = 0
    while begin < len(size):
        done = ends[begin - 1] if begin else 0
        end = max(int(np.searchsorted(ends, done + BATCH, side="right")), begin + 1)
        yield np.arange(begin, end)
        begin = end


def _span(index: np.ndarray, first: np.ndarray, count: np.ndarray, n: int):
    """Indices `index[first .. first + count]` as a first index on the grid and a count.

    `index` is an order of 0 .. n - 1; a span is one only where this goes up or down by one, the end meeting
    the beginning.
    """
    if n == 1:
        return np.zeros_like(first), np.minimum(count, 1)
    steps = np.diff(index, append=index[0]) % n
    at = first % n
    if np.all(steps == 1) and (n > 2 or index[0] == 0):
        return index[at], np.minimum(count, n)
    if np.all(steps == n - 1):
        return (index[at] - np.maximum(count, 1) + 1), np.minimum(count, n)
    return None
