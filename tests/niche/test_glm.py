import itertools
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_targets import OUR_WAYS, of_any_target
from scipy.optimize import approx_fprime
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from odatis_vre.errors import NicheError
from odatis_vre.niche import GLM
from odatis_vre.niche.case_weights import case_weights
from odatis_vre.niche.logistic import deviance, fit_logistic
from odatis_vre.niche.metrics import auc
from odatis_vre.niche.selection import RIDGE, by_lasso
from odatis_vre.niche.table import read
from odatis_vre.niche.terms import Terms

FACTORS = ["sst", "depth", "salinity", "bottom"]
NUMBERS = FACTORS[:3]


_EXPECTED_FAILURES = {
    **OUR_WAYS,
    "check_sample_weight_equivalence_on_dense_data": "has more variables than rows: they are collinear",
}


@parametrize_with_checks([of_any_target(GLM)()], expected_failed_checks=lambda estimator: _EXPECTED_FAILURES)
def test_glm_follows_the_conventions_of_scikit_learn(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(estimator)


@pytest.fixture(scope="module")
def survey(read_reference) -> pd.DataFrame:
    return read_reference("models/training.csv")


@pytest.fixture(scope="module")
def targets(read_reference) -> pd.DataFrame:
    return read_reference("models/targets_expected.csv")


def design_of(survey: pd.DataFrame) -> tuple[Terms, np.ndarray, np.ndarray, np.ndarray]:
    table = read(survey[FACTORS], "environment", "variable", factors=True)
    presence = survey.presence.to_numpy() == 1
    weight = case_weights(presence, np.ones(len(presence)), "balanced")
    terms = Terms(table.values, weight, table, 2)
    return terms, terms.design(table.values), presence, weight


def test_all_terms_give_the_predictions_of_r_glm(survey, targets):
    model = GLM(selection=None).fit(survey[FACTORS], survey.presence)
    np.testing.assert_allclose(model.predict(targets[FACTORS]), targets.glm, atol=2e-5)


def test_stepwise_selection_finds_the_lowest_aic_of_all_models(survey):
    terms, design, presence, weight = design_of(survey)
    candidates = [[[], [1], [1, 2]]] * 3 + [[[], [1]]]
    lowest = np.inf
    for chosen in itertools.product(*candidates):
        kept = [0] + [
            1 + i
            for i, (j, step) in enumerate(zip(terms.variable, terms.step, strict=True))
            if step in chosen[j]
        ]
        penalty = np.full(len(kept), RIDGE * presence.sum())
        penalty[0] = 0
        fit = fit_logistic(design[:, kept], presence, weight, penalty)
        lowest = min(lowest, fit.deviance + 2 * len(kept))
    model = GLM().fit(survey[FACTORS], survey.presence)
    coef = np.append(model.intercept_, model.coef_)
    aic = deviance(design @ coef, presence, weight) + 2 * np.count_nonzero(coef)
    assert aic == pytest.approx(lowest, abs=1e-6)
    assert (model.coef_["salinity"], model.coef_["salinity^2"]) == (0, 0)
    assert model.coef_["sst^2"] < 0


def test_the_lasso_holds_the_conditions_of_an_optimum(survey):
    _, design, presence, weight = design_of(survey)
    coef, penalty = by_lasso(design, presence, weight, 5, 0)
    share = weight / weight.sum()

    def loss(b):
        return deviance(design @ b, presence, share) / 2

    slope = approx_fprime(coef, loss, 1e-7)
    used = coef[1:] != 0
    assert used.any()
    assert abs(slope[0]) < 1e-4
    np.testing.assert_allclose(slope[1:][used], -penalty * np.sign(coef[1:][used]), atol=2e-4)
    assert (np.abs(slope[1:][~used]) <= penalty + 2e-4).all()


def test_the_lasso_leaves_out_what_tells_nothing(survey):
    rng = np.random.default_rng(3)
    noisy = survey[FACTORS].assign(**{f"noise_{i}": rng.normal(size=len(survey)) for i in range(6)})
    model = GLM(selection="lasso", random_state=0).fit(noisy, survey.presence)
    assert model.penalty_ > 0
    assert (model.coef_ == 0).any()
    assert model.coef_["sst^2"] < 0


def test_infinite_weights_give_the_slopes_of_a_point_process(survey):
    # Score equations: equal means over the presences and, weighted by intensity, over the background.
    model = GLM(selection=None, weighting="iwlr").fit(survey[NUMBERS], survey.presence)
    seen, background = survey[survey.presence == 1], survey[survey.presence == 0]
    raw = -np.log1p(-model.predict(background[NUMBERS]))
    for name in NUMBERS:
        for power in (1, 2):
            found = np.average(background[name] ** power, weights=raw)
            assert found == pytest.approx((seen[name] ** power).mean(), rel=2e-3)


@pytest.mark.parametrize("selection", ["aic", "lasso", None])
def test_an_optimum_is_found_where_the_species_has_it(warm_water_fish, selection):
    env, abundance = warm_water_fish
    rng = np.random.default_rng(1)
    presence = rng.random(len(env)) < abundance / 100
    model = GLM(selection=selection, random_state=0).fit(env, presence)
    grid = pd.DataFrame({"sst": np.linspace(0, 30, 301), "bottom_depth": 60.0})
    assert grid.sst[model.predict(grid).argmax()] == pytest.approx(18, abs=1)
    assert auc(presence, model.predict(env)) > 0.9


@pytest.mark.parametrize("weighting", ["balanced", "iwlr", "equal"])
def test_predictions_are_suitabilities(survey, targets, weighting):
    predicted = GLM(weighting=weighting).fit(survey[FACTORS], survey.presence).predict(targets[FACTORS])
    assert ((predicted >= 0) & (predicted <= 1)).all()
    assert np.ptp(predicted) > 0.1


def test_equal_weights_give_the_prevalence_on_average(survey):
    model = GLM(weighting="equal").fit(survey[FACTORS], survey.presence)
    assert model.predict(survey[FACTORS]).mean() == pytest.approx(survey.presence.mean(), abs=1e-4)


def test_separated_presences_still_give_a_model():
    sst = np.concatenate([np.linspace(10, 12, 20), np.linspace(20, 30, 50)])[:, None]
    model = GLM(selection=None).fit(sst, np.arange(70) < 20)
    predicted = model.predict(sst)
    assert np.isfinite(model.coef_).all()
    assert predicted[:20].min() > 0.99 > 0.01 > predicted[20:].max()


def test_a_level_that_the_fit_did_not_see_is_missing(survey, targets):
    model = GLM().fit(survey[FACTORS], survey.presence)
    with pytest.warns(UserWarning, match="bottom: lava"):
        predicted = model.predict(targets[FACTORS].assign(bottom="lava"))
    assert np.isnan(predicted).all()


@settings(max_examples=15, deadline=None)
@given(scale=st.floats(0.01, 100), shift=st.floats(-1000, 1000), seed=st.integers(0, 100))
def test_predictions_depend_neither_on_units_nor_on_the_order_of_rows(scale, shift, seed):
    rng = np.random.default_rng(8)
    env = np.vstack([rng.normal([12, 35], [1.5, 0.4], (60, 2)), rng.uniform([0, 30], [25, 39], (300, 2))])
    presence = np.arange(360) < 60
    order = np.random.default_rng(seed).permutation(360)
    expected = GLM().fit(env, presence).predict(env)
    found = GLM().fit(env[order] * scale + shift, presence[order]).predict(env * scale + shift)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_weight_of_two_counts_as_two_rows(survey):
    twice = np.random.default_rng(1).integers(1, 3, len(survey))
    repeated = survey.loc[survey.index.repeat(twice)]
    plain = GLM(selection=None, weighting="equal").fit(repeated[NUMBERS], repeated.presence)
    weighted = GLM(selection=None, weighting="equal").fit(survey[NUMBERS], survey.presence, twice)
    expected = plain.predict(survey[NUMBERS])
    np.testing.assert_allclose(weighted.predict(survey[NUMBERS]), expected, atol=1e-4)


def test_a_model_is_cloned_and_pickled(survey, targets):
    model = GLM(selection="lasso", random_state=1).fit(survey[FACTORS], survey.presence)
    again = clone(model).fit(survey[FACTORS], survey.presence)
    expected = model.predict(targets[FACTORS])
    np.testing.assert_array_equal(again.predict(targets[FACTORS]), expected)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(targets[FACTORS]), expected)


@pytest.mark.parametrize("wrong", [{"degree": 0}, {"selection": "bic"}, {"weighting": "none"}, {"folds": 1}])
def test_a_parameter_out_of_range_is_named(survey, wrong):
    with pytest.raises(NicheError, match=next(iter(wrong))):
        GLM(**wrong).fit(survey[NUMBERS], survey.presence)


def test_collinear_variables_are_named(survey):
    with pytest.raises(NicheError, match="sst"):
        GLM().fit(survey[NUMBERS].assign(kelvin=survey.sst + 273.15), survey.presence)
