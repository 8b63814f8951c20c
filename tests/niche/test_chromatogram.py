import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from odatis_vre.errors import NicheError
from odatis_vre.i18n import use_language
from odatis_vre.niche import Chromatogram


@pytest.fixture(scope="module")
def published(read_reference):
    model = Chromatogram(
        bins=30, min_samples=3, top_percent=10, smoothing=2, threshold=0.05, compat="specieschrom"
    )
    return model.fit(
        read_reference("chromatogram/environment.csv"), read_reference("chromatogram/abundance.csv")
    )


def test_compat_gives_the_chromatogram_of_specieschrom(published, read_reference):
    table = read_reference("chromatogram/expected_chromatogram.csv")
    expected = table.set_index(["category", "env", "species"]).value.to_xarray().values
    np.testing.assert_array_equal(np.isnan(published.chromatogram_), np.isnan(expected))
    np.testing.assert_allclose(published.chromatogram_, expected, atol=1e-9, rtol=0)


def test_compat_gives_the_optimum_and_amplitude_of_specieschrom(published, read_reference):
    table = read_reference("chromatogram/expected_optimum_amplitude.csv")
    expected = table.set_index(["env", "species"]).to_xarray()
    np.testing.assert_allclose(published.optimum_, expected.optimum, rtol=1e-9)
    np.testing.assert_allclose(published.amplitude_, expected.amplitude, rtol=1e-9)
    mean = read_reference("chromatogram/expected_mean_amplitude.csv").mean_amplitude
    np.testing.assert_allclose(published.mean_amplitude_, mean, rtol=1e-9)


def test_attributes_carry_the_names_of_the_tables(published):
    assert published.chromatogram_.dims == ("bin", "variable", "species")
    assert list(published.optimum_["variable"].values) == ["sst", "sss", "depth", "chl"]
    assert list(published.amplitude_.species.values) == ["S1", "S2", "S3", "S4", "S5"]
    assert list(published.feature_names_in_) == ["sst", "sss", "depth", "chl"]


def test_the_optimum_of_a_bell_is_its_top(warm_water_fish):
    chrom = Chromatogram(bins=30).fit(*warm_water_fish)
    assert float(chrom.optimum_.sel(variable="sst", species="fish")) == pytest.approx(18, abs=0.7)
    assert float(chrom.optimum_.sel(variable="bottom_depth", species="fish")) == pytest.approx(60, abs=10)


def test_the_amplitude_falls_as_the_threshold_rises(warm_water_fish):
    amplitudes = [
        float(Chromatogram(threshold=t).fit(*warm_water_fish).mean_amplitude_[0]) for t in (0, 0.1, 0.5, 1)
    ]
    assert amplitudes == sorted(amplitudes, reverse=True)
    assert amplitudes[0] > amplitudes[-1]


def test_changing_the_units_moves_the_optimum_and_nothing_else(warm_water_fish):
    env, abundance = warm_water_fish
    here = Chromatogram().fit(env, abundance)
    kelvin = Chromatogram().fit(env + 273.15, 7 * abundance)
    np.testing.assert_allclose(kelvin.chromatogram_, here.chromatogram_, atol=1e-12)
    np.testing.assert_allclose(kelvin.optimum_, here.optimum_ + 273.15)
    np.testing.assert_array_equal(kelvin.amplitude_, here.amplitude_)


def test_the_category_limits_are_in_the_units_of_the_variable(warm_water_fish):
    env, abundance = warm_water_fish
    chrom = Chromatogram(bins=10).fit(env, abundance).chromatogram_.sel(variable="sst")
    assert float(chrom.lower[0]) == env.sst.min()
    assert float(chrom.upper[-1]) == pytest.approx(env.sst.max())
    np.testing.assert_allclose(chrom.upper[:-1], chrom.lower[1:])


def test_samples_count_though_their_abundance_is_missing():
    # 4 samples in the only used category: ceil(50 % of 4) = 2 largest known ones, 9 and 5.
    env = [[0.0], [0.1], [0.2], [0.3], [1.0]]
    model = Chromatogram(bins=2, top_percent=50, smoothing=0).fit(env, [1, 9, np.nan, 5, 14])
    np.testing.assert_allclose(model.chromatogram_[:, 0, 0], [7 / 14, 1])


def test_a_value_on_a_limit_belongs_to_the_category_above():
    env = np.arange(11.0)[:, None]  # 0..10 in 10 categories: k opens category k + 1, 10 closes the last
    model = Chromatogram(bins=10, top_percent=100, smoothing=0).fit(env, np.arange(11.0))
    np.testing.assert_allclose(model.chromatogram_[:, 0, 0] * 9.5, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9.5])


def test_the_smoothing_window_shrinks_step_by_step_towards_the_ends():
    env = np.arange(9.0)[:, None] + 0.5
    peak_at_end = [9.0, 0, 0, 0, 0, 0, 0, 0, 0.0]
    values = {}
    for compat in (None, "specieschrom"):
        model = Chromatogram(bins=9, smoothing=3, compat=compat).fit(env, peak_at_end)
        values[compat] = model.chromatogram_[:5, 0, 0].values * 4.5
    np.testing.assert_allclose(values[None], [4.5, 3, 9 / 5, 9 / 7, 0])
    np.testing.assert_allclose(values["specieschrom"], [4.5, 3, 0, 9 / 7, 0])


