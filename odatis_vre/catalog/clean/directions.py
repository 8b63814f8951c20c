"""Directions: longitudes east of Greenwich within -180 and 180, depths downwards."""

import numpy as np
import xarray as xr

from odatis_vre.i18n import tr

__all__ = ["depth_down", "longitudes_east"]

_NEAR = 1e-3  # of a step: the same meridian, written twice


def longitudes_east(ds: xr.Dataset, changes: list[str]) -> xr.Dataset:
    """Longitudes from -180 to 180, ascending, each meridian once; the values move with them."""
    if "lon" not in ds.coords or ds["lon"].size == 0:
        return ds
    lon = ds["lon"]
    if lon.ndim != 1 or lon.dims != ("lon",):
        return _moved(ds, changes)
    values = np.asarray(lon.values, dtype=np.float64)
    if not np.isfinite(values).all() or (values.max() <= 180 and values.min() >= -180):
        return ds
    east = np.round((values + 180) % 360 - 180, 9)
    order = np.argsort(east, kind="stable")
    step = np.median(np.abs(np.diff(values))) if values.size > 1 else 1.0
    keep = np.concatenate([[True], np.diff(east[order]) > _NEAR * step])
    doubles = int((~keep).sum())
    # the first of two is the one that was written first
    order = order[keep]
    attrs, written = lon.attrs, f"{values.min():g} … {values.max():g}"
    bounds = str(attrs.get("bounds", ""))
    ds = ds.isel(lon=order)
    shift = east[order] - values[order]
    ds = ds.assign_coords(lon=("lon", east[order].astype(lon.dtype), attrs))
    if bounds in ds.variables:
        ds[bounds] = (ds[bounds] + xr.DataArray(shift, dims="lon")).assign_attrs(ds[bounds].attrs)
        ds = ds.set_coords(bounds)
    now = f"{east[order][0]:g} … {east[order][-1]:g}"
    changes.append(tr("clean.longitude", written=written, now=now))
    if doubles:
        changes.append(tr("clean.meridian", number=doubles))
    return ds


def _moved(ds: xr.Dataset, changes: list[str]) -> xr.Dataset:
    """Longitudes of points, or of a curved grid: the numbers change, not their places."""
    lon = ds["lon"]
    highest = float(lon.max())
    if not highest > 180:
        return ds
    moved = ((lon + 180) % 360 - 180).round(9).astype(lon.dtype).assign_attrs(lon.attrs)
    changes.append(tr("clean.longitude", written=f"… {highest:g}", now="-180 … 180"))
    return ds.assign_coords(lon=moved)


def depth_down(ds: xr.Dataset, changes: list[str]) -> xr.Dataset:
    """Depth counts downwards, in the file's own order of levels."""
    if "depth" not in ds.coords or ds["depth"].size == 0:
        return ds
    depth = ds["depth"]
    upwards = str(depth.attrs.get("positive", "")).lower() == "up"
    values = np.asarray(depth.values, dtype=np.float64)
    below = bool(np.nanmax(values) <= 0 and np.nanmin(values) < 0)
    if upwards or below:
        attrs = {**depth.attrs, "positive": "down"}
        bounds = str(attrs.get("bounds", ""))
        ds = ds.assign_coords(depth=(depth.dims, -depth.values + 0, attrs))
        if bounds in ds.variables:
            ds[bounds] = -ds[bounds]
            ds = ds.set_coords(bounds)
        changes.append(tr("clean.depth"))
    elif depth.attrs.get("positive") != "down":
        depth.attrs["positive"] = "down"
        changes.append(tr("clean.positive"))
    return ds
