"""Scores of predicted presence, and the thresholds that predict it."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from odatis_vre.niche.metrics.observed import classes, counts, read, undefined


def tss(presence, suitability, threshold: float | None = None) -> float:
    """True skill statistic: sensitivity + specificity - 1.

    Parameters
    ----------
    presence : array of 0/1 or bool, shape (n,)
    suitability : array, shape (n,)
    threshold : float, optional
        Presence is predicted at or above it. None gives the largest value over all thresholds.

    Returns
    -------
    float
        -1..1 (0..1 without a threshold); NaN where there is only one class.

    Raises
    ------
    NicheError
        Lengths differ, presence is not 0/1, or a suitability is infinite.

    References
    ----------
    Allouche, O., Tsoar, A. & Kadmon, R. (2006). Assessing the accuracy of species distribution models:
    prevalence, kappa and the true skill statistic (TSS). Journal of Applied Ecology 43, 1223-1232.

    Examples
    --------
    >>> tss([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), tss([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], 0.9)
    (0.5, 0.0)
    """
    return _best("tss", _skill, presence, suitability, threshold)


def kappa(presence, suitability, threshold: float | None = None) -> float:
    """Cohen's kappa: agreement beyond chance, (Po - Pe) / (1 - Pe).

    Parameters
    ----------
    presence : array of 0/1 or bool, shape (n,)
    suitability : array, shape (n,)
    threshold : float, optional
        Presence is predicted at or above it. None gives the largest value over all thresholds.

    Returns
    -------
    float
        -1..1 (0..1 without a threshold); NaN where there is only one class.

    Raises
    ------
    NicheError
        Lengths differ, presence is not 0/1, or a suitability is infinite.

    References
    ----------
    Cohen, J. (1960). A coefficient of agreement for nominal scales. Educational and Psychological
    Measurement 20, 37-46.

    Examples
    --------
    >>> kappa([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.5
    """
    return _best("kappa", _agreement, presence, suitability, threshold)


def thresholds(presence, suitability) -> pd.Series:
    """Thresholds from which a suitability is taken for presence.

    Presence is predicted at or above a threshold. Those that are searched for are sought among the
    suitabilities that occur; of several that are equally good the lowest is taken.

    Parameters
    ----------
    presence : array of 0/1 or bool, shape (n,)
    suitability : array, shape (n,)

    Returns
    -------
    Series
        `max_tss` (largest sensitivity + specificity), `max_kappa`, `equal_sens_spec` (least difference
        between sensitivity and specificity), `no_omission` (lowest suitability of a presence),
        `percentile_10` (below it lie 10 % of the presences, by linear interpolation) and `prevalence`
        (the share of presences). NaN where there is only one class.

    Raises
    ------
    NicheError
        Lengths differ, presence is not 0/1, or a suitability is infinite.

    References
    ----------
    Liu, C., Berry, P.M., Dawson, T.P. & Pearson, R.G. (2005). Selecting thresholds of occurrence in the
    prediction of species distributions. Ecography 28, 385-393.

    Examples
    --------
    >>> thresholds([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).round(3).to_dict()["no_omission"]
    0.35
    """
    names = ["max_tss", "max_kappa", "equal_sens_spec", "no_omission", "percentile_10", "prevalence"]
    observed, score = read(presence, suitability)
    if undefined(observed, "thresholds"):
        return pd.Series(np.nan, index=names, name="threshold")
    candidates, hits, false_alarms = counts(observed, score)
    present, absent = classes(observed)
    gap = np.abs(hits * absent - (absent - false_alarms) * present)
    there = score[observed]
    values = [
        candidates[np.argmax(_skill(hits, false_alarms, present, absent))],
        candidates[np.argmax(_agreement(hits, false_alarms, present, absent))],
        candidates[np.argmin(gap)],
        there.min(),
        np.quantile(there, 0.1),
        present / len(observed),
    ]
    return pd.Series(values, index=names, name="threshold")


def _skill(hits, false_alarms, present: float, absent: float):
    return (hits * absent - false_alarms * present) / (present * absent)


def _agreement(hits, false_alarms, present: float, absent: float):
    called = hits + false_alarms
    missed, rejected = present - hits, absent - false_alarms
    return (
        2
        * (hits * rejected - missed * false_alarms)
        / (called * absent + present * (present + absent - called))
    )


def _best(name: str, measure: Callable, presence, suitability, threshold: float | None) -> float:
    observed, score = read(presence, suitability)
    if undefined(observed, name):
        return np.nan
    if threshold is None:
        _, hits, false_alarms = counts(observed, score)
    else:
        called = score >= threshold
        hits, false_alarms = (float(np.count_nonzero(called & c)) for c in (observed, ~observed))
    return float(np.max(measure(hits, false_alarms, *classes(observed))))
