import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_targets import OUR_WAYS, of_any_target
from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from odatis_vre.errors import NicheError
from odatis_vre.niche import GAM, GLM, NPPEN, Ensemble, Envelope, RandomForest
from odatis_vre.niche.metrics import auc, scorer, thresholds

FACTORS = ["sst", "depth", "salinity", "bottom"]
NUMBERS = FACTORS[:3]
_EXPECTED_FAILURES = {
    **OUR_WAYS,
    "check_sample_weight_equivalence_on_dense_data": "the models' own: collinear variables are refused",
}


class Constant(BaseEstimator):
    """Says the same everywhere."""

    def __init__(self, value=0.3):
        self.value = value

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        return np.full(len(X), self.value)


class Opposite(Constant):
    """Says low where the first variable is near 13."""

    def predict(self, X):
        return np.abs(np.asarray(X, dtype=float)[:, 0] - 13)


@parametrize_with_checks(
    [of_any_target(Ensemble)([GLM(selection=None), Constant()], random_state=0)],
    expected_failed_checks=lambda estimator: _EXPECTED_FAILURES,
)
def test_an_ensemble_follows_the_conventions_of_scikit_learn(estimator, check):
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
def members() -> list:
    return [GLM(), GAM(), RandomForest(trees=60, random_state=1)]


@pytest.fixture(scope="module")
def ensemble(survey, members) -> Ensemble:
    return Ensemble(members).fit(survey[FACTORS], survey.presence)


def test_the_mean_is_that_of_predictions_rescaled_over_the_background(ensemble, survey, targets, members):
    background = survey[survey.presence == 0]
    expected = []
    for model in members:
        model = clone(model).fit(survey[FACTORS], survey.presence)
        low, high = (f(model.predict(background[FACTORS])) for f in (np.min, np.max))
        expected.append(np.clip((model.predict(targets[FACTORS]) - low) / (high - low), 0, 1))
    np.testing.assert_allclose(ensemble.predict(targets[FACTORS]), np.mean(expected, axis=0), atol=1e-12)
    found = ensemble.predict_members(targets[FACTORS])
    assert found.columns.tolist() == ["GLM", "GAM", "RandomForest"]
    np.testing.assert_allclose(found.to_numpy().T, expected, atol=1e-12)


def test_the_spread_is_the_deviation_of_the_members(ensemble, survey, targets):
    inside = ensemble.predict_members(targets[FACTORS]).to_numpy()
    np.testing.assert_allclose(ensemble.predict_spread(targets[FACTORS]), inside.std(axis=1), atol=1e-12)
    np.testing.assert_allclose(ensemble.spread_, ensemble.predict_spread(survey[FACTORS]), atol=1e-12)


def test_weights_are_the_skill_in_cross_validation(survey, members):
    folds = StratifiedKFold(3, shuffle=True, random_state=5)
    model = Ensemble(members, combine="weighted", cv=folds).fit(survey[FACTORS], survey.presence)
    parts = list(folds.split(survey, survey.presence))
    for name, member in zip(model.models_, members, strict=True):
        scores = []
        for train, held in parts:
            fitted = clone(member).fit(survey[FACTORS].iloc[train], survey.presence.iloc[train])
            scores.append(auc(survey.presence.iloc[held], fitted.predict(survey[FACTORS].iloc[held])))
        assert model.scores_[name] == pytest.approx(np.mean(scores), abs=1e-12)
    np.testing.assert_allclose(model.weights_, (model.scores_ - 0.5) / (model.scores_ - 0.5).sum())
    inside = model.predict_members(survey[FACTORS])
    np.testing.assert_allclose(model.predict(survey[FACTORS]), inside @ model.weights_, atol=1e-12)


def test_a_split_of_ones_own_holds_for_rows_that_are_left_out_too(survey):
    env = survey[NUMBERS].copy()
    env.loc[[3, 100, 101], "sst"] = np.nan
    halves = [(np.arange(0, 590, 2), np.arange(1, 590, 2))]
    with pytest.warns(UserWarning, match="3 of 590"):
        model = Ensemble([GLM(selection=None), GAM()], "weighted", cv=halves).fit(env, survey.presence)
    train, held = (env.iloc[rows].dropna() for rows in halves[0])
    alone = GLM(selection=None).fit(train, survey.presence[train.index])
    expected = auc(survey.presence[held.index], alone.predict(held))
    assert model.scores_["GLM"] == pytest.approx(expected, abs=1e-12)
    assert np.flatnonzero(np.isnan(model.spread_)).tolist() == [3, 100, 101]


def test_a_committee_counts_the_models_above_their_threshold(survey, targets, members):
    model = Ensemble(members, combine="committee").fit(survey[FACTORS], survey.presence)
    inside = model.predict_members(survey[FACTORS])
    for name in inside:
        assert model.thresholds_[name] == thresholds(survey.presence, inside[name])["max_tss"]
    shares = model.predict(targets[FACTORS])
    expected = (model.predict_members(targets[FACTORS]) >= model.thresholds_).mean(axis=1)
    np.testing.assert_allclose(shares, expected, atol=1e-12)
    assert set(np.round(shares * 3)) <= {0, 1, 2, 3}


def test_a_model_without_skill_gets_no_weight(survey):
    with pytest.warns(UserWarning, match="no weight: Opposite"):
        model = Ensemble([GLM(), Opposite()], combine="weighted", random_state=0).fit(
            survey[NUMBERS], survey.presence
        )
    assert model.weights_.to_dict() == {"GLM": 1, "Opposite": 0}


