import dask.array as da
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from odatis_vre import matchup
from odatis_vre.errors import NicheError
from odatis_vre.i18n import use_language
from odatis_vre.niche import GLM, NPPEN, Chromatogram, Ensemble, Envelope, MaxEnt, project, shift
from odatis_vre.niche.metrics import scorer


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


@pytest.mark.parametrize("chunks", [None, {"time": 1}])
@pytest.mark.parametrize("kind", [NPPEN, RandomForestClassifier])
def test_an_infinite_value_of_a_grid_is_a_missing_one(kind, chunks, presences, island_sea):
    env = pd.concat([presences, presences + 3], ignore_index=True)
    model = kind().fit(env, np.arange(len(env)) < len(presences))
    north, infinite = island_sea.lat > 45, np.inf * (-1) ** island_sea.time.dt.month
    holed = island_sea.assign(sst=island_sea.sst.where(north, infinite))
    expected = project(model, island_sea).where(north)
    np.testing.assert_array_equal(project(model, holed if chunks is None else holed.chunk(chunks)), expected)


def test_a_data_array_holds_its_variables_along_a_dimension(model, island_sea):
    both = island_sea.to_dataarray()
    expected = project(model, island_sea)
    xr.testing.assert_identical(project(model, both), expected)
    xr.testing.assert_identical(model.predict(both), expected)


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
    with use_language("en"), pytest.raises(NicheError, match=f"sst is in {unit}.*is in degC"):
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


@pytest.fixture
def survey(presences):
    """Presences around 12 degC over sand and rock, background of 5 to 20 degC over any bottom."""
    rng = np.random.default_rng(6)
    background = pd.DataFrame({"sst": rng.uniform(5, 20, 300), "salinity": rng.uniform(34, 36, 300)})
    table = pd.concat([presences, background], ignore_index=True)
    seen = np.arange(420) < 120
    bottom = np.where(seen, rng.choice(["sand", "rock"], 420), rng.choice(["sand", "rock", "mud"], 420))
    return table.assign(bottom=bottom), seen.astype(int)


@pytest.fixture
def ensemble(survey):
    env, seen = survey
    return Ensemble([GLM(), NPPEN(method="ecdf"), Envelope()]).fit(env[["sst", "salinity"]], seen)


def test_the_members_of_an_ensemble_are_projected_along_a_dimension(ensemble, island_sea):
    members = project(ensemble, island_sea, output="members")
    assert members.dims == ("model", "time", "lat", "lon")
    assert members.model.values.tolist() == ["GLM", "NPPEN", "Envelope"]
    table = island_sea.to_dataframe(dim_order=["time", "lat", "lon"])[["sst", "salinity"]]
    for name, expected in ensemble.predict_members(table).items():
        np.testing.assert_allclose(members.sel(model=name).values.ravel(), expected, atol=1e-6)


def test_the_spread_of_an_ensemble_is_a_field_and_that_of_its_members(ensemble, island_sea):
    spread, members = (project(ensemble, island_sea, output=o) for o in ("spread", "members"))
    assert spread.name == "spread"
    assert 0.05 < float(spread.max()) <= 0.5
    np.testing.assert_allclose(spread, members.std("model", skipna=False), atol=1e-6)
    np.testing.assert_allclose(project(ensemble, island_sea), members.mean("model", skipna=False), atol=1e-6)


@pytest.mark.parametrize("output", ["spread", "members"])
def test_what_an_ensemble_makes_of_a_grid_is_lazy_and_missing_where_a_variable_is(
    ensemble, island_sea, output
):
    lazy = project(ensemble, island_sea.chunk(time=1, lat=4, lon=3), output=output)
    assert isinstance(lazy.data, da.Array)
    assert lazy.chunksizes["lat"] == (4, 2)
    np.testing.assert_array_equal(lazy.compute(), project(ensemble, island_sea, output=output))
    unknown = project(ensemble, island_sea).isnull()
    assert (lazy.isnull() == unknown).all()


