"""A map of a field for a notebook: its colours, its units, and what is missing told apart."""

from collections.abc import Iterable

import numpy as np
import xarray as xr

from odatis_vre.dashboards.colours import colour_range, palette
from odatis_vre.errors import OdatisError
from odatis_vre.i18n import tr

__all__ = ["field_map"]

_INK, _MISSING = "#1a1a1a", "#b4bac0"
_WIDTH = 460
# Pixels that an entry of the legend takes, on average.
_LEGEND = 150


def field_map(
    field: xr.DataArray,
    title: str,
    *,
    cmap: str | Iterable[str] | None = None,
    clim: tuple[float, float] | None = None,
    layers: Iterable = (),
    width: int = _WIDTH,
):
    """Draw a map of a field, with HoloViews.

    Cells without a value are grey, and the legend says so. A degree of longitude is as wide as it is in the
    middle of the map.

    Parameters
    ----------
    field : DataArray, dims (lat, lon)
        A lazy one is computed.
    title : str
        Followed by the field's `units` where it does not tell them.
    cmap : str or list of str, optional
        Colours, as HoloViews takes them; by default those of cmocean for the field's `standard_name`, or
        for its name.
    clim : (float, float), optional
        Range of the colours: give the same to maps that are compared. By default the field's `valid_range`,
        else that of its values, symmetric where the sign matters.
    layers : iterable of HoloViews elements
        Drawn above the field: stations, contours, names.
    width : int, default 460
        Of the map without its margins, in pixels.

    Returns
    -------
    holoviews.Overlay

    Raises
    ------
    OdatisError
        The field has other dimensions than latitude and longitude.

    Examples
    --------
    >>> cells = {"lat": [47.5, 48.5], "lon": [-6.5, -5.5]}
    >>> sst = xr.DataArray([[12.0, np.nan], [11.0, 10.5]], cells, ("lat", "lon"), "sst")
    >>> type(field_map(sst, "May 1992 (degree_Celsius)")).__name__
    'Overlay'
    """
    import holoviews as hv
    import holoviews.plotting.bokeh

    if set(field.dims) != {"lat", "lon"}:
        dims = ", ".join(map(str, field.dims))
        raise OdatisError(tr("dashboards.not_a_map", dims=dims), tr("dashboards.not_a_map_hint"))
    field = field.transpose("lat", "lon").sortby(["lat", "lon"]).load()
    name = str(field.attrs.get("standard_name") or field.name or "")
    if clim is None and "valid_range" in field.attrs:
        clim = tuple(float(value) for value in field.attrs["valid_range"])
    if clim is None:
        clim = colour_range(name, field.values[np.isfinite(field.values)])
    west, east = _edges(field.lon.values)
    south, north = _edges(field.lat.values)
    unit = str(field.attrs.get("units", ""))
    shape = hv.Image if _even(field.lon.values) and _even(field.lat.values) else hv.QuadMesh
    value = hv.Dimension(str(field.name or "value"), unit=unit or None)
    image = shape((field.lon.values, field.lat.values, field.values), ["lon", "lat"], value)
    image = image.opts(
        backend="bokeh",
        cmap=list(palette(name)) if cmap is None else cmap,
        clim=clim,
        colorbar=True,
        clabel=" ",
        tools=["hover"],
    )
    # Off the map: a colour of the ground has no swatch of its own in the legend.
    label = " / ".join(tr("dashboards.land_or_missing", lang=lang) for lang in ("fr", "en"))
    swatch = hv.Points([(west - 99, south - 99)], ["lon", "lat"], label=label).opts(
        backend="bokeh", marker="square", fill_color=_MISSING, line_color=_INK, size=10
    )
    return hv.Overlay([image, *layers, swatch]).opts(
        backend="bokeh",
        title=title if unit in ("", "1") or unit in title else f"{title} ({unit})",
        frame_width=width,
        data_aspect=float(1 / np.cos(np.radians((south + north) / 2))),
        bgcolor=_MISSING,
        xlim=(west, east),
        ylim=(south, north),
        xlabel="longitude (°E)",
        ylabel="latitude (°N)",
        legend_position="bottom",
        legend_cols=max(1, width // _LEGEND),
        toolbar="above",
        active_tools=[],
        # Beside other maps, what lies below a legend would cover its edge.
        margin=(0, 0, 20, 0),
    )


def _even(values: np.ndarray) -> bool:
    steps = np.diff(values)
    return bool(np.allclose(steps, steps[0], rtol=1e-3)) if len(steps) else True


def _edges(values: np.ndarray) -> tuple[float, float]:
    """The outer edges of the first and the last cell."""
    half = np.diff(values) / 2 if len(values) > 1 else np.array([0.5])
    return float(values[0] - half[0]), float(values[-1] + half[-1])
