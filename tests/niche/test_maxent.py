import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maxent_data import small_sea
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import parametrize_with_checks

from odatis_vre.errors import NicheError
from odatis_vre.i18n import use_language
from odatis_vre.niche import MaxEnt


class MaxEntOfAnyTarget(MaxEnt):
    """MaxEnt that takes the made-up targets of scikit-learn's checks: presence is above the median."""

    def fit(self, X, y, sample_weight=None):
        target = np.asarray(y)
        if target.dtype.kind in "fiu" and np.isfinite(target).all() and target.size > 1:
            y = target > np.median(target)
            y = y if y.any() else target >= np.median(target)
        return super().fit(X, y, sample_weight)


_OWN_WORDS = "raises a NicheError as asked, in our own words and in the user's language"
_EXPECTED_FAILURES = {
    "check_n_features_in_after_fitting": _OWN_WORDS,
    "check_dtype_object": _OWN_WORDS,
    "check_estimators_empty_data_messages": _OWN_WORDS,
    "check_fit2d_1sample": _OWN_WORDS,
    "check_fit2d_predict1d": _OWN_WORDS,
    "check_fit1d": "one variable may be given as a Series",
    "check_supervised_y_2d": "a table of one column of presences is taken without a warning",
    "check_sample_weight_equivalence_on_dense_data": "weights are relative: the penalties go by how many "
    "presences there are",
}


