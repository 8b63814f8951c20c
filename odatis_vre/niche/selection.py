"""Which terms of a logistic regression are kept: by AIC, or by a lasso."""

import numpy as np
from scipy.special import expit
from sklearn.model_selection import StratifiedKFold

from odatis_vre.niche.logistic import Fit, deviance, fit_logistic, solve_positive
from odatis_vre.niche.maxent.quadratic import minimum
from odatis_vre.niche.terms import Terms

# Keeps coefficients finite where presences and background are separated; far below what data say.
RIDGE = 1e-6
_LAMBDAS = 40
_LEAST_LAMBDA = 1e-4
_PATIENCE = 6
_NEWTON_STEPS = 25
_LASSO_TOL = 1e-6
_SHORTEST = 1e-6


def all_terms(design: np.ndarray, presence: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Coefficients of all terms, shape (1 + k,)."""
    return _fit(design, presence, weight, np.arange(design.shape[1]), None).coef


def by_aic(design: np.ndarray, presence: np.ndarray, weight: np.ndarray, terms: Terms) -> np.ndarray:
    """Stepwise selection in both directions by Akaike's criterion, from the full model.

    A step takes the highest power off a variable (or all indicators of a factor), or puts the next one on.
    Wald and score statistics rank the steps; a step is made when refitting shows that it lowers the AIC.

    Parameters
    ----------
    design : ndarray, shape (n, 1 + k)
    presence : ndarray of bool, shape (n,)
    weight : ndarray, shape (n,)
    terms : Terms
        Of the columns after the first.

    Returns
    -------
    ndarray, shape (1 + k,)
        Coefficients, 0 for terms that are left out.
    """
    kept = np.arange(design.shape[1])
    fit = _fit(design, presence, weight, kept, None)
    refused = set()
    while True:
        moves = _moves(design, presence, weight, fit, kept, terms)
        for _, after in moves:
            if tuple(after) in refused:
                continue
            start = np.zeros(design.shape[1])
            start[kept] = fit.coef
            there = _fit(design, presence, weight, after, start[after])
            if there.deviance + 2 * len(after) < fit.deviance + 2 * len(kept) - 1e-9:
                kept, fit = after, there
                break
            refused.add(tuple(after))
        else:
            break
    coef = np.zeros(design.shape[1])
    coef[kept] = fit.coef
    return coef


def _fit(design, presence, weight, kept: np.ndarray, start: np.ndarray | None) -> Fit:
    penalty = np.full(len(kept), RIDGE * weight[presence].sum())
    penalty[0] = 0.0
    return fit_logistic(design[:, kept], presence, weight, penalty, start)


def _moves(design, presence, weight, fit: Fit, kept, terms: Terms) -> list[tuple[float, np.ndarray]]:
    """Steps that promise a lower AIC, the best one first: (change expected, terms after it)."""
    p = expit(fit.eta)
    slope = design.T @ (weight * (presence - p))
    half = design * np.sqrt(weight * p * (1 - p))[:, None]
    information = half.T @ half
    covariance = solve_positive(information[np.ix_(kept, kept)], np.eye(len(kept)))
    out = []
    for j in np.unique(terms.variable):
        own = 1 + np.flatnonzero(terms.variable == j)
        power = np.append(0, terms.step)
        there = np.isin(own, kept)
        if there.any():
            off = own[there & (power[own] == power[own[there]].max())]
            at = np.searchsorted(kept, off)
            wald = fit.coef[at] @ solve_positive(covariance[np.ix_(at, at)], fit.coef[at])
            out.append((wald - 2 * len(off), np.setdiff1d(kept, off)))
        if not there.all():
            on = own[~there & (power[own] == power[own[~there]].min())]
            cross = information[np.ix_(kept, on)]
            free = information[np.ix_(on, on)] - cross.T @ covariance @ cross
            score = slope[on] @ solve_positive(free, slope[on])
            out.append((2 * len(on) - score, np.union1d(kept, on)))
    return sorted((m for m in out if m[0] < 0), key=lambda m: m[0])


class _Path:
    """A lasso followed from the largest penalty down: proximal Newton steps from the solution before."""

    def __init__(self, design: np.ndarray, presence: np.ndarray, weight: np.ndarray):
        self._x, self._y, self._weight = design[:, 1:], presence.astype(float), weight / weight.sum()
        expected = float(self._weight @ self._y)
        self.coef = np.zeros(design.shape[1])
        self.coef[0] = np.log(expected / (1 - expected))
        self.largest = float(np.abs(self._x.T @ (self._weight * (self._y - expected))).max())

    def _objective(self, eta: np.ndarray, beta: np.ndarray, penalty: float) -> float:
        return deviance(eta, self._y, self._weight) / 2 + penalty * float(np.abs(beta).sum())

    def descend(self, penalty: float) -> np.ndarray:
        """Coefficients at a penalty (per unit of weight), shape (1 + k,)."""
        eta = self.coef[0] + self._x @ self.coef[1:]
        now = self._objective(eta, self.coef[1:], penalty)
        for _ in range(_NEWTON_STEPS):
            p = expit(eta)
            slope, curvature = self._weight * (self._y - p), self._weight * p * (1 - p)
            total = max(curvature.sum(), np.finfo(float).tiny)
            mean = curvature @ self._x / total
            centred = self._x - mean
            gram = (centred * curvature[:, None]).T @ centred
            beta = self.coef[1:]
            there = minimum(gram, gram @ beta + centred.T @ slope, beta, penalty)
            step = np.append(slope.sum() / total - mean @ (there - beta), there - beta)
            ahead, length = step[0] + self._x @ step[1:], 1.0
            while length > _SHORTEST:
                after = self._objective(eta + length * ahead, beta + length * step[1:], penalty)
                if after <= now:
                    break
                length /= 2
            else:
                break
            self.coef = self.coef + length * step
            eta, before, now = eta + length * ahead, now, after
            if before - now < _LASSO_TOL * now:
                break
        return self.coef


def by_lasso(design, presence, weight, folds: int, random_state) -> tuple[np.ndarray, float]:
    """Lasso whose penalty has the lowest deviance in cross-validation.

    Parameters
    ----------
    design : ndarray, shape (n, 1 + k)
    presence : ndarray of bool, shape (n,)
    weight : ndarray, shape (n,)
    folds : int
        Each holds its share of the presences.
    random_state : int, RandomState or None
        Draws the folds.

    Returns
    -------
    coefficients : ndarray, shape (1 + k,)
    penalty : float
        Per unit of weight, as in glmnet.
    """
    whole = _Path(design, presence, weight)
    penalties = np.geomspace(whole.largest, whole.largest * _LEAST_LAMBDA, _LAMBDAS)
    folds = max(2, min(folds, int(presence.sum()), int((~presence).sum())))
    splitter = StratifiedKFold(folds, shuffle=True, random_state=random_state)
    parts = []
    for train, held in splitter.split(design, presence):
        path = _Path(design[train], presence[train], weight[train])
        parts.append((path, design[held], presence[held], weight[held]))
    losses = []
    for penalty in penalties:
        found = (deviance(x @ path.descend(penalty), y, w) for path, x, y, w in parts)
        losses.append(sum(found))
        if len(losses) - np.argmin(losses) > _PATIENCE:
            break
    best = int(np.argmin(losses))
    for penalty in penalties[: best + 1]:
        coef = whole.descend(penalty)
    return coef, float(penalties[best])
