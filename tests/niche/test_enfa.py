import numpy as np
import pandas as pd
import pytest
from scipy.linalg import eigh, null_space
from scipy.optimize import minimize
from sklearn.base import clone

from odatis_vre.errors import NicheError
from odatis_vre.i18n import use_language
from odatis_vre.niche import ENFA


@pytest.fixture
def available() -> pd.DataFrame:
    """A sea of 600 places with three correlated variables."""
    chance = np.random.default_rng(6)
    sst = chance.normal(14, 3, 600)
    return pd.DataFrame(
        {
            "sst": sst,
            "salinity": 35 + 0.1 * (sst - 14) + chance.normal(0, 0.3, 600),
            "bottom_depth": chance.lognormal(4, 0.5, 600),
        }
    )


@pytest.fixture
def use(available) -> pd.Series:
    """Counts around 17 degC and, within narrow limits, 35.2."""
    bell = np.exp(-(((available.sst - 17) / 2) ** 2) - ((available.salinity - 35.2) / 0.15) ** 2)
    return (20 * bell).round()


def moments(available, use):
    """Marginality vector, second moments of use and of what is available, in standard deviations."""
    z = ((available - available.mean()) / available.std(ddof=0)).to_numpy()
    weight = np.asarray(use, dtype=float) / np.sum(use)
    return weight @ z, (z.T * weight) @ z, z.T @ z / len(z)


def test_marginality_is_the_mean_of_the_used_places(available, use):
    enfa = ENFA().fit(available, use)
    vector, _, _ = moments(available, use)
    np.testing.assert_allclose(enfa.marginality_vector_, vector)
    assert enfa.marginality_ == pytest.approx((vector**2).sum())
    np.testing.assert_allclose(enfa.axes_["marginality"], vector / np.sqrt((vector**2).sum()))


