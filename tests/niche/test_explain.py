import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.inspection import partial_dependence
from sklearn.linear_model import LogisticRegression

from odatis_vre.errors import NicheError
from odatis_vre.i18n import use_language
from odatis_vre.niche import NPPEN, explain


class Known(BaseEstimator):
    """Suitability 0.5 + 0.1 sst + 0.01 sst depth, 0.3 more on sand."""

    def fit(self, X, y):
        return self

    def predict(self, X):
        return (
            0.5 + 0.1 * X["sst"] + 0.01 * X["sst"] * X["depth"] + 0.3 * (X["bottom"] == "sand")
        ).to_numpy()


@pytest.fixture
def env() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    bottom = pd.Categorical(np.where(np.arange(201) % 3 == 0, "mud", "sand"))
    table = pd.DataFrame({"sst": rng.normal(size=201), "depth": rng.uniform(0, 9, 201), "bottom": bottom})
    table.attrs["units"] = {"sst": "degC", "depth": "m"}
    return table


def test_a_curve_holds_the_others_at_their_median_and_their_commonest_level(env):
    curves = explain.response_curves(Known(), env, points=5)
    assert curves.dims == ("variable", "point")
    assert curves["variable"].values.tolist() == ["sst", "depth"]
    assert curves["unit"].values.tolist() == ["degC", "m"]
    along = np.linspace(env.sst.min(), env.sst.max(), 5)
    np.testing.assert_allclose(curves["value"].sel(variable="sst"), along)
    expected = 0.8 + 0.1 * along + 0.01 * along * env.depth.median()
    np.testing.assert_allclose(curves.sel(variable="sst"), expected, atol=1e-12)


def test_partial_dependence_is_the_mean_over_the_rows(env):
    curves = explain.response_curves(Known(), env, "partial", variables=["sst"], points=4)
    along = curves["value"].sel(variable="sst").values
    sand = 0.3 * (env.bottom == "sand").to_numpy()[:, None]
    each = 0.5 + 0.1 * along + 0.01 * along * env.depth.to_numpy()[:, None] + sand
    np.testing.assert_allclose(curves.sel(variable="sst"), each.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(curves["spread"].sel(variable="sst"), each.std(axis=0), atol=1e-12)


def test_partial_dependence_equals_that_of_scikit_learn(env):
    X = env[["sst", "depth"]]
    model = LogisticRegression().fit(X, X.sst + X.depth > 4)
    curve = explain.response_curves(model, X, "partial", variables="depth", points=7)
    values = curve["value"].sel(variable="depth").values
    peer = partial_dependence(
        model, X, ["depth"], custom_values={"depth": values}, response_method="predict_proba"
    )
    np.testing.assert_allclose(curve.sel(variable="depth"), peer["average"][0], atol=1e-12)


def test_partial_dependence_of_a_sample_is_near_that_of_all(env):
    whole = explain.response_curves(Known(), env, "partial")
    part = explain.response_curves(Known(), env, "partial", sample=100)
    assert 0 < np.abs(part - whole).max() < 0.1


def test_arrays_and_grids_have_curves_too(presences, island_sea):
    model = NPPEN().fit(presences)
    curves = explain.response_curves(NPPEN().fit(presences.to_numpy()), presences.to_numpy())
    np.testing.assert_allclose(curves, explain.response_curves(model, presences), atol=1e-12)
    assert curves["variable"].values.tolist() == ["variable_1", "variable_2"]
    of_grid = explain.response_curves(model, island_sea.chunk(time=1))
    assert float(of_grid["value"].sel(variable="sst").max()) == float(island_sea.sst.max())


def test_a_variable_that_is_not_used_has_no_importance(env):
    y = (env.sst > 0).astype(int)
    model = LogisticRegression().fit(env[["sst"]], y)

    class OfSst(BaseEstimator):
        def predict(self, X):
            return model.predict_proba(X[["sst"]])[:, 1]

    found = explain.permutation_importance(OfSst(), env, y)
    assert found.index.tolist() == ["sst", "depth", "bottom"]
    assert found.loc[["depth", "bottom"], ["importance", "spread"]].eq(0).all(axis=None)
    # Shuffled, the order tells nothing any more: AUC falls from 1 to about one half.
    assert found.loc["sst", "importance"] == pytest.approx(0.5, abs=0.05)
    assert found.loc["sst", "spread"] > 0
    assert found["share"].tolist() == [100, 0, 0]


def test_importance_can_be_told_without_observations(env):
    found = explain.permutation_importance(Known(), env, metric="correlation", repeats=5)
    assert found["importance"].idxmin() == "depth"
    assert found["share"].sum() == pytest.approx(100)
    assert found.loc[["sst", "bottom"], "importance"].gt(0.2).all()


def test_importance_depends_on_the_seed_alone(env):
    once = explain.permutation_importance(Known(), env, metric="correlation")
    pd.testing.assert_frame_equal(once, explain.permutation_importance(Known(), env, metric="correlation"))
    assert not once.equals(explain.permutation_importance(Known(), env, metric="correlation", seed=1))


def test_a_model_that_does_not_vary_gives_no_shares(env):
    class Flat(BaseEstimator):
        def predict(self, X):
            return np.full(len(X), 0.5)

    found = explain.permutation_importance(Flat(), env, metric="correlation")
    assert (found["importance"] == 0).all()
    assert found["share"].isna().all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: explain.response_curves(Known(), t, "strip"), "kind = 'strip'"),
        (lambda t: explain.response_curves(Known(), t, points=1), "points = 1"),
        (lambda t: explain.response_curves(Known(), t, sample=0), "sample = 0"),
        (lambda t: explain.response_curves(Known(), t, variables=["bottom"]), "no numeric variable bottom"),
        (lambda t: explain.response_curves(Known(), t.assign(sst=np.nan)), "No row"),
        (lambda t: explain.permutation_importance(Known(), t), "needs observed presences"),
        (lambda t: explain.permutation_importance(Known(), t, t.sst > 0, repeats=0), "repeats = 0"),
        (lambda t: explain.permutation_importance(Known(), t, t.sst[:3] > 0), "3 presences and absences"),
        (lambda t: explain.permutation_importance(Known(), t, t.sst > 0, metric="gini"), "called 'gini'"),
    ],
)
def test_a_mistake_is_told_with_its_value(call, message, env):
    with use_language("en"), pytest.raises(NicheError, match=message):
        call(env)
