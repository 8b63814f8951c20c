"""Values between the cells of a grid, linear along each axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from odatis_vre.errors import MatchupError
from odatis_vre.i18n import tr
from odatis_vre.matchup.axes import unrolled
from odatis_vre.matchup.curvilinear import CurvilinearGrid, closed_dimensions, on_sphere
from odatis_vre.matchup.gathering import gather
from odatis_vre.matchup.pieces import Frame
from odatis_vre.matchup.request import Request
from odatis_vre.matchup.sources import Source
from odatis_vre.matchup.wet import Found, Search

# Quadrilaterals around a cell, as seen from its first corner: those that have it as a corner come first.
_QUADS = sorted(product((-2, -1, 0, 1), repeat=2), key=lambda q: not {*q} <= {-1, 0})

_NEWTON_STEPS = 8


@dataclass(frozen=True)
class Between:
    """Where values lie between neighbours in the order of a grid.

    Attributes
    ----------
    first : ndarray of int, shape (m,)
        The neighbour before.
    share : ndarray, shape (m,)
        Of the way to the one after, 0..1.
    closed : bool
        The last and the first of the grid are neighbours.
    """

    first: np.ndarray
    share: np.ndarray
    closed: bool = False


def between(grid: np.ndarray, wanted: np.ndarray, dim: str) -> Between:
    """Neighbours along a line.

    Parameters
    ----------
    grid : ndarray, shape (n,)
        Going up, or going down.
    wanted : ndarray, shape (m,)
    dim : str
        For the error message.

    Raises
    ------
    MatchupError
        The grid goes up and down.

    Examples
    --------
    >>> at = between(np.array([0.0, 50.0, 200.0]), np.array([10.0, 125.0, 300.0]), "depth")
    >>> at.first.tolist(), at.share.tolist()
    ([0, 1, 1], [0.2, 0.5, 1.0])
    """
    if len(grid) == 1:
        return Between(np.zeros(len(wanted), dtype=int), np.zeros(len(wanted)))
    steps = np.diff(grid)
    if not (np.all(steps > 0) or np.all(steps < 0)):
        raise MatchupError(tr("matchup.not_ordered", dim=dim), tr("matchup.not_ordered_hint", dim=dim))
    sign = np.sign(steps[0])
    first = (np.searchsorted(sign * grid, sign * wanted, side="right") - 1).clip(0, len(grid) - 2)
    return Between(first, ((wanted - grid[first]) / steps[first]).clip(0, 1))


def around_circle(grid: np.ndarray, wanted: np.ndarray, dim: str) -> Between:
    """Neighbours along a circle of longitudes, as `between`.

    Examples
    --------
    >>> at = around_circle(np.array([0.0, 90.0, 180.0, 270.0]), np.array([-9.0, 99.0]), "lon")
    >>> at.first.tolist(), at.share.round(3).tolist(), at.closed
    ([3, 1], [0.9, 0.1], True)
    """
    along, closed, sign = unrolled(grid, dim)
    sought = (sign * (wanted - grid[0])) % 360
    if closed:
        first = np.searchsorted(along, sought, side="right") - 1
        ends = np.append(along[1:], 360.0)
        return Between(first, (sought - along[first]) / (ends - along)[first], closed=True)
    beyond = sought > along[-1]
    sought = np.where(beyond & (360 - sought < sought - along[-1]), 0.0, sought)
    return between(along, sought, dim)


def linear(
    of: Sequence[Source],
    asked: Request,
    search: Search,
    sought: np.ndarray,
    progress: bool | None,
    label: str,
) -> tuple[Found, np.ndarray]:
    """Interpolate all variables at observations.

    Parameters
    ----------
    of : sequence of Source
    asked : Request
    search : Search
        For m observations, with their nearest cell.
    sought : ndarray of int, shape (m,)
        Which observations these are.
    progress : bool or None
    label : str
        Shown before the bar.

    Returns
    -------
    Found
        The nearest cell, and the values; -1 and NaN where a cell that bears on the value is dry.
    ndarray of bool, shape (m,)
        Whether there are cells around the observation to interpolate between.
    """
    lines = {a.dim: between(a.grid, a.observed[sought], a.dim) for a in _between_steps(asked)}
    row, column, inside = _between_cells(asked, search, sought)
    lines |= dict(zip(asked.place, (row, column), strict=True))
    first = {**search.steps, **{dim: line.first for dim, line in lines.items()}}
    closed = frozenset(d for d, line in lines.items() if line.closed)
    frame = Frame(first, dict.fromkeys(lines, 2), closed)
    values = []
    for source in of:
        shape = (len(sought), *frame.shape(source.dims))
        corners = gather(source, frame, np.arange(shape[0]), shape[0], asked.memory, progress, label)
        values += [_weighted(c.reshape(shape), source.dims, lines) for c in corners.values()]
    wet = np.logical_and.reduce([np.isfinite(v) for v in values]) & inside
    i, j = (np.where(wet, at, -1) for at in (search.i, search.j))
    found = Found(i, j, np.where(wet, search.distance, np.nan), [np.where(wet, v, np.nan) for v in values])
    return found, inside


def _between_steps(asked: Request):
    return [a for a in asked.axes.values() if a.name in ("time", "depth") and not a.climatology]


def _between_cells(asked: Request, search: Search, sought: np.ndarray):
    lat, lon = asked.axes["lat"], asked.axes["lon"]
    here = lat.observed[sought], lon.observed[sought]
    if asked.curvilinear:
        return _quads(search.hood.grid, *here, search.i, search.j)
    row = between(lat.grid, here[0], lat.dim)
    return row, around_circle(lon.grid, here[1], lon.dim), np.ones(len(sought), dtype=bool)


def _weighted(corners: np.ndarray, dims: Sequence[str], lines: dict[str, Between]) -> np.ndarray:
    """The mean of corners, weighted by their nearness; a corner without weight may be dry."""
    values = corners.astype(float, copy=False)
    for axis in range(len(dims), 0, -1):
        line = lines.get(dims[axis - 1])
        if line is None:
            values = values[..., 0]
            continue
        share = line.share.reshape(-1, *[1] * (values.ndim - 2))
        before, after = values[..., 0], values[..., 1]
        mean = before + (after - before) * share
        values = np.where(share == 0, before, np.where(share == 1, after, mean))
    return values


def _quads(grid: CurvilinearGrid, lat, lon, i, j) -> tuple[Between, Between, np.ndarray]:
    """The quadrilateral of cells that holds each position, and where in it the position lies."""
    ny, nx = grid.lat.shape
    closed = closed_dimensions(grid.lat, grid.lon)
    first, share = np.zeros((2, len(lat)), dtype=int), np.zeros((2, len(lat)))
    inside = np.zeros(len(lat), dtype=bool)
    for down, right in _QUADS:
        row, column = _along(i + down, ny, closed[0]), _along(j + right, nx, closed[1])
        left = np.flatnonzero(~inside & (row >= 0) & (column >= 0))
        if not len(left):
            continue
        r, c = row[left], column[left]
        corners = [((r + a) % ny, (c + b) % nx) for a, b in product((0, 1), repeat=2)]
        plane = [_on_tangent(grid.lat[at], grid.lon[at], lat[left], lon[left]) for at in corners]
        s, t = _inverse_bilinear(*plane)
        slack = 1e-9
        good = (s >= -slack) & (s <= 1 + slack) & (t >= -slack) & (t <= 1 + slack)
        hit = left[good]
        inside[hit] = True
        first[:, hit] = r[good], c[good]
        share[:, hit] = s[good].clip(0, 1), t[good].clip(0, 1)
    return *(Between(*along) for along in zip(first, share, closed, strict=True)), inside


def _along(first: np.ndarray, n: int, closed: bool) -> np.ndarray:
    """First cells of quadrilaterals, -1 where the grid ends before the second one."""
    return first % n if closed else np.where((first >= 0) & (first < n - 1), first, -1)


def _on_tangent(lat, lon, lat0, lon0) -> np.ndarray:
    """Positions on the plane that touches the sphere at (lat0, lon0), shape (2, m); NaN on the far side."""
    at, phi, lam = on_sphere(lat, lon), np.radians(lat0), np.radians(lon0)
    east = np.stack([-np.sin(lam), np.cos(lam), np.zeros_like(lam)], axis=-1)
    north = np.stack([-np.sin(phi) * np.cos(lam), -np.sin(phi) * np.sin(lam), np.cos(phi)], axis=-1)
    up = np.einsum("mk,mk->m", at, on_sphere(lat0, lon0))
    up = np.where(up > 0, up, np.nan)
    return np.stack([np.einsum("mk,mk->m", at, east) / up, np.einsum("mk,mk->m", at, north) / up])


def _inverse_bilinear(p00, p01, p10, p11) -> tuple[np.ndarray, np.ndarray]:
    """Shares (s, t) at which the bilinear map of four corners is the origin (Newton's method)."""
    s = t = np.full(p00.shape[1], 0.5)
    along, across, twist = p10 - p00, p01 - p00, p11 - p10 - p01 + p00
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(_NEWTON_STEPS):
            f = p00 + along * s + across * t + twist * (s * t)
            ds, dt = along + twist * t, across + twist * s
            det = ds[0] * dt[1] - ds[1] * dt[0]
            s, t = (
                s - (f[0] * dt[1] - f[1] * dt[0]) / det,
                t - (f[1] * ds[0] - f[0] * ds[1]) / det,
            )
    return s, t
