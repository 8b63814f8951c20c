"""How much presences and background count in a fit."""

import numpy as np

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr

SCHEMES = ("balanced", "iwlr", "equal")
_INFINITE = 1e6


def case_weights(presence: np.ndarray, weight: np.ndarray, scheme: str) -> np.ndarray:
    """Weight of each row of a training table.

    Parameters
    ----------
    presence : ndarray of bool, shape (n,)
    weight : ndarray, shape (n,)
        The caller's own weights.
    scheme : {"balanced", "iwlr", "equal"}
        "balanced" divides the background's weights so that they sum to those of the presences (Elith et
        al. 2006). "iwlr" multiplies them by 1e6: infinitely weighted logistic regression, whose slopes
        are those of a Poisson point process (Fithian & Hastie 2013). "equal" leaves all as they are.

    Returns
    -------
    ndarray, shape (n,)
        The presences' weights have mean 1.

    Raises
    ------
    NicheError
        Another scheme.

    Examples
    --------
    >>> case_weights(np.array([True, False, False]), np.ones(3), "balanced").tolist()
    [1.0, 0.5, 0.5]
    """
    weight = weight / weight[presence].mean()
    if scheme == "balanced":
        weight[~presence] *= weight[presence].sum() / weight[~presence].sum()
    elif scheme == "iwlr":
        weight[~presence] *= _INFINITE
    elif scheme != "equal":
        raise NicheError(
            tr("niche.bad_parameter", name="weighting", value=scheme),
            tr("niche.bad_parameter_hint", allowed=", ".join(map(repr, SCHEMES))),
        )
    return weight


class Intensity:
    """Suitability from the slopes of a point process, on the scale of MaxEnt's cloglog.

    A weight of a million on the background leaves probabilities without a meaning of their own. What they
    say is relative: raw = exp(eta) / sum of exp(eta) over the background, of entropy H; the suitability is
    1 - exp(-raw exp(H)) (Phillips et al. 2017).

    Parameters
    ----------
    eta : ndarray, shape (n,)
        Linear predictor of the background.
    weight : ndarray, shape (n,)
    """

    def __init__(self, eta: np.ndarray, weight: np.ndarray):
        top = eta.max()
        share = weight * np.exp(eta - top)
        total = share.sum()
        log_raw = eta - top - np.log(total)
        self.offset = float(-(share / total) @ log_raw - top - np.log(total))

    def suitability(self, eta: np.ndarray) -> np.ndarray:
        """Suitability, 0..1, of linear predictors."""
        return -np.expm1(-np.exp(np.minimum(eta + self.offset, 700.0)))
