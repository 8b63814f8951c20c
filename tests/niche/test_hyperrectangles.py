from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odatis_vre.errors import NicheError
from odatis_vre.i18n import use_language
from odatis_vre.niche import Chromatogram, chromatogram_overlap
from odatis_vre.niche.binning import suitable_run


@pytest.fixture(scope="module")
def published(read_reference):
    model = Chromatogram(30, 3, 10, 2, 0.05, compat="specieschrom")
    return chromatogram_overlap(
        model.fit(
            read_reference("chromatogram/environment.csv"), read_reference("chromatogram/abundance.csv")
        )
    )


def boxes(*ranges, compat=None):
    """A chromatogram of species that live, along each variable, in categories `first .. last` of 10."""
    p = len(ranges[0])
    chance = np.random.default_rng(0)
    env = chance.permuted(np.tile(np.arange(0.5, 10, 0.05)[:, None], p), axis=0)
    env[:10], env[10:20] = 0.5, 9.95
    model = Chromatogram(bins=10, smoothing=0, compat=compat).fit(env, np.ones(len(env)))
    values = np.zeros((10, p, len(ranges)))
    for s, species in enumerate(ranges):
        for j, (first, last) in enumerate(species):
            values[first - 1 : last, j, s] = 1
    dims = model.chromatogram_.isel(species=0, drop=True)
    model.chromatogram_ = dims.expand_dims(species=[f"S{s + 1}" for s in range(len(ranges))], axis=-1).copy(
        data=values
    )
    return model


def one_by_one(run):
    """Mean D of each subset of variables over the pairs of species, from the definition."""
    _, p, count = run.shape
    found = {}
    for size in range(1, p + 1):
        for subset in combinations(range(p), size):
            d = []
            for a, b in combinations(range(count), 2):
                w1 = np.prod([run[:, j, a].sum() for j in subset])
                w2 = np.prod([run[:, j, b].sum() for j in subset])
                common = np.prod([(run[:, j, a] & run[:, j, b]).sum() for j in subset])
                d.append(100 * common / (w1 + w2 - common))
            found[subset] = np.mean(d)
    return found


def test_the_overlap_of_each_pair_is_that_of_specieschrom(published, read_reference):
    for i, j, d in read_reference("chromatogram/expected_sp_by_sp.csv").itertuples(index=False):
        assert float(published.pairwise[int(i) - 1, int(j) - 1]) == pytest.approx(d, abs=1e-9)
        assert float(published.pairwise.sel(species=f"S{j}", other_species=f"S{i}")) == pytest.approx(d)


def test_the_best_subset_of_each_size_is_that_of_specieschrom(published, read_reference):
    expected = read_reference("chromatogram/expected_combi_dim.csv")
    variables = list(published.alone["variable"].values)
    assert list(published.best.columns) == ["size", "variables", "D"]
    for row, (_, wanted) in zip(published.best.itertuples(), expected.iterrows(), strict=True):
        assert row.size == wanted.n_dims
        names = [variables[int(k) - 1] for k in wanted[["dim1", "dim2", "dim3", "dim4"]].dropna()]
        assert list(row.variables) == names
        assert pytest.approx(wanted.D, abs=1e-9) == row.D


def test_the_overlap_in_one_variable_alone_is_that_of_specieschrom(published, read_reference):
    expected = read_reference("chromatogram/expected_dim_alone.csv").mean_D
    np.testing.assert_allclose(published.alone, expected, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**16), p=st.integers(1, 5), count=st.integers(2, 5))
def test_every_subset_has_the_overlap_of_its_definition(seed, p, count):
    chance = np.random.default_rng(seed)
    env = chance.random((80, p))
    abundance = chance.random((80, count)) * (chance.random((80, count)) < 0.2)
    abundance[0] = 1
    chrom = Chromatogram(bins=6, smoothing=1).fit(env, abundance)
    overlap = chromatogram_overlap(chrom, threshold=0.3)
    expected = one_by_one(suitable_run(chrom.chromatogram_.values, 0.3))
    names = list(overlap.alone["variable"].values)
    for size, variables, d in overlap.best.itertuples(index=False):
        of_size = [v for subset, v in expected.items() if len(subset) == size]
        assert d == pytest.approx(min(of_size))
        assert expected[tuple(names.index(v) for v in variables)] == pytest.approx(d)
    np.testing.assert_allclose(overlap.alone, [expected[(j,)] for j in range(p)])


