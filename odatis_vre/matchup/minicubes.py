"""Windows: a mini-cube of the grid around each observation."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from numbers import Integral

import numpy as np
import pandas as pd
import xarray as xr

from odatis_vre.errors import MatchupError
from odatis_vre.i18n import tr
from odatis_vre.matchup.gathering import gather, gather_lazily
from odatis_vre.matchup.outcome import STATUS, placed, status_words
from odatis_vre.matchup.pieces import Frame
from odatis_vre.matchup.request import Request, checked, refuse_other_than_mapping
from odatis_vre.matchup.sources import Source, sources


def windows(
    ds: xr.Dataset,
    obs: pd.DataFrame,
    size: Mapping[str, int],
    tolerance: Mapping[str, object] | None = None,
    *,
    variables: Iterable[str] | None = None,
    columns: Mapping[str, str] | None = None,
    memory: float | str | None = None,
    progress: bool | None = None,
    lazy: bool = False,
) -> xr.Dataset:
    """Cut a mini-cube of the grid around each observation.

    The cell nearest to the observation is the centre of its window. Beyond the edges of the grid, values are
    NaN; across the date line of a global grid, and across the year of a climatology of all months or seasons,
    windows go on at the other side.

    Parameters
    ----------
    ds : Dataset
        A grid, as for `points`.
    obs : DataFrame, n rows
        Observations with columns `lat` and `lon` (degrees), and `time` and `depth` where the variables have
        these axes.
    size : mapping
        Axis -> number of cells, odd: `{"time": 5, "lat": 11, "lon": 11}`. An axis left out: the nearest step
        or level only. On a curvilinear grid, the windows' sizes are given for its dimensions:
        `{"y": 11, "x": 11}`.
    tolerance : mapping, optional
        Largest difference between the observation and the centre, as for `points`. An axis left out: half
        the distance between neighbouring grid points, that is, the observation lies in the cell.
    variables, columns, memory, progress
        As for `points`.
    lazy : bool
        Give dask arrays: windows are read when they are computed or written, some observations at a time.

    Returns
    -------
    Dataset
        The variables on `(obs, time, depth, lat, lon)`, as far as `size` names these axes; observations in
        their order. Coordinates: `time`, `depth`, `lat`, `lon`, the distance from the centre in cells;
        `window_time`, `window_depth`, `window_lat`, `window_lon`, the real coordinates of each window
        (longitudes in the convention of the observations, depths positive down); `obs`, the index of the
        observations; `obs_lat`, `obs_lon`, `obs_time`, `obs_depth`; `distance_km` from the observation to the
        centre; `status` and `reason`, as for `points` ("dry": no cell of the window has a value; with
        `lazy=True` this is not looked into). What is not matched is NaN.

    Raises
    ------
    MatchupError
        As for `points`, and for a size that is not odd, of an unknown axis, or larger than a closed circle.

    Examples
    --------
    >>> lon = np.arange(-179.5, 180)
    >>> ring = xr.Dataset({"sst": (("lat", "lon"), [lon] * 3)}, {"lat": [-1.0, 0, 1], "lon": lon})
    >>> station = pd.DataFrame({"lat": [0.2], "lon": [179.6]})
    >>> windows(ring, station, size={"lon": 3}).sst.values.tolist()
    [[178.5, 179.5, -179.5]]
    """
    asked = checked(ds, obs, {} if tolerance is None else tolerance, variables, columns, memory)
    sizes = _sizes(asked, size)
    steps, status = asked.steps()
    sought = np.flatnonzero(status == STATUS.index("matched"))
    i, j, distance = asked.hood(sought).nearest()
    status[sought[i < 0]] = STATUS.index("outside")
    within = np.flatnonzero(i >= 0)
    sought, distance = sought[within], distance[within]
    centre = {d: s[sought] for d, s in steps.items()}
    centre |= {asked.place[0]: i[within], asked.place[1]: j[within]}
    frame = Frame({d: c - sizes.get(d, 1) // 2 for d, c in centre.items()}, sizes, _cyclic(asked, sizes))
    data = {}
    for source in sources(asked.ds, asked.names):
        data |= _cubes(source, asked, frame, sought, progress, lazy)
    if not lazy:
        status[_dry(data, status)] = STATUS.index("dry")
    return _dataset(asked, data, frame, sought, distance, status)


def _sizes(asked: Request, size: Mapping[str, int]) -> dict[str, int]:
    """Dimension -> size, for the axes named."""
    refuse_other_than_mapping(size, "size")
    named = {} if asked.curvilinear else {a: x.dim for a, x in asked.axes.items()}
    named |= {a: x.dim for a, x in asked.axes.items() if a in ("time", "depth")}
    known = {**{d: d for d in (*asked.place, *named.values())}, **named}
    sizes = {}
    for name, cells in size.items():
        if name not in known:
            close = get_close_matches(str(name), list(known), 1)
            raise MatchupError(
                tr("matchup.unknown_size", name=name),
                tr("matchup.did_you_mean", name=close[0])
                if close
                else tr("matchup.sizes_are", names=", ".join(known)),
            )
        sizes[known[name]] = _odd(cells, name)
    if not sizes:
        raise MatchupError(tr("matchup.no_size"), tr("matchup.no_size_hint"))
    return sizes


def _odd(size: object, name: str) -> int:
    """A size of a window: odd, so that the observation's cell is its centre."""
    if isinstance(size, bool) or not isinstance(size, Integral) or size < 1 or size % 2 == 0:
        raise MatchupError(tr("matchup.bad_size", name=name, value=size), tr("matchup.bad_size_hint"))
    return int(size)


