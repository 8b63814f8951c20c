"""Scores in the form that scikit-learn's cross-validation takes."""

from collections.abc import Callable

import numpy as np
from sklearn.base import is_classifier

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.metrics.confusion import kappa, tss
from odatis_vre.niche.metrics.moving_window import boyce
from odatis_vre.niche.metrics.ranking import auc, auc_prg, cor

SCORES = {"auc": auc, "auc_prg": auc_prg, "tss": tss, "kappa": kappa, "cor": cor, "boyce": boyce}


def scorer(metric: str | Callable = "auc") -> Callable:
    """A score in the form that scikit-learn's `cross_validate`, `GridSearchCV` and others take.

    Parameters
    ----------
    metric : {"auc", "auc_prg", "tss", "kappa", "cor", "boyce"} or callable, default "auc"
        A callable takes (presence, suitability); larger is better.

    Returns
    -------
    callable
        Takes (model, X, y). The suitability is `model.predict(X)`, for a scikit-learn classifier its
        probability of presence.

    Raises
    ------
    NicheError
        A name that is not among these.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = np.arange(20.0)[:, None], np.arange(20) > 9
    >>> scorer("auc")(LogisticRegression().fit(X, y), X, y)
    1.0
    """
    if isinstance(metric, str) and metric not in SCORES:
        raise NicheError(
            tr("evaluation.unknown_metric", name=metric),
            tr("evaluation.bad_parameter_hint", allowed=", ".join(SCORES)),
        )
    return _Scorer(SCORES[metric] if isinstance(metric, str) else metric)


class _Scorer:
    """Calls a metric on what a model predicts; pickles, for parallel cross-validation."""

    def __init__(self, metric: Callable):
        self.metric = metric

    def __call__(self, model, X, y) -> float:
        return self.metric(y, predicted(model, X))

    def __repr__(self) -> str:
        return f"scorer({getattr(self.metric, '__name__', self.metric)!r})"


def predicted(model, X) -> np.ndarray:
    """The suitability a fitted model gives: its prediction, or a classifier's probability of presence."""
    check_probability(model)
    if not is_classifier(model):
        return np.asarray(model.predict(X), dtype=float).ravel()
    presence = np.flatnonzero(np.asarray(model.classes_) == 1)
    probability = np.asarray(model.predict_proba(X))
    return probability[:, presence[0]] if len(presence) else np.zeros(len(probability))


def check_probability(model) -> None:
    """Refuse a fitted classifier that gives no probability of presence: its labels are no suitability."""
    if not is_classifier(model):
        return
    kind = type(model).__name__
    if other := [c for c in np.asarray(model.classes_).tolist() if c not in (0, 1)]:
        raise NicheError(
            tr("evaluation.other_classes", model=kind, value=other[0]), tr("evaluation.other_classes_hint")
        )
    if not hasattr(model, "predict_proba"):
        raise NicheError(tr("evaluation.no_probability", model=kind), tr("evaluation.no_probability_hint"))
