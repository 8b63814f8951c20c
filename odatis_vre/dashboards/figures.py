"""The plots of the explorer: Bokeh figures that change their data and keep their zoom."""

import numpy as np
from bokeh.models import (
    BasicTicker,
    ColorBar,
    ColumnDataSource,
    CustomJSTickFormatter,
    HoverTool,
    Legend,
    LegendItem,
    LinearColorMapper,
    Title,
)
from bokeh.plotting import figure

from odatis_vre.dashboards.field import Layer

__all__ = ["MapFigure", "profile_figure", "series_figure"]

MISSING = "#b4bac0"
_INK, _GRID, _LINE = "#263238", "#e3e8ec", "#00697f"
_SELECTED = {"fill_color": "#ffffff", "line_color": "#c2185b", "line_width": 3}
_DEGREES = """
const turn = ((tick + 180) % 360 + 360) % 360 - 180;
const value = AXIS == "lon" ? turn : tick;
const side = value == 0 || Math.abs(value) == 180 ? "" : value > 0 ? PLUS : MINUS;
return Math.abs(value).toLocaleString(LANG) + "°" + (side ? " " + side : "");
"""


def _degrees(axis: str, lang: str) -> CustomJSTickFormatter:
    plus, minus = ("N", "S") if axis == "lat" else ("E", "O" if lang == "fr" else "W")
    return CustomJSTickFormatter(
        code=_DEGREES.replace("AXIS", f'"{axis}"')
        .replace("PLUS", f'"{plus}"')
        .replace("MINUS", f'"{minus}"')
        .replace("LANG", f'"{lang}"')
    )


def _numbers(lang: str) -> CustomJSTickFormatter:
    return CustomJSTickFormatter(code=f'return tick.toLocaleString("{lang}", {{maximumFractionDigits: 6}});')


def _dress(plot, lang: str) -> None:
    plot.toolbar.logo = None
    plot.outline_line_color = None
    plot.grid.grid_line_color = _GRID
    for axis in plot.axis:
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_color = axis.major_label_text_color = _INK
        axis.axis_label_text_font_size = axis.major_label_text_font_size = "13px"
        axis.axis_line_color = "#90a4ae"
        axis.major_tick_line_color = "#90a4ae"
        axis.minor_tick_line_color = None
    for axis in plot.axis:
        axis.formatter = _numbers(lang)


class MapFigure:
    """A map: an image of a grid, or coloured points; a mark where one clicked.

    Parameters
    ----------
    lang : {"en", "fr"}
    words : dict of str to str
        `missing`, `lat`, `lon`, `value`, `here`.
    on_place : callable
        Called with (lat, lon) of a click.
    """

    def __init__(self, lang: str, words: dict[str, str], on_place):
        self.lang = lang
        self.mapper = LinearColorMapper(palette=["#ffffff"], nan_color=MISSING)
        self.image = ColumnDataSource({"image": [], "x": [], "y": [], "dw": [], "dh": []})
        self.points = ColumnDataSource({"lon": [], "lat": [], "value": []})
        self.mark = ColumnDataSource({"lon": [], "lat": []})
        self.plot = plot = figure(
            sizing_mode="scale_width",
            aspect_ratio=1.7,
            tools="pan,wheel_zoom,box_zoom,save,reset",
            active_scroll=None,
            active_drag="pan",
            toolbar_location="above",
            x_range=(-180, 180),
            y_range=(-90, 90),
        )
        _dress(plot, lang)
        plot.xaxis.formatter, plot.yaxis.formatter = _degrees("lon", lang), _degrees("lat", lang)
        for axis in (plot.xaxis, plot.yaxis):
            axis.ticker = BasicTicker(mantissas=[1, 1.5, 3, 6], desired_num_ticks=6)
        field = plot.image(
            image="image", x="x", y="y", dw="dw", dh="dh", source=self.image, color_mapper=self.mapper
        )
        dots = plot.scatter(
            "lon",
            "lat",
            source=self.points,
            size=8,
            fill_color={"field": "value", "transform": self.mapper},
            line_color="#37474f",
            line_width=0.6,
        )
        for width, colour in ((5, "#ffffff"), (2.5, "#c2185b")):
            plot.scatter(
                "lon", "lat", source=self.mark, size=17, marker="cross", line_color=colour, line_width=width
            )
        # Off the map: a glyph without a point has no swatch in the legend.
        swatch = plot.scatter([0], [1e4], marker="square", size=14, fill_color=MISSING, line_color="#78909c")
        self.legend = Legend(
            items=[LegendItem(label=words["missing"], renderers=[swatch])],
            orientation="horizontal",
            location="left",
            border_line_color=None,
            label_text_color=_INK,
            label_text_font_size="13px",
            glyph_width=30,
            glyph_height=30,
            margin=0,
            padding=2,
        )
        plot.add_layout(self.legend, "below")
        self.bar = ColorBar(
            color_mapper=self.mapper,
            major_label_text_font_size="13px",
            major_label_text_color=_INK,
            width=14,
            padding=6,
            formatter=_numbers(lang),
        )
        plot.add_layout(self.bar, "right")
        self.title = Title(
            text="", align="center", text_font_size="13px", text_font_style="normal", text_color=_INK
        )
        plot.add_layout(self.title, "right")
        for tool in plot.tools:
            tool.description = words.get(type(tool).__name__)
        where = [(words["lat"], "$y{0.0}°"), (words["lon"], "$x{0.0}°")]
        plot.add_tools(
            HoverTool(renderers=[field], tooltips=[(words["value"], "@image{0.00}"), *where], visible=False),
            HoverTool(renderers=[dots], tooltips=[(words["value"], "@value{0.00}"), *where], visible=False),
        )
        plot.on_event("tap", lambda event: on_place(event.y, event.x))

    def colour(self, palette: tuple[str, ...], low: float, high: float, title: str) -> None:
        """Set colours, their range and what they mean."""
        self.mapper.update(palette=list(palette), low=low, high=high)
        self.title.text = title

    def frame(self, west: float, south: float, east: float, north: float) -> None:
        """Show a box, and make it what "reset" returns to."""
        plot = self.plot
        plot.x_range.update(start=west, end=east, reset_start=west, reset_end=east)
        plot.y_range.update(start=south, end=north, reset_start=south, reset_end=north)

    def show_layer(self, layer: Layer) -> None:
        """Show a grid."""
        west, south, east, north = layer.edges
        self.legend.visible = True
        self.points.data = {"lon": [], "lat": [], "value": []}
        self.image.data = {
            "image": [layer.pixels],
            "x": [west],
            "y": [south],
            "dw": [east - west],
            "dh": [north - south],
        }

    def show_points(self, lat, lon, value) -> None:
        """Show stations."""
        self.legend.visible = bool(np.isnan(value).any())
        self.image.data = {"image": [], "x": [], "y": [], "dw": [], "dh": []}
        self.points.data = {"lon": lon, "lat": lat, "value": value}

    def show_mark(self, lat: float | None, lon: float | None) -> None:
        """Mark a place; None removes the mark."""
        self.mark.data = {"lon": [], "lat": []} if lat is None else {"lon": [lon], "lat": [lat]}


