import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from made_up_targets import OUR_WAYS, of_any_target
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from odatis_vre.errors import NicheError
from odatis_vre.niche import RandomForest
from odatis_vre.niche.metrics import auc

FACTORS = ["sst", "depth", "salinity", "bottom"]
_EXPECTED_FAILURES = {
    **OUR_WAYS,
    "check_sample_weight_equivalence_on_dense_data": "rows are drawn: a weight of two is not two rows",
}


@parametrize_with_checks(
    [of_any_target(RandomForest)(trees=10, random_state=0)],
    expected_failed_checks=lambda estimator: _EXPECTED_FAILURES,
)
def test_random_forest_follows_the_conventions_of_scikit_learn(estimator, check):
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
def model(survey) -> RandomForest:
    return RandomForest(trees=500, random_state=1).fit(survey[FACTORS], survey.presence)


def test_predictions_are_those_of_random_forest_in_r(model, targets):
    gap = model.predict(targets[FACTORS]) - targets.random_forest
    assert np.abs(gap).mean() < 0.025
    assert np.corrcoef(model.predict(targets[FACTORS]), targets.random_forest)[0, 1] > 0.99


def test_each_tree_sees_as_many_background_rows_as_presences(model):
    roots = [tree.tree_ for tree in model.estimators_]
    assert {int(t.n_node_samples[0]) for t in roots} == {2 * 90}
    np.testing.assert_allclose([t.value[0, 0, 0] for t in roots], 0.5)
    assert len({t.node_count for t in roots}) > 1


def test_the_size_of_a_draw_can_be_told(survey):
    model = RandomForest(trees=20, sample_size=25, random_state=1).fit(survey[FACTORS], survey.presence)
    assert {int(t.tree_.n_node_samples[0]) for t in model.estimators_} == {50}


def test_down_sampling_finds_a_rare_species_that_a_plain_forest_misses():
    rng = np.random.default_rng(9)

    def sea(n: int) -> tuple[np.ndarray, np.ndarray]:
        env = rng.uniform(0, 1, (n, 6))
        return env, np.exp(-0.5 * (((env[:, :2] - 0.5) / 0.2) ** 2).sum(axis=1))

    env, suitability = sea(8000)
    seen = rng.choice(8000, 40, replace=False, p=suitability / suitability.sum())
    X, y = np.vstack([env[seen], sea(4000)[0]]), np.arange(4040) < 40
    test, suitability = sea(4000)
    present = rng.random(4000) < suitability
    ours = RandomForest(trees=200, random_state=1).fit(X, y).predict(test)
    plain = RandomForestClassifier(n_estimators=200, random_state=1).fit(X, y).predict_proba(test)[:, 1]
    assert auc(present, ours) > auc(present, plain) + 0.05
    assert np.mean(ours[present] > 0.5) > 0.4 > 0.1 > np.mean(plain[present] > 0.5)


def test_the_variable_that_matters_has_the_largest_importance(model):
    assert model.importance_.argmax() == FACTORS.index("sst")
    assert model.importance_.sum() == pytest.approx(1)


def test_rows_that_weigh_more_are_drawn_more_often():
    x = np.array([0.0] * 10 + [1.0] * 10)[:, None]
    X, y = np.vstack([x, [[0.5]] * 20]), np.arange(40) < 20
    weight = np.where(X[:, 0] == 1, 9.0, 1.0)
    weighted = RandomForest(trees=200, sample_size=1, random_state=1).fit(X, y, weight)
    high = sum(t.tree_.threshold[0] > 0.5 for t in weighted.estimators_)
    assert 160 < high < 195  # nine of ten draws: 180 of 200, within five standard deviations


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_the_same_random_state_gives_the_same_model(model, survey, targets, n_jobs):
    expected = model.predict(targets[FACTORS])
    again = clone(model).set_params(n_jobs=n_jobs).fit(survey[FACTORS], survey.presence)
    np.testing.assert_allclose(again.predict(targets[FACTORS]), expected, atol=1e-12)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(targets[FACTORS]), expected)


def test_another_random_state_gives_another_model(model, survey, targets):
    other = clone(model).set_params(random_state=2, trees=20).fit(survey[FACTORS], survey.presence)
    assert (other.predict(targets[FACTORS]) != model.predict(targets[FACTORS])).any()


def test_a_level_that_the_fit_did_not_see_is_missing(model, targets):
    with pytest.warns(UserWarning, match="bottom: lava"):
        predicted = model.predict(targets[FACTORS].assign(bottom="lava"))
    assert np.isnan(predicted).all()


@pytest.mark.parametrize(
    "allowed", [{"max_features": f} for f in ("log2", None, 2, 0.5)] + [{"min_samples_leaf": 0.1}]
)
def test_other_ways_to_grow_trees_are_taken(survey, allowed):
    RandomForest(trees=2, **allowed).fit(survey[FACTORS], survey.presence)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"trees": 0}, {"trees": 1.5}, {"sample_size": 0}),
        *({"max_features": f} for f in ("bogus", 0, 1.5, -0.5)),
        *({"min_samples_leaf": n} for n in (-1, 0, 1.0, "two")),
    ],
)
def test_a_parameter_out_of_range_is_named(survey, wrong):
    with pytest.raises(NicheError, match=next(iter(wrong))):
        RandomForest(**wrong).fit(survey[FACTORS], survey.presence)
