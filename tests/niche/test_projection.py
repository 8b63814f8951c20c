import dask.array as da
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from odatis_vre import matchup
from odatis_vre.errors import NicheError
from odatis_vre.i18n import use_language
from odatis_vre.niche import NPPEN, Chromatogram, project


@pytest.fixture
def model(presences):
    return NPPEN().fit(presences)


def test_the_projection_keeps_the_grid_and_broadcasts_static_variables(model, island_sea):
    suitability = project(model, island_sea)
    assert suitability.dims == ("time", "lat", "lon")
    for axis in suitability.dims:
        assert suitability[axis].identical(island_sea[axis])


def test_cells_are_missing_exactly_where_a_variable_is(model, island_sea):
    unknown = (island_sea.sst.isnull() | island_sea.salinity.isnull()).transpose("time", "lat", "lon")
    assert 0 < int(unknown.sum()) < unknown.size
    np.testing.assert_array_equal(project(model, island_sea).isnull(), unknown)


def test_each_cell_has_the_prediction_of_its_own_values(model, island_sea):
    suitability = project(model, island_sea).to_series()
    table = island_sea.to_dataframe().loc[suitability.index, ["sst", "salinity"]]
    np.testing.assert_allclose(suitability, model.predict(table), atol=1e-7)


def test_a_chunked_grid_stays_lazy_and_gives_the_same(model, island_sea):
    lazy = project(model, island_sea.chunk(time=1, lat=4, lon=3))
    assert isinstance(lazy.data, da.Array)
    assert lazy.dtype == np.float32
    np.testing.assert_array_equal(lazy.compute(), project(model, island_sea))


def test_a_lazy_projection_computes_no_cell_it_is_not_asked_for(model, island_sea):
    loaded = []

    def load(block, block_info=None):
        loaded.append(block_info[0]["chunk-location"])
        return block

    chunked = island_sea.chunk(time=1, lat=6, lon=8)
    chunked["sst"].data = chunked.sst.data.map_blocks(load, dtype=float, meta=np.empty((0, 0, 0)))
    project(model, chunked).isel(time=1).compute()
    assert loaded == [(1, 0, 0)]


def test_the_attributes_say_what_it_is_and_whom_to_cite(model, island_sea):
    attrs = project(model, island_sea).attrs
    assert attrs["units"] == "1"
    assert "NPPEN(homogenise=None, method='exact'" in attrs["model"]
    assert attrs["predictors"] == "sst salinity"
    assert "10.3354/meps08939" in attrs["references"]


def test_missing_variables_are_named_with_those_there_are(model, island_sea):
    grid = island_sea.rename(sst="temperature")
    with use_language("en"), pytest.raises(NicheError, match=r"(?s)model: sst\..*salinity") as caught:
        project(model, grid)
    assert "temperature" in caught.value.hint


@pytest.fixture
def model_in_celsius(presences):
    presences.attrs["units"] = {"sst": "degC", "salinity": "psu"}
    return NPPEN().fit(presences)


def in_unit(ds, unit, offset=0.0):
    return ds.assign(sst=(ds.sst + offset).assign_attrs(units=unit))


@pytest.mark.parametrize("chunks", [{}, {"time": 1}])
def test_a_grid_in_kelvin_is_converted_to_the_unit_of_the_fit(model_in_celsius, island_sea, chunks):
    kelvin = in_unit(island_sea, "K", 273.15)
    if chunks:
        kelvin = kelvin.chunk(chunks)
    expected = project(model_in_celsius, island_sea)
    assert float(expected.max()) > 0.5
    np.testing.assert_allclose(project(model_in_celsius, kelvin), expected, atol=0.01)


def test_a_table_in_kelvin_is_converted_to_the_unit_of_the_fit(model_in_celsius, presences):
    kelvin = presences.assign(sst=presences.sst + 273.15)
    kelvin.attrs["units"] = {"sst": "K"}
    expected = model_in_celsius.predict(presences)
    np.testing.assert_allclose(model_in_celsius.predict(kelvin), expected, atol=0.01)


@pytest.mark.parametrize("unit", ["m", "parsecs of rum"])
def test_a_grid_whose_unit_does_not_fit_is_refused(model_in_celsius, island_sea, unit):
    with use_language("en"), pytest.raises(NicheError, match=f"sst is in {unit}.*fitted in degC"):
        project(model_in_celsius, in_unit(island_sea, unit))


def test_values_are_taken_as_they_are_where_a_unit_is_unknown(model, model_in_celsius, island_sea):
    expected = project(model, island_sea)
    np.testing.assert_array_equal(project(model_in_celsius, island_sea), expected)
    np.testing.assert_array_equal(project(model, in_unit(island_sea, "K")), expected)


def test_practical_salinity_is_the_same_number_however_its_unit_is_written(model_in_celsius, island_sea):
    expected = project(model_in_celsius, island_sea)
    for unit in ("1", "1e-3", "PSU"):
        grid = island_sea.assign(salinity=island_sea.salinity.assign_attrs(units=unit))
        np.testing.assert_array_equal(project(model_in_celsius, grid), expected)


def test_units_reach_the_model_from_the_grid_that_was_matched(island_sea):
    celsius = in_unit(island_sea, "degC").isel(time=0)
    lat, lon = (c.ravel() for c in np.meshgrid(celsius.lat, celsius.lon))
    stations = pd.DataFrame({"lat": lat, "lon": lon, "eggs": np.arange(len(lat))})
    env = matchup.points(celsius, stations, variables=["sst", "salinity"])
    seen = env[(env.status == "matched") & (env.eggs > 3)][["sst", "salinity"]]
    model = NPPEN().fit(seen)
    assert model.feature_units_ == {"sst": "degC"}
    assert Chromatogram(bins=5).fit(seen, np.ones(len(seen))).feature_units_ == {"sst": "degC"}
    kelvin = in_unit(island_sea, "K", 273.15).isel(time=0)
    xr.testing.assert_allclose(project(model, kelvin), project(model, celsius), atol=0.05)


def test_a_model_without_names_cannot_choose_variables(presences, island_sea):
    with use_language("en"), pytest.raises(NicheError, match="does not know the names"):
        project(NPPEN().fit(presences.to_numpy()), island_sea)


def test_an_unfitted_model_says_so(island_sea):
    with use_language("fr"), pytest.raises(NicheError, match="pas encore été ajusté"):
        project(NPPEN(), island_sea)
