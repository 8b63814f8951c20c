import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from made_up_targets import OUR_WAYS, of_any_target
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from odatis_vre.errors import NicheError
from odatis_vre.niche import BRT
from odatis_vre.niche.metrics import auc

FACTORS = ["sst", "depth", "salinity", "bottom"]
NUMBERS = FACTORS[:3]
QUICK = {"learning_rate": 0.1, "step_size": 5, "max_trees": 200, "random_state": 1}
_EXPECTED_FAILURES = {
    **OUR_WAYS,
    "check_sample_weight_equivalence_on_dense_data": "rows are drawn: a weight of two is not two rows",
}


@parametrize_with_checks(
    [of_any_target(BRT)(folds=0, max_trees=10, random_state=0)],
    expected_failed_checks=lambda estimator: _EXPECTED_FAILURES,
)
def test_brt_follows_the_conventions_of_scikit_learn(estimator, check):
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
def model(survey) -> BRT:
    return BRT(**QUICK).fit(survey[FACTORS], survey.presence)


def test_without_bagging_the_trees_are_those_of_gbm(survey, targets):
    # Each variable has fewer than 64 values here: its classes are its values, as gbm's splits are.
    model = BRT(learning_rate=0.05, tree_complexity=3, bag_fraction=1, folds=0, max_trees=200)
    model.fit(survey[NUMBERS], survey.presence)
    np.testing.assert_allclose(model.predict(targets[NUMBERS]), targets.gbm, atol=1e-9)


def test_the_number_of_trees_has_the_lowest_deviance(model):
    assert model.n_trees_ == model.deviance_.idxmin()
    assert model.deviance_.iloc[0] > model.deviance_.min()
    assert model.deviance_.index[-1] > model.n_trees_


def test_a_search_that_reaches_its_end_says_so(survey):
    with pytest.warns(UserWarning, match="20 trees"):
        BRT(max_trees=20, step_size=10, random_state=1).fit(survey[NUMBERS], survey.presence)


def test_trees_of_one_split_are_additive(survey):
    model = BRT(tree_complexity=1, folds=0, max_trees=50, random_state=1)
    model.fit(survey[NUMBERS], survey.presence)
    corners = pd.DataFrame(
        [(10, 50, 34.5), (10, 250, 34.5), (25, 50, 34.5), (25, 250, 34.5)], columns=NUMBERS, dtype=float
    )
    p = model.predict(corners)
    eta = np.log(p / (1 - p))
    assert eta[0] - eta[1] == pytest.approx(eta[2] - eta[3], abs=1e-9)


def test_interactions_are_found_with_more_splits():
    rng = np.random.default_rng(6)
    env = rng.uniform(0, 1, (3000, 2))
    presence = rng.random(3000) < np.where((env[:, 0] > 0.5) == (env[:, 1] > 0.5), 0.3, 0.02)
    skill = [auc(presence, BRT(**QUICK, tree_complexity=t).fit(env, presence).predict(env)) for t in (1, 3)]
    assert skill[0] < 0.65 < 0.7 < skill[1]


def test_the_variable_that_matters_has_the_largest_importance(model):
    assert model.importance_.idxmax() == "sst"
    assert model.importance_.sum() == pytest.approx(1)


def test_a_factor_is_used_whatever_the_order_of_its_levels(survey, targets):
    named = {"mud": "z", "rock": "a", "sand": "m"}
    renamed = BRT(**QUICK).fit(survey[FACTORS].replace({"bottom": named}), survey.presence)
    plain = BRT(**QUICK).fit(survey[FACTORS], survey.presence)
    assert plain.importance_["bottom"] > 0
    np.testing.assert_allclose(
        renamed.predict(targets[FACTORS].replace({"bottom": named})), plain.predict(targets[FACTORS])
    )


def test_a_monotone_change_of_a_variable_changes_nothing(survey):
    # Classes hold the same rows; limits halfway between values part the same training rows.
    env = survey[NUMBERS]
    changed = env.assign(sst=np.exp(env.sst / 10), depth=np.sqrt(env.depth))
    np.testing.assert_allclose(
        BRT(**QUICK).fit(changed, survey.presence).predict(changed),
        BRT(**QUICK).fit(env, survey.presence).predict(env),
    )


def test_the_same_random_state_gives_the_same_model(model, survey, targets):
    expected = model.predict(targets[FACTORS])
    again = clone(model).fit(survey[FACTORS], survey.presence)
    other = clone(model).set_params(random_state=2).fit(survey[FACTORS], survey.presence)
    np.testing.assert_array_equal(again.predict(targets[FACTORS]), expected)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(targets[FACTORS]), expected)
    assert (other.predict(targets[FACTORS]) != expected).any()


def test_many_rows_are_predicted_as_few_are(model, survey):
    rows = pd.concat([survey[FACTORS]] * 40, ignore_index=True)
    np.testing.assert_array_equal(model.predict(rows), np.tile(model.predict(survey[FACTORS]), 40))


@pytest.mark.parametrize(
    "wrong",
    [
        {"learning_rate": 0},
        {"bag_fraction": 1.5},
        {"tree_complexity": 0},
        {"min_samples_leaf": 0},
        {"folds": 1},
        {"max_trees": 0},
        {"step_size": 0},
        {"weighting": "iwlr"},
    ],
)
def test_a_parameter_out_of_range_is_named(survey, wrong):
    with pytest.raises(NicheError, match=next(iter(wrong))):
        BRT(**wrong).fit(survey[NUMBERS], survey.presence)
