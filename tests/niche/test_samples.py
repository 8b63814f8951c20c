"""Grids, chunked or not, are fitted as the tables they stand for."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from sklearn.base import clone

from odatis_vre.errors import NicheError
from odatis_vre.i18n import use_language
from odatis_vre.niche import (
    BRT,
    ENFA,
    GAM,
    GLM,
    NPPEN,
    OMI,
    Chromatogram,
    Ensemble,
    Envelope,
    MaxEnt,
    RandomForest,
    WeightedAveraging,
    project,
)


@pytest.fixture
def catch(island_sea) -> xr.DataArray:
    """Two species on the grid of the island: one of warm water, one of fresh water."""
    warm = np.exp(-((island_sea.sst - 11.5) ** 2))
    fresh = np.exp(-(((island_sea.salinity - 35.05) / 0.05) ** 2)) + 0 * island_sea.sst
    both = xr.concat([warm, fresh], dim=pd.Index(["tuna", "smelt"], name="species"))
    return both.rename("catch").transpose("time", "lat", "lon", "species")


def table_of(sea, catch):
    env = sea.to_dataframe(dim_order=["time", "lat", "lon"])[["sst", "salinity"]]
    wet = env.notna().any(axis=1)
    abundance = catch.stack(cell=("time", "lat", "lon")).transpose("cell", "species").to_pandas()
    return env[wet], abundance[wet.to_numpy()]


@pytest.mark.parametrize("chunks", [None, {"time": 1, "lat": 3}])
def test_a_grid_gives_the_chromatogram_of_its_table(island_sea, catch, chunks):
    sea, seen = (island_sea, catch) if chunks is None else (island_sea.chunk(chunks), catch.chunk(chunks))
    grid = Chromatogram(bins=6, smoothing=1).fit(sea, seen)
    table = Chromatogram(bins=6, smoothing=1).fit(*table_of(island_sea, catch))
    xr.testing.assert_identical(grid.chromatogram_, table.chromatogram_)
    xr.testing.assert_identical(grid.optimum_, table.optimum_)
    assert list(grid.chromatogram_.species.values) == ["tuna", "smelt"]


def test_each_chunk_is_read_once_for_the_environment_and_the_species(island_sea, catch):
    read = []

    def load(block, block_info=None):
        read.append(block_info[0]["chunk-location"])
        return block

    sea = island_sea.chunk(time=1)
    sea["sst"].data = sea.sst.data.map_blocks(load, dtype=float, meta=np.empty((0, 0, 0)))
    tuna = np.exp(-((sea.sst - 11.5) ** 2)).rename("tuna")
    WeightedAveraging().fit(sea[["sst"]], tuna)
    assert sorted(read) == [(0, 0, 0), (1, 0, 0), (2, 0, 0)]


def test_several_species_may_be_variables_of_a_dataset(island_sea, catch):
    species = catch.to_dataset("species")
    xr.testing.assert_identical(
        WeightedAveraging().fit(island_sea, species).optimum_,
        WeightedAveraging().fit(island_sea, catch).optimum_,
    )


def test_variables_may_lie_along_a_dimension(island_sea, catch):
    stacked = island_sea.to_dataarray("variable")
    xr.testing.assert_equal(
        WeightedAveraging().fit(stacked, catch).optimum_, WeightedAveraging().fit(island_sea, catch).optimum_
    )


@pytest.mark.filterwarnings("ignore:.*rows")
def test_omi_of_a_grid_keeps_the_cells(island_sea, catch):
    omi = OMI().fit(island_sea, catch.fillna(0))
    scores = omi.site_scores_.axis_1.to_xarray()
    assert scores.dims == ("time", "lat", "lon")
    field = omi.transform(island_sea.chunk(time=1)).sel(axis="axis_1")
    assert field.chunks is not None
    np.testing.assert_allclose(field.transpose(*scores.dims).sel(scores.coords), scores, atol=1e-12)
    assert field.isnull().any()


@pytest.mark.filterwarnings("ignore:.*rows")
def test_scores_of_a_data_array_are_missing_where_it_is_infinite(island_sea, catch):
    omi = OMI().fit(island_sea, catch.fillna(0))
    holed = island_sea.assign(sst=island_sea.sst.where(island_sea.lat > 44, np.inf))
    expected = omi.transform(island_sea).where(island_sea.lat > 44)
    xr.testing.assert_allclose(omi.transform(holed.to_dataarray()), expected)


@pytest.mark.filterwarnings("ignore:.*rows")
def test_enfa_of_a_grid_is_that_of_its_table(island_sea, catch):
    tuna = catch.sel(species="tuna", drop=True)
    env, abundance = table_of(island_sea, catch)
    assert ENFA().fit(island_sea, tuna).marginality_ == pytest.approx(
        ENFA().fit(env, abundance["tuna"]).marginality_
    )


@pytest.mark.filterwarnings("ignore:.*rows")
def test_nppen_of_a_grid_takes_the_cells_of_presence(island_sea, catch):
    warm = (catch.sel(species="tuna", drop=True) > 0.3).where(island_sea.sst.notnull(), 0).astype(int)
    env, _ = table_of(island_sea, catch)
    model = NPPEN().fit(island_sea, warm)
    seen = env[np.exp(-((env.sst - 11.5) ** 2)) > 0.3].dropna()
    np.testing.assert_allclose(model.references_, seen)


MODELS = [
    NPPEN(),
    Envelope(),
    GLM(),
    GAM(basis=4),
    BRT(learning_rate=0.1, max_trees=400, random_state=1),
    RandomForest(trees=20, random_state=1),
    MaxEnt(features="lq"),
    Ensemble([GLM(), Envelope()]),
]


@pytest.fixture
def patchy_sea(island_sea) -> xr.Dataset:
    """The island's sea with fronts and swell, so that its variables tell cells apart."""
    swell = np.random.default_rng(8).normal(0, 1, (3, 6, 8))
    salinity = island_sea.salinity + 0.1 * np.random.default_rng(9).normal(0, 1, (6, 8))
    return island_sea.assign(sst=island_sea.sst + swell, salinity=salinity)