def test_a_species_overlaps_itself_wholly_and_others_alike_from_both_sides():
    pairwise = chromatogram_overlap(boxes([(1, 4), (1, 2)], [(3, 6), (2, 3)], [(1, 4), (1, 2)])).pairwise
    np.testing.assert_array_equal(np.diag(pairwise), 100)
    np.testing.assert_array_equal(pairwise, pairwise.transpose().values)
    assert float(pairwise[0, 2]) == 100
    assert float(pairwise[0, 1]) == pytest.approx(100 * 2 / (8 + 8 - 2))


def test_niches_apart_in_one_variable_do_not_overlap_at_all():
    overlap = chromatogram_overlap(boxes([(1, 5), (1, 5)], [(1, 5), (6, 10)]))
    assert float(overlap.pairwise[0, 1]) == 0
    assert list(overlap.alone.values) == [100, 0]
    assert overlap.best.variables.tolist() == [("variable_2",), ("variable_1", "variable_2")]


def test_the_first_of_several_best_subsets_is_named_except_in_compat():
    ranges = [(1, 2), (1, 2), (1, 5)], [(2, 3), (2, 3), (1, 5)]  # variables 1 and 2 part the species alike
    ours = chromatogram_overlap(boxes(*ranges)).best
    assert ours.variables[0] == ("variable_1",)
    with use_language("en"), pytest.warns(UserWarning, match="2 subsets of 1 variables"):
        theirs = chromatogram_overlap(boxes(*ranges, compat="specieschrom")).best
    assert theirs.variables[0] == ()
    assert np.isnan(theirs.D[0])
    assert theirs.D[1] == ours.D[1]


def test_when_all_subsets_of_a_size_are_alike_the_first_is_named_in_compat_too(recwarn):
    ranges = [(1, 2), (1, 2), (1, 2)], [(2, 3), (2, 3), (2, 3)]
    best = chromatogram_overlap(boxes(*ranges, compat="specieschrom")).best
    assert best.variables.tolist()[:2] == [("variable_1",), ("variable_1", "variable_2")]
    assert [w for w in recwarn if "subsets" in str(w.message)] == []


def test_a_species_without_chromatogram_has_no_overlap_and_counts_in_no_mean(warm_water_fish):
    env, fish = warm_water_fish
    cold = 100 - fish
    species = pd.DataFrame({"fish": fish, "other": cold, "ghost": 0.0})
    with pytest.warns(UserWarning, match="ghost"):
        chrom = Chromatogram(threshold=0.5).fit(env, species)
    overlap = chromatogram_overlap(chrom)
    without = chromatogram_overlap(Chromatogram(threshold=0.5).fit(env, species[["fish", "other"]]))
    assert overlap.pairwise.sel(species="ghost").isnull().all()
    pd.testing.assert_frame_equal(overlap.best, without.best)


def test_a_constant_variable_is_in_no_best_subset(warm_water_fish):
    env, fish = warm_water_fish
    species = pd.DataFrame({"fish": fish, "other": 100 - fish})
    with pytest.warns(UserWarning, match="month"):
        chrom = Chromatogram(threshold=0.5).fit(env.assign(month=5.0), species)
    overlap = chromatogram_overlap(chrom)
    assert np.isnan(overlap.alone.sel(variable="month"))
    assert all("month" not in names for names in overlap.best.variables)
    assert overlap.best.variables[2] == ()


@pytest.mark.parametrize(
    ("chrom", "threshold", "text"),
    [
        (Chromatogram(), None, "Chromatogram has not been fitted"),
        (boxes([(1, 2)], [(1, 2)]), 7, "threshold = 7"),
        (boxes([(1, 2)]), None, "two species or more"),
        (boxes([(1, 2)] * 21, [(1, 2)] * 21), None, r"21 variables make 2\^21 subsets; 20"),
    ],
)
def test_what_cannot_be_compared_is_explained(chrom, threshold, text):
    with use_language("en"), pytest.raises(NicheError, match=text):
        chromatogram_overlap(chrom, threshold)
