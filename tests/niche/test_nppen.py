import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from odatis_vre.errors import NicheError
from odatis_vre.i18n import use_language
from odatis_vre.niche import NPPEN


def by_permutation(references: np.ndarray, target: np.ndarray, but: int | None = None) -> float:
    """The test as published: swap each reference with the target, measure it against the others."""

    def distance(point, cloud):
        v = point - cloud.mean(axis=0)
        return v @ np.linalg.inv(np.cov(cloud, rowvar=False)) @ v

    observed = distance(target, references)
    larger = 0
    for i, reference in enumerate(references):
        swapped = np.vstack([np.delete(references, i, axis=0), target])
        larger += i != but and distance(reference, swapped) > observed
    return larger / len(references)


@pytest.mark.parametrize(("method", "column"), [("exact", "p_exact"), ("ecdf", "p_fixed_ecdf")])
def test_predict_gives_the_reference_counts(read_reference, method, column):
    references = read_reference("nppen/reference.csv")
    targets = read_reference("nppen/targets_expected.csv")
    counts = NPPEN(method=method).fit(references).predict(targets) * len(references)
    np.testing.assert_array_equal(counts.round(), (targets[column] * len(references)).round())
    np.testing.assert_allclose(counts, counts.round(), atol=1e-9)


def test_exact_equals_a_brute_force_permutation():
    rng = np.random.default_rng(8)
    references = rng.lognormal(size=(40, 3)) * [1, 100, 0.01] + [0, 1000, 0]
    targets = np.vstack([rng.lognormal(size=(60, 3)), rng.lognormal(size=(20, 3)) * 4])
    targets = targets * [1, 100, 0.01] + [0, 1000, 0]
    expected = [by_permutation(references, t) for t in targets]
    np.testing.assert_allclose(NPPEN().fit(references).predict(targets), expected, atol=1e-12)


def test_a_target_that_is_a_reference_is_not_farther_than_itself():
    # Swapping a point with itself leaves both distances equal: it never counts as larger.
    references = np.random.default_rng(2).normal(size=(60, 3))
    expected = [by_permutation(references, y, but=i) for i, y in enumerate(references)]
    np.testing.assert_allclose(NPPEN().fit(references).predict(references), expected, atol=1e-12)
    ranks = np.sort(NPPEN("ecdf").fit(references).predict(references))
    np.testing.assert_allclose(ranks, np.arange(60) / 60, atol=1e-12)


def test_only_the_rows_of_presence_are_references(presences):
    table = pd.concat([presences + 30, presences], ignore_index=True)
    seen = pd.Series([False] * len(presences) + [True] * len(presences))
    for presence in (seen, seen.astype(int), seen.to_numpy(float)):
        model = NPPEN().fit(table, presence)
        np.testing.assert_array_equal(model.references_, presences)
        assert (model.n_presences_, model.n_background_) == (120, 120)
    with use_language("en"), pytest.raises(NicheError, match="A presence is 7"):
        NPPEN().fit(presences, np.full(len(presences), 7))


def test_suitability_does_not_depend_on_units(presences):
    other_units = presences * [1.8, 0.001] + [32, -1]
    targets = presences.sample(50, random_state=1) + 0.3
    np.testing.assert_array_equal(
        NPPEN().fit(presences).predict(targets),
        NPPEN().fit(other_units).predict(targets * [1.8, 0.001] + [32, -1]),
    )


def test_suitability_is_one_at_the_centroid_and_zero_outside(presences):
    model = NPPEN().fit(presences)
    assert model.predict([presences.mean().to_numpy()])[0] == 1
    assert model.predict(presences.iloc[:1] + 50)[0] == 0


def test_ecdf_stays_as_close_to_exact_as_the_docstring_says(read_reference):
    references = read_reference("nppen/reference.csv")
    targets = read_reference("nppen/targets_expected.csv")
    gap = NPPEN("ecdf").fit(references).predict(targets) - NPPEN().fit(references).predict(targets)
    assert 0 < np.abs(gap).max() < 0.034


@pytest.mark.parametrize("method", ["exact", "ecdf"])
def test_a_missing_value_gives_a_missing_suitability_there_only(presences, method):
    targets = presences.copy()
    targets.iloc[3, 0] = targets.iloc[7, 1] = np.nan
    model = NPPEN(method=method).fit(presences)
    predicted = model.predict(targets)
    assert list(np.flatnonzero(np.isnan(predicted))) == [3, 7]
    np.testing.assert_array_equal(predicted[8:], model.predict(presences)[8:])


