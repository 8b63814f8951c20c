"""The minimum of a quadratic function with a lasso penalty."""

import warnings

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from sklearn.linear_model import enet_path

_SWEEPS = 50
_RIDGE = 1e-13
_CHANGES = 4


def minimum(gram: np.ndarray, linear: np.ndarray, start: np.ndarray, penalty: float) -> np.ndarray:
    """Minimise beta' gram beta / 2 - linear . beta + penalty sum |beta|.

    Some sweeps of coordinate descent, then exactly: Newton on the columns in use, one of them leaving
    where its coefficient would change sign, one entering at a time (Lee et al. 2006, "feature-sign
    search"). Collinear columns do no harm.

    Parameters
    ----------
    gram : ndarray, shape (k, k)
        Symmetric, positive semi-definite.
    linear, start : ndarray, shape (k,)
    penalty : float

    Returns
    -------
    ndarray, shape (k,)

    Examples
    --------
    >>> minimum(np.eye(2), np.array([3.0, 0.5]), np.zeros(2), 1.0)
    array([2., 0.])
    """
    beta = _swept(gram, linear, start, penalty)
    sign = np.sign(beta)
    for _ in range(_CHANGES * len(beta)):
        at = np.flatnonzero(sign)
        if len(at):
            inside = gram[np.ix_(at, at)]
            short = linear[at] - penalty * sign[at] - inside @ beta[at]
            goal = beta[at] + _newton(inside, short)
            crossed = np.flatnonzero(goal * sign[at] < 0)
            if len(crossed):
                share = beta[at[crossed]] / (beta[at[crossed]] - goal[crossed])
                first = np.argmin(share)
                beta[at] += share[first] * (goal - beta[at])
                leaving = at[crossed[first]]
                beta[leaving] = sign[leaving] = 0.0
                continue
            beta[at] = goal
        slope = linear - gram @ beta
        slope[at] = 0.0
        entering = np.argmax(np.abs(slope))
        if abs(slope[entering]) <= penalty * (1 + 1e-10):
            break
        sign[entering] = np.sign(slope[entering])
    return beta


def _newton(gram: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve gram x = right with the smallest ridge that rounding leaves positive definite."""
    ridge = _RIDGE * np.trace(gram) / len(gram) + np.finfo(float).tiny
    while True:
        try:
            factor = cho_factor(gram + ridge * np.eye(len(gram)), check_finite=False)
        except LinAlgError:
            ridge *= 100
        else:
            return cho_solve(factor, right, check_finite=False)


def _swept(gram: np.ndarray, linear: np.ndarray, start: np.ndarray, penalty: float) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged yet is no news
        _, path, _ = enet_path(
            np.asfortranarray(gram),
            linear,
            l1_ratio=1.0,
            alphas=[penalty / len(start)],
            precompute=np.ascontiguousarray(gram),
            Xy=linear,
            coef_init=start.copy(),
            tol=0.0,
            max_iter=_SWEEPS,
            check_input=False,
            do_screening=False,
        )
    return path[:, 0]
