"""Weighted logistic regression with a quadratic penalty, by Newton's method."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

_STEPS = 100
_HALVINGS = 30


@dataclass
class Fit:
    """What Newton's method found.

    Attributes
    ----------
    coef : ndarray, shape (k,)
    eta : ndarray, shape (n,)
        Linear predictor of the training rows.
    deviance : float
        Twice the negative log-likelihood, without the penalty.
    information : ndarray, shape (k, k)
        X'WX at the solution, without the penalty.
    """

    coef: np.ndarray
    eta: np.ndarray
    deviance: float
    information: np.ndarray


def deviance(eta: np.ndarray, presence: np.ndarray, weight: np.ndarray) -> float:
    """Twice the negative weighted log-likelihood of a linear predictor."""
    return 2 * float(weight @ (np.logaddexp(0, eta) - presence * eta))


def fit_logistic(
    design: np.ndarray,
    presence: np.ndarray,
    weight: np.ndarray,
    penalty: np.ndarray,
    start: np.ndarray | None = None,
    tol: float = 1e-9,
) -> Fit:
    """Minimise deviance(design @ coef) + sum of penalty * coef^2.

    Parameters
    ----------
    design : ndarray, shape (n, k)
        With a column of ones, the first, where there is an intercept.
    presence : ndarray of bool, shape (n,)
    weight : ndarray, shape (n,)
        Above 0.
    penalty : ndarray, shape (k,)
        0 or more.
    start : ndarray, shape (k,), optional
    tol : float
        Newton stops when it can lower the objective by less than this share.

    Returns
    -------
    Fit
    """
    y = presence.astype(float)
    if start is None:
        start = np.zeros(design.shape[1])
        share = weight @ y / weight.sum()
        start[0] = np.log(share / (1 - share))
    coef, eta = start, design @ start
    loss = deviance(eta, y, weight)
    objective = loss + penalty @ coef**2
    for _ in range(_STEPS):
        p = expit(eta)
        information = (design * (weight * p * (1 - p))[:, None]).T @ design
        slope = design.T @ (weight * (y - p)) - penalty * coef
        step = solve_positive(information + np.diag(penalty), slope)
        expected = float(step @ slope)
        if expected <= tol * (abs(objective) + 1):
            break
        ahead = design @ step
        for halving in range(_HALVINGS):
            length = 0.5**halving
            there = coef + length * step
            moved = eta + length * ahead
            moved_loss = deviance(moved, y, weight)
            moved_objective = moved_loss + penalty @ there**2
            if moved_objective <= objective - 1e-4 * length * expected:
                break
        else:
            break
        coef, eta, loss, objective = there, moved, moved_loss, moved_objective
    return Fit(coef, eta, loss, information)


def solve_positive(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve a symmetric positive system, made solvable by a tiny ridge where it is not.

    Parameters
    ----------
    matrix : ndarray, shape (k, k)
    right : ndarray, shape (k,) or (k, r)
    """
    scale = 1 / np.sqrt(np.maximum(np.diag(matrix), np.finfo(float).tiny))
    standard = matrix * np.outer(scale, scale)
    shape = (-1,) + (1,) * (right.ndim - 1)
    ridge = 0.0
    while True:
        try:
            factor = cho_factor(standard + ridge * np.eye(len(matrix)))
        except np.linalg.LinAlgError:
            ridge = max(10 * ridge, 1e-12)
            continue
        return cho_solve(factor, right * scale.reshape(shape)) * scale.reshape(shape)