def test_many_targets_are_predicted_as_one_by_one(presences):
    targets = presences.sample(3000, replace=True, random_state=5) + 0.1
    model = NPPEN().fit(presences)
    one_by_one = [model.predict(targets.iloc[[i]])[0] for i in range(0, 3000, 500)]
    np.testing.assert_array_equal(model.predict(targets)[::500], one_by_one)


def test_columns_are_taken_by_name(presences):
    model = NPPEN().fit(presences)
    shuffled = presences[["salinity", "sst"]].assign(month=5)
    np.testing.assert_array_equal(model.predict(shuffled), model.predict(presences))


def test_a_missing_column_is_named(presences):
    with use_language("en"), pytest.raises(NicheError, match="lacks columns of the model: salinity"):
        NPPEN().fit(presences).predict(presences[["sst"]])


def test_no_target_gives_no_suitability(presences):
    assert NPPEN().fit(presences).predict(presences.iloc[:0]).shape == (0,)


def test_presences_with_missing_values_are_dropped_and_counted(presences):
    gaps = presences.copy()
    gaps.iloc[:5, 1] = np.nan
    with use_language("en"), pytest.warns(UserWarning, match="5 of 120 rows"):
        model = NPPEN().fit(gaps)
    assert len(model.references_) == 115


def test_too_few_references_is_an_error():
    with use_language("en"), pytest.raises(NicheError, match="3 references are too few for 2 variables"):
        NPPEN().fit(np.random.default_rng(0).normal(size=(3, 2)))


def test_few_references_is_a_warning():
    with use_language("en"), pytest.warns(UserWarning, match="Only 15 references for 2 variables"):
        NPPEN().fit(np.random.default_rng(0).normal(size=(15, 2)))


def test_collinear_variables_are_named(presences):
    table = presences.assign(sst_kelvin=presences.sst + 273.15)
    with use_language("en"), pytest.raises(NicheError, match=r"Collinear variables: sst, sst_kelvin\."):
        NPPEN().fit(table)


def test_a_constant_variable_is_named(presences):
    with use_language("fr"), pytest.raises(NicheError, match="ne varient pas parmi les références : month"):
        NPPEN().fit(presences.assign(month=5.0))


def test_an_unfitted_model_says_so(presences):
    with use_language("en"), pytest.raises(NicheError, match="Call fit"):
        NPPEN().predict(presences)


def test_an_unknown_method_is_refused(presences):
    with use_language("en"), pytest.raises(NicheError, match="method = 'fast'"):
        NPPEN(method="fast").fit(presences)


def test_homogenise_keeps_one_mean_per_class_and_drops_the_lonely():
    # Classes of 1 degC: three samples in [10, 11), two in [11, 12), one alone in [15, 16).
    sst = [10.1, 10.2, 10.6, 11.5, 11.7, 15.0]
    warm = np.repeat(sst, 2) + np.tile([0, 0.01], 6)
    model = NPPEN(homogenise={"sst": 1.0}, min_count=4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(NicheError):  # two classes are left: too few for a covariance
            model.fit(pd.DataFrame({"sst": warm}))
        model = NPPEN(homogenise={"sst": 1.0}, min_count=2).fit(pd.DataFrame({"sst": warm}))
    np.testing.assert_allclose(model.references_.sst, [10.305, 11.605, 15.005])


def test_homogenise_removes_the_weight_of_a_crowded_place(presences):
    crowd = pd.concat([presences, *[presences[presences.sst > 12.5]] * 20])
    plain, even = NPPEN().fit(crowd), NPPEN(homogenise=8, min_count=1).fit(crowd)
    alone = NPPEN(homogenise=8, min_count=1).fit(presences)
    assert plain.mean_[0] > alone.mean_[0] + 0.5
    assert even.mean_[0] == pytest.approx(alone.mean_[0], abs=0.05)


def test_homogenise_needs_a_width_per_variable(presences):
    with use_language("en"), pytest.raises(NicheError, match="missing for: salinity"):
        NPPEN(homogenise={"sst": 0.5}).fit(presences)


def test_parameters_survive_a_scikit_learn_clone():
    model = NPPEN("ecdf", homogenise=10)
    assert clone(model).get_params() == model.get_params()
