"""Generalised additive model: penalised regression splines, smoothness by REML."""

import numpy as np
import pandas as pd
from scipy.special import expit

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.case_weights import Intensity, case_weights
from odatis_vre.niche.logistic import Fit, fit_logistic, solve_positive
from odatis_vre.niche.model import SuitabilityModel
from odatis_vre.niche.smooths import Smooth
from odatis_vre.niche.table import Table
from odatis_vre.niche.terms import Terms

_ROUNDS = 60
_SETTLED = 0.02
_LEAST, _MOST = 1e-7, 1e9
_RIDGE = 1e-6


class GAM(SuitabilityModel):
    """Generalised additive model of penalised regression splines.

    Parameters
    ----------
    basis : int, default 10
        Size of each variable's spline basis; a variable with fewer different values has fewer.
    select : bool, default False
        Penalise straight lines too, so that a variable can leave the model (Marra & Wood 2011).
    weighting : {"balanced", "iwlr", "equal"}, default "balanced"
        "balanced": presences weigh 1 and the background as much as they in total. "iwlr": infinitely
        weighted logistic regression, background 1e6. "equal": all rows 1, for true absences.

    Attributes
    ----------
    edf_ : Series
        Effective degrees of freedom of each variable: 1 is a straight line, 0 is none.
    smoothing_ : Series
        Smoothing parameter of each variable, 0 where it has none.
    intercept_ : float
    deviance_ : float

    Notes
    -----
    The smoothing parameters maximise the restricted likelihood by the steps of Wood & Fasiolo (2017), as
    `method = "REML"` does in R's mgcv; knots stand at quantiles of each variable's different values, and
    curves go on as straight lines beyond the training range. A factor has an unpenalised effect per level.
    Under "iwlr" the suitability is relative: 1 - exp(-intensity) on the scale of MaxEnt's cloglog.

    References
    ----------
    Wood, S.N. (2017). Generalized Additive Models: An Introduction with R (2nd ed.). Chapman & Hall/CRC.
    doi:10.1201/9781315370279

    Wood, S.N. & Fasiolo, M. (2017). A generalized Fellner-Schall method for smoothing parameter
    optimization with application to Tweedie location, scale and shape models. Biometrics 73, 1071-1081.
    doi:10.1111/biom.12666

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> sst = np.append(rng.normal(12, 2, 200), rng.uniform(0, 30, 2000))[:, None]
    >>> model = GAM().fit(sst, np.arange(2200) < 200)
    >>> model.predict([[12.0], [25.0]]).round(1).tolist()
    [0.9, 0.0]
    """

    collinear_fails = True
    citation = (
        "Wood, S.N. (2017). Generalized Additive Models: An Introduction with R (2nd ed.). "
        "Chapman & Hall/CRC. https://doi.org/10.1201/9781315370279"
    )

    def __init__(self, basis=10, select=False, weighting="balanced"):
        self.basis = basis
        self.select = select
        self.weighting = weighting

    def _fit(self, values: np.ndarray, presence: np.ndarray, weight: np.ndarray, table: Table) -> None:
        if not (isinstance(self.basis, int | np.integer) and 4 <= self.basis <= 100):
            raise NicheError(
                tr("niche.bad_parameter", name="basis", value=self.basis),
                tr("niche.bad_parameter_hint", allowed="4 .. 100"),
            )
        weight = case_weights(presence, weight, self.weighting)
        self._smooths, self._factors = {}, {}
        columns, penalty, owner, ridge = [np.ones((len(values), 1))], [np.zeros(1)], [-1], [0.0]
        for j, name in enumerate(table.names):
            if name in table.categories:
                one = Table(values[:, [j]], [name], table.named, categories={name: table.categories[name]})
                self._factors[j] = Terms(one.values, weight, one, 1)
            else:
                self._smooths[j] = Smooth(values[:, j], weight, self.basis)
            columns.append(self._columns(j, values[:, j]))
            width = columns[-1].shape[1]
            smooth = self._smooths.get(j)
            penalty.append(np.zeros(width) if smooth is None else smooth.penalty)
            owner += [j] * width
            ridge += [_RIDGE * weight[presence].sum()] * width
        design = np.column_stack(columns)
        penalty, owner = np.concatenate(penalty), np.array(owner)
        groups = [np.flatnonzero((owner == j) & (penalty > 0)) for j in self._smooths]
        if self.select:
            lines = [np.flatnonzero((owner == j) & (penalty == 0)) for j in self._smooths]
            penalty[np.concatenate(lines)] = 1.0
            groups += lines
        groups = [g for g in groups if len(g)]
        fit, smoothing = _restricted(design, presence, weight, penalty, groups, np.array(ridge))

        self._coef, self.intercept_ = fit.coef, float(fit.coef[0])
        self.deviance_ = fit.deviance
        hat = solve_positive(fit.information + np.diag(smoothing * penalty + ridge), fit.information)
        freedom = np.bincount(owner[1:], np.diag(hat)[1:], len(table.names))
        self.edf_ = pd.Series(freedom, table.names, name="edf")
        strength = [smoothing[(owner == j) & (penalty > 0)][:1].sum() for j in range(len(table.names))]
        self.smoothing_ = pd.Series(strength, table.names, name="smoothing")
        self._intensity = None
        if self.weighting == "iwlr":
            self._intensity = Intensity(fit.eta[~presence], weight[~presence])

    def _columns(self, j: int, x: np.ndarray) -> np.ndarray:
        if j in self._factors:
            return self._factors[j].design(x[:, None])[:, 1:]
        return self._smooths[j].design(x)

    def _predict(self, values: np.ndarray) -> np.ndarray:
        eta, at = np.full(len(values), self.intercept_), 1
        for j in range(values.shape[1]):
            columns = self._columns(j, values[:, j])
            eta += columns @ self._coef[at : at + columns.shape[1]]
            at += columns.shape[1]
        return expit(eta) if self._intensity is None else self._intensity.suitability(eta)