@parametrize_with_checks(
    [MaxEntOfAnyTarget(features="lq")], expected_failed_checks=lambda estimator: _EXPECTED_FAILURES
)
def test_maxent_follows_the_conventions_of_scikit_learn(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(estimator)


@pytest.fixture(scope="module")
def maxnet(read_reference) -> tuple[pd.DataFrame, pd.Series]:
    table = read_reference("maxnet/input.csv")
    return table.drop(columns="presence"), table.presence


@pytest.mark.parametrize(
    ("features", "regularization", "column", "limit"),
    [
        ("l", 1, "l_rm1", 0.005),
        ("lq", 1, "lq_rm1", 0.005),
        ("lq", 3, "lq_rm3", 0.005),
        ("lqp", 1, "lqp_rm1", 0.005),
        ("h", 1, "h_rm1", 0.02),
    ],
)
def test_suitability_agrees_with_maxnet(maxnet, read_reference, features, regularization, column, limit):
    # maxnet stops within the tolerance of glmnet: the limits are how far from the optimum that is.
    expected = read_reference("maxnet/expected.csv")
    model = MaxEnt(features=features, regularization=regularization).fit(*maxnet)
    assert np.abs(model.predict(maxnet[0]) - expected[f"{column}_cloglog"]).mean() <= limit
    link = model.set_params(output="link").predict(maxnet[0])
    assert np.corrcoef(link, expected[f"{column}_link"])[0, 1] > 0.998


@pytest.mark.parametrize(
    ("features", "limit"),
    [("l", 1e-6), ("lc", 1e-5), ("lq", 2e-4), ("lqp", 5e-4), ("t", 2e-4), ("h", 1e-2), ("lqpht", 1e-2)],
)
def test_the_link_agrees_with_glmnet_at_a_tight_tolerance(maxnet, read_reference, features, limit):
    env, presence = maxnet
    expected = read_reference("maxnet/optimum.csv").set_index("row")[features]
    if features == "lc":
        env = env.assign(bottom=np.array(["mud", "sand", "rock"])[np.floor(env.sst).astype(int) % 3])
    model = MaxEnt(features=features.strip("c"), output="link").fit(env, presence)
    np.testing.assert_allclose(model.predict(env)[expected.index], expected, atol=limit)


@pytest.mark.parametrize(
    ("features", "objective"),
    # Of glmnet 4.1-6 at its tightest tolerance that ended, in the same data (tests/niche/data/README.md).
    [
        ("l", 7.5586992764),
        ("lq", 6.8770560011),
        ("lqp", 6.8767602579),
        ("t", 6.8453705950),
        ("h", 6.7888555866),
        ("lqpht", 6.7815157594),
    ],
)
def test_the_objective_is_not_above_that_of_glmnet(maxnet, features, objective):
    model = MaxEnt(features=features).fit(*maxnet)
    assert model.objective_ <= objective + 1e-10
    assert model.converged_
    assert 0 <= model.gap_ <= 1e-9
    assert model.objective_ > objective - 1e-5


def test_the_number_of_presences_chooses_the_features():
    for count, classes in [
        (5, "l"),
        (9, "l"),
        (10, "lq"),
        (14, "lq"),
        (15, "lqh"),
        (79, "lqh"),
        (80, "lqph"),
    ]:
        assert MaxEnt().fit(*small_sea(count)).classes_of_features_ == classes
    counts = MaxEnt(features="LQPHT").fit(*small_sea(20)).feature_counts_
    assert counts == {"l": 2, "q": 2, "p": 1, "h": 2 * 98, "t": 2 * 50}


@pytest.mark.parametrize("features", ["l", "lqp", "h", "lqpht"])
def test_raw_sums_to_one_over_the_background_and_outputs_agree(features):
    env, presence = small_sea()
    model = MaxEnt(features=features, output="raw").fit(env, presence)
    raw = model.predict(env)
    added = env[presence == 1]  # none of them is in the background
    assert model.n_added_ == len(added)
    np.testing.assert_allclose(raw[presence == 0].sum() + model.predict(added).sum(), 1)
    over = np.concatenate([raw[presence == 0], model.predict(added)])
    np.testing.assert_allclose(model.entropy_, -(over * np.log(over)).sum())

    def given(output):
        return MaxEnt(features=features, output=output).fit(env, presence).predict(env)

    np.testing.assert_allclose(given("exponential"), raw)
    np.testing.assert_allclose(given("link"), np.log(raw))
    np.testing.assert_allclose(given("cloglog"), 1 - np.exp(-raw * np.exp(model.entropy_)))
    np.testing.assert_allclose(given("logistic"), 1 / (1 + np.exp(-model.entropy_) / raw))


def test_the_mean_of_a_feature_agrees_with_the_presences_to_its_penalty():
    # What maximum entropy means (Phillips et al. 2006, eq. 3), read off the features by hand.
    env, presence = small_sea(60)
    model = MaxEnt(features="lq", output="raw").fit(env, presence)
    here = env[presence == 1]
    raw = np.concatenate([model.predict(env)[presence == 0], model.predict(here)])
    background = pd.concat([env[presence == 0], here])
    for name, power in [("sst", 1), ("sst^2", 2), ("salinity", 1), ("salinity^2", 2)]:
        variable = name.removesuffix("^2")
        gap = (here[variable] ** power).mean() - raw @ background[variable] ** power
        assert abs(gap) <= model.penalties_[name] * 1.05
        if name in model.coefficients_:
            assert np.sign(gap) == np.sign(model.coefficients_[name])
            # The logistic regression behind it is this up to the share of the presences, 1 in 100 x 360.
            np.testing.assert_allclose(abs(gap), model.penalties_[name], rtol=0.05)


def test_coefficients_reproduce_the_link():
    env, presence = small_sea()
    model = MaxEnt(features="lqp", output="link").fit(env, presence)
    products = {f"{a}*{b}": env[a] * env[b] for a in env for b in env}
    features = pd.DataFrame({**env, **{f"{a}^2": env[a] ** 2 for a in env}, **products})
    by_hand = features[model.coefficients_.index] @ model.coefficients_ + model.alpha_
    np.testing.assert_allclose(model.predict(env), by_hand)


@settings(max_examples=15, deadline=None)
@given(
    scale=st.sampled_from([1e-3, 0.3, 1.8, 40.0, 1e3]),
    shift=st.floats(-300, 300),
    features=st.sampled_from(["l", "h", "t", "lh", "lht"]),
)
def test_an_affine_change_of_units_leaves_the_suitability(scale, shift, features):
    env, presence = small_sea()
    other = env.assign(sst=env.sst * scale + shift, salinity=env.salinity * -scale)
    if "t" in features:
        other = other.assign(salinity=env.salinity * scale)  # a threshold is closed on one side
    here = MaxEnt(features=features).fit(env, presence).predict(env)
    there = MaxEnt(features=features).fit(other, presence).predict(other)
    # Rounding may put a value that is on a threshold beside it.
    np.testing.assert_allclose(np.quantile(np.abs(here - there), 0.98), 0, atol=2e-4)


@settings(max_examples=10, deadline=None)
@given(scale=st.sampled_from([1e-6, 0.1, 1e4]), features=st.sampled_from(["lq", "lqp", "lqph"]))
def test_a_change_of_scale_leaves_the_suitability_whatever_the_features(scale, features):
    env, presence = small_sea()
    other = env.assign(sst=env.sst * scale)
    here = MaxEnt(features=features).fit(env, presence).predict(env)
    there = MaxEnt(features=features).fit(other, presence).predict(other)
    np.testing.assert_allclose(here, there, atol=2e-4)


@settings(max_examples=10, deadline=None)
@given(order=st.randoms(use_true_random=False), features=st.sampled_from(["lq", "lqph"]))
def test_the_order_of_rows_and_columns_does_not_matter(order, features):
    env, presence = small_sea()
    rows = list(range(len(env)))
    order.shuffle(rows)
    one = MaxEnt(features=features).fit(env, presence).predict(env)
    other = MaxEnt(features=features).fit(env.iloc[rows, ::-1], presence[rows]).predict(env)
    np.testing.assert_allclose(one, other, atol=2e-4)


def test_presences_of_the_background_are_not_added_to_it():
    env, presence = small_sea()
    again = pd.concat([env, env[presence == 1], env[presence == 1]])
    both = np.concatenate([presence, np.zeros(80, dtype=int)])
    assert MaxEnt(features="lq").fit(again, both).n_added_ == 0
    twice = pd.concat([env[presence == 1], env])
    model = MaxEnt(features="lq").fit(twice, np.concatenate([np.ones(40, dtype=int), presence]))
    assert (model.n_added_, model.n_presences_) == (40, 80)
    assert MaxEnt(features="lq", add_presences=False).fit(env, presence).n_added_ == 0


def test_duplicated_background_rows_count_as_often():
    env, presence = small_sea()
    double = pd.concat([env, env[presence == 0]])
    weight = np.where(presence == 1, 1.0, np.where(np.arange(len(env)) < 190, 2.0, 1.0))
    repeated = pd.concat([env, env[weight == 2]])
    kwargs = {"features": "lqh", "add_presences": False}
    once = MaxEnt(**kwargs).fit(env, presence)
    twice = MaxEnt(**kwargs).fit(double, np.concatenate([presence, np.zeros(300, dtype=int)]))
    # The logistic regression is maximum entropy up to the share of the presences, 1 in 100 x 300.
    np.testing.assert_allclose(once.predict(env), twice.predict(env), atol=0.01)
    weighted = MaxEnt(**kwargs).fit(env, presence, sample_weight=weight)
    zeros = np.zeros(int((weight == 2).sum()), dtype=int)
    copied = MaxEnt(**kwargs).fit(repeated, np.concatenate([presence, zeros]))
    np.testing.assert_allclose(weighted.predict(env), copied.predict(env), atol=0.01)


def test_weights_are_relative_and_a_bias_file_moves_the_background():
    env, presence = small_sea()
    plain = MaxEnt(features="lq").fit(env, presence).predict(env)
    constant = MaxEnt(features="lq").fit(env, presence, np.where(presence == 1, 5.0, 0.1)).predict(env)
    np.testing.assert_allclose(plain, constant, rtol=1e-9)
    # Warm places were visited more: presences there say less.
    visited = np.where(presence == 1, 1.0, 1 + env.sst)
    corrected = MaxEnt(features="lq", output="link").fit(env, presence, visited)
    link = MaxEnt(features="lq", output="link").fit(env, presence)
    cold, warm = env.assign(sst=5.0), env.assign(sst=20.0)
    assert (corrected.predict(warm) - corrected.predict(cold)).mean() < (
        link.predict(warm) - link.predict(cold)
    ).mean()


def test_a_factor_has_one_indicator_per_level():
    env, presence = small_sea()
    env = env.assign(bottom=np.where(env.sst < 15, "mud", np.where(env.sst < 22, "sand", "rock")))
    model = MaxEnt(features="l").fit(env, presence)
    assert model.feature_counts_ == {"l": 2, "c": 3}
    assert {"bottom=mud", "bottom=rock", "bottom=sand"} <= set(model.penalties_.index)
    assert model.coefficients_["bottom=mud"] > model.coefficients_.get("bottom=sand", 0)
    with pytest.warns(UserWarning, match="bottom: gravel"):
        suitability = model.predict(env.assign(bottom=env.bottom.replace("sand", "gravel")))
    np.testing.assert_array_equal(np.isnan(suitability), env.bottom == "sand")
    alone = MaxEnt().fit(env[["bottom"]], presence)
    assert alone.predict(env[["bottom"]])[env.bottom == "mud"].min() > 0.5


def test_collinear_variables_share_a_coefficient():
    env, presence = small_sea()
    twin = env.assign(kelvin=env.sst + 273.15, again=env.sst)
    for features in ("l", "h"):
        alone = MaxEnt(features=features).fit(env, presence)
        model = MaxEnt(features=features).fit(twin, presence)
        assert model.converged_
        np.testing.assert_allclose(model.predict(twin), alone.predict(env), atol=2e-4)
    assert MaxEnt(features="lqpht").fit(twin, presence).converged_


def test_a_fit_ends_at_its_optimum_where_presences_are_far_from_the_background():
    rng = np.random.default_rng(1)
    env = np.vstack([rng.normal(1000, 1e-3, (5, 3)), rng.normal(0, 1, (200, 3))])
    presence = np.arange(205) < 5
    for features in ("l", "lqph", "lqpht"):
        model = MaxEnt(features=features, regularization=1e-3).fit(env, presence)
        assert model.gap_ < 1e-6
        assert np.isfinite(model.predict(env)).all()


def test_a_strong_penalty_leaves_no_coefficient_and_no_preference():
    env, presence = small_sea()
    model = MaxEnt(features="lqh", regularization=1e4).fit(env, presence)
    assert len(model.coefficients_) == 0
    np.testing.assert_allclose(model.predict(env), 1 - np.exp(-1))  # cloglog of a uniform distribution
    np.testing.assert_allclose(model.entropy_, np.log(model.n_background_ + model.n_added_))


def test_a_fit_that_is_stopped_early_says_how_far_from_the_optimum_it_is():
    env, presence = small_sea()
    with pytest.warns(ConvergenceWarning, match="above the optimum"):
        stopped = MaxEnt(features="lqph", max_rounds=3).fit(env, presence)
    best = MaxEnt(features="lqph").fit(env, presence)
    assert not stopped.converged_
    assert best.objective_ <= stopped.objective_ <= best.objective_ + stopped.gap_ + 1e-9


def test_the_optimum_of_a_known_niche_is_found():
    env, presence = small_sea(400)
    model = MaxEnt(features="lq").fit(env, presence)
    axis = pd.DataFrame({"sst": np.linspace(0, 30, 301), "salinity": 35.0})
    assert abs(axis.sst[model.predict(axis).argmax()] - 12) < 0.7


@pytest.mark.parametrize(
    ("parameters", "allowed"),
    [
        ({"features": "lx"}, "lqpht"),
        ({"features": ""}, "auto"),
        ({"features": None}, "auto"),
        ({"regularization": 0}, "> 0"),
        ({"regularization": "strong"}, "> 0"),
        ({"output": "probability"}, "cloglog"),
        ({"knots": 1}, "2 .. 10000"),
        ({"tol": 0}, "> 0"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_is_allowed(parameters, allowed):
    with pytest.raises(NicheError, match=next(iter(parameters))) as caught:
        MaxEnt(**parameters).fit(*small_sea())
    assert allowed in caught.value.hint


def test_too_few_presences_are_refused_in_the_users_language():
    env, presence = small_sea(2)
    with pytest.raises(NicheError, match="2 presences are too few: MaxEnt needs at least 3"):
        MaxEnt().fit(env, presence)
    with use_language("fr"), pytest.raises(NicheError, match="2 présences ne suffisent pas"):
        MaxEnt().fit(env, presence)


def test_a_model_is_cloned_and_pickled():
    env, presence = small_sea()
    model = MaxEnt(features="lqph", regularization=2.0).fit(env, presence)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(env), model.predict(env))
    np.testing.assert_array_equal(clone(model).fit(env, presence).predict(env), model.predict(env))
