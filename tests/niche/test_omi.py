import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from odatis_vre.errors import NicheError
from odatis_vre.i18n import use_language
from odatis_vre.niche import OMI


@pytest.fixture
def community(read_reference):
    return read_reference("community/environment.csv"), read_reference("community/abundance.csv")


@pytest.fixture
def omi(community):
    return OMI().fit(*community)


def up_to_sign(found, expected):
    expected = expected.to_numpy()
    signs = np.sign((found.to_numpy()[:, : expected.shape[1]] * expected).sum(axis=0))
    np.testing.assert_allclose(found.to_numpy()[:, : expected.shape[1]], expected * signs, atol=1e-8)


def test_the_parameters_are_those_of_ade4(omi, read_reference):
    expected = read_reference("community/parameters.csv").set_index("species")
    assert list(omi.parameters_.columns) == ["inertia", "omi", "tolerance", "residual_tolerance"]
    assert list(omi.parameters_.index) == list(expected.index)
    np.testing.assert_allclose(omi.parameters_, expected, atol=1e-8)


def test_the_axes_and_scores_are_those_of_ade4_up_to_sign(omi, read_reference):
    np.testing.assert_allclose(
        omi.eigenvalues_, read_reference("community/eigenvalues.csv").eigenvalue, atol=1e-8
    )
    for found, name in (
        (omi.axes_, "axes"),
        (omi.species_scores_, "species_scores"),
        (omi.site_scores_, "site_scores"),
    ):
        expected = read_reference(f"community/{name}.csv")
        up_to_sign(found, expected.set_index(expected.columns[0]))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**16), p=st.integers(1, 5), count=st.integers(1, 6))
def test_inertia_is_the_sum_of_its_parts_and_the_axes_share_out_the_marginality(seed, p, count):
    chance = np.random.default_rng(seed)
    env, abundance = chance.lognormal(size=(30, p)), chance.poisson(1.0, (30, count))
    abundance[0] += 1
    omi = OMI().fit(env, abundance)
    parts = omi.parameters_
    assert (parts >= -1e-12).all(axis=None)
    np.testing.assert_allclose(parts.inertia, parts[["omi", "tolerance", "residual_tolerance"]].sum(axis=1))
    share = abundance.sum(axis=0) / abundance.sum()
    assert omi.eigenvalues_.sum() == pytest.approx((share * parts.omi).sum())
    np.testing.assert_allclose((omi.species_scores_**2).sum(axis=1), parts.omi, atol=1e-12)
    np.testing.assert_allclose(omi.axes_.T @ omi.axes_, np.eye(len(omi.eigenvalues_)), atol=1e-12)


def test_neither_units_nor_the_unit_of_effort_nor_empty_sites_count(community):
    env, abundance = community
    here = OMI().fit(env, abundance)
    there = OMI().fit(env * [1.8, 1, 0.001, 1000, 1] + 32, 7 * abundance)
    np.testing.assert_allclose(there.parameters_, here.parameters_)
    np.testing.assert_allclose(there.site_scores_, here.site_scores_, atol=1e-9)


def test_a_species_everywhere_alike_is_no_outlier(community):
    env, abundance = community
    omi = OMI().fit(env, abundance.assign(plankton=3))
    assert omi.parameters_.omi["plankton"] == pytest.approx(0, abs=1e-20)
    assert omi.parameters_.inertia["plankton"] == pytest.approx(5)


def test_chance_explains_random_species_and_not_one_of_warm_water(community):
    env, _ = community
    chance = np.random.default_rng(5)
    species = pd.DataFrame({f"random{i}": chance.integers(0, 2, len(env)) for i in range(60)})
    species["warm"] = (env.sst > 14).astype(int)
    test = OMI().fit(env, species).permutation_test(499, seed=1)
    assert test.p_value["warm"] < 0.02
    assert test.omi["warm"] > 3 * test.expected["warm"]
    assert (test.p_value.iloc[:60] < 0.1).mean() == pytest.approx(0.1, abs=0.1)
    assert test.omi["mean"] == pytest.approx(test.omi.iloc[:61].mean())


