"""What scikit-learn expects of an estimator, of those that describe niches or take presences alone."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import make_scorer, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from odatis_vre.niche import ENFA, NPPEN, OMI, Chromatogram, Envelope, WeightedAveraging

OUR_WORDS = "an error of the right type, in the words of this library"
WIDTH = ["check_n_features_in_after_fitting", "check_fit2d_predict1d"]
NOT_ALIKE = {
    "NPPENOfPresences": [*WIDTH, "check_fit2d_1sample"],
    "EnvelopeOfPresences": [*WIDTH, "check_fit2d_1sample"],
    "OMI": [*WIDTH, "check_fit2d_1sample", "check_requires_y_none"],
    "ENFA": [*WIDTH, "check_fit2d_1sample", "check_fit2d_1feature", "check_requires_y_none"],
    "Chromatogram": ["check_fit2d_1sample", "check_requires_y_none"],
    "WeightedAveraging": ["check_requires_y_none"],
}


def expected_to_fail(estimator) -> dict[str, str]:
    """Check -> why it does not hold."""
    kind = type(estimator).__name__
    checks = [*NOT_ALIKE[kind], "check_dtype_object", "check_estimators_empty_data_messages"]
    reasons = dict.fromkeys(checks, OUR_WORDS)
    if kind != "ENFA":
        reasons["check_fit1d"] = "one variable may be given as a vector"
    if kind in ("OMI", "ENFA"):
        reasons["check_transformer_preserve_dtypes"] = "scores are a DataFrame, with the names of the axes"
    return reasons


class OfPresences:
    """A model of presences alone, without `y`: the checks' targets are no presences."""

    def fit(self, X, y=None):
        return super().fit(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = tags.regressor_tags = None
        return tags


class NPPENOfPresences(OfPresences, NPPEN):
    pass


class EnvelopeOfPresences(OfPresences, Envelope):
    pass


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(
    [
        NPPENOfPresences(),
        NPPENOfPresences("ecdf"),
        EnvelopeOfPresences(),
        OMI(),
        ENFA(),
        Chromatogram(bins=5, smoothing=1),
        WeightedAveraging(),
    ],
    expected_failed_checks=expected_to_fail,
)
def test_scikit_learn_finds_an_estimator(estimator, check):
    check(estimator)


@pytest.mark.parametrize("model", [NPPEN(), NPPEN("ecdf", homogenise=8, min_count=1), Envelope((5, 95))])
def test_a_model_of_presences_is_called_like_any_other(model, presences):
    table = np.vstack([presences, presences + 3])
    seen = np.r_[np.ones(len(presences)), np.zeros(len(presences))]
    pipeline = make_pipeline(StandardScaler(), clone(model))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    scores = cross_validate(pipeline, table, seen, scoring=make_scorer(roc_auc_score), cv=folds)["test_score"]
    assert scores.min() > 0.8
    fitted = clone(model).fit(table, seen)
    kept = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(kept.predict(table), fitted.predict(table))
