"""All scores of a suitability, and what each threshold makes of it."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from odatis_vre.niche.metrics.confusion import kappa, thresholds, tss
from odatis_vre.niche.metrics.observed import read
from odatis_vre.niche.metrics.scoring import SCORES


class Evaluation(NamedTuple):
    """Scores and thresholds of a suitability.

    Attributes
    ----------
    scores : Series
        `n`, `presences`, `missing` (rows that were left out), and each score; `tss` and `kappa` are the
        largest over all thresholds.
    thresholds : DataFrame
        One row per kind of threshold: its `threshold`, the `sensitivity`, `specificity`, `tss` and `kappa`
        at it, and `predicted`, the share of all rows that are presence at it.
    """

    scores: pd.Series
    thresholds: pd.DataFrame


def evaluate(presence, suitability) -> Evaluation:
    """Evaluate a suitability against observed presence.

    Parameters
    ----------
    presence : array of 0/1 or bool, shape (n,)
        0 is an absence or a background point.
    suitability : array, shape (n,)
        Best from folds that were not trained on: `cross_validate(..., return_predictions=True)`.

    Returns
    -------
    Evaluation
        Missing values of either are left out, and counted.

    Raises
    ------
    NicheError
        Lengths differ, presence is not 0/1, or a suitability is infinite.

    Examples
    --------
    >>> found = evaluate([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> found.scores["auc"].item(), found.thresholds.loc["no_omission", "specificity"].item()
    (0.75, 0.5)
    """
    observed, score = read(presence, suitability)
    counts = {"n": len(score), "presences": int(observed.sum()), "missing": np.size(presence) - len(score)}
    scores = pd.Series(
        counts | {name: measure(observed, score) for name, measure in SCORES.items()}, name="score"
    )
    rows = {}
    for name, value in thresholds(observed, score).items():
        called = score >= value
        rows[name] = {
            "threshold": value,
            "sensitivity": called[observed].mean() if observed.any() else np.nan,
            "specificity": (~called[~observed]).mean() if not observed.all() else np.nan,
            "tss": tss(observed, score, value),
            "kappa": kappa(observed, score, value),
            "predicted": called.mean() if len(called) else np.nan,
        }
    return Evaluation(scores, pd.DataFrame.from_dict(rows, orient="index"))
