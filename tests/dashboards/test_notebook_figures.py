"""Figures of notebooks: a map that tells what is missing, and a frame that asks nobody."""

import re
from html import unescape

import holoviews as hv
import numpy as np
import pytest
import xarray as xr

from odatis_vre.dashboards import field_map, show
from odatis_vre.errors import OdatisError


@pytest.fixture
def coast():
    """Sea surface temperature on 3 x 4 cells, two of them land."""
    values = np.arange(12.0).reshape(3, 4)
    values[0, :2] = np.nan
    axes = {"lat": [47.5, 48.5, 49.5], "lon": [-6.5, -5.5, -4.5, -3.5]}
    attributes = {"standard_name": "sea_surface_temperature", "units": "degree_Celsius"}
    return xr.DataArray(values, axes, ("lat", "lon"), "sst", attributes)


def figure_of(plot):
    return hv.render(plot, backend="bokeh")


def options(plot) -> dict:
    return hv.Store.lookup_options("bokeh", plot, "plot").kwargs


def shown(monkeypatch, *arguments, **more) -> dict:
    displayed = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: displayed.append(data))
    show(*arguments, **more)
    (data,) = displayed
    return data


def test_the_map_spans_the_cells_and_not_only_their_centres(coast):
    figure = figure_of(field_map(coast, "May"))
    assert (figure.x_range.start, figure.x_range.end) == (-7, -3)
    assert (figure.y_range.start, figure.y_range.end) == (47, 50)


def test_north_is_up_whatever_the_order_of_the_latitudes(coast):
    up, down = (field_map(field, "May").Image.I for field in (coast, coast.isel(lat=slice(None, None, -1))))
    np.testing.assert_array_equal(up.data["sst"], down.data["sst"])


def test_missing_cells_are_grey_and_the_legend_says_so(coast):
    figure = figure_of(field_map(coast, "May"))
    (legend,) = figure.legend
    assert [item.label.value for item in legend.items] == ["terre ou manquant / land or missing"]
    (swatch,) = legend.items[0].renderers
    assert swatch.glyph.fill_color == figure.background_fill_color


def test_the_title_tells_the_unit_once(coast):
    assert figure_of(field_map(coast, "May")).title.text == "May (degree_Celsius)"
    assert figure_of(field_map(coast, "May, in degree_Celsius")).title.text == "May, in degree_Celsius"
    assert figure_of(field_map(coast.assign_attrs(units="1"), "May")).title.text == "May"


def test_colours_span_the_valid_range_or_the_one_asked_for(coast):
    suitability = (coast / 20).rename("suitability").assign_attrs(valid_range=[0, 1])
    assert options(field_map(suitability, "now").Image.I)["clim"] == (0, 1)
    assert options(field_map(suitability, "now", clim=(0, 0.5)).Image.I)["clim"] == (0, 0.5)
    anomaly = (coast - 3).rename("anomaly").drop_attrs()
    low, high = options(field_map(anomaly, "change").Image.I)["clim"]
    assert low == -high == -8


def test_cells_of_unequal_width_stay_where_they_are(coast):
    uneven = coast.assign_coords(lon=[-6.5, -5.5, -4.5, -1.5])
    assert field_map(uneven, "May").QuadMesh.I.dimension_values("lon", expanded=False).tolist() == [
        -6.5,
        -5.5,
        -4.5,
        -1.5,
    ]


def test_a_field_with_a_time_is_refused_with_the_way_out(coast):
    with pytest.raises(OdatisError, match=r"time.*\n?.*isel"):
        field_map(coast.expand_dims(time=[5]), "May")


def test_a_frame_brings_its_script_and_asks_nobody(monkeypatch, coast):
    data = shown(monkeypatch, field_map(coast, "May"), 'Carte "de mai" <décrite>')
    assert data["text/plain"] == 'Carte "de mai" <décrite>'
    frame = data["text/html"]
    assert frame.startswith('<iframe title="Carte &quot;de mai&quot; &lt;décrite&gt;" srcdoc="')
    page = unescape(re.search(r'srcdoc="([^"]*)"', frame)[1])
    assert "Bokeh" in page
    tags = re.sub(r"(<script[^>]*>).*?</script>", r"\1", page, flags=re.DOTALL)
    assert not re.search(r"<script[^>]+src|<link|<img|@import|url\(|https?:", tags)


def test_a_bokeh_figure_is_shown_as_well(monkeypatch):
    from bokeh.plotting import figure

    plot = figure()
    plot.line([1, 2], [3, 4])
    assert "height:250px" in shown(monkeypatch, plot, "Series", height=250)["text/html"]


@pytest.mark.browser
def test_the_frame_takes_the_height_of_what_it_shows(monkeypatch, coast, new_page, tmp_path):
    tall = hv.Layout([field_map(coast, f"May {year}", width=300) for year in (1991, 1992)]).cols(1)
    html = shown(monkeypatch, tall, "Two maps", height=100)["text/html"]
    (tmp_path / "page.html").write_text(f'<!doctype html><meta charset="utf-8">{html}', "utf-8")
    page = new_page()
    page.goto((tmp_path / "page.html").as_uri())
    frame = page.frames[1]
    frame.wait_for_selector("canvas")
    page.wait_for_function("document.querySelector('iframe').offsetHeight > 600", timeout=30_000)
    assert frame.evaluate("document.documentElement.scrollHeight <= innerHeight + 1")