def test_the_variance_of_projections_is_split_over_models_and_scenarios(ensemble, island_sea):
    warm = island_sea.assign(sst=island_sea.sst + 2)
    runs = xr.concat(
        [project(ensemble, grid, output="members") for grid in (island_sea, warm)], dim="scenario"
    )
    parts = shift.variance_split(runs, ("model", "scenario"))
    variance = runs.astype(float).var(("model", "scenario"), skipna=False)
    np.testing.assert_allclose(parts.sum("source", skipna=False), variance, atol=1e-12)
    assert (parts.isnull().all("source") == project(ensemble, island_sea).isnull()).all()


def test_a_model_that_is_no_ensemble_has_no_members(model, ensemble, island_sea):
    with use_language("en"):
        with pytest.raises(NicheError, match="NPPEN is no ensemble"):
            project(model, island_sea, output="spread")
        with pytest.raises(NicheError, match="output = 'mean' is not possible"):
            project(ensemble, island_sea, output="mean")
        with pytest.raises(NicheError, match="dimension `model`"):
            project(ensemble, island_sea.expand_dims(model=["a"]), output="members")


@pytest.fixture
def sea_floor(island_sea):
    """The grid with its bottom as text, unknown on the island, and whether it is trawled."""
    bottom = np.array([["sand", "rock", "mud"][i % 3] for i in range(48)], dtype=object).reshape(6, 8)
    bottom[2:4, 3:5] = None
    trawled = np.arange(48).reshape(6, 8) % 2 == 0
    return island_sea.assign(bottom=(("lat", "lon"), bottom), trawled=(("lat", "lon"), trawled))


def cell_by_cell(predict, ds, names):
    """What `predict` makes of the known cells of a grid, one row each."""
    table = ds[names].to_dataframe(dim_order=["time", "lat", "lon"])[names]
    known = table.notna().all(axis=1)
    out = np.full(len(table), np.nan)
    out[known] = predict(table[known].reset_index(drop=True))
    return out


CLASSIFIERS = [
    LogisticRegression(),
    make_pipeline(StandardScaler(), LogisticRegression()),
    make_pipeline(ColumnTransformer([("z", StandardScaler(), ["sst"])]), LogisticRegression()),
    RandomForestClassifier(20, random_state=1),
    CalibratedClassifierCV(RidgeClassifier(), ensemble=False),
    GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}),
]


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda c: type(c).__name__)
@pytest.mark.parametrize("chunks", [{}, {"time": 1, "lat": 3}], ids=["loaded", "lazy"])
def test_a_classifier_is_projected_as_its_probability_of_presence(classifier, chunks, survey, island_sea):
    names = ["sst", "salinity"]
    classifier.fit(survey[0][names], survey[1])
    expected = cell_by_cell(lambda t: classifier.predict_proba(t)[:, 1], island_sea, names)
    assert ((expected > 0.05) & (expected < 0.95)).any()
    found = project(classifier, island_sea.chunk(chunks) if chunks else island_sea)
    np.testing.assert_allclose(found.values.ravel(), expected, atol=1e-6)


def test_columns_of_a_pipeline_are_taken_by_name_and_keep_their_types(survey, sea_floor):
    names = ["sst", "salinity", "bottom"]
    columns = ColumnTransformer([("kind", OneHotEncoder(), ["bottom"]), ("z", StandardScaler(), ["sst"])])
    model = make_pipeline(columns, LogisticRegression()).fit(survey[0][names], survey[1])
    expected = cell_by_cell(lambda t: model.predict_proba(t)[:, 1], sea_floor, names)
    np.testing.assert_allclose(project(model, sea_floor.chunk(time=1)).values.ravel(), expected, atol=1e-6)