def _cyclic(asked: Request, sizes: dict[str, int]) -> frozenset[str]:
    around = asked.place if asked.curvilinear else asked.place[1:]
    closed = set(asked.closed_place() if set(around) & set(sizes) else ())
    closed |= {x.dim for x in asked.axes.values() if x.climatology and x.climatology.closed}
    for dim in closed & set(sizes):
        if sizes[dim] > (n := asked.ds.sizes[dim]):
            raise MatchupError(
                tr("matchup.size_of_circle", name=_result_names(asked)[dim], value=sizes[dim], n=n),
                tr("matchup.size_of_circle_hint", n=n - 1 + n % 2),
            )
    return frozenset(closed & set(sizes))


def _cubes(source: Source, asked: Request, frame: Frame, sought, progress, lazy) -> dict[str, xr.Variable]:
    """The windows of the variables of a source, on the dimensions named by `size`."""
    n, label = len(asked.df), tr("matchup.reading")
    if lazy:
        cubes = gather_lazily(source, frame, sought, n, asked.memory)
    else:
        cubes = gather(source, frame, sought, n, asked.memory, progress, label)
    kept = [d for d in source.dims if d in frame.size]
    shape = (n, *(frame.size[d] for d in kept))
    names = _result_names(asked)
    dims = ("obs", *(names[d] for d in kept))
    wanted = ("obs", *(names[d] for d in _ordered(asked) if d in kept))
    return {
        name: xr.Variable(dims, cube.reshape(shape), asked.ds[name].attrs).transpose(*wanted)
        for name, cube in cubes.items()
    }


def _ordered(asked: Request) -> list[str]:
    other = [asked.axes[a].dim for a in ("time", "depth") if a in asked.axes]
    return [*other, *asked.place]


def _result_names(asked: Request) -> dict[str, str]:
    """Dimension of the grid -> dimension of the result: the axis, or the grid's own on a curvilinear grid."""
    own = {d: d for d in asked.place}
    return {**own, **{x.dim: a for a, x in asked.axes.items()}}


