"""Colours, addresses, numbers and names of the explorer."""

import numpy as np
import pytest

from odatis_vre.catalog import open_catalog
from odatis_vre.dashboards.captions import Speaker, csv_text, table
from odatis_vre.dashboards.colours import colour_range, palette
from odatis_vre.dashboards.dataset import Dataset
from odatis_vre.dashboards.view import View


@pytest.mark.parametrize(
    "name", ["eastward_wind", "northward_sea_water_velocity", "sea_surface_height_anomaly"]
)
def test_a_quantity_with_a_sign_has_symmetric_colours(name):
    low, high = colour_range(name, np.array([-1.0, 0.0, 4.0]))
    assert low == -high == -4.0
    assert palette(name) == palette("eastward_wind")


def test_temperature_has_cmoceans_thermal_colours():
    assert palette("sea_water_temperature")[0] == "#042333"  # cmocean 4.0, thermal(0)


def test_a_few_outliers_do_not_stretch_the_colours():
    values = np.append(np.linspace(0, 1, 1000), 99.0)
    assert colour_range("salinity", values)[1] < 1.01


def test_a_constant_field_still_has_a_range():
    low, high = colour_range("salinity", np.array([35.0, 35.0]))
    assert low < 35 < high


def test_a_view_comes_back_from_its_address():
    view = View("sample/ocean_climatology", "salinity", 3, 100.0, -12.5, 170.0)
    assert View.from_query(view.to_query()) == view


@pytest.mark.parametrize(
    "query", [{"lat": "100", "lon": "0"}, {"lat": "1"}, {"lat": "x", "lon": "1"}, {"lat": "nan", "lon": "1"}]
)
def test_a_wrong_position_in_an_address_counts_as_none(query):
    view = View.from_query(query)
    assert (view.lat, view.lon) == (None, None)


def test_numbers_and_places_follow_the_language():
    assert Speaker("fr").place(47.5, -8.5) == "47,5° N ; 8,5° O"
    assert Speaker("en").place(-47.5, 188.5) == "47.5° S, 171.5° W"
    assert Speaker("fr").number(-0.004) == "0,00"
    assert Speaker("en").number(float("nan")) == "no data"


def test_a_climatology_has_month_names_and_a_series_dates():
    time = np.datetime64("1946-08-16T12:00")
    assert Speaker("fr").moment(time, climatology=True) == "août"
    assert Speaker("en").moment(time, climatology=False) == "1946-08-16"


def test_a_table_names_its_rows_and_columns_and_escapes_what_it_shows():
    made = table("A & B", ("x", "y"), [("<b>", "1")])
    assert "<caption>A &amp; B</caption>" in made
    assert "<th scope='row'>&lt;b&gt;</th>" in made


def test_csv_has_points_and_leaves_missing_values_empty():
    assert csv_text(("a", "b"), [(1, 0.5), (2, float("nan"))]).read() == "a,b\n1,0.5\n2,\n"


def test_a_dataset_offers_its_mapped_variables_by_title():
    data = Dataset(open_catalog()["sample/ocean_climatology"], "fr")
    assert data.variables["Température de surface de la mer"] == "sst"
    assert "climatology_bounds" not in data.variables.values()
    assert data.units("sst") == "°C"
    assert data.units("wind_speed") == "m s⁻¹"


def test_a_table_offers_what_was_observed_first():
    data = Dataset(open_catalog()["sample/mackerel_eggs_1992"], "en")
    assert list(data.variables.values()) == ["egg_density", "bottom_depth"]
    assert data.stations.nearest(48.25, -5.75, "egg_density").value == 5.43  # the file's first row
