import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score, roc_auc_score
from sklearn.model_selection import cross_validate

from odatis_vre.errors import NicheError
from odatis_vre.i18n import use_language
from odatis_vre.niche import NPPEN, metrics

SCORES = ["auc", "auc_prg", "tss", "kappa", "cor", "boyce"]


@pytest.fixture
def scored(read_reference):
    table = read_reference("metrics/threshold_input.csv")
    return table.label, table.score


@st.composite
def samples(draw):
    """Presences and absences, both there, with suitabilities that tie now and then."""
    n = draw(st.integers(4, 40))
    suitability = draw(arrays(float, n, elements=st.integers(0, 30).map(lambda v: v / 10)))
    presence = draw(arrays(int, n, elements=st.integers(0, 1)))
    presence[:2] = [0, 1]
    return presence, suitability


def windows_one_by_one(presence, suitability):
    """The continuous Boyce index as ecospat.boyce spells it: each window counted in turn."""
    there = suitability[presence == 1]
    low, high = suitability.min(), suitability.max()
    width = (high - low) / 10
    lower = np.array([low + k * ((high - width - low) / 100) for k in range(101)])
    lower[100] += 1
    ratio, starts = [], []
    for start in lower:
        p = np.mean((there >= start) & (there <= start + width))
        e = np.mean((suitability >= start) & (suitability <= start + width))
        if e > 0:
            ratio.append(round(p / e, 10))
            starts.append(start)
    following = [*ratio[1:], 1.0]
    chosen = [i for i in range(len(ratio)) if ratio[i] != following[i]]
    return spearmanr([ratio[i] for i in chosen], [starts[i] for i in chosen])[0]


def test_scores_and_thresholds_equal_the_reference(read_reference, scored):
    expected = read_reference("metrics/threshold_expected.csv").set_index("metric").value
    found = metrics.thresholds(*scored)
    assert metrics.auc(*scored) == pytest.approx(expected["auc"], abs=1e-12)
    assert metrics.tss(*scored) == pytest.approx(expected["max_tss"], abs=1e-12)
    assert metrics.kappa(*scored) == pytest.approx(expected["max_kappa"], abs=1e-12)
    assert found["max_tss"] == pytest.approx(expected["thr_max_tss"], abs=1e-12)
    assert found["max_kappa"] == pytest.approx(expected["thr_max_kappa"], abs=1e-12)
    assert found["equal_sens_spec"] == pytest.approx(expected["thr_equal_sens_spec"], abs=1e-12)
    assert found["percentile_10"] == pytest.approx(expected["thr_p10_type7"], abs=1e-12)


def test_the_other_thresholds_follow_their_definition(scored):
    presence, suitability = scored
    found = metrics.thresholds(presence, suitability)
    assert found["no_omission"] == suitability[presence == 1].min()
    assert found["prevalence"] == 125 / 400


def test_the_gain_curve_has_the_area_that_its_authors_compute(read_reference):
    table = read_reference("metrics/auc_prg.csv")
    for _, case in table.groupby("case"):
        found = metrics.auc_prg(case.presence, case.suitability)
        assert found == pytest.approx(case.expected.iloc[0], abs=1e-12)


def test_boyce_equals_windows_counted_one_by_one(scored):
    presence, suitability = (np.asarray(x) for x in scored)
    assert metrics.boyce(presence, suitability) == pytest.approx(windows_one_by_one(presence, suitability))


def test_boyce_does_not_depend_on_the_scale(scored):
    presence, suitability = scored
    assert metrics.boyce(presence, 1024 * suitability) == metrics.boyce(presence, suitability)


def test_boyce_can_take_the_background_alone_for_the_area(scored):
    # Presences crowd at high suitability: beside the background alone they stand out from the start.
    assert 0.9 < metrics.boyce(*scored, area="background") <= 1
    with use_language("en"), pytest.raises(NicheError, match="area = 'presences'"):
        metrics.boyce(*scored, area="presences")


def test_boyce_is_about_one_when_presences_follow_the_suitability_and_minus_one_when_they_flee_it():
    rng = np.random.default_rng(3)
    suitability = rng.uniform(size=20_000)
    presence = rng.uniform(size=20_000) < suitability**2
    assert metrics.boyce(presence, suitability) > 0.98
    assert metrics.boyce(presence, -suitability) < -0.98


@settings(deadline=None, max_examples=50)
@given(samples())
def test_auc_and_kappa_equal_those_of_scikit_learn(sample):
    presence, suitability = sample
    assert metrics.auc(presence, suitability) == pytest.approx(
        roc_auc_score(presence, suitability), abs=1e-12
    )
    expected = cohen_kappa_score(presence, suitability >= 1.5)
    expected = 0 if np.isnan(expected) else expected
    assert metrics.kappa(presence, suitability, 1.5) == pytest.approx(expected, abs=1e-12)


@settings(deadline=None, max_examples=50)
@given(samples())
def test_the_best_threshold_is_the_best_of_all(sample):
    presence, suitability = sample
    for score, name in ((metrics.tss, "max_tss"), (metrics.kappa, "max_kappa")):
        every = [score(presence, suitability, t) for t in np.unique(suitability)]
        assert score(presence, suitability) == pytest.approx(max(every), abs=1e-12)
        at_best = score(presence, suitability, metrics.thresholds(presence, suitability)[name])
        assert at_best == pytest.approx(max(every), abs=1e-12)