def _restricted(design, presence, weight, penalty, groups, ridge) -> tuple[Fit, np.ndarray]:
    """Fit with the smoothing parameters of the largest restricted likelihood.

    Parameters
    ----------
    design : ndarray, shape (n, k)
    presence : ndarray of bool, shape (n,)
    weight : ndarray, shape (n,)
    penalty : ndarray, shape (k,)
        Of each coefficient, squared, at smoothing parameter 1.
    groups : list of ndarray of int
        Coefficients that share a smoothing parameter; no two groups overlap.
    ridge : ndarray, shape (k,)
        Added to the penalty whatever the smoothing parameters.

    Returns
    -------
    fit : Fit
    smoothing : ndarray, shape (k,)
        Smoothing parameter of each coefficient; 0 where it has none.
    """
    smoothing = np.zeros(design.shape[1])
    for group in groups:
        smoothing[group] = 1.0
    coef = None
    for _ in range(_ROUNDS):
        total = smoothing * penalty + ridge
        fit = fit_logistic(design, presence, weight, total, coef, tol=1e-7)
        coef = fit.coef
        covariance = np.diag(solve_positive(fit.information + np.diag(total), np.eye(len(coef))))
        largest = 0.0
        for group in groups:
            now = smoothing[group[0]]
            bend = penalty[group] @ coef[group] ** 2
            free = len(group) - now * float(penalty[group] @ covariance[group])
            then = np.clip(max(free, 1e-10) / max(bend, 1e-300), _LEAST, _MOST)
            if not (now == _MOST or then == _MOST):
                largest = max(largest, abs(np.log(then / now)) * min(1.0, free))
            smoothing[group] = then
        if largest < _SETTLED:
            break
    return fit_logistic(design, presence, weight, smoothing * penalty + ridge, coef), smoothing
