import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from odatis_vre.errors import NicheError
from odatis_vre.i18n import use_language
from odatis_vre.niche import WeightedAveraging

CALM = pytest.mark.filterwarnings("ignore:.*(No optimum|Pas d'optimum)")


@pytest.fixture
def community(read_reference):
    return read_reference("community/environment.csv"), read_reference("community/abundance.csv")


def bell(x, optimum, tolerance, peak):
    return peak * np.exp(-((x - optimum) ** 2) / (2 * tolerance**2))


@CALM
@pytest.mark.parametrize("family", ["poisson", "binomial"])
def test_the_gaussian_response_is_that_of_glm_in_r(community, read_reference, family):
    env, abundance = community
    expected = read_reference("community/gaussian.csv").query("family == @family")
    seen = abundance if family == "poisson" else (abundance > 0).astype(int)
    model = WeightedAveraging("gaussian", family=family).fit(env, seen)
    for row in expected.itertuples():
        for name in ("optimum", "tolerance", "peak"):
            found = getattr(model, f"{name}_").sel(variable=row.variable, species=row.species)
            assert float(found) == pytest.approx(getattr(row, name), rel=1e-6, nan_ok=True), row


def test_the_average_is_weighted_by_abundance():
    model = WeightedAveraging().fit([[10.0], [12.0], [20.0]], [1, 3, 0])
    assert float(model.optimum_.item()) == 11.5
    assert float(model.tolerance_.item()) == pytest.approx(np.sqrt((1.5**2 + 3 * 0.5**2) / 4))
    assert float(model.peak_.item()) == 3


@settings(max_examples=12, deadline=None)
@given(
    optimum=st.floats(-5, 25), tolerance=st.floats(0.5, 6), peak=st.floats(0.5, 1e4), seed=st.integers(0, 99)
)
def test_a_bell_is_found_wherever_it_is(optimum, tolerance, peak, seed):
    sst = np.random.default_rng(seed).uniform(optimum - 3 * tolerance, optimum + 4 * tolerance, 80)
    model = WeightedAveraging("gaussian", family="poisson").fit(
        sst[:, None], bell(sst, optimum, tolerance, peak)
    )
    assert float(model.optimum_.item()) == pytest.approx(optimum, abs=1e-4 * tolerance)
    assert float(model.tolerance_.item()) == pytest.approx(tolerance, rel=1e-4)
    assert float(model.peak_.item()) == pytest.approx(peak, rel=1e-4)


@pytest.mark.parametrize("method", ["average", "gaussian"])
def test_another_unit_moves_the_optimum_and_widens_the_tolerance_alike(method, warm_water_fish):
    env, fish = warm_water_fish
    here = WeightedAveraging(method).fit(env, fish)
    there = WeightedAveraging(method).fit(env * 1.8 + 32, fish)
    np.testing.assert_allclose(there.optimum_, here.optimum_ * 1.8 + 32, rtol=1e-6)
    np.testing.assert_allclose(there.tolerance_, here.tolerance_ * 1.8, rtol=1e-6)
    np.testing.assert_allclose(there.peak_, here.peak_, rtol=1e-6)


def test_the_bell_is_not_drawn_to_where_most_samples_were_taken():
    chance = np.random.default_rng(3)
    sst = np.concatenate([chance.uniform(5, 25, 200), chance.uniform(14, 15, 2000)])
    eggs = bell(sst, 17, 1.5, 20)
    average = WeightedAveraging("average").fit(sst[:, None], eggs)
    gaussian = WeightedAveraging("gaussian").fit(sst[:, None], eggs)
    assert float(average.optimum_.item()) < 15.5
    assert float(gaussian.optimum_.item()) == pytest.approx(17, abs=0.01)


@pytest.mark.parametrize("method", ["average", "gaussian"])
def test_gaps_are_left_out_variable_by_variable(method, warm_water_fish):
    env, fish = warm_water_fish
    gaps = env.copy()
    gaps.loc[:99, "sst"] = np.nan
    fish = fish.copy()
    fish[500:520] = np.nan
    model = WeightedAveraging(method).fit(gaps, fish)
    sst, depth = env.sst[100:].drop(range(500, 520)), env.bottom_depth.drop(range(500, 520))
    alone = WeightedAveraging(method).fit(sst.to_frame(), fish[100:].drop(range(500, 520)))
    np.testing.assert_allclose(model.optimum_.sel(variable="sst"), alone.optimum_[0])
    other = WeightedAveraging(method).fit(depth.to_frame(), fish.dropna())
    np.testing.assert_allclose(model.optimum_.sel(variable="bottom_depth"), other.optimum_[0])


def test_what_has_no_optimum_is_named_and_missing(warm_water_fish):
    env, fish = warm_water_fish
    species = pd.DataFrame({"fish": fish, "ghost": 0.0, "edge": (env.sst - 15) ** 2})
    with use_language("en"), pytest.warns(UserWarning, match=r"ghost \(sst\).*edge \(sst\)"):
        model = WeightedAveraging("gaussian").fit(env[["sst"]], species)
    assert list(model.optimum_.isnull().values[0]) == [False, True, True]
    with use_language("en"), pytest.warns(UserWarning, match=r"for: ghost \(sst\), ghost \(bottom_depth\)\."):
        WeightedAveraging().fit(env, species)


def test_presences_parted_from_absences_have_no_tolerance(warm_water_fish):
    env, _ = warm_water_fish
    with use_language("en"), pytest.warns(UserWarning, match=r"No optimum .* for: sst|species \(sst\)"):
        model = WeightedAveraging("gaussian").fit(env[["sst"]], env.sst.between(10, 14).astype(int))
    assert model.tolerance_.isnull().all()


@pytest.mark.parametrize(
    ("model", "abundance", "text"),
    [
        (WeightedAveraging("median"), [1, 0, 1], "method = 'median'"),
        (WeightedAveraging(family="gamma"), [1, 0, 1], "family = 'gamma'"),
        (WeightedAveraging("gaussian", family="binomial"), [1, 0, 5], "An abundance is 5"),
        (WeightedAveraging(), [1, -1, 5], "negative: -1"),
        (WeightedAveraging(), [1, 1], "3 samples, the abundance 2"),
    ],
)
def test_bad_input_is_explained(model, abundance, text):
    with use_language("en"), pytest.raises(NicheError, match=text):
        model.fit([[1.0], [2.0], [3.0]], abundance)


def test_parameters_survive_a_scikit_learn_clone():
    model = WeightedAveraging("gaussian", family="binomial")
    assert clone(model).get_params() == model.get_params()