@pytest.mark.parametrize("text", [object, "<U4", np.dtypes.StringDType(na_object=np.nan)], ids=str)
def test_a_factor_of_text_is_projected_beside_numbers(text, survey, sea_floor):
    names = ["sst", "bottom"]
    model = GLM(selection=None).fit(survey[0][names], survey[1])
    if text == "<U4":  # no missing text: the island is told by sst
        sea_floor = sea_floor.assign(bottom=sea_floor.bottom.fillna("mud"))
    grid = sea_floor.assign(bottom=sea_floor.bottom.astype(text))
    found = project(model, grid)
    np.testing.assert_allclose(found.values.ravel(), cell_by_cell(model.predict, sea_floor, names), atol=1e-6)
    np.testing.assert_array_equal(found.isnull(), sea_floor.sst.isnull())
    mud = found.where(sea_floor.bottom == "mud").max()
    assert float(mud) < float(found.where(sea_floor.bottom == "sand").max())


def test_a_factor_of_booleans_or_of_numbers_is_projected(survey, sea_floor):
    env, seen = survey
    flags = np.random.default_rng(2).random(420) < 0.5 + 0.3 * seen
    for values, grid in (
        (pd.Series(flags), sea_floor.trawled),
        (pd.Series(flags.astype(int)).astype("category"), sea_floor.trawled.astype(float)),
    ):
        model = GLM(selection=None).fit(env[["sst"]].assign(trawled=values), seen)
        assert model.categories_
        found = project(model, sea_floor.assign(trawled=grid))
        assert not found.where(sea_floor.sst.notnull(), 0).isnull().any()
        assert float(abs(found.diff("lon")).max()) > 0.05


def test_text_where_the_fit_had_numbers_is_named(model, sea_floor):
    grid = sea_floor.assign(salinity=sea_floor.bottom)
    with use_language("en"), pytest.raises(NicheError, match=r"not numbers.*salinity"):
        project(model, grid)


def test_a_regressor_is_projected_without_a_claim_on_its_range(survey, island_sea):
    names = ["sst", "salinity"]
    for regressor in (LinearRegression(), HistGradientBoostingRegressor(max_iter=5)):
        model = regressor.fit(survey[0][names], survey[1])
        found = project(model, island_sea)
        np.testing.assert_allclose(
            found.values.ravel(), cell_by_cell(model.predict, island_sea, names), atol=1e-6
        )
        assert "valid_range" not in found.attrs
    link = MaxEnt(features="l", output="link").fit(survey[0][names], survey[1])
    assert "valid_range" not in project(link, island_sea).attrs


def test_a_pipeline_with_a_function_of_the_notebook_is_projected(survey, island_sea):
    double = FunctionTransformer(lambda table: 2 * table, feature_names_out="one-to-one")
    model = make_pipeline(double, LogisticRegression()).fit(survey[0][["sst"]], survey[1])
    assert len(project(model, island_sea).attrs["model_hash"]) == 16


def test_a_search_is_projected_as_the_model_it_found_with_its_units(survey, island_sea):
    env, seen = survey[0][["sst", "salinity"]], survey[1]
    env.attrs["units"] = {"sst": "degC"}
    search = GridSearchCV(
        GLM(), {"selection": [None, "aic"]}, scoring=scorer("auc"), cv=StratifiedKFold(2)
    ).fit(env, seen)
    kelvin = in_unit(island_sea, "K", 273.15)
    found = project(search, kelvin)
    assert found.attrs["model"].startswith("GLM(")
    xr.testing.assert_identical(found, project(search.best_estimator_, kelvin))
    np.testing.assert_allclose(found, project(search, in_unit(island_sea, "degC")), atol=1e-4)


def test_a_classifier_without_probabilities_or_of_other_classes_is_refused(survey, island_sea):
    env, seen = survey[0][["sst", "salinity"]], survey[1]
    with use_language("en"), pytest.raises(NicheError, match="no probability of presence") as caught:
        project(RidgeClassifier().fit(env, seen), island_sea)
    assert "CalibratedClassifierCV" in caught.value.hint
    with use_language("fr"), pytest.raises(NicheError, match="une classe 'absent'"):
        project(LogisticRegression().fit(env, np.where(seen, "seen", "absent")), island_sea)
    with use_language("en"), pytest.raises(NicheError, match="a class 2"):
        project(LogisticRegression().fit(env, seen + (env.sst > 15)), island_sea)