@pytest.fixture
def spawning(patchy_sea) -> xr.DataArray:
    """Eggs in warm water, with chance; unknown in one row of cells."""
    chance = np.random.default_rng(7).normal(0, 0.5, (3, 6, 8))
    seen = (patchy_sea.sst + chance > 12).astype(float)
    seen[0, 5] = np.nan
    return seen.rename("eggs")


@pytest.mark.filterwarnings("ignore:.*rows")
@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize("chunks", [{}, {"time": 1, "lat": 3}], ids=["loaded", "lazy"])
def test_a_model_of_a_grid_is_that_of_its_table(model, chunks, patchy_sea, spawning):
    env = patchy_sea.to_dataframe(dim_order=["time", "lat", "lon"])[["sst", "salinity"]]
    whole = (env.notna().all(axis=1) & spawning.to_series().notna()).to_numpy()
    table = clone(model).fit(env[whole], spawning.values.ravel()[whole])
    sea = patchy_sea.chunk(chunks) if chunks else patchy_sea
    grid = clone(model).fit(sea, spawning.chunk(chunks) if chunks else spawning)
    assert grid.n_presences_ == table.n_presences_ > 10
    expected = table.predict(env)
    assert np.nanmax(expected) - np.nanmin(expected) > 0.3
    np.testing.assert_allclose(grid.predict(env), expected, atol=1e-9)
    field = grid.predict(sea)
    assert (field.chunks is not None) == bool(chunks)
    xr.testing.assert_identical(field, project(grid, sea))
    np.testing.assert_allclose(field.transpose("time", "lat", "lon").values.ravel(), expected, atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*rows")
def test_weights_of_a_grid_are_those_of_its_cells(patchy_sea, spawning):
    effort = (patchy_sea.lat - 43) * xr.ones_like(patchy_sea.lon)
    env = patchy_sea.to_dataframe(dim_order=["time", "lat", "lon"])[["sst", "salinity"]]
    cells = effort.broadcast_like(spawning).values.ravel()
    for model in (
        GLM(weighting="equal"),
        Ensemble([GLM(weighting="equal"), Envelope()], combine="weighted", random_state=1),
    ):
        grid = clone(model).fit(patchy_sea, spawning, effort)
        table = clone(model).fit(env, spawning.values.ravel(), cells)
        np.testing.assert_allclose(grid.predict(env), table.predict(env), atol=1e-9)
    plain = GLM(weighting="equal").fit(patchy_sea, spawning).predict(env)
    assert (
        np.nanmax(np.abs(plain - GLM(weighting="equal").fit(patchy_sea, spawning, effort).predict(env)))
        > 1e-3
    )


@pytest.mark.filterwarnings("ignore:.*rows")
def test_an_ensemble_of_a_grid_gives_its_spread_and_members_as_fields(patchy_sea, spawning):
    model = Ensemble([GLM(), Envelope()]).fit(patchy_sea, spawning)
    xr.testing.assert_identical(model.predict_spread(patchy_sea), project(model, patchy_sea, "spread"))
    xr.testing.assert_identical(model.predict_members(patchy_sea), project(model, patchy_sea, "members"))
    stacked = patchy_sea.to_dataarray("variable")
    xr.testing.assert_allclose(
        model.predict(stacked).transpose("time", "lat", "lon"),
        model.predict(patchy_sea).transpose("time", "lat", "lon"),
    )


@pytest.mark.parametrize("model", MODELS[2:], ids=lambda m: type(m).__name__)
def test_a_grid_beside_a_table_is_refused_by_models(model, patchy_sea, spawning):
    with use_language("en"), pytest.raises(NicheError, match="One of the two is a grid"):
        clone(model).fit(patchy_sea, spawning.values.ravel())
    with use_language("en"), pytest.raises(NicheError, match="One of the two is a grid"):
        clone(model).fit(patchy_sea, spawning, np.ones(spawning.size))
    with use_language("en"), pytest.raises(NicheError, match="has not been fitted"):
        clone(model).predict(patchy_sea)


def test_an_infinite_value_of_a_grid_is_a_missing_one(island_sea, catch):
    holed = island_sea.assign(sst=island_sea.sst.where(island_sea.lat > 44, np.inf))
    missing = island_sea.assign(sst=island_sea.sst.where(island_sea.lat > 44))
    found, expected = (WeightedAveraging().fit(sea, catch) for sea in (holed, missing))
    xr.testing.assert_identical(found.optimum_, expected.optimum_)


def test_units_of_the_grid_are_kept_for_the_projection(island_sea, catch):
    island_sea["sst"].attrs["units"] = "degC"
    assert Chromatogram(bins=6).fit(island_sea, catch).feature_units_ == {"sst": "degC"}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda sea, catch: (sea, np.ones(5)), "One of the two is a grid"),
        (lambda sea, catch: (np.ones((5, 2)), catch.to_dataset("species")), "One of the two is a grid"),
        (lambda sea, catch: (sea, catch.isel(lat=slice(2))), "same cells"),
        (lambda sea, catch: (sea.isel(time=0), catch), "same cells"),
    ],
)
def test_grids_that_do_not_fit_are_explained(island_sea, catch, change, text):
    with use_language("en"), pytest.raises(NicheError, match=text):
        WeightedAveraging().fit(*change(island_sea, catch))
