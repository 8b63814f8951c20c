"""What is at a place: the value, the series and the profile of the nearest cell that has one."""

import html

import numpy as np
import panel as pn
import panel_material_ui as pmui

from odatis_vre.dashboards.captions import Speaker, csv_text, table
from odatis_vre.dashboards.dataset import Dataset
from odatis_vre.dashboards.field import Cell, Field
from odatis_vre.dashboards.figures import profile_figure, series_figure
from odatis_vre.dashboards.page import STYLE

__all__ = ["PlacePanel"]


class PlacePanel:
    """The panel under the map.

    Parameters
    ----------
    say : Speaker
    """

    def __init__(self, say: Speaker):
        self.say = say
        self.lat: float | None = None
        self.lon: float | None = None
        self.cell: Cell | None = None
        self._rows: tuple = ((), ())
        self.text = pn.pane.HTML(sizing_mode="stretch_width", stylesheets=[STYLE], margin=(4, 14))
        self.plot = pn.Column(sizing_mode="stretch_width", margin=0)
        self.table = pn.pane.HTML(sizing_mode="stretch_width", stylesheets=[STYLE], margin=(0, 14))
        self.download = pmui.FileDownload(
            callback=lambda: csv_text(*self._rows),
            filename="place.csv",
            label=say("download_place"),
            variant="text",
            margin=(0, 6),
            visible=False,
        )
        self.layout = pn.Column(
            self.text, self.plot, self.table, self.download, sizing_mode="stretch_width", margin=0
        )

    def show(
        self,
        dataset: Dataset,
        name: str,
        field: Field | None,
        lat: float | None,
        lon: float | None,
        cell: Cell | None,
        time: int,
        depth: int,
    ) -> None:
        """Show a place.

        Parameters
        ----------
        dataset : Dataset
        name : str
            Of the variable.
        field : Field or None
            None for a table.
        lat, lon : float or None
            Where one clicked.
        cell : Cell or None
            The nearest one with a value.
        time, depth : int
            The step and the level of the map.
        """
        say = self.say
        self.lat, self.lon, self.cell = lat, lon, cell
        unit = dataset.units(name)
        title = dataset.title(name) + (f" ({unit})" if unit else "")
        self.plot.objects, self.table.object, self.download.visible = [], "", False
        if lat is None:
            self.text.object = f"<h2>{say('place')}</h2><p>{say('no_place')}</p>"
            return
        if cell is None:
            self.text.object = f"<h2>{say.place(lat, lon)}</h2><p role='status'>{say('nothing_here')}</p>"
            return
        sentence = say(
            "nearest_station" if field is None else "nearest_cell",
            place=say.place(cell.lat, cell.lon),
            distance=say.number(cell.distance, 0 if cell.distance >= 10 else 1),
            value=f"{say.number(cell.value)} {unit}".strip(),
        )
        self.text.object = f"<h2>{say.place(lat, lon)}</h2><p role='status'>{html.escape(sentence)}</p>"
        if field is None:
            self._station(dataset, cell)
        elif field.times or field.depths:
            self._curves(field, cell, name, title, time, depth)

    def _station(self, dataset: Dataset, cell: Cell) -> None:
        row = dataset.stations.rows.iloc[cell.index["row"]]
        rows = [(dataset.title(key), self._cell_text(value)) for key, value in row.items()]
        self._rows = (tuple(row.index), (tuple(row.values),))
        self.download.visible = True
        self.table.object = table(self.say("table_station"), (self.say("column"), self.say("value")), rows)

    def _cell_text(self, value) -> str:
        return f"{value:g}".replace(".", self.say.point) if isinstance(value, float) else str(value)

    def _curves(self, field: Field, cell: Cell, name: str, title: str, time: int, depth: int) -> None:
        say, plots, tables = self.say, [], []
        if len(field.times) > 1:
            values = field.series(cell, depth)
            labels = [say.moment(t, field.climatology) for t in field.times]
            short = [say.moment(t, field.climatology, short=True) for t in field.times]
            plots.append(series_figure(short, values, time, title, say.lang))
            tables.append(
                self._table("series", "month" if field.climatology else "time", labels, values, title)
            )
            self._rows = (("time", name), tuple(zip(labels, map(float, values), strict=True)))
        if len(field.depths) > 1:
            values = field.profile(cell, time)
            plots.append(profile_figure(field.depths, values, depth, (title, say("depth_axis")), say.lang))
            labels = [f"{say.number(d, 0)} m" for d in field.depths]
            tables.append(self._table("profile", "depth", labels, values, title))
            self._rows = (("depth", name), tuple(zip(field.depths, map(float, values), strict=True)))
        self.plot.objects = [
            pn.pane.Bokeh(plot, sizing_mode="stretch_width", margin=(0, 8), min_width=260) for plot in plots
        ]
        self.table.object = (
            f"<details><summary>{say('as_table')}</summary>"
            f"<div class='scroll' tabindex='0'>{''.join(tables)}</div></details>"
        )
        self.download.visible = bool(plots)

    def _table(self, key: str, first: str, labels: list[str], values: np.ndarray, title: str) -> str:
        rows = [(label, self.say.number(v)) for label, v in zip(labels, values, strict=True)]
        return table(self.say(key), (self.say(first), title), rows)
