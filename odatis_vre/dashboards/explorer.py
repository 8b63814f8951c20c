"""The catalogue explorer: a map of any variable, and what is at a place of it."""

import html

import numpy as np
import panel as pn
import panel_material_ui as pmui

from odatis_vre.catalog import Catalog
from odatis_vre.dashboards.about import about_html
from odatis_vre.dashboards.captions import Speaker, csv_text, table
from odatis_vre.dashboards.colours import colour_range, palette
from odatis_vre.dashboards.dataset import Dataset, drawable
from odatis_vre.dashboards.field import Field, Layer
from odatis_vre.dashboards.figures import MapFigure
from odatis_vre.dashboards.page import STYLE, WAITING
from odatis_vre.dashboards.place import PlacePanel
from odatis_vre.dashboards.view import View
from odatis_vre.errors import DataNotFound, OdatisError
from odatis_vre.i18n import use_language

__all__ = ["Explorer"]


class Explorer:
    """Controls, map and panels of one session.

    Parameters
    ----------
    catalog : odatis_vre.catalog.Catalog
    lang : {"en", "fr"}
    view : View
        What to show first; what does not exist is replaced, and said.
    on_view : callable
        Called with each new `View`, so that the address restores it.
    path : str, optional
        Of the catalogue's file, for the code that is shown; none is the site's.
    """

    def __init__(
        self, catalog: Catalog, lang: str, view: View, on_view=lambda view: None, path: str | None = None
    ):
        self._path = path
        self.catalog, self.lang, self.say, self._on_view = catalog, lang, Speaker(lang), on_view
        self._quiet = False
        self.dataset: Dataset | None = None
        self.field: Field | None = None
        self.layer: Layer | None = None
        names = drawable(catalog)
        with use_language(lang):
            titles = {catalog[name].title: name for name in names}
        say = self.say
        wide = {"sizing_mode": "stretch_width", "margin": (8, 12)}
        self.entry = pmui.Select(
            label=say("dataset"), options=titles, size="small", **(wide | {"margin": (20, 12, 8, 12)})
        )
        self.variable = pmui.Select(label=say("variable"), options=[], size="small", **wide)
        self.time = pmui.DiscreteSlider(label=say("month"), options={"-": 0}, value=0, **wide)
        self.depth = pmui.DiscreteSlider(
            label=say("depth") + say("before_colon"), options={"-": 0}, value=0, **wide
        )
        half = {"sizing_mode": "stretch_width", "size": "small", "margin": (6, 12)}
        self.lat = pmui.TextInput(label=say("lat_box"), placeholder=say("lat_example"), **half)
        self.lon = pmui.TextInput(label=say("lon_box"), placeholder=say("lon_example"), **half)
        self.go = pmui.Button(label=say("show_place"), variant="outlined", **half)
        self.caption = pn.pane.HTML(sizing_mode="stretch_width", stylesheets=[STYLE], margin=(4, 14))
        self.details = pn.pane.HTML(sizing_mode="stretch_width", stylesheets=[STYLE], margin=(0, 14))
        self.notice = pmui.Alert(
            severity="warning", visible=False, sizing_mode="stretch_width", margin=(0, 0, 10, 0)
        )
        waiting = WAITING.replace("LABEL", html.escape(say("waiting"), quote=True))
        self.waiting = pn.pane.HTML(waiting, visible=False, align="center", margin=(0, 12))
        self.about = pn.pane.HTML(sizing_mode="stretch_width", stylesheets=[STYLE], margin=(4, 14))
        self.download = pmui.FileDownload(
            callback=self._csv, filename="map.csv", label=say("download_map"), variant="text", margin=(0, 6)
        )
        words = {key: say(key) for key in ("missing", "lat", "lon", "value")}
        words |= {
            f"{tool}Tool": say(f"tool_{tool}") for tool in ("Pan", "WheelZoom", "BoxZoom", "Save", "Reset")
        }
        self.map = MapFigure(lang, words, self._clicked)
        self.place = PlacePanel(self.say)
        self._open(view)
        self.entry.param.watch(self._entry_chosen, "value")
        self.variable.param.watch(self._variable_chosen, "value")
        for slider in (self.time, self.depth):
            slider.param.watch(self._moved, "value")
        self.go.on_click(self._typed)
        for box in (self.lat, self.lon):
            box.param.watch(self._entered, "enter_pressed")

    @property
    def sidebar(self) -> list:
        """The controls."""
        heading = {"stylesheets": [STYLE], "margin": (10, 12, 0, 12)}
        return [
            self.entry,
            self.variable,
            self.time,
            self.depth,
            pn.pane.HTML(f"<h2>{self.say('place')}</h2><p>{self.say('place_help')}</p>", **heading),
            self.lat,
            self.lon,
            self.go,
        ]

    @property
    def main(self) -> list:
        """The map, the place, and how to have the same elsewhere."""
        card = {
            "sizing_mode": "stretch_width",
            "elevation": 1,
            "margin": (12, 12, 2, 12),
            "sx": {"p": "10px 4px"},
        }
        return [
            self.notice,
            pmui.Paper(
                self.caption,
                pn.pane.Bokeh(self.map.plot, sizing_mode="scale_width", margin=(0, 8)),
                self.details,
                self.download,
                **card,
            ),
            pmui.Paper(self.place.layout, **card),
            pmui.Paper(self.about, **card),
        ]

    def _open(self, view: View) -> None:
        """Show a view, as far as it exists."""
        names = list(self.entry.options.values())
        if not names:
            self._warn(self.say("empty_catalogue"))
            return
        wrong = view.entry is not None and view.entry not in names
        entry = view.entry if view.entry in names else names[0]
        self._quiet = True
        try:
            self.entry.value = entry
            self.dataset = Dataset(self.catalog[entry], self.lang)
            variables = self.dataset.variables
            if not variables:
                raise DataNotFound(self.say("nothing_to_draw", entry=entry))
            self.variable.options = variables
            wrong = wrong or (view.variable is not None and view.variable not in variables.values())
            kept = view.variable if view.variable in variables.values() else next(iter(variables.values()))
            self.variable.value = kept
            self._axes(view)
        except OdatisError as error:
            self.dataset = None
            self._warn(error.message)
            return
        finally:
            self._quiet = False
        self._warn(self.say("view_corrected") if wrong else None)
        self._draw_map(new=True)
        self._show_place(view.lat, view.lon)

    def _axes(self, view: View) -> None:
        """Set the sliders to what the variable has."""
        self.time.visible = self.depth.visible = False
        self.field = None
        if self.dataset.is_table:
            return
        self.field = field = self.dataset.field(self.variable.value)
        if field.times:
            labels = [self.say.moment(t, field.climatology) for t in field.times]
            self.time.options = {label: n for n, label in enumerate(labels)}
            self.time.label = self.say("month" if field.climatology else "time") + self.say("before_colon")
            self.time.value = min(max(view.time, 1), len(labels)) - 1
        if field.depths:
            self.depth.options = {self._metres(d): n for n, d in enumerate(field.depths)}
            wanted = view.depth or 0.0
            self.depth.value = int(np.argmin([abs(d - wanted) for d in field.depths]))
        self.time.visible, self.depth.visible = len(field.times) > 1, len(field.depths) > 1

    def _metres(self, depth: float) -> str:
        return f"{self.say.number(depth, 0 if depth == int(depth) else 1)} m"

    @property
    def view(self) -> View:
        """What is shown."""
        field = self.field
        return View(
            entry=self.entry.value,
            variable=self.variable.value,
            time=self.time.value + 1 if field is not None and field.times else 1,
            depth=field.depths[self.depth.value] if field is not None and field.depths else None,
            lat=self.place.lat,
            lon=self.place.lon,
        )

    def _entry_chosen(self, event) -> None:
        if not self._quiet:
            self._later(lambda: self._open(View(entry=event.new)))

    def _variable_chosen(self, event) -> None:
        if not self._quiet and self.dataset is not None:
            self._later(self._change_variable)

    def _change_variable(self) -> None:
        view = self.view
        self._quiet = True
        try:
            self._axes(view)
        finally:
            self._quiet = False
        self._draw_map(new=True)
        self._show_place(view.lat, view.lon)

    def _moved(self, event) -> None:
        if not self._quiet and self.dataset is not None:
            self._later(self._redraw)

    def _redraw(self) -> None:
        self._draw_map()
        self._show_place(self.place.lat, self.place.lon)

    def _entered(self, event) -> None:
        if self.lat.value_input and self.lon.value_input:
            self._typed(event)

    def _typed(self, event) -> None:
        # `value` follows only when Enter has been dealt with, or the box is left.
        try:
            lat, lon = (float(box.value_input.replace(",", ".")) for box in (self.lat, self.lon))
        except ValueError:
            lat = lon = np.nan
        if abs(lat) <= 90 and -180 <= lon <= 360:
            self._clicked(lat, lon)
        else:
            self._warn(self.say("type_both"))

    def _clicked(self, lat: float, lon: float) -> None:
        if self.dataset is not None and abs(lat) <= 90:
            self._warn(None)
            self._later(lambda: self._show_place(float(lat), float((lon + 180) % 360 - 180)))

    def _warn(self, text: str | None) -> None:
        self.notice.object, self.notice.visible = text or "", bool(text)

    def _later(self, work) -> None:
        """Do work in the document's next turn: by then the browser knows that it waits."""
        doc = pn.state.curdoc
        if doc is None or doc.session_context is None:
            work()
            return
        self.waiting.visible = True

        def turn():
            try:
                work()
            finally:
                self.waiting.visible = False

        doc.add_timeout_callback(turn, _FLUSH)

    def _draw_map(self, new: bool = False) -> None:
        name = self.variable.value
        if self.dataset.is_table:
            stations = self.dataset.stations
            values = stations.values(name)
            self.map.show_points(stations.lat, stations.lon, values)
            sample, bounds, covered = values[np.isfinite(values)], stations.bounds, np.isfinite(values).mean()
            self.layer = None
            facts = {"min": np.nanmin(values), "mean": np.nanmean(values), "max": np.nanmax(values)}
            text = self.say("summary_stations", count=len(values), **self._numbers(facts))
            rows = [
                (str(n + 1), self.say.number(la), self.say.number(lo), self.say.number(v))
                for n, (la, lo, v) in enumerate(zip(stations.lat, stations.lon, values, strict=True))
            ]
            head = ("#", self.say("lat"), self.say("lon"), self._axis_title)
            tables = table(self.say("table_stations"), head, rows)
        else:
            self.layer = layer = self.field.at(self.time.value, self.depth.value)
            self.map.show_layer(layer)
            sample, bounds = (self.field.sample, layer.bounds) if new else (None, None)
            facts = layer.summary()
            covered = facts.pop("covered")
            text = self.say("summary_map", covered=self.say.number(100 * covered, 0), **self._numbers(facts))
            rows = [
                (f"{self._band(south)} … {self._band(north)}", *(self.say.number(f[k]) for k in _FACTS))
                for south, north, f in layer.bands()
            ]
            head = (self.say("lat"), self.say("minimum"), self.say("mean"), self.say("maximum"))
            tables = table(self.say("table_bands", unit=self._axis_title), head, rows)
        if new:
            standard = self.dataset.standard_name(name)
            low, high = colour_range(standard, sample)
            self.map.colour(palette(standard), low, high, self.dataset.units(name))
            self.map.frame(*bounds)
        self.caption.object = f"<h2>{html.escape(self._heading)}</h2><p role='status'>{html.escape(text)}</p>"
        self.details.object = (
            f"<details><summary>{self.say('as_table')}</summary>"
            f"<div class='scroll' tabindex='0'>{tables}</div></details>"
        )
        self.download.filename = f"{self.entry.value.rsplit('/', 1)[-1]}-{name}.csv"
        self._describe()

    @property
    def _axis_title(self) -> str:
        unit = self.dataset.units(self.variable.value)
        title = self.dataset.title(self.variable.value)
        return f"{title} ({unit})" if unit else title

    @property
    def _heading(self) -> str:
        parts = [self._axis_title]
        if self.field is not None and self.field.times:
            parts.append(self.say.moment(self.field.times[self.time.value], self.field.climatology))
        if self.field is not None and self.field.depths:
            parts.append(self._metres(self.field.depths[self.depth.value]))
        return " · ".join(parts)

    def _band(self, lat: float) -> str:
        side = "" if lat == 0 else f" {self.say('north' if lat > 0 else 'south')}"
        return f"{self.say.number(abs(lat), 0)}°{side}"

    def _numbers(self, facts: dict) -> dict[str, str]:
        unit = self.dataset.units(self.variable.value)
        return {k: f"{self.say.number(v)} {unit}".strip() for k, v in facts.items()}

    def _show_place(self, lat: float | None, lon: float | None) -> None:
        """Mark a place, and fill the panel of what is there."""
        cell = None
        if lat is not None:
            cell = (
                self.dataset.stations.nearest(lat, lon, self.variable.value)
                if self.dataset.is_table
                else self.layer.nearest(lat, lon)
            )
        self.map.show_mark(*((cell.lat, cell.lon) if cell else (None, None)))
        self.place.show(
            self.dataset, self.variable.value, self.field, lat, lon, cell, self.time.value, self.depth.value
        )
        for box, value in ((self.lat, lat), (self.lon, lon)):
            text = "" if value is None else f"{round(value, 3):g}".replace(".", self.say.point)
            box.param.update(value=text, value_input=text)
        self._describe()
        self._on_view(self.view)

    def _describe(self) -> None:
        steps = {}
        if self.field is not None:
            asked = ((self.field.time, self.time.value), (self.field.depth, self.depth.value))
            steps = {axis: n for axis, n in asked if axis}
        self.about.object = about_html(
            self.say, self.dataset, self.variable.value, steps, self.place.cell, self._path
        )

    def _csv(self):
        if self.dataset.is_table:
            rows = self.dataset.stations.rows
            return csv_text(list(rows.columns), rows.itertuples(index=False))
        layer = self.layer
        wet = np.argwhere(np.isfinite(layer.values))
        return csv_text(
            ("lat", "lon", self.variable.value),
            ((layer.lat[i], layer.lon[j], float(layer.values[i, j])) for i, j in wet),
        )


_FACTS = ("min", "mean", "max")
_FLUSH = 20  # milliseconds