def _dry(data: dict[str, xr.Variable], status: np.ndarray) -> np.ndarray:
    """Observations matched to a window without any value."""
    known = np.zeros(len(status), dtype=bool)
    for cube in data.values():
        flat = cube.values.reshape(len(status), -1) if len(status) else np.empty((0, 1))
        rest = np.flatnonzero(~known)
        known[rest] = np.isfinite(flat[rest, flat.shape[1] // 2])
        rest = np.flatnonzero(~known)
        known[rest] = np.isfinite(flat[rest]).any(axis=1)
    return ~known & (status == STATUS.index("matched"))


def _dataset(asked: Request, data, frame: Frame, sought, distance, status) -> xr.Dataset:
    n, names = len(asked.df), _result_names(asked)
    words, reasons = status_words(status)
    coords = {
        "distance_km": ("obs", placed(distance, sought, n), {"units": "km"}),
        "status": ("obs", np.asarray(words, dtype=object)),
        "reason": ("obs", np.asarray(reasons, dtype=object)),
    }
    if asked.df.index.nlevels == 1:
        coords["obs"] = ("obs", asked.df.index.to_numpy())
    for dim, size in frame.size.items():
        coords[names[dim]] = (names[dim], np.arange(size) - size // 2)
    coords |= _real_coordinates(asked, frame, sought, names)
    for axis in asked.axes.values():
        observed = asked.observed_times() if axis.name == "time" else axis.observed
        coords[f"obs_{axis.name}"] = ("obs", observed)
    return xr.Dataset(data, coords, dict(asked.ds.attrs))


def _real_coordinates(asked: Request, frame: Frame, sought, names: dict[str, str]) -> dict[str, tuple]:
    """Latitude, longitude, time and depth of the cells of each window; NaN or NaT beyond the grid."""
    n, at, on_grid = len(asked.df), {}, {}
    for dim, size in frame.size.items():
        index = frame.first[dim][:, None] + np.arange(size)
        length = asked.ds.sizes[dim]
        on_grid[dim] = (
            np.ones_like(index, dtype=bool) if dim in frame.cyclic else (index >= 0) & (index < length)
        )
        at[dim] = index % length
    found = {}
    for axis in asked.axes.values():
        if axis.grid.ndim == 2:
            continue
        dim = axis.dim
        if dim not in at:
            continue
        labels = asked.convention(axis.grid) if axis.name == "lon" else axis.grid
        labels = asked.labels(axis.name) if axis.name == "time" else labels
        values = placed(labels[at[dim]].reshape(-1), np.arange(at[dim].size), at[dim].size)
        values[~on_grid[dim].reshape(-1)] = np.nan if values.dtype.kind != "M" else np.datetime64("NaT")
        found[f"window_{axis.name}"] = (("obs", names[dim]), _rows(values.reshape(at[dim].shape), sought, n))
    if asked.curvilinear:
        found |= _flat_coordinates(asked, frame, sought)
    return found


def _flat_coordinates(asked: Request, frame: Frame, sought) -> dict[str, tuple]:
    """Latitude and longitude of the cells of windows of a curvilinear grid."""
    shape = [frame.size.get(d, 1) for d in asked.place]
    index = [frame.first[d][:, None] + np.arange(k) for d, k in zip(asked.place, shape, strict=True)]
    i, j = np.broadcast_arrays(index[0][:, :, None], index[1][:, None, :])
    inside, at = np.ones(i.shape, dtype=bool), []
    for k, n, dim in zip((i, j), asked.axes["lat"].grid.shape, asked.place, strict=True):
        inside &= (dim in frame.cyclic) | ((k >= 0) & (k < n))
        at.append(k % n)
    lat, lon = asked.cell(*at)
    kept = tuple(d for d in asked.place if d in frame.size)
    shape = (len(sought), *(frame.size[d] for d in kept))
    return {
        f"window_{name}": (
            ("obs", *kept),
            _rows(np.where(inside, values, np.nan).reshape(shape), sought, len(asked.df)),
        )
        for name, values in (("lat", lat), ("lon", lon))
    }


def _rows(values: np.ndarray, sought: np.ndarray, n: int) -> np.ndarray:
    blank = placed(values[:0].reshape(-1), np.arange(0), n * int(np.prod(values.shape[1:])))
    out = blank.reshape(n, *values.shape[1:])
    out[sought] = values
    return out
