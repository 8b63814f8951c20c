import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_targets import OUR_WAYS, of_any_target
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from odatis_vre.errors import NicheError
from odatis_vre.niche import GAM, GLM
from odatis_vre.niche.metrics import auc
from odatis_vre.niche.smooths import Smooth

FACTORS = ["sst", "depth", "salinity", "bottom"]
NUMBERS = FACTORS[:3]
_EXPECTED_FAILURES = {
    **OUR_WAYS,
    "check_sample_weight_equivalence_on_dense_data": "has more variables than rows: they are collinear",
}


@parametrize_with_checks(
    [of_any_target(GAM)(basis=5)], expected_failed_checks=lambda estimator: _EXPECTED_FAILURES
)
def test_gam_follows_the_conventions_of_scikit_learn(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(estimator)


@pytest.fixture(scope="module")
def survey(read_reference) -> pd.DataFrame:
    return read_reference("models/training.csv")


@pytest.fixture(scope="module")
def targets(read_reference) -> pd.DataFrame:
    return read_reference("models/targets_expected.csv")


@pytest.fixture(scope="module")
def model(survey) -> GAM:
    return GAM().fit(survey[FACTORS], survey.presence)


def test_the_curves_are_those_of_mgcv(model, targets):
    # Thin plate splines there, cubic ones here: mgcv's own two differ by 0.002 on these data.
    gap = np.abs(model.predict(targets[FACTORS]) - targets.gam)
    assert gap.max() < 0.012
    assert gap.mean() < 0.003


def test_smoothness_is_that_of_mgcv(model):
    # summary(gam)$edf there: 3.69, 1.00, 1.00.
    np.testing.assert_allclose(model.edf_[NUMBERS], [3.694, 1, 1], atol=0.35)
    assert model.edf_["bottom"] == pytest.approx(2, abs=0.01)


def test_the_penalty_is_the_integral_of_the_squared_second_derivative():
    x = np.random.default_rng(2).uniform(-3, 9, 400)
    smooth = Smooth(x, np.ones(400), 10)
    at = np.linspace(x.min(), x.max(), 20_001)
    bend = np.gradient(np.gradient(smooth.design(at), at, axis=0), at, axis=0)[5:-5]
    integrals = bend.T @ bend * (at[1] - at[0])
    relative = np.diag(integrals) / np.diag(integrals)[:-1].mean()
    np.testing.assert_allclose(relative, smooth.penalty, atol=5e-3)
    assert smooth.penalty[-1] == 0


def test_a_smooth_has_mean_zero_and_goes_on_straight():
    x = np.random.default_rng(2).lognormal(size=300)
    smooth = Smooth(x, np.ones(300), 8)
    np.testing.assert_allclose(smooth.design(x).mean(axis=0), 0, atol=1e-12)
    beyond = smooth.design(x.max() + np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(np.diff(beyond, 2, axis=0), 0, atol=1e-8)


def test_two_humps_are_followed_where_a_glm_sees_one():
    rng = np.random.default_rng(5)
    sst = rng.uniform(0, 30, 4000)
    humps = np.exp(-0.5 * ((sst - 8) / 2) ** 2) + np.exp(-0.5 * ((sst - 22) / 2) ** 2)
    presence = rng.random(4000) < 0.2 * humps
    gam, glm = (kind().fit(sst[:, None], presence) for kind in (GAM, GLM))
    grid = np.array([[8.0], [15.0], [22.0]])
    low, between, high = gam.predict(grid)
    assert min(low, high) > 3 * between
    assert auc(presence, gam.predict(sst[:, None])) > auc(presence, glm.predict(sst[:, None])) + 0.1


def test_a_variable_without_effect_becomes_a_line_and_can_leave(survey):
    rng = np.random.default_rng(4)
    noisy = survey[NUMBERS].assign(noise=rng.normal(size=len(survey)))
    plain = GAM().fit(noisy, survey.presence)
    chosen = GAM(select=True).fit(noisy, survey.presence)
    assert plain.edf_["noise"] >= 0.99
    assert chosen.edf_["salinity"] < 0.5
    assert chosen.edf_["sst"] > 2


def test_a_variable_of_few_values_has_a_line(survey):
    months = pd.DataFrame({"month": [4.0, 5.0, 6.0] * 100, "sst": np.linspace(8, 16, 300)})
    model = GAM().fit(months, np.arange(300) % 7 == 0)
    assert model.edf_["month"] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("weighting", ["balanced", "iwlr", "equal"])
def test_predictions_are_suitabilities(survey, targets, weighting):
    predicted = GAM(weighting=weighting).fit(survey[FACTORS], survey.presence).predict(targets[FACTORS])
    assert ((predicted >= 0) & (predicted <= 1)).all()
    assert np.ptp(predicted) > 0.1


@settings(max_examples=10, deadline=None)
@given(scale=st.floats(0.01, 100), shift=st.floats(-1000, 1000), seed=st.integers(0, 100))
def test_predictions_depend_neither_on_units_nor_on_the_order_of_rows(scale, shift, seed):
    rng = np.random.default_rng(8)
    env = np.vstack([rng.normal([12, 35], [1.5, 0.4], (60, 2)), rng.uniform([0, 30], [25, 39], (300, 2))])
    presence = np.arange(360) < 60
    order = np.random.default_rng(seed).permutation(360)
    expected = GAM().fit(env, presence).predict(env)
    found = GAM().fit(env[order] * scale + shift, presence[order]).predict(env * scale + shift)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_missing_value_gives_a_missing_suitability_there_only(model, targets):
    gaps = targets[FACTORS].copy()
    gaps.loc[4, "sst"] = gaps.loc[9, "bottom"] = np.nan
    assert np.flatnonzero(np.isnan(model.predict(gaps))).tolist() == [4, 9]


def test_a_model_is_cloned_and_pickled(model, survey, targets):
    expected = model.predict(targets[FACTORS])
    again = clone(model).fit(survey[FACTORS], survey.presence)
    np.testing.assert_array_equal(again.predict(targets[FACTORS]), expected)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(targets[FACTORS]), expected)


@pytest.mark.parametrize("wrong", [{"basis": 3}, {"basis": 7.5}, {"weighting": "none"}])
def test_a_parameter_out_of_range_is_named(survey, wrong):
    with pytest.raises(NicheError, match=next(iter(wrong))):
        GAM(**wrong).fit(survey[NUMBERS], survey.presence)