def test_specialisation_is_the_ratio_of_variances_away_from_the_marginality(available, use):
    # The same problem posed without square roots: axes orthogonal to the marginality vector.
    vector, used, there = moments(available, use)
    away = null_space(vector[None, :])
    value, axes = eigh(away.T @ there @ away, away.T @ used @ away)
    enfa = ENFA().fit(available, use)
    np.testing.assert_allclose(enfa.specialisation_, value[::-1], rtol=1e-10)
    expected = away @ axes[:, ::-1]
    expected /= np.sqrt((expected**2).sum(axis=0))
    found = enfa.axes_.iloc[:, 1:].to_numpy()
    np.testing.assert_allclose(np.abs((found * expected).sum(axis=0)), 1, rtol=1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_the_numbers_are_those_of_the_definition_of_hirzel_and_adehabitat(seed):
    """W = S^-1/2 G S^-1/2 and H = (I - bb') W (I - bb'), by numpy's general eigen-decomposition."""
    chance = np.random.default_rng(seed)
    sea = chance.normal(size=(300, 5)) @ chance.normal(size=(5, 5)) + chance.normal(5, 3, 5)
    counts = chance.poisson(np.exp(-((sea[:, 0] - sea[:, 0].mean() - 1) ** 2)) * 5)
    z = (sea - sea.mean(axis=0)) / np.sqrt(((sea - sea.mean(axis=0)) ** 2).mean(axis=0))
    m = sum(c * row for c, row in zip(counts, z, strict=True)) / counts.sum()
    s = sum(c * np.outer(row, row) for c, row in zip(counts, z, strict=True)) / counts.sum()
    g = sum(np.outer(row, row) for row in z) / len(z)
    value, vectors = np.linalg.eig(s)
    root = vectors @ np.diag(value**-0.5) @ np.linalg.inv(vectors)
    b = root @ m / np.linalg.norm(root @ m)
    away = np.identity(5) - np.outer(b, b)
    special, v = np.linalg.eig(away @ (root @ g @ root) @ away)
    order = np.argsort(-special.real)[:4]
    axes = root @ v.real[:, order]

    enfa = ENFA().fit(sea, counts)
    assert enfa.marginality_ == pytest.approx(np.linalg.norm(m) ** 2)
    np.testing.assert_allclose(enfa.specialisation_, special.real[order], rtol=1e-9)
    found = enfa.axes_.to_numpy()
    np.testing.assert_allclose(found[:, 0], m / np.linalg.norm(m), atol=1e-12)
    cosines = (found[:, 1:] * axes).sum(axis=0) / np.linalg.norm(axes, axis=0)
    np.testing.assert_allclose(np.abs(cosines), 1, rtol=1e-9)


def test_the_numbers_of_a_niche_worked_out_by_hand():
    """Three variables crossed at -1, 0 and 1: each has variance 2/3, so S is diagonal whatever its units.

    Of the first, 3/4 of the use is at 1 and 1/4 at 0: m = 3/4 / sqrt(2/3), M = 27/32. Of the second 1/10 is
    off its middle, of the third 2/5: their second moments are 3/20 and 3/5 of what is available.
    """
    sea = np.array(np.meshgrid(*[[-1, 0, 1]] * 3, indexing="ij")).reshape(3, -1).T
    shares = [{-1: 0, 0: 0.25, 1: 0.75}, {-1: 0.05, 0: 0.9, 1: 0.05}, {-1: 0.2, 0: 0.6, 1: 0.2}]
    use = [np.prod([share[x] for share, x in zip(shares, row, strict=True)]) for row in sea]
    enfa = ENFA().fit(sea * [2, 0.3, 50] + [12, 35, 100], use)
    assert enfa.marginality_ == pytest.approx(27 / 32)
    np.testing.assert_allclose(enfa.specialisation_, [20 / 3, 5 / 3])
    np.testing.assert_allclose(enfa.axes_, np.identity(3), atol=1e-12)


def test_no_direction_away_from_the_marginality_is_more_special_than_the_first_axis(available, use):
    vector, used, there = moments(available, use)
    away = null_space(vector[None, :])

    def ratio(angle):
        a = away @ [np.cos(angle[0]), np.sin(angle[0])]
        return -(a @ there @ a) / (a @ used @ a)

    best = min(minimize(ratio, [start]).fun for start in np.linspace(0, np.pi, 7))
    assert ENFA().fit(available, use).specialisation_[0] == pytest.approx(-best, rel=1e-6)


def test_a_table_of_used_places_counts_as_weights_do(available, use):
    places = available.loc[np.repeat(available.index, use.astype(int))]
    by_weight, by_place = ENFA().fit(available, use), ENFA().fit(available, places.iloc[:, ::-1])
    assert by_place.marginality_ == pytest.approx(by_weight.marginality_)
    np.testing.assert_allclose(by_place.specialisation_, by_weight.specialisation_)
    pd.testing.assert_frame_equal(by_place.axes_, by_weight.axes_)
    pd.testing.assert_frame_equal(by_place.available_scores_, by_weight.available_scores_)


def test_units_and_the_scale_of_the_weights_do_not_matter(available, use):
    here, there = ENFA().fit(available, use), ENFA().fit(available * [1.8, 1, 0.001] + 32, 5 * use)
    assert there.marginality_ == pytest.approx(here.marginality_)
    np.testing.assert_allclose(there.specialisation_, here.specialisation_)
    np.testing.assert_allclose(there.available_scores_, here.available_scores_, atol=1e-9)


def test_the_narrow_variable_is_the_special_one(available):
    chance = np.random.default_rng(2)
    sea = pd.DataFrame(chance.normal(size=(4000, 3)), columns=["warm", "narrow", "any"])
    enfa = ENFA().fit(sea, (sea.warm > 0.5) & (sea.narrow.abs() < 0.2))
    assert enfa.marginality_vector_.abs().idxmax() == "warm"
    assert enfa.axes_["specialisation_1"].abs().idxmax() == "narrow"
    assert enfa.specialisation_[0] > 20
    assert enfa.specialisation_[1] == pytest.approx(1, abs=0.3)


def test_collinear_variables_cost_an_axis_and_nothing_else(available, use):
    enfa = ENFA().fit(available.assign(sst_kelvin=available.sst + 273.15), use)
    assert len(enfa.specialisation_) == 2
    assert np.isfinite(enfa.axes_).all(axis=None)


def test_other_places_are_put_on_the_same_axes(available, use):
    enfa = ENFA().fit(available, use)
    pd.testing.assert_frame_equal(enfa.transform(available), enfa.available_scores_)


def test_places_with_gaps_are_left_out_and_counted(available, use):
    gaps = available.copy()
    gaps.iloc[:4, 0] = np.nan
    with use_language("en"), pytest.warns(UserWarning, match="4 of 600 rows"):
        enfa = ENFA().fit(gaps, use)
    assert enfa.marginality_ == pytest.approx(ENFA().fit(available[4:], use[4:]).marginality_)
    assert list(enfa.available_scores_.index) == list(range(4, 600))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda sea, use: (sea, 0 * use), "No used place"),
        (lambda sea, use: (sea, -use), "negative: -"),
        (lambda sea, use: (sea, use[:5]), "600 available rows and 5 weights"),
        (lambda sea, use: (sea, np.ones(600)), "no axis of marginality"),
        (lambda sea, use: (sea.assign(month=5.0), use), "do not vary: month"),
        (lambda sea, use: (sea[["sst"]], use), "two variables or more"),
        (lambda sea, use: (sea, sea[["sst", "salinity"]]), "lacks columns of the model: bottom_depth"),
    ],
)
def test_bad_input_is_explained(available, use, change, text):
    with use_language("en"), pytest.raises(NicheError, match=text):
        ENFA().fit(*change(available, use))


def test_an_unfitted_analysis_says_so(available):
    with use_language("fr"), pytest.raises(NicheError, match="pas encore été ajusté"):
        ENFA().transform(available)


def test_it_can_be_cloned():
    assert clone(ENFA()).get_params() == {}
