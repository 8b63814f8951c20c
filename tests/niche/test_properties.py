"""What holds for every model whatever the data: hypothesis looks for a counter-example."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from odatis_vre.niche import BRT, ENFA, GAM, GLM, NPPEN, Envelope, MaxEnt, RandomForest

MODELS = {
    "NPPEN": NPPEN(),
    "NPPEN by ecdf": NPPEN(method="ecdf"),
    "Envelope": Envelope(),
    "GLM": GLM(),
    "GLM of all terms": GLM(selection=None),
    "GAM": GAM(basis=5),
    # Without bags and with one number of trees to choose from, nothing is left to chance.
    "BRT": BRT(learning_rate=0.1, bag_fraction=1.0, max_trees=20, step_size=20, folds=2, random_state=1),
    "RandomForest": RandomForest(trees=20, random_state=1),
    "MaxEnt": MaxEnt(features="lh", knots=8),
    "ENFA": ENFA(),
}
UNITS = [(1.8, 32.0), (1.0, 273.15), (0.001, 0.0), (1000.0, -5.0)]
oceans = st.integers(0, 2**20)
few = settings(deadline=None, max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])


def of(*names):
    """The models of these names, or all but ENFA, which gives axes."""
    chosen = names or [name for name in MODELS if name != "ENFA"]
    return pytest.mark.parametrize("model", [MODELS[name] for name in chosen], ids=chosen)


every = of(*MODELS)


def ocean(seed: int) -> tuple[pd.DataFrame, np.ndarray, pd.DataFrame]:
    """30 presences in a patch, 90 places of background, 40 targets, also beyond what the fit saw."""
    rng = np.random.default_rng(seed)
    seen = rng.multivariate_normal([12, 35], [[2, 0.2], [0.2, 0.1]], 30)
    there = np.column_stack([rng.uniform(4, 24, 90), rng.uniform(33, 37, 90)])
    targets = np.column_stack([rng.uniform(0, 30, 40), rng.uniform(32, 38, 40)])
    env, targets = (pd.DataFrame(x, columns=["sst", "salinity"]) for x in (np.vstack([seen, there]), targets))
    return env, (np.arange(120) < 30).astype(float), targets


def fitted(model, env, seen):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few trees
        return clone(model).fit(env, seen)


def told(model, targets) -> np.ndarray:
    """Suitability of the targets; of ENFA, their distance along each axis, whose direction is arbitrary."""
    return np.abs(model.transform(targets).to_numpy()) if isinstance(model, ENFA) else model.predict(targets)


@every
@few
@given(seed=oceans)
def test_a_target_is_judged_by_its_own_values_alone(model, seed):
    env, seen, targets = ocean(seed)
    model = fitted(model, env, seen)
    order = np.random.default_rng(seed).permutation(40)
    np.testing.assert_allclose(told(model, targets.iloc[order]), told(model, targets)[order], atol=1e-12)
    gaps = targets.mask(np.random.default_rng(seed).random((40, 2)) < 0.2)
    known = gaps.notna().all(axis=1).to_numpy()
    found = told(model, gaps).reshape(40, -1)
    assert np.isnan(found[~known]).all()
    np.testing.assert_allclose(found[known], told(model, targets).reshape(40, -1)[known], atol=1e-12)


@of()
@few
@given(seed=oceans)
def test_suitability_lies_between_0_and_1_and_is_higher_where_the_species_is(model, seed):
    env, seen, targets = ocean(seed)
    model = fitted(model, env, seen)
    found = model.predict(targets)
    assert found.min() >= 0
    assert found.max() <= 1
    suitability = model.predict(env)
    assert suitability[seen == 1].mean() > suitability[seen == 0].mean()


@of(*[name for name in MODELS if name != "RandomForest"])
@few
@given(seed=oceans)
@example(seed=30156)  # two splits of a tree gain the same but for rounding
def test_the_order_of_the_rows_of_the_fit_does_not_matter(model, seed):
    env, seen, targets = ocean(seed)
    order = np.random.default_rng(seed).permutation(120)
    shuffled = fitted(model, env.iloc[order], seen[order])
    np.testing.assert_allclose(told(shuffled, targets), told(fitted(model, env, seen), targets), atol=1e-6)


@few
@given(seed=oceans)
def test_the_order_of_the_rows_moves_a_forest_by_chance_alone(seed):
    env, seen, targets = ocean(seed)
    order = np.random.default_rng(seed).permutation(120)
    forests = [RandomForest(trees=100, random_state=n) for n in (1, 2)]
    one, other = (fitted(model, env, seen).predict(targets) for model in forests)
    shuffled = fitted(forests[0], env.iloc[order], seen[order]).predict(targets)
    assert np.abs(shuffled - one).mean() < max(2 * np.abs(other - one).mean(), 0.02)


@every
@few
@given(seed=oceans, sst=st.sampled_from(UNITS), salinity=st.sampled_from(UNITS))
def test_an_affine_change_of_units_changes_nothing(model, seed, sst, salinity):
    env, seen, targets = ocean(seed)
    scale, shift = np.transpose([sst, salinity])
    found = told(fitted(model, env * scale + shift, seen), targets * scale + shift)
    expected = told(fitted(model, env, seen), targets)
    # A tree may put a target that lies on a split to either side: hardly one does.
    close = np.isclose(found, expected, atol=1e-5)
    assert close.mean() >= (0.95 if isinstance(model, BRT | RandomForest) else 1)


@of("NPPEN by ecdf", "GLM of all terms", "ENFA")
@few
@given(seed=oceans, times=st.integers(2, 4))
def test_a_table_given_several_times_counts_as_once(model, seed, times):
    env, seen, targets = ocean(seed)
    again = fitted(model, pd.concat([env] * times, ignore_index=True), np.tile(seen, times))
    np.testing.assert_allclose(told(again, targets), told(fitted(model, env, seen), targets), atol=1e-6)


@of("NPPEN", "NPPEN by ecdf", "Envelope")
@few
@given(seed=oceans)
def test_models_of_presences_alone_do_not_look_at_the_background(model, seed):
    env, seen, targets = ocean(seed)
    alone = fitted(model, env[seen == 1], None)
    np.testing.assert_array_equal(alone.predict(targets), fitted(model, env, seen).predict(targets))


@pytest.mark.parametrize(
    "model",
    [GLM(degree=1), GLM(degree=1, selection=None), GLM(degree=1, weighting="iwlr"), MaxEnt(features="l")],
    ids=str,
)
@few
@given(seed=oceans)
def test_a_straight_line_rises_or_falls_throughout(model, seed):
    env, seen, _ = ocean(seed)
    model = fitted(model, env, seen)
    for name in env:
        path = pd.DataFrame(np.tile(env.mean(), (50, 1)), columns=env.columns)
        path[name] = np.linspace(env[name].min() - 1, env[name].max() + 1, 50)
        steps = np.diff(model.predict(path))
        assert (steps >= -1e-12).all() or (steps <= 1e-12).all()


@of("NPPEN", "NPPEN by ecdf")
@few
@given(seed=oceans, angle=st.floats(0, 2 * np.pi))
def test_nppen_falls_away_from_its_centroid(model, seed, angle):
    env, seen, _ = ocean(seed)
    model = fitted(model, env, seen)
    away = np.linspace(0, 8, 100)[:, None] * np.array([np.cos(angle), np.sin(angle)]) * [1.5, 0.3]
    found = model.predict(pd.DataFrame(model.mean_ + away, columns=env.columns))
    assert found[0] == 1
    assert found[-1] == 0
    assert (np.diff(found) <= 0).all()


@few
@given(seed=oceans)
def test_an_envelope_falls_away_from_its_plateau(seed):
    env, seen, _ = ocean(seed)
    model = fitted(Envelope(), env, seen)
    for name, (least, low, high, most) in model.limits_.iterrows():
        path = pd.DataFrame(
            np.tile(model.limits_[["low", "high"]].mean(axis=1), (99, 1)), columns=env.columns
        )
        path[name] = np.linspace(least, most, 99)
        found = model.predict(path)
        plateau = path[name].between(low, high)
        assert (found[plateau] == 1).all()
        assert (np.diff(found[path[name] <= low]) >= 0).all()
        assert (np.diff(found[path[name] >= high]) <= 0).all()


@few
@given(seed=oceans, share=st.floats(0, 1))
def test_scores_of_enfa_are_linear_in_the_environment(seed, share):
    env, seen, targets = ocean(seed)
    model = fitted(ENFA(), env, seen)
    others = targets.iloc[::-1].reset_index(drop=True)
    between = model.transform(share * targets + (1 - share) * others)
    mixed = share * model.transform(targets) + (1 - share) * model.transform(others)
    np.testing.assert_allclose(between, mixed, atol=1e-9)
