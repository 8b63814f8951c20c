import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import make_scorer, roc_auc_score
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from odatis_vre.errors import NicheError
from odatis_vre.i18n import use_language
from odatis_vre.niche.model import SuitabilityModel, collinear_columns


class Closeness(SuitabilityModel):
    """1 where the environment is that of the mean presence, less the farther from it."""

    block_rows = 7

    def __init__(self, width=1.0):
        self.width = width

    def _fit(self, values, presence, weight, table):
        self.mean_ = np.average(values[presence], axis=0, weights=weight[presence])

    def _predict(self, values):
        assert not np.isnan(values).any()
        return np.exp(-(((values - self.mean_) / self.width) ** 2).sum(axis=1))


class Regression(Closeness):
    collinear_fails = True


@pytest.fixture
def sea() -> tuple[pd.DataFrame, pd.Series]:
    """60 stations, presences where it is warm; sst in degC, depth in m."""
    rng = np.random.default_rng(3)
    env = pd.DataFrame({"sst": rng.uniform(5, 25, 60), "depth": rng.uniform(10, 200, 60)})
    env.attrs["units"] = {"sst": "degree_Celsius", "depth": "m"}
    return env, (env.sst > 15).rename("fish")


@pytest.fixture
def sea_bed(sea) -> tuple[pd.DataFrame, pd.Series]:
    env, presence = sea
    return env.assign(bottom=np.resize(["sand", "mud", "rock"], 60)), presence


def test_a_fitted_model_tells_what_it_was_fitted_on(sea):
    model = Closeness().fit(*sea)
    assert model.feature_names_in_.tolist() == ["sst", "depth"]
    assert model.feature_units_ == {"sst": "degree_Celsius", "depth": "m"}
    assert (model.n_features_in_, model.categories_) == (2, {})
    assert (model.n_presences_, model.n_background_) == (int(sea[1].sum()), int((~sea[1]).sum()))


def test_presences_may_be_booleans_numbers_a_list_or_a_table(sea):
    env, presence = sea
    expected = Closeness().fit(env, presence).predict(env)
    for y in (presence.astype(int), presence.astype(float).tolist(), presence.to_frame()):
        np.testing.assert_array_equal(Closeness().fit(env, y).predict(env), expected)


def test_rows_with_a_missing_value_are_left_out_with_one_warning(sea):
    env, presence = sea
    holed = env.copy()
    holed.iloc[2, 0] = holed.iloc[5, 1] = np.nan
    unknown = presence.astype(float)
    unknown.iloc[9] = np.nan
    with pytest.warns(UserWarning, match="3 of 60 rows") as warned:
        model = Closeness().fit(holed, unknown)
    assert len(warned) == 1
    np.testing.assert_array_equal(
        model.mean_, Closeness().fit(env.drop([2, 5, 9]), presence.drop([2, 5, 9])).mean_
    )


def test_suitability_is_missing_exactly_where_a_variable_is(sea):
    model = Closeness(30).fit(*sea)
    targets = sea[0].copy()
    targets.iloc[[0, 13, 59], [0]] = np.nan
    targets.iloc[20:30, 1] = np.nan
    np.testing.assert_array_equal(np.isnan(model.predict(targets)), targets.isna().any(axis=1))
    complete = model.predict(sea[0])
    kept = targets.notna().all(axis=1)
    np.testing.assert_array_equal(model.predict(targets)[kept], complete[kept])
    assert np.isnan(model.predict(targets * np.nan)).all()


def test_blocks_do_not_show(sea):
    env, presence = sea
    model = Closeness(30).fit(env, presence)
    one_by_one = [model.predict(env.iloc[[i]])[0] for i in range(60)]
    np.testing.assert_allclose(model.predict(env), one_by_one, rtol=1e-12)
    assert model.predict(env.iloc[:0]).shape == (0,)


def test_columns_are_taken_by_name_and_converted_to_the_units_of_the_fit(sea):
    env, presence = sea
    model = Closeness(30).fit(env, presence)
    kelvin = pd.DataFrame({"depth": env.depth, "other": 0.0, "sst": env.sst + 273.15})
    kelvin.attrs["units"] = {"sst": "K", "depth": "m"}
    np.testing.assert_allclose(model.predict(kelvin), model.predict(env), rtol=1e-9)
    kelvin.attrs["units"]["sst"] = "m s-1"
    with pytest.raises(NicheError, match="sst is in m s-1"):
        model.predict(kelvin)


def test_columns_may_have_numbers_for_names(sea):
    env, presence = sea
    numbered = env.set_axis([0, 1], axis=1)
    model = Closeness(30).fit(numbered, presence)
    np.testing.assert_array_equal(model.predict(numbered[[1, 0]]), model.predict(env.to_numpy()))


