"""What was observed and what was predicted, read and counted for the scores."""

import warnings

import numpy as np
import pandas as pd
from sklearn.exceptions import UndefinedMetricWarning

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr


def presence_of(presence) -> np.ndarray:
    """Read presences (0/1 or bool, NaN where unknown) as float64, shape (n,); refuse other values."""
    observed = _floats(presence)
    if observed is None:
        raise NicheError(
            tr("evaluation.not_presence", value=_first(presence)), tr("evaluation.not_presence_hint")
        )
    other = observed[~(np.isnan(observed) | (observed == 0) | (observed == 1))]
    if len(other):
        raise NicheError(tr("evaluation.not_presence", value=other[0]), tr("evaluation.not_presence_hint"))
    return observed


def read(presence, suitability) -> tuple[np.ndarray, np.ndarray]:
    """Read presences as bool and suitabilities as float64, both of shape (n,), without the unknown rows."""
    observed, score = presence_of(presence), _floats(suitability)
    if score is None:
        raise NicheError(
            tr("evaluation.not_numbers", value=_first(suitability)), tr("evaluation.infinite_hint")
        )
    if len(observed) != len(score):
        raise NicheError(
            tr("evaluation.lengths_differ", presence=len(observed), suitability=len(score)),
            tr("evaluation.lengths_differ_hint"),
        )
    if np.isinf(score).any():
        raise NicheError(tr("evaluation.infinite_suitability"), tr("evaluation.infinite_hint"))
    known = ~(np.isnan(observed) | np.isnan(score))
    return observed[known].astype(bool), score[known]


def _floats(values) -> np.ndarray | None:
    """Numbers of any kind of array as float64, shape (n,); None where some are no numbers."""
    try:
        if isinstance(values, pd.Series):
            return values.to_numpy(float, na_value=np.nan)
        return np.asarray(values, dtype=float).ravel()
    except (TypeError, ValueError):
        return None


def _first(values) -> str:
    return repr(next((v for v in np.ravel(np.asarray(values, dtype=object)) if isinstance(v, str)), "?"))


def undefined(observed: np.ndarray, metric: str, score: np.ndarray | None = None) -> bool:
    """Whether a score cannot be told: one class only, or a suitability (if given) that never varies."""
    present, absent = classes(observed)
    if not (present and absent):
        message = tr("evaluation.one_class", metric=metric, presences=int(present), absences=int(absent))
    elif score is not None and np.ptp(score) == 0:
        message = tr("evaluation.constant_suitability", metric=metric, value=float(score[0]))
    else:
        return False
    warnings.warn(message, UndefinedMetricWarning, stacklevel=3)
    return True


def classes(observed: np.ndarray) -> tuple[float, float]:
    """How many presences and how many absences there are."""
    present = float(np.count_nonzero(observed))
    return present, len(observed) - present


def counts(observed: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Suitabilities that occur, ascending, with hits and false alarms when each is the threshold."""
    order = np.argsort(score, kind="stable")
    ranked, there = score[order], observed[order]
    first = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))
    missed = np.append(0, np.cumsum(there))
    hits = (missed[-1] - missed[first]).astype(float)
    return ranked[first], hits, len(score) - first - hits
