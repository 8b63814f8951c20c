"""Scores of the order of a suitability, and its correlation with presence."""

import numpy as np
from scipy.stats import rankdata

from odatis_vre.niche.metrics.observed import classes, counts, read, undefined


def auc(presence, suitability) -> float:
    """Area under the receiver operating characteristic curve.

    The probability that a presence has a higher suitability than an absence, ties counting one half
    (Mann & Whitney 1947).

    Parameters
    ----------
    presence : array of 0/1 or bool, shape (n,)
        0 is an absence or a background point.
    suitability : array, shape (n,)
        Any scale: only the order counts.

    Returns
    -------
    float
        0..1, 0.5 without skill; NaN where there is only one class.

    Raises
    ------
    NicheError
        Lengths differ, presence is not 0/1, or a suitability is infinite.

    Examples
    --------
    >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    observed, score = read(presence, suitability)
    if undefined(observed, "auc"):
        return np.nan
    present, absent = classes(observed)
    ranks = rankdata(score)[observed].sum()
    return float((ranks - present * (present + 1) / 2) / (present * absent))


def auc_prg(presence, suitability) -> float:
    """Area under the precision-recall-gain curve.

    With prevalence pi, precision gain = (precision - pi) / ((1 - pi) precision), and the same for
    recall; the area is taken over recall gains of 0..1, the curve being cut where recall gain is 0. Rows
    of equal suitability make one step. On a straight line between two steps in counts the curve is
    straight as well.

    Parameters
    ----------
    presence : array of 0/1 or bool, shape (n,)
    suitability : array, shape (n,)
        Any scale: only the order counts.

    Returns
    -------
    float
        At most 1; 0 without skill, negative when worse; NaN where there is only one class.

    Raises
    ------
    NicheError
        Lengths differ, presence is not 0/1, or a suitability is infinite.

    References
    ----------
    Flach, P. & Kull, M. (2015). Precision-Recall-Gain Curves: PR Analysis Done Right. NIPS 28.

    Examples
    --------
    >>> auc_prg([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4])
    1.0
    """
    observed, score = read(presence, suitability)
    if undefined(observed, "auc_prg"):
        return np.nan
    present, absent = classes(observed)
    _, hits, false_alarms = counts(observed, score)
    hits, false_alarms = (np.append(0.0, count[::-1]) for count in (hits, false_alarms))
    start = present**2 / (present + absent)  # recall gain is 0 at this number of hits
    after = int(np.searchsorted(hits, start))
    share = (start - hits[after - 1]) / (hits[after] - hits[after - 1])
    crossing = false_alarms[after - 1] + share * (false_alarms[after] - false_alarms[after - 1])
    hits = np.append(start, hits[after:])
    false_alarms = np.append(crossing, false_alarms[after:])
    odds = present / absent
    recall_gain = 1 - odds * (present - hits) / hits
    precision_gain = 1 - odds * false_alarms / hits
    return float(np.trapezoid(precision_gain, recall_gain))


def cor(presence, suitability) -> float:
    """Pearson correlation of the suitability and observed presence (0/1).

    Parameters
    ----------
    presence : array of 0/1 or bool, shape (n,)
    suitability : array, shape (n,)

    Returns
    -------
    float
        -1..1; NaN where there is only one class, or the suitability is the same everywhere.

    Raises
    ------
    NicheError
        Lengths differ, presence is not 0/1, or a suitability is infinite.

    References
    ----------
    Elith, J. et al. (2006). Novel methods improve prediction of species' distributions from occurrence
    data. Ecography 29, 129-151.

    Examples
    --------
    >>> cor([0, 1, 0, 1], [0.2, 0.8, 0.2, 0.8])
    1.0
    """
    observed, score = read(presence, suitability)
    if undefined(observed, "cor", score):
        return np.nan
    return float(np.clip(np.corrcoef(observed, score)[0, 1], -1, 1))