def test_a_model_that_says_the_same_everywhere_gets_no_weight(survey, targets):
    with pytest.warns(UserWarning, match="one value"):
        model = Ensemble([GLM(), Constant()]).fit(survey[NUMBERS], survey.presence)
    alone = GLM().fit(survey[NUMBERS], survey.presence)
    predicted = model.predict(targets[NUMBERS])
    assert np.corrcoef(predicted, alone.predict(targets[NUMBERS]))[0, 1] == pytest.approx(1)
    assert (model.predict_spread(targets[NUMBERS]) == 0).all()


def test_presence_only_models_and_those_of_scikit_learn_take_part(survey, targets):
    logistic = make_pipeline(StandardScaler(), LogisticRegression())
    model = Ensemble([NPPEN(), Envelope(), ("logistic", logistic)]).fit(survey[NUMBERS], survey.presence)
    assert list(model.models_) == ["NPPEN", "Envelope", "logistic"]
    assert auc(survey.presence, model.predict(survey[NUMBERS])) > 0.75


def test_models_that_are_fitted_already_are_not_fitted_again(survey, targets, members):
    frozen = [
        (type(m).__name__, FrozenEstimator(clone(m).fit(survey[FACTORS], survey.presence))) for m in members
    ]
    model = Ensemble(frozen).fit(survey[FACTORS], survey.presence)
    expected = Ensemble(members).fit(survey[FACTORS], survey.presence)
    np.testing.assert_allclose(model.predict(targets[FACTORS]), expected.predict(targets[FACTORS]))
    assert model.models_["GLM"] is frozen[0][1]


def test_an_ensemble_is_seldom_worse_than_its_members(survey, members):
    scores = {
        type(m).__name__: cross_val_score(
            m, survey[NUMBERS], survey.presence, cv=StratifiedKFold(4), scoring=scorer("auc")
        ).mean()
        for m in [*members, Ensemble(members)]
    }
    assert scores.pop("Ensemble") > np.mean(list(scores.values()))


@pytest.mark.parametrize("combine", ["mean", "weighted", "committee"])
def test_predictions_and_spread_keep_their_ranges_and_gaps(survey, targets, combine):
    model = Ensemble([GLM(), GAM()], combine, random_state=0).fit(survey[FACTORS], survey.presence)
    gaps = targets[FACTORS].copy()
    gaps.loc[4, "sst"] = np.nan
    predicted, spread = model.predict(gaps), model.predict_spread(gaps)
    members = model.predict_members(gaps)
    for found in (predicted, spread, members["GLM"], members["GAM"]):
        assert np.flatnonzero(np.isnan(found)).tolist() == [4]
    assert np.nanmin(predicted) >= 0
    assert np.nanmax(predicted) <= 1
    assert np.nanmax(spread) <= 0.5


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000))
def test_a_random_state_seeds_the_models_that_have_none(survey, targets, seed):
    make = Ensemble([RandomForest(trees=5), ("other", RandomForest(trees=5))], random_state=seed)
    first, second = (clone(make).fit(survey[NUMBERS], survey.presence) for _ in range(2))
    expected = first.predict_members(targets[NUMBERS])
    pd.testing.assert_frame_equal(second.predict_members(targets[NUMBERS]), expected)
    assert (expected["RandomForest"] != expected["other"]).any()


def test_an_ensemble_is_pickled(ensemble, targets):
    again = pickle.loads(pickle.dumps(ensemble))
    np.testing.assert_array_equal(again.predict(targets[FACTORS]), ensemble.predict(targets[FACTORS]))


def test_weights_of_rows_reach_the_models_that_take_them(survey, targets):
    weight = np.where(survey.presence == 1, 1.0, np.where(survey.depth > 150, 3.0, 0.2))
    model = Ensemble([GLM(), NPPEN()]).fit(survey[NUMBERS], survey.presence, weight)
    alone = GLM().fit(survey[NUMBERS], survey.presence, weight)
    expected = alone.predict(targets[NUMBERS])
    np.testing.assert_allclose(model.models_["GLM"].predict(targets[NUMBERS]), expected)


@pytest.mark.parametrize(
    ("models", "words"),
    [
        ([GLM()], "two models"),
        ([GLM(), GLM(degree=1)], "same name: GLM"),
        ([GLM(), "GAM"], "'GAM' is not a model"),
        ([GLM(), GAM], "is not a model"),
        ([Constant(), ("other", Constant(0.5))], "one value"),
    ],
)
def test_models_that_make_no_ensemble_are_refused(survey, models, words):
    with pytest.raises(NicheError, match=words):
        Ensemble(models).fit(survey[NUMBERS], survey.presence)


@pytest.mark.parametrize(
    ("cut", "words"),
    [
        (lambda y, w: (y[:-1], w), "590 rows, the presences 589"),
        (lambda y, w: (y, w[:-1]), "weights have shape"),
        (lambda y, w: (None, w), "y is None"),
    ],
)
def test_lengths_are_checked_before_a_split_of_ones_own(survey, cut, words):
    model = Ensemble([GLM(), GAM()], "weighted", cv=StratifiedKFold(3))
    with pytest.raises(NicheError, match=words):
        model.fit(survey[NUMBERS], *cut(survey.presence, np.ones(590)))


@pytest.mark.parametrize("wrong", [{"combine": "median"}, {"metric": "accuracy"}, {"threshold": "half"}])
def test_a_parameter_out_of_range_is_named(survey, wrong):
    with pytest.raises(NicheError, match=next(iter(wrong))):
        Ensemble([GLM(), GAM()], **wrong).fit(survey[NUMBERS], survey.presence)


def test_models_without_any_skill_are_refused(survey):
    models = [Opposite(), ("again", Opposite())]
    with pytest.raises(NicheError, match="skill"):
        Ensemble(models, combine="weighted").fit(survey[NUMBERS], survey.presence)
