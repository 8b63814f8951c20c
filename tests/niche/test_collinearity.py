import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odatis_vre.errors import NicheError
from odatis_vre.i18n import use_language
from odatis_vre.niche import collinearity


@pytest.fixture
def predictors() -> pd.DataFrame:
    """sst and air nearly the same, salinity following them a little, depth alone."""
    rng = np.random.default_rng(11)
    sst = rng.normal(12, 2, 300)
    return pd.DataFrame(
        {
            "sst": sst,
            "air": sst + rng.normal(0, 0.3, 300),
            "salinity": 35 + 0.1 * sst + rng.normal(0, 0.25, 300),
            "depth": rng.uniform(0, 200, 300),
        }
    )


def test_vif_is_the_diagonal_of_the_inverse_correlation(predictors):
    expected = np.diag(np.linalg.inv(np.corrcoef(predictors, rowvar=False)))
    np.testing.assert_allclose(collinearity.vif(predictors), expected, rtol=1e-9)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.floats(0.01, 100))
def test_vif_does_not_depend_on_units_or_on_the_order_of_rows(seed, scale):
    values = np.random.default_rng(seed).normal(size=(30, 3)) @ [[1, 0.5, 0], [0, 1, 0.5], [0, 0, 1]]
    found = collinearity.vif(values)
    assert (found >= 1 - 1e-9).all()
    np.testing.assert_allclose(collinearity.vif(values[::-1] * [1, scale, 1] + 5), found, rtol=1e-6)


def test_a_linear_combination_has_an_infinite_vif_and_a_constant_none(predictors):
    found = collinearity.vif(predictors.assign(sum=predictors.sst + predictors.depth, month=5.0))
    assert np.isinf(found[["sst", "depth", "sum"]]).all()
    assert np.isnan(found["month"])
    assert np.isfinite(found[["air", "salinity"]]).all()


def test_correlations_equal_those_of_pandas(predictors):
    for method in ("pearson", "spearman"):
        np.testing.assert_allclose(
            collinearity.correlation(predictors, method), predictors.corr(method), atol=1e-12
        )
    assert collinearity.correlation(predictors.assign(month=5.0))["month"].isna().all()


def test_of_a_correlated_pair_the_one_that_is_more_like_the_rest_goes(predictors):
    size = predictors.corr().abs()
    more = "sst" if size["sst"].mean() > size["air"].mean() else "air"
    with use_language("en"):
        chosen = collinearity.select(predictors, limit=0.7)
    assert chosen.kept == [n for n in predictors if n != more]
    (row,) = chosen.dropped.to_dict("records")
    assert row["variable"] == more
    assert {row["variable"], row["other"]} == {"sst", "air"}
    assert row["value"] == pytest.approx(size.loc["sst", "air"])
    assert row["reason"] == f"|r| with {row['other']} is {row['value']:.3f}"


@pytest.mark.parametrize(("kind", "limit"), [("correlation", 0.3), ("vif", 1.3), ("vif", 5.0)])
def test_what_is_kept_is_below_the_limit_and_nothing_is_lost(kind, limit, predictors):
    kept, dropped = collinearity.select(predictors, kind, limit)
    assert sorted([*kept, *dropped["variable"]]) == sorted(predictors)
    assert (dropped["value"] > limit).all()
    if kind == "vif":
        assert collinearity.vif(predictors[kept]).max() <= limit
    else:
        size = predictors[kept].corr().abs().to_numpy() - np.eye(len(kept))
        assert size.max() <= limit


@pytest.mark.parametrize("kind", ["correlation", "vif"])
def test_a_predictor_to_be_kept_stays(kind, predictors):
    for name in ("sst", "air"):
        chosen = collinearity.select(predictors, kind, keep=[name])
        assert name in chosen.kept
        assert len(chosen.dropped) == 1


@pytest.mark.parametrize("kind", ["correlation", "vif"])
def test_a_copy_goes_rather_than_the_first_of_the_two(kind, predictors):
    table = predictors[["sst", "depth"]].assign(sst_kelvin=predictors.sst + 273.15)
    assert collinearity.select(table, kind).kept == ["sst", "depth"]


def test_constants_go_first(predictors):
    with use_language("fr"):
        chosen = collinearity.select(predictors.assign(month=5.0), "vif")
    assert chosen.dropped.iloc[0].to_dict()["variable"] == "month"
    assert chosen.dropped.iloc[0]["reason"] == "constante"


def test_a_grid_is_read_like_a_table_of_its_cells(island_sea):
    table = island_sea.to_dataframe()[["sst", "salinity"]].dropna()
    pd.testing.assert_series_equal(collinearity.vif(island_sea), collinearity.vif(table))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: collinearity.select(t, "pca"), "kind = 'pca'"),
        (lambda t: collinearity.select(t, limit=1.2), "limit = 1.2"),
        (lambda t: collinearity.select(t, "vif", 0.5), "limit = 0.5"),
        (lambda t: collinearity.select(t, keep=["oxygen"]), "oxygen"),
        (
            lambda t: collinearity.select(t, keep=["sst", "air"]),
            "sst.*kept, but are collinear|air.*collinear",
        ),
        (lambda t: collinearity.select(t.assign(month=5.0), keep=["month"]), "month is to be kept"),
        (lambda t: collinearity.correlation(t, "kendall"), "method = 'kendall'"),
        (lambda t: collinearity.vif(t.iloc[:4]), "4 complete rows are too few: 6"),
        (lambda t: collinearity.correlation(t.assign(sst=np.nan)), "0 complete rows"),
    ],
)
def test_a_mistake_is_told_with_its_value(call, message, predictors):
    with use_language("en"), pytest.raises(NicheError, match=message):
        call(predictors)
