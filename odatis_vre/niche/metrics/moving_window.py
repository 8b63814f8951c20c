"""The continuous Boyce index: presences against the area, along the suitability."""

import numpy as np
from scipy.stats import rankdata

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.metrics.observed import read, undefined

_WINDOWS = 100


def boyce(presence, suitability, *, area: str = "all") -> float:
    """Continuous Boyce index.

    A window of one tenth of the range of the suitability slides over it; F is the share of presences in
    it over the share of the study area in it. The index is the rank correlation (Spearman) of F and the
    window's lower bound: a suitability is good when presences grow denser with it.

    The convention is that of R's ecospat.boyce on suitabilities of 0..1, on any scale: 100 windows, closed
    at both ends, from the minimum in steps of (range - width) / 100; F rounded to 1e-10; of a run of equal
    F the last one counts, and a last F of exactly 1 is dropped. The result is not rounded.

    Parameters
    ----------
    presence : array of 0/1 or bool, shape (n,)
    suitability : array, shape (n,)
    area : {"all", "background"}, default "all"
        Which rows stand for the study area: all of them (as in biomod2, flexsdm and ENMeval), or those
        with 0 only.

    Returns
    -------
    float
        -1..1, 0 without skill; NaN where presences or the area are missing, or F does not vary.

    Raises
    ------
    NicheError
        Lengths differ, presence is not 0/1, a suitability is infinite, or another `area`.

    References
    ----------
    Hirzel, A.H., Le Lay, G., Helfer, V., Randin, C. & Guisan, A. (2006). Evaluating the ability of
    habitat suitability models to predict species presences. Ecological Modelling 199, 142-152.

    Examples
    --------
    >>> import numpy as np
    >>> suitability = np.linspace(0, 1, 500)
    >>> round(boyce(np.arange(500) % np.linspace(9, 1, 500).astype(int) == 0, suitability), 2)
    0.99
    """
    if area not in ("all", "background"):
        raise NicheError(
            tr("evaluation.bad_parameter", name="area", value=area),
            tr("evaluation.bad_parameter_hint", allowed='"all", "background"'),
        )
    observed, score = read(presence, suitability)
    if undefined(observed, "boyce", score):
        return np.nan
    there, everywhere = np.sort(score[observed]), np.sort(score if area == "all" else score[~observed])
    low, high = min(there[0], everywhere[0]), max(there[-1], everywhere[-1])
    width = (everywhere[-1] - everywhere[0]) / 10
    lower = low + np.arange(_WINDOWS) * ((high - low - width) / _WINDOWS)

    def share(values: np.ndarray) -> np.ndarray:
        above = np.searchsorted(values, lower + width, side="right")
        return (above - np.searchsorted(values, lower, side="left")) / len(values)

    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.round(share(there) / share(everywhere), 10)
    kept = ~np.isnan(ratio)
    ratio, lower = ratio[kept], lower[kept]
    last_of_run = ratio != np.append(ratio[1:], 1.0)
    ratio, lower = rankdata(ratio[last_of_run]), lower[last_of_run]
    if len(ratio) < 2 or np.ptp(ratio) == 0:
        return np.nan
    return float(np.clip(np.corrcoef(ratio, np.arange(len(lower)))[0, 1], -1, 1))