def series_figure(labels: list[str], values: np.ndarray, selected: int, title: str, lang: str):
    """A series: one point a step, the step of the map set apart.

    Parameters
    ----------
    labels : list of str
    values : array (time)
    selected : int
    title : str
        Of the axis of values.
    lang : {"en", "fr"}
    """
    few = len(labels) <= 24
    at = np.arange(len(labels))
    plot = figure(
        sizing_mode="stretch_width", height=250, tools="save", toolbar_location="above",
        x_range=(-0.5, len(labels) - 0.5),
    )  # fmt: skip
    _dress(plot, lang)
    plot.yaxis.axis_label = title
    step = 1 if few else max(1, len(labels) // 8)
    plot.xaxis.ticker = [int(n) for n in at[::step]]
    plot.xaxis.major_label_overrides = {int(n): labels[n] for n in at[::step]}
    plot.xaxis.formatter = CustomJSTickFormatter(code="return ''")
    if few:
        plot.xaxis.major_label_orientation = 0.9
    source = ColumnDataSource({"at": at, "value": values, "label": labels})
    plot.line("at", "value", source=source, line_width=2, color=_LINE)
    dots = plot.scatter("at", "value", source=source, size=6, color=_LINE)
    plot.scatter(
        [selected], [values[selected]], size=13, fill_color="#ffffff", line_color="#c2185b", line_width=3
    )
    plot.add_tools(
        HoverTool(renderers=[dots], tooltips=[("", "@label"), ("", "@value{0.00}")], visible=False)
    )
    return plot


def profile_figure(depths, values: np.ndarray, selected: int, titles: tuple[str, str], lang: str):
    """A profile, the surface on top.

    Parameters
    ----------
    depths : list of float
        Metres.
    values : array (depth)
    selected : int
        The level of the map.
    titles : (str, str)
        Of the axis of values and of the axis of depth.
    lang : {"en", "fr"}
    """
    deepest = max((d for d, v in zip(depths, values, strict=True) if np.isfinite(v)), default=1) or 1
    plot = figure(
        sizing_mode="stretch_width", height=360, max_width=620, tools="save", toolbar_location="above",
        y_range=(deepest * 1.04, -deepest * 0.03),
    )  # fmt: skip
    _dress(plot, lang)
    plot.xaxis.axis_label, plot.yaxis.axis_label = titles
    source = ColumnDataSource({"depth": depths, "value": values})
    plot.line("value", "depth", source=source, line_width=2, color=_LINE)
    dots = plot.scatter("value", "depth", source=source, size=6, color=_LINE)
    plot.scatter([values[selected]], [depths[selected]], size=13, **_SELECTED)
    plot.add_tools(
        HoverTool(renderers=[dots], tooltips=[("", "@depth{0,0} m"), ("", "@value{0.00}")], visible=False)
    )
    return plot