def test_a_gap_beside_an_end_spreads_into_it_in_compat_only():
    env = np.array([0.5, 2.5, 3.5, 4.5, 5.0])[:, None]  # category 2 of 5 is empty
    ours = Chromatogram(bins=5, smoothing=1).fit(env, np.ones(5)).chromatogram_[:, 0, 0]
    theirs = Chromatogram(bins=5, smoothing=1, compat="specieschrom").fit(env, np.ones(5)).chromatogram_
    assert np.isfinite(ours).all()
    assert np.isnan(theirs[0, 0, 0])


def test_the_largest_value_counts_for_the_optimum_except_in_compat():
    env, abundance = np.arange(11.0)[:, None], np.r_[np.zeros(10), 5.0]
    assert float(Chromatogram(bins=5, smoothing=0).fit(env, abundance).optimum_[0, 0]) == 10
    compat = Chromatogram(bins=5, smoothing=0, compat="specieschrom").fit(env, abundance)
    assert float(compat.optimum_[0, 0]) == 8  # the first of the two absences left in [8, 10)


def test_a_peak_that_nobody_sampled_takes_the_nearest_samples_except_in_compat():
    # Categories of width 1: [3, 4) is empty, and its neighbours average to the peak.
    sst = np.array([[0.0], [1.5], [2.5], [4.5], [5.5], [10.0]])
    eggs = np.array([0.0, 0.0, 8.0, 8.0, 0.0, 0.0])
    options = {"bins": 10, "top_percent": 100, "smoothing": 1}
    theirs = Chromatogram(**options, compat="specieschrom").fit(sst, eggs)
    ours = Chromatogram(**options).fit(sst, eggs)
    assert np.nanargmax(ours.chromatogram_) == np.nanargmax(theirs.chromatogram_) == 3
    assert np.isnan(theirs.optimum_.item())
    assert ours.optimum_.item() == pytest.approx(3.5)


def test_missing_environment_belongs_to_no_category(warm_water_fish):
    env, abundance = warm_water_fish
    gaps = pd.DataFrame({"sst": np.nan, "bottom_depth": np.nan}, index=range(50))
    more = pd.concat([env, gaps], ignore_index=True)
    here = Chromatogram().fit(env, abundance)
    padded = Chromatogram().fit(more, np.r_[abundance, np.full(50, 1e6)])
    np.testing.assert_array_equal(padded.chromatogram_, here.chromatogram_)
    np.testing.assert_array_equal(padded.optimum_, here.optimum_)


def test_an_absent_species_is_named_and_has_no_numbers(warm_water_fish):
    env, abundance = warm_water_fish
    species = pd.DataFrame({"fish": abundance, "ghost": 0.0})
    with use_language("en"), pytest.warns(UserWarning, match=r"absent .*: ghost\.$"):
        chrom = Chromatogram().fit(env, species)
    assert chrom.optimum_.sel(species="ghost").isnull().all()
    assert chrom.amplitude_.sel(species="ghost").isnull().all()
    assert chrom.optimum_.sel(species="fish").notnull().all()


def test_nothing_but_absences_is_an_error(warm_water_fish):
    with (
        use_language("fr"),
        pytest.raises(NicheError, match=r"Aucun chromatogramme .* pour fish"),
    ):
        Chromatogram().fit(warm_water_fish[0], 0 * warm_water_fish[1])


def test_a_constant_variable_is_named_and_left_out_of_the_mean(warm_water_fish):
    env, abundance = warm_water_fish
    with use_language("en"), pytest.warns(UserWarning, match=r"Constant variables .*: month\.$"):
        chrom = Chromatogram().fit(env.assign(month=5.0), abundance)
    assert chrom.amplitude_.sel(variable="month").isnull().all()
    expected = Chromatogram().fit(env, abundance).mean_amplitude_
    np.testing.assert_allclose(chrom.mean_amplitude_, expected)


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"bins": 1}, "bins = 1"),
        ({"min_samples": 0}, "min_samples = 0"),
        ({"top_percent": 0}, "top_percent = 0"),
        ({"threshold": 5}, "threshold = 5"),
        ({"smoothing": -1}, "smoothing = -1"),
        ({"compat": "R"}, "compat = 'R'"),
        ({"bins": 4, "smoothing": 2}, "window of 5 does not fit into 4 categories"),
    ],
)
def test_a_parameter_out_of_range_is_named(warm_water_fish, parameters, text):
    with use_language("en"), pytest.raises(NicheError, match=text):
        Chromatogram(**parameters).fit(*warm_water_fish)


@pytest.mark.parametrize(
    ("env", "abundance", "text"),
    [
        ([[1.0], [2.0]], [1, 2, 3], "2 samples, the abundance 3"),
        ([[1.0], [2.0]], [1, -2], "negative: -2"),
        ([[1.0], [np.inf]], [1, 2], "the environment table holds infinite values"),
        (pd.DataFrame({"sea": ["a", "b"]}), [1, 2], "not numbers .*sea"),
        (np.empty((0, 2)), [], r"shape \(0, 2\)"),
    ],
)
def test_tables_that_do_not_fit_are_explained(env, abundance, text):
    with use_language("en"), pytest.raises(NicheError, match=text):
        Chromatogram(bins=2, smoothing=0).fit(env, abundance)


def test_parameters_survive_a_scikit_learn_clone():
    model = Chromatogram(bins=20, compat="specieschrom")
    assert clone(model).get_params() == model.get_params()
