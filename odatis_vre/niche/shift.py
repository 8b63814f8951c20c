"""How a range moves from one period to another, and where the uncertainty of a projection comes from."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.sphere import EARTH_RADIUS_KM, axis_of, cell_area

__all__ = ["range_shift", "variance_split"]

_MEASURES = {
    "before": ("area of the range before", "km2"),
    "after": ("area of the range after", "km2"),
    "gained": ("area gained", "km2"),
    "lost": ("area lost", "km2"),
    "kept": ("area kept", "km2"),
    "change": ("change of the area", "%"),
    "centroid_lat_before": ("latitude of the centroid before", "degrees_north"),
    "centroid_lon_before": ("longitude of the centroid before", "degrees_east"),
    "centroid_lat_after": ("latitude of the centroid after", "degrees_north"),
    "centroid_lon_after": ("longitude of the centroid after", "degrees_east"),
    "distance": ("shift of the centroid", "km"),
    "bearing": ("initial bearing of the shift, clockwise from north", "degrees"),
    "south_before": ("southern edge before", "degrees_north"),
    "south_after": ("southern edge after", "degrees_north"),
    "north_before": ("northern edge before", "degrees_north"),
    "north_after": ("northern edge after", "degrees_north"),
}
_DEPTHS = {
    "shallow_before": ("shallow edge before", "m"),
    "shallow_after": ("shallow edge after", "m"),
    "deep_before": ("deep edge before", "m"),
    "deep_after": ("deep edge after", "m"),
}


def range_shift(
    before: xr.DataArray,
    after: xr.DataArray,
    threshold: float | tuple[float, float] | None = None,
    *,
    depth: xr.DataArray | None = None,
    area: xr.DataArray | None = None,
    edge: float = 0.05,
) -> xr.Dataset:
    """Gain, loss and displacement of a range between two periods.

    Parameters
    ----------
    before, after : DataArray
        Suitability, or presence (bool), on the same latitudes and longitudes. Other dimensions (model,
        scenario) are kept. Cells unknown in either are left out of both.
    threshold : float or pair of floats, optional
        Suitability from which a cell belongs to the range, before and after. Needed unless both are bool.
    depth : DataArray, optional
        Depth of each cell in metres, positive down: gives the edges in depth as well.
    area : DataArray, optional
        Area of the cells in km2; by default from the latitudes and longitudes, on a sphere. Needed where
        these are two-dimensional.
    edge : float, default 0.05
        Share of the range's area that lies beyond an edge; 0 for the outermost cell.

    Returns
    -------
    Dataset
        Areas `before`, `after`, `gained`, `lost`, `kept` (km2) and `change` (%); the centroids (of the
        area, on the sphere), their `distance` (km) and `bearing` (degrees clockwise from north); the edges
        `south_*` and `north_*` (degrees), with `depth` also `shallow_*` and `deep_*` (m). NaN where a range
        is empty; with it, `distance` and `change` where one is. Lazy where the suitability is chunked.

    Raises
    ------
    NicheError
        Different grids, no latitude or longitude, no threshold, or another `edge`.

    Examples
    --------
    >>> coords = {"lat": [45.0, 46.0, 47.0], "lon": [-5.0, -4.0]}
    >>> now = xr.DataArray([[1.0, 1], [0, 0], [0, 0]], coords, ("lat", "lon"))
    >>> found = range_shift(now, now.roll(lat=1, roll_coords=False), 0.5)
    >>> round(float(found.distance)), float(found.bearing), float(found.kept)
    (111, 0.0, 0.0)
    """
    if not 0 <= edge < 0.5:
        raise NicheError(
            tr("evaluation.bad_parameter", name="edge", value=edge),
            tr("evaluation.bad_parameter_hint", allowed="0 .. 0.5"),
        )
    try:
        before, after = xr.align(before, after, join="exact")
    except ValueError as error:
        raise NicheError(tr("evaluation.other_grid"), tr("evaluation.other_grid_hint")) from error
    lat, lon = xr.broadcast(axis_of(before, "lat"), axis_of(before, "lon"))
    cells = list(lat.dims)
    area = cell_area(before) if area is None else area
    # Areas of a range are summed by the kernel: which cells are unknown is told by an area of 0.
    area = area.where(before.notnull() & after.notnull(), 0.0)
    ranges = [_in_range(field, limit) for field, limit in zip((before, after), _pair(threshold), strict=True)]
    fields = [*ranges, area, lat, lon, xr.zeros_like(lat) if depth is None else depth]
    fields = [_bare(field, cells) for field in fields]
    measures = _MEASURES | ({} if depth is None else _DEPTHS)
    out = xr.apply_ufunc(
        _moved,
        *fields,
        input_core_dims=[cells] * len(fields),
        output_core_dims=[["measure"]],
        kwargs={"edge": edge, "measures": len(measures)},
        vectorize=True,
        join="exact",
        dask="parallelized",
        output_dtypes=[float],
        dask_gufunc_kwargs={"output_sizes": {"measure": len(measures)}},
        keep_attrs=False,
    )
    return xr.Dataset(
        {
            name: out.isel(measure=i, drop=True).assign_attrs(long_name=long_name, units=unit)
            for i, (name, (long_name, unit)) in enumerate(measures.items())
        }
    )


def variance_split(
    da: xr.DataArray, dims: Sequence[str] = ("model", "scenario", "climate_model")
) -> xr.DataArray:
    """Split the variance of projections, cell by cell, over the dimensions they were made along.

    An analysis of variance of the full crossing: the main effect of a dimension is the variance of the
    means along it, and what the sum of main effects does not explain is their interaction. Variances have
    the number of projections as divisor, so that the parts sum to the whole.

    Parameters
    ----------
    da : DataArray
        Projections, one per combination of the entries of `dims`; other dimensions (time, lat, lon) are
        kept.
    dims : sequence of str, default ("model", "scenario", "climate_model")

    Returns
    -------
    DataArray
        Along a first dimension `source`: each of `dims`, and "interaction". Their sum is the variance over
        all projections. In the unit of `da` squared; NaN in cells where a projection is. Lazy where `da` is
        chunked.

    Raises
    ------
    NicheError
        No dimension is named, or one that `da` has not.

    References
    ----------
    Diniz-Filho, J.A.F. et al. (2009). Partitioning and mapping uncertainties in ensembles of forecasts of
    species turnover under climate change. Ecography 32, 897-906. doi:10.1111/j.1600-0587.2009.06196.x

    Examples
    --------
    >>> runs = xr.DataArray([[0.2, 0.4], [0.6, 0.8]], dims=("model", "scenario"))
    >>> variance_split(runs, ("model", "scenario")).round(3).values.tolist()
    [0.04, 0.01, 0.0]
    """
    dims = [dims] if isinstance(dims, str) else list(dims)
    if missing := [d for d in dims if d not in da.dims]:
        raise NicheError(
            tr("evaluation.missing_dims", dims=", ".join(missing)),
            tr("evaluation.missing_dims_hint", dims=", ".join(map(str, da.dims))),
        )
    if not dims:
        raise NicheError(
            tr("evaluation.bad_parameter", name="dims", value=tuple(dims)),
            tr("evaluation.bad_parameter_hint", allowed=", ".join(map(str, da.dims))),
        )
    values = da.astype(float).drop_vars([n for n in da.coords if set(da[n].dims) & set(dims)])
    rest = values - values.mean(dims, skipna=False)
    parts = []
    for name in dims:
        effect = rest.mean([d for d in dims if d != name], skipna=False)
        parts.append((effect**2).mean(name, skipna=False))
        rest = rest - effect
    parts.append((rest**2).mean(dims, skipna=False))
    source = xr.Variable("source", [*dims, "interaction"])
    out = xr.concat(parts, dim=source, coords="minimal", compat="override").rename("variance")
    out.attrs = {"long_name": "variance of the projections by source"}
    if "units" in da.attrs:
        out.attrs["units"] = "1" if da.attrs["units"] == "1" else f"({da.attrs['units']})2"
    return out


def _pair(threshold) -> tuple:
    return tuple(threshold) if isinstance(threshold, tuple | list) else (threshold, threshold)


def _bare(field: xr.DataArray, cells: list) -> xr.DataArray:
    """Without further coordinates, its cells in one chunk."""
    field = field.drop_vars([name for name in field.coords if name not in field.dims])
    return field.chunk(dict.fromkeys(cells, -1)) if field.chunks else field


def _in_range(field: xr.DataArray, threshold: float | None) -> xr.DataArray:
    if threshold is not None:
        return field >= threshold
    if field.dtype != bool:
        raise NicheError(tr("evaluation.no_threshold"), tr("evaluation.no_threshold_hint"))
    return field


def _moved(before, after, area, lat, lon, depth, *, edge: float, measures: int) -> np.ndarray:
    """The measures of one pair of fields, in their order."""
    before, after, area, lat, lon, depth = (
        np.ravel(x) for x in np.broadcast_arrays(before, after, area, lat, lon, depth)
    )
    total = [float(area[cells].sum()) for cells in (before, after, after & ~before, before & ~after)]
    kept = float(area[before & after].sum())
    change = 100 * (total[1] / total[0] - 1) if total[0] > 0 else np.nan
    start, end = (_centroid(lat[c], lon[c], area[c]) for c in (before, after))
    south, north = [], []
    for cells in (before, after):
        low, high = _edges(lat[cells], area[cells], edge)
        south.append(low)
        north.append(high)
    out = [*total, kept, change, *start, *end, *_path(*start, *end), *south, *north]
    if measures > len(out):
        edges = [_edges(depth[c], area[c], edge) for c in (before, after)]
        out += [edges[0][0], edges[1][0], edges[0][1], edges[1][1]]
    return np.array(out, dtype=float)


def _centroid(lat, lon, area) -> tuple[float, float]:
    if not area.sum() > 0:
        return np.nan, np.nan
    lat, lon = np.radians(lat), np.radians(lon)
    x, y, z = (
        float((area * part).sum())
        for part in (np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat))
    )
    return float(np.degrees(np.arctan2(z, np.hypot(x, y)))), float(np.degrees(np.arctan2(y, x)))


def _path(lat1, lon1, lat2, lon2) -> tuple[float, float]:
    """Distance on the sphere and initial bearing."""
    lat1, lat2, turn = np.radians(lat1), np.radians(lat2), np.radians(lon2 - lon1)
    half = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin(turn / 2) ** 2
    distance = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(half, 1)))
    if not distance > 1e-6:
        return float(distance), np.nan
    east = np.sin(turn) * np.cos(lat2)
    north = np.cos(lat1) * np.sin(lat2) - np.sin(lat1) * np.cos(lat2) * np.cos(turn)
    return float(distance), float(np.round(np.degrees(np.arctan2(east, north)), 9) % 360)


def _edges(values, area, edge: float) -> tuple[float, float]:
    """Values that a share of the area lies below and above."""
    known = ~np.isnan(values) & (area > 0)
    if not known.any():
        return np.nan, np.nan
    order = np.argsort(values[known], kind="stable")
    values, share = values[known][order], np.cumsum(area[known][order])
    share /= share[-1]
    low = np.searchsorted(share, edge, side="right")
    high = np.searchsorted(share, 1 - edge, side="left")
    last = len(values) - 1
    return float(values[min(low, last)]), float(values[min(high, last)])