def test_the_permutation_test_follows_its_definition(omi, community):
    env, abundance = community
    z = ((env - env.mean()) / env.std(ddof=0)).to_numpy()
    profile = (abundance / abundance.sum()).to_numpy()
    chance = np.random.default_rng(8)
    dealt = np.array([((profile.T @ chance.permutation(z)) ** 2).sum(axis=1) for _ in range(1999)])
    expected = (1 + (dealt >= omi.parameters_.omi.to_numpy()).sum(axis=0)) / 2000
    found = omi.permutation_test(1999, seed=2)
    np.testing.assert_allclose(found.p_value[:-1], expected, atol=0.05)
    np.testing.assert_allclose(found.expected[:-1], dealt.mean(axis=0), rtol=0.1)


def test_a_seed_repeats_the_test(omi):
    pd.testing.assert_frame_equal(omi.permutation_test(99, seed=3), omi.permutation_test(99, seed=3))


def test_one_group_of_all_sites_is_the_whole_niche(omi):
    parts = omi.subniches(np.repeat("all", len(omi.site_scores_))).loc["all"]
    np.testing.assert_allclose(parts[omi.parameters_.columns], omi.parameters_)
    np.testing.assert_allclose(parts["omi_within"], omi.parameters_.omi)


def test_a_subniche_is_measured_from_all_sites_and_from_its_own(omi, community):
    env, abundance = community
    warm = (env.sst > env.sst.median()).map({True: "warm", False: "cold"})
    found = omi.subniches(warm).loc[("warm", "hake")]
    z = ((env - env.mean()) / env.std(ddof=0)).to_numpy()[warm == "warm"]
    weight = abundance.hake[warm == "warm"].to_numpy()
    centroid = weight @ z / weight.sum()
    assert found.omi == pytest.approx((centroid**2).sum())
    assert found.omi_within == pytest.approx(((centroid - z.mean(axis=0)) ** 2).sum())


def test_a_species_without_sites_in_a_group_has_no_subniche_there(omi, community):
    _, abundance = community
    parts = omi.subniches(np.where(abundance.cod > 0, "with cod", "without"))
    assert parts.loc[("without", "cod")].isna().all()
    assert parts.loc["with cod"].notna().all(axis=None)


def test_other_sites_are_placed_on_the_same_axes(omi, community):
    env, _ = community
    pd.testing.assert_frame_equal(omi.transform(env.iloc[:, ::-1]), omi.site_scores_)
    gap = env.copy()
    gap.iloc[2, 1] = np.nan
    assert list(np.flatnonzero(omi.transform(gap).isna().any(axis=1))) == [2]


def test_sites_with_gaps_are_left_out_and_counted(community):
    env, abundance = community
    gaps = env.copy()
    gaps.iloc[3, 0] = gaps.iloc[9, 1] = np.nan
    with use_language("en"), pytest.warns(UserWarning, match="2 of 40 rows"):
        omi = OMI().fit(gaps, abundance)
    without = OMI().fit(env.drop([3, 9]), abundance.drop([3, 9]))
    pd.testing.assert_frame_equal(omi.parameters_, without.parameters_)
    assert list(omi.site_scores_.index) == [i for i in range(40) if i not in (3, 9)]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda env, abundance: (env, abundance.assign(ghost=0)), "absent from all sites: ghost"),
        (lambda env, abundance: (env.assign(month=5.0), abundance), "do not vary: month"),
        (lambda env, abundance: (env, abundance - 1), "negative: -1"),
        (lambda env, abundance: (env[:10], abundance), "10 samples, the abundance 40"),
    ],
)
def test_bad_tables_are_explained(community, change, text):
    with use_language("en"), pytest.raises(NicheError, match=text):
        OMI().fit(*change(*community))


def test_what_needs_a_fit_says_so(community):
    for call in (OMI().permutation_test, lambda: OMI().transform(community[0]), lambda: OMI().subniches([1])):
        with use_language("en"), pytest.raises(NicheError, match="OMI has not been fitted"):
            call()


def test_a_number_of_permutations_and_of_groups_is_checked(omi):
    with use_language("en"), pytest.raises(NicheError, match="permutations = 0"):
        omi.permutation_test(0)
    with use_language("en"), pytest.raises(NicheError, match="40 samples, the abundance 3"):
        omi.subniches(["a", "b", "c"])


def test_it_can_be_cloned():
    assert clone(OMI()).get_params() == {}