@settings(deadline=None, max_examples=50)
@given(samples(), st.randoms())
def test_the_order_of_rows_changes_nothing(sample, random):
    presence, suitability = sample
    order = list(range(len(presence)))
    random.shuffle(order)
    for name in SCORES[:5]:
        score = getattr(metrics, name)
        if name == "cor" and np.ptp(suitability) == 0:
            continue
        assert score(presence[order], suitability[order]) == pytest.approx(
            score(presence, suitability), abs=1e-12
        )


@settings(deadline=None, max_examples=50)
@given(samples())
def test_a_monotone_change_of_scale_keeps_the_scores_of_order(sample):
    presence, suitability = sample
    for score in (metrics.auc, metrics.auc_prg, metrics.tss, metrics.kappa):
        assert score(presence, np.exp(suitability)) == score(presence, suitability)


@settings(deadline=None, max_examples=50)
@given(samples())
def test_rows_given_twice_change_nothing(sample):
    presence, suitability = sample
    twice = np.tile(presence, 2), np.tile(suitability, 2)
    for score in (metrics.auc, metrics.auc_prg, metrics.tss, metrics.kappa):
        assert score(*twice) == pytest.approx(score(presence, suitability), abs=1e-12)


@settings(deadline=None, max_examples=50)
@given(samples())
def test_the_opposite_suitability_has_the_opposite_skill(sample):
    presence, suitability = sample
    assert metrics.auc(presence, -suitability) == pytest.approx(
        1 - metrics.auc(presence, suitability), abs=1e-12
    )


def test_rows_with_a_missing_value_are_left_out(scored):
    presence, suitability = (np.asarray(x, float) for x in scored)
    gaps = np.append(presence, [1, np.nan]), np.append(suitability, [np.nan, 0.5])
    for name in SCORES:
        assert getattr(metrics, name)(*gaps) == getattr(metrics, name)(presence, suitability)


@pytest.mark.parametrize("name", [*SCORES, "thresholds"])
@pytest.mark.parametrize("presence", [[0, 0, 0], [1, 1, 1], [np.nan] * 3])
def test_one_class_alone_has_no_score_and_a_warning_says_so(name, presence):
    with use_language("en"), pytest.warns(UndefinedMetricWarning, match=f"{name} is not defined with"):
        assert np.isnan(getattr(metrics, name)(presence, [0.1, 0.2, 0.3])).all()


@pytest.mark.parametrize("name", ["cor", "boyce"])
def test_a_constant_suitability_has_no_correlation(name):
    with use_language("fr"), pytest.warns(UndefinedMetricWarning, match="n'est pas défini là où"):
        assert np.isnan(getattr(metrics, name)([0, 1, 0, 1], [0.5] * 4))


def test_a_suitability_in_the_place_of_presence_is_refused():
    with use_language("en"), pytest.raises(NicheError, match=r"(?s)holds 0\.2.*presence comes first"):
        metrics.auc([0.2, 0.7], [0, 1])


def test_text_is_refused():
    with use_language("en"), pytest.raises(NicheError, match="holds 'seen', which is neither 0 nor 1"):
        metrics.tss(["seen", "absent"], [0.2, 0.7])
    with use_language("en"), pytest.raises(NicheError, match="suitability holds 'high'"):
        metrics.tss([0, 1], [0.2, "high"])


def test_nullable_columns_of_pandas_are_read_too():
    presence = pd.Series([True, False, None, True, False], dtype="boolean")
    suitability = pd.Series([0.9, 0.2, 0.5, 0.6, None], dtype="Float64")
    assert metrics.auc(presence, suitability) == 1


def test_other_lengths_and_infinite_values_are_refused():
    with use_language("en"), pytest.raises(NicheError, match="2 presences and absences for 3"):
        metrics.auc([0, 1], [0.1, 0.2, 0.3])
    with use_language("en"), pytest.raises(NicheError, match="infinite"):
        metrics.cor([0, 1], [0.1, np.inf])


def test_a_scorer_serves_cross_validation_of_models_and_of_classifiers(presences):
    X = np.vstack([presences, presences + 3.0])
    y = np.repeat([1, 0], len(presences))
    scoring = {"tss": metrics.scorer("tss"), "own": metrics.scorer(lambda y, s: float(len(y)))}
    found = cross_validate(LogisticRegression(), X, y, scoring=scoring, cv=4)
    assert found["test_tss"].min() > 0.9
    assert found["test_own"].tolist() == [60.0] * 4
    model = NPPEN().fit(presences.to_numpy())
    assert metrics.scorer("auc")(model, X, y) == metrics.auc(y, model.predict(X))


def test_a_scorer_survives_a_trip_to_another_process():
    score = pickle.loads(pickle.dumps(metrics.scorer("boyce")))
    assert repr(score) == "scorer('boyce')"


def test_an_unknown_score_is_named_with_those_there_are():
    with use_language("en"), pytest.raises(NicheError, match=r"(?s)called 'accuracy'.*auc_prg"):
        metrics.scorer("accuracy")
