import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from odatis_vre.niche.maxent.features import Design, list_features
from odatis_vre.niche.maxent.penalties import penalties
from odatis_vre.niche.maxent.quadratic import minimum
from odatis_vre.niche.maxent.solver import solve


class Columns:
    """A design whose columns are all there."""

    def __init__(self, x: np.ndarray):
        self.x, self.width = x, x.shape[1]

    def columns(self, which):
        return self.x[:, which]

    def moments(self, v):
        return self.x.T @ v


def problem(seed: int, n: int = 60, k: int = 30):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, k)) @ rng.normal(size=(k, k)) * rng.uniform(0.5, 20)
    y = (rng.uniform(size=n) < 0.3).astype(float)
    y[:2] = 0, 1
    return x, y, rng.uniform(0.05, 3, n)


def intercept(eta, y, weight):
    return minimize(lambda b: weight @ (np.logaddexp(0, eta + b) - y * (eta + b)), 0.0, tol=1e-14).x[0]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), columns=st.integers(1, 40))
@example(seed=24, columns=24)  # the dual falls three times on the way
def test_at_the_solution_no_subgradient_leads_downhill(seed, columns):
    x, y, weight = problem(seed, k=columns)
    found = solve(Columns(x), y, weight)
    assert found.gap <= 1e-9
    eta = x @ found.beta
    residual = weight * (y - 1 / (1 + np.exp(-eta - intercept(eta, y, weight))))
    slope = x.T @ residual
    used = found.beta != 0
    np.testing.assert_allclose(slope[used], np.sign(found.beta[used]), atol=1e-3)
    assert np.abs(slope).max() <= 1 + 1e-3


def test_the_gap_bounds_the_distance_from_the_optimum():
    x, y, weight = problem(1)
    best = solve(Columns(x), y, weight).objective
    for rounds in (1, 2, 4, 8, 16):
        early = solve(Columns(x), y, weight, max_rounds=rounds)
        assert best - 1e-9 <= early.objective <= best + early.gap + 1e-9


def test_the_solution_is_that_of_liblinear():
    x, y, weight = problem(7, n=200, k=8)
    # Liblinear penalises the intercept too: a large scale makes that small.
    model = LogisticRegression(
        l1_ratio=1, solver="liblinear", C=1.0, intercept_scaling=1e4, tol=1e-10, max_iter=100_000
    )
    model.fit(x, y, sample_weight=weight)
    np.testing.assert_allclose(solve(Columns(x), y, weight).beta, model.coef_[0], atol=1e-3)


def test_equal_columns_and_columns_of_zeros_do_no_harm():
    x, y, weight = problem(3)
    alone = solve(Columns(x), y, weight)
    many = solve(Columns(np.hstack([x, x, -x, 0 * x])), y, weight)
    assert many.gap <= 1e-9
    np.testing.assert_allclose(many.objective, alone.objective, atol=1e-8)


def test_presences_that_can_be_told_apart_do_not_run_away():
    x = np.linspace(-1, 1, 50)[:, None] * [1e6, 1.0]
    y = (x[:, 1] > 0).astype(float)
    found = solve(Columns(x), y, np.ones(50))
    assert found.gap <= 1e-9
    assert np.isfinite(found.beta).all()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), rank=st.integers(1, 12), penalty=st.sampled_from([0.01, 1.0, 30.0]))
def test_the_quadratic_minimum_holds_its_conditions(seed, rank, penalty):
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(rank, 12)) * 10 ** rng.uniform(-2, 2, 12)
    gram, linear = half.T @ half, half.T @ rng.normal(size=rank) * 50
    beta = minimum(gram, linear, np.zeros(12), penalty)
    slope, used = linear - gram @ beta, beta != 0
    scale = np.abs(linear).max()
    np.testing.assert_allclose(slope[used], penalty * np.sign(beta[used]), atol=1e-7 * scale)
    assert np.abs(slope).max() <= penalty + 1e-7 * scale


@pytest.mark.parametrize("classes", ["l", "q", "p", "h", "t", "lqpht"])
def test_moments_are_those_of_the_expanded_features(classes):
    rng = np.random.default_rng(5)
    x = np.column_stack([rng.normal(280, 5, 90), rng.lognormal(size=90), rng.integers(0, 6, 90)])
    x = np.column_stack([x, rng.integers(0, 3, 90)])
    features = list_features(x.min(axis=0), x.max(axis=0), {3: 3}, classes, 50)
    least, most = features.ranges(x)
    expanded = features.values(x)
    np.testing.assert_allclose(least, expanded.min(axis=0), atol=1e-12)
    np.testing.assert_allclose(most, expanded.max(axis=0))
    penalty = rng.uniform(0.1, 2, len(features))
    design, v = Design(x, features, penalty), rng.normal(size=90)
    columns = design.columns(np.arange(len(features)))
    np.testing.assert_allclose(columns * penalty, expanded - expanded.mean(axis=0), atol=1e-8)
    np.testing.assert_allclose(design.moments(v), columns.T @ v, rtol=1e-8, atol=1e-8)


def test_penalties_follow_the_table():
    # Table of maxnet 0.1.4: 20 presences, between 17 and 30 for a parabola; 0.5 for a hinge.
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 10, (400, 1))
    here = x[:20]
    features = list_features(x.min(axis=0), x.max(axis=0), {}, "lqh", 50)
    least, most = features.ranges(x)
    found = penalties(features, here, np.ones(20), most - least)
    of_parabola = 0.5 + (0.25 - 0.5) * 3 / 13
    expected = here.std(ddof=1) * of_parabola / np.sqrt(20)
    np.testing.assert_allclose(found[0], expected)
    np.testing.assert_allclose(found[1], (here**2).std(ddof=1) * of_parabola / np.sqrt(20))
    hinge = features[2:3].values(here)
    np.testing.assert_allclose(found[2], 0.5 * max(hinge.std(ddof=1), 1 / np.sqrt(20)) / np.sqrt(20))


def test_a_threshold_that_no_presence_or_every_presence_reaches_is_penalised_by_one():
    x = np.linspace(0, 10, 100)[:, None]
    features = list_features(x.min(axis=0), x.max(axis=0), {}, "t", 50)
    found = penalties(features, x[40:60], np.ones(20), np.ones(50))
    reached = (x[40:60] >= features.start).mean(axis=0)
    assert (found[(reached == 0) | (reached == 1)] == 1).all()
    assert (found[(reached > 0) & (reached < 1)] < 1).all()
