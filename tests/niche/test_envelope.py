import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odatis_vre.errors import NicheError
from odatis_vre.i18n import use_language
from odatis_vre.niche import Envelope


@pytest.fixture
def model() -> Envelope:
    """Presences from 0 to 100 m: suitability 1 from 10 to 90."""
    return Envelope().fit(pd.DataFrame({"depth": np.arange(0.0, 101)}))


def test_the_corners_are_the_extremes_and_the_percentiles(model):
    assert model.limits_.loc["depth"].to_dict() == {"min": 0, "low": 10, "high": 90, "max": 100}


def test_suitability_is_a_trapezoid(model):
    depth = [-0.1, 0, 5, 10, 50, 90, 98, 100, 100.1]
    np.testing.assert_allclose(model.predict(np.array(depth)[:, None]), [0, 0, 0.5, 1, 1, 1, 0.2, 0, 0])


def test_the_suitabilities_of_the_variables_are_multiplied(presences):
    both = Envelope().fit(presences)
    alone = [Envelope().fit(presences[[name]]).predict(presences[[name]]) for name in presences]
    np.testing.assert_allclose(both.predict(presences), alone[0] * alone[1])


def test_other_percentiles_make_other_shoulders(presences):
    assert (Envelope((0, 100)).fit(presences).predict(presences) == 1).all()
    narrow = Envelope((40, 60)).fit(presences).predict(presences)
    assert (narrow <= Envelope().fit(presences).predict(presences)).all()


def test_many_presences_at_an_extreme_make_an_upright_side():
    model = Envelope().fit(np.r_[np.zeros(30), np.linspace(0, 10, 70)][:, None])
    np.testing.assert_array_equal(model.predict([[-1e-9], [0.0], [1.0]]), [0, 1, 1])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**16), factor=st.floats(0.01, 100), shift=st.floats(-100, 100))
def test_units_order_and_repetition_do_not_matter(seed, factor, shift):
    chance = np.random.default_rng(seed)
    seen, targets = chance.normal(size=(40, 2)), chance.normal(size=(30, 2)) * 1.5
    here = Envelope((0, 100)).fit(seen).predict(targets)
    there = Envelope((0, 100)).fit(chance.permutation(np.vstack([seen, seen])) * factor + shift)
    np.testing.assert_allclose(there.predict(targets * factor + shift), here, atol=1e-6)
    assert ((here >= 0) & (here <= 1)).all()


def test_only_the_rows_of_presence_count(presences):
    absences = presences + 40
    table = pd.concat([absences, presences], ignore_index=True)
    seen = np.r_[np.zeros(len(absences)), np.ones(len(presences))]
    pd.testing.assert_frame_equal(Envelope().fit(table, seen).limits_, Envelope().fit(presences).limits_)


def test_a_missing_variable_gives_a_missing_suitability(model):
    predicted = model.predict([[50.0], [np.nan]])
    assert predicted[0] == 1
    assert np.isnan(predicted[1])


@pytest.mark.parametrize("percentiles", [(90, 10), (10, 110), (10,), 10, (50, 50)])
def test_impossible_percentiles_are_refused(presences, percentiles):
    with use_language("en"), pytest.raises(NicheError, match="percentiles = "):
        Envelope(percentiles).fit(presences)


def test_a_constant_variable_and_too_few_presences_are_errors(presences):
    with use_language("en"), pytest.raises(NicheError, match="month"):
        Envelope().fit(presences.assign(month=5.0))
    with use_language("en"), pytest.raises(NicheError, match="2 presences are too few"):
        Envelope().fit(presences[:2])
    with use_language("en"), pytest.raises(NicheError, match=r"not numbers .*bottom"):
        Envelope().fit(presences.assign(bottom="sand"))