def test_factors_are_categories_text_and_booleans(sea):
    env, presence = sea
    env = env.assign(
        bottom=pd.Categorical(np.resize(["sand", "mud"], 60), categories=["sand", "rock", "mud"]),
        gear=np.resize(["trawl", "net"], 60),
        night=np.resize([True, False], 60),
        sediment=pd.Categorical(np.resize([7, 3], 60)),
        numbers=env.sst.astype(object),
    )
    model = Closeness(30).fit(env, presence)
    assert model.categories_ == {
        "bottom": ["sand", "mud"],
        "gear": ["net", "trawl"],
        "night": [False, True],
        "sediment": [3, 7],
    }


def test_a_level_that_the_fit_did_not_see_gives_nan_and_one_warning_names_it(sea_bed):
    env, presence = sea_bed
    known = env.bottom != "rock"
    model = Closeness(30).fit(env[known], presence[known])
    with pytest.warns(UserWarning, match="bottom: rock") as warned:
        suitability = model.predict(env)
    assert len(warned) == 1
    np.testing.assert_array_equal(np.isnan(suitability), ~known)


def test_a_level_of_left_out_rows_counts_as_not_seen(sea_bed):
    env, presence = sea_bed
    holed = env.assign(sst=env.sst.where(env.bottom != "mud"))
    with pytest.warns(UserWarning, match="left out"):
        model = Closeness(30).fit(holed, presence)
    assert model.categories_ == {"bottom": ["rock", "sand"]}
    with pytest.warns(UserWarning, match="mud"):
        assert np.isnan(model.predict(env))[env.bottom == "mud"].all()


def test_an_array_holds_levels_not_codes(sea):
    env, presence = sea
    env = env.assign(sediment=pd.Categorical(np.resize([30, 10, 20], 60)))
    model = Closeness(30).fit(env, presence)
    np.testing.assert_array_equal(model.predict(env.to_numpy(float)), model.predict(env))
    text = env.assign(sediment=env.sediment.map({10: "mud", 20: "rock", 30: "sand"}))
    model = Closeness(30).fit(text, presence)
    np.testing.assert_array_equal(model.predict(text.to_numpy()), model.predict(text))


def test_a_row_of_weight_zero_is_left_out(sea):
    env, presence = sea
    weight = np.ones(60)
    weight[presence.to_numpy().nonzero()[0][:4]] = 0
    model = Closeness().fit(env, presence, sample_weight=weight)
    np.testing.assert_array_equal(model.mean_, Closeness().fit(env[weight > 0], presence[weight > 0]).mean_)
    assert model.n_presences_ == presence.sum() - 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda env, y: (env, y[:-1]), "60 rows, the presences 59"),
        (lambda env, y: (env, y * 3), "A presence is 3.0"),
        (lambda env, y: (env, y.map({True: "yes", False: "no"})), "not numbers"),
        (lambda env, y: (env, None), "y is None"),
        (lambda env, y: (env, pd.DataFrame({"a": y, "b": y})), "2 species"),
        (lambda env, y: (env, y & (y.cumsum() <= 2)), "2 presences are too few: Closeness needs at least 3"),
        (lambda env, y: (env[y], y[y]), "no background"),
        (lambda env, y: (env.assign(ice=0.0), y), "do not vary: ice"),
        (lambda env, y: (env.assign(ice="none"), y), "do not vary: ice"),
        (lambda env, y: (env.assign(sst=np.inf), y), "infinite"),
        (lambda env, y: (env.assign(day=pd.Timestamp("1992-03-02")), y), "not numbers .columns: day"),
        (lambda env, y: (env.assign(tags=[[1]] * 60), y), "not numbers .columns: tags"),
        (lambda env, y: (env, y, np.ones(59)), "weights have shape"),
        (lambda env, y: (env, y, np.r_[-1.0, np.ones(59)]), "A weight is -1.0"),
        (lambda env, y: (env, y, np.zeros(60)), "All weights are zero"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_with_a_way_out(sea, change, message):
    with pytest.raises(NicheError, match=message) as caught:
        Closeness().fit(*change(*sea))
    assert caught.value.hint


def test_collinear_variables_are_refused_where_the_model_cannot_take_them(sea):
    env, presence = sea
    env = env.assign(kelvin=env.sst + 273.15)
    with pytest.raises(NicheError, match="Collinear variables: sst, kelvin"):
        Regression().fit(env, presence)
    Closeness().fit(env, presence)
    assert collinear_columns(env[["sst", "depth"]].to_numpy()).tolist() == []


def test_a_model_that_is_not_fitted_says_so():
    with pytest.raises(NotFittedError, match="has not been fitted"):
        Closeness().predict([[1.0, 2.0]])
    with use_language("fr"), pytest.raises(NicheError, match="pas encore été ajusté"):
        Closeness().predict([[1.0, 2.0]])


def test_models_are_cloned_pickled_and_cross_validated(sea):
    env, presence = sea
    model = Closeness(30).fit(env, presence)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(env), model.predict(env))
    assert clone(model).get_params() == {"width": 30}
    pipeline = make_pipeline(StandardScaler(), Closeness())
    order = np.random.default_rng(0).permutation(60)
    scores = cross_validate(
        pipeline,
        env.iloc[order],
        presence.iloc[order],
        scoring=make_scorer(roc_auc_score),
        error_score="raise",
    )
    assert scores["test_score"].mean() > 0.8
