import dask.array as da
import numpy as np
import pytest

from odatis_vre.errors import NicheError
from odatis_vre.i18n import use_language
from odatis_vre.niche import NPPEN, project


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


def test_a_model_without_names_cannot_choose_variables(presences, island_sea):
    with use_language("en"), pytest.raises(NicheError, match="does not know the names"):
        project(NPPEN().fit(presences.to_numpy()), island_sea)


def test_an_unfitted_model_says_so(island_sea):
    with use_language("fr"), pytest.raises(NicheError, match="pas encore été ajusté"):
        project(NPPEN(), island_sea)
