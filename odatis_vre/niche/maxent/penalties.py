"""How much MaxEnt penalises each feature: the table of Phillips & Dudik, by class and presences."""

import numpy as np

from odatis_vre.niche.maxent.features import CATEGORY, HINGE, LINEAR, PRODUCT, QUADRATIC, THRESHOLD, Features

# Presences -> penalty; linear between, constant outside.
_TABLE = {
    LINEAR: ([0, 10, 30, 100], [1, 1, 0.2, 0.05]),
    QUADRATIC: ([0, 10, 17, 30, 100], [1.3, 0.8, 0.5, 0.25, 0.05]),
    PRODUCT: ([0, 10, 17, 30, 100], [2.6, 1.6, 0.9, 0.55, 0.05]),
    HINGE: ([0, 1], [0.5, 0.5]),
    THRESHOLD: ([0, 100], [2, 1]),
    CATEGORY: ([0, 10, 17], [0.65, 0.5, 0.25]),
}
_LEAST_OF_RANGE = 0.001
_CHUNK = 256


def default_classes(presences: int) -> str:
    """The feature classes that so many presences allow.

    Examples
    --------
    >>> default_classes(9), default_classes(10), default_classes(15), default_classes(80)
    ('l', 'lq', 'lqh', 'lqph')
    """
    if presences < 10:
        return "l"
    if presences < 15:
        return "lq"
    return "lqh" if presences < 80 else "lqph"


def penalties(features: Features, x: np.ndarray, weight: np.ndarray, span: np.ndarray) -> np.ndarray:
    """The penalty of each feature at multiplier 1.

    Parameters
    ----------
    features : Features
    x : ndarray, shape (np presences, p)
    weight : ndarray, shape (np presences,)
        Of mean 1.
    span : ndarray, shape (number of features,)
        Range of each feature in the training table.

    Returns
    -------
    ndarray, shape (number of features,)
    """
    n = len(x)
    mean, deviation = np.empty(len(features)), np.empty(len(features))
    for start in range(0, len(features), _CHUNK):
        part = slice(start, start + _CHUNK)
        values = features[part].values(x)
        mean[part] = weight @ values / n
        deviation[part] = np.sqrt(weight @ (values - mean[part]) ** 2 / (n - 1))
    richest = next((c for c in (PRODUCT, QUADRATIC) if (features.kind == c).any()), LINEAR)
    factor = np.empty(len(features))
    for kind in np.unique(features.kind):
        counts, value = _TABLE[richest if kind in (LINEAR, QUADRATIC, PRODUCT) else kind]
        factor[features.kind == kind] = np.interp(n, counts, value)
    out = np.maximum(_LEAST_OF_RANGE * span, deviation * factor / np.sqrt(n))
    floor = np.zeros(len(features))
    hinge = features.kind == HINGE
    floor[hinge] = 0.5 * np.maximum(deviation[hinge], 1 / np.sqrt(n)) / np.sqrt(n)
    floor[(features.kind == THRESHOLD) & ((mean <= 0) | (mean >= 1 - 1e-12))] = 1.0
    return np.maximum(out, floor)
