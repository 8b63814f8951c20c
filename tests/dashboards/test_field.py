"""Maps, nearest cells, series and profiles of a grid."""

import numpy as np
import pytest
import xarray as xr

from odatis_vre.dashboards.field import Field, distance_km


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


def test_a_degree_of_the_equator_is_111_km():
    # 2 pi 6371.0088 km / 360
    assert distance_km(0, 179.5, 0, -179.5) == pytest.approx(111.195, abs=1e-3)


def test_a_map_is_turned_to_ascending_axes(basin):
    layer = Field(basin).at(time=1, depth=2)
    assert layer.lat.tolist() == [40.0, 41.0]
    assert layer.values[:, 0].tolist() == basin[1, 2, ::-1, 0].values.tolist()
    assert layer.bounds == (-0.5, 39.5, 1.5, 41.5)


def test_the_nearest_cell_is_a_wet_one_and_says_how_far_it_is(basin):
    cell = Field(basin).at().nearest(40.2, 1.0)
    assert (cell.lat, cell.lon) == (40.0, 0.0)
    assert cell.distance == pytest.approx(distance_km(40.2, 1.0, 40.0, 0.0))
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
    assert Field(wide).at().pixels.shape == (2, 1000)


def test_what_has_no_position_is_not_mapped(climatology):
    assert Field.is_mapped(climatology.sst)
    assert not Field.is_mapped(climatology.climatology_bounds)
