"""Maps, nearest cells, series and profiles of a grid."""

import numpy as np
import pytest
import xarray as xr

from odatis_vre.dashboards.field import Field, Layer
from odatis_vre.dashboards.figures import MapFigure
from odatis_vre.matchup.nearest import great_circle_km


@pytest.fixture
def basin():
    """Two months and three levels of a small sea; north first, land in the east."""
    values = np.arange(24, dtype="float32").reshape(2, 3, 2, 2)
    values[..., 1] = np.nan
    return xr.DataArray(
        values,
        dims=("time", "depth", "lat", "lon"),
        coords={
            "time": np.array(["2000-01-15", "2000-02-15"], dtype="datetime64[ns]"),
            "depth": ("depth", [0.0, 10.0, 100.0], {"positive": "down", "axis": "Z"}),
            "lat": ("lat", [41.0, 40.0], {"units": "degrees_north"}),
            "lon": ("lon", [0.0, 1.0], {"units": "degrees_east"}),
        },
    )


def test_a_map_is_turned_to_ascending_axes(basin):
    layer = Field(basin).at(time=1, depth=2)
    assert layer.lat.tolist() == [40.0, 41.0]
    assert layer.values[:, 0].tolist() == basin[1, 2, ::-1, 0].values.tolist()
    assert layer.bounds == (-0.5, 39.5, 1.5, 41.5)


def test_the_nearest_cell_is_a_wet_one_and_says_how_far_it_is(basin):
    cell = Field(basin).at().nearest(40.2, 1.0)
    assert (cell.lat, cell.lon) == (40.0, 0.0)
    assert cell.distance == pytest.approx(great_circle_km(40.2, 1.0, 40.0, 0.0))
    assert cell.index == {"lat": 1, "lon": 0}
    assert cell.value == float(basin[0, 0, 1, 0])


def test_the_nearest_cell_is_found_across_the_date_line():
    row = xr.DataArray(
        [[1.0, 2.0, 3.0]], dims=("lat", "lon"), coords={"lat": [0.0], "lon": [-179.0, 0.0, 170.0]}
    )
    assert Field(row).at().nearest(0, 179.5).lon == -179.0


def test_an_empty_map_has_no_nearest_cell(basin):
    layer = Field(basin * np.nan).at()
    assert layer.nearest(40, 0) is None
    assert layer.summary()["covered"] == 0


def test_series_and_profile_are_those_of_the_cell(basin):
    field = Field(basin)
    cell = field.at().nearest(41.0, 0.0)
    assert field.series(cell, depth=1).tolist() == basin[:, 1, 0, 0].values.tolist()
    assert field.profile(cell, time=1).tolist() == basin[1, :, 0, 0].values.tolist()


def test_the_mean_of_a_map_is_weighted_by_area():
    tall = xr.DataArray([[0.0], [1.0]], dims=("lat", "lon"), coords={"lat": [0.0, 60.0], "lon": [0.0]})
    assert Field(tall).at().summary()["mean"] == pytest.approx(0.5 / 1.5)  # cos 60 = 0.5


def test_a_large_map_is_thinned_before_it_travels():
    wide = xr.DataArray(
        np.zeros((2, 5000), "float32"),
        dims=("lat", "lon"),
        coords={"lat": [0, 1], "lon": np.arange(5000) / 100},
    )

    assert Field(wide).at().pixels.shape == (2, 1200)


def test_the_pixels_of_an_even_map_are_its_cells(climatology):
    layer = Field(climatology.sst).at()
    assert np.array_equal(layer.pixels, layer.values.astype("float32"), equal_nan=True)


def zonal(lat):
    """Values that are the latitude of their row."""
    lat = np.asarray(lat, "float64")
    return Layer(
        np.repeat(lat[:, None], 2, axis=1), lat, np.array([0.0, 1.0]), ("lat", "lon"), (False, False)
    )


def test_an_uneven_axis_is_drawn_where_its_rows_are():
    mercator = np.degrees(np.arctan(np.sinh(np.radians(np.arange(0, 160, 4.0)))))  # up to 83 degrees
    layer = zonal(mercator)
    words = dict.fromkeys(("missing", "lat", "lon", "value"), "")
    figure = MapFigure("en", words, on_place=None)
    figure.show_layer(layer)
    drawn = {name: column[0] for name, column in figure.image.data.items()}
    rows = drawn["image"].shape[0]
    at = drawn["y"] + (np.arange(rows) + 0.5) * drawn["dh"] / rows
    nearest = mercator[np.abs(at[:, None] - mercator).argmin(axis=1)]
    assert drawn["image"][:, 0] == pytest.approx(nearest)
    assert set(drawn["image"][:, 0]) == set(mercator.astype("float32"))


def test_the_row_at_each_pole_is_in_the_table_and_drawn_in_its_place():
    layer = zonal(np.arange(-90, 91, 10))
    bands = layer.bands()
    assert [row[0] for row in bands] == list(np.arange(80.0, -91, -10))
    assert (bands[0][2]["max"], bands[-1][2]["min"]) == (90.0, -90.0)
    assert layer.pixels[:, 0].tolist() == layer.lat.tolist()
    assert layer.edges[1::2] == (-95, 95)
    assert layer.bounds[1::2] == (-90, 90)


def test_what_has_no_position_is_not_mapped(climatology):
    assert Field.is_mapped(climatology.sst)
    assert not Field.is_mapped(climatology.climatology_bounds)
