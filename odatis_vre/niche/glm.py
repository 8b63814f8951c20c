"""Generalised linear model: logistic regression with quadratic terms, weighted."""

import numpy as np
import pandas as pd
from scipy.special import expit

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.case_weights import Intensity, case_weights
from odatis_vre.niche.model import SuitabilityModel
from odatis_vre.niche.selection import all_terms, by_aic, by_lasso
from odatis_vre.niche.table import Table
from odatis_vre.niche.terms import Terms


class GLM(SuitabilityModel):
    """Generalised linear model with quadratic terms.

    Parameters
    ----------
    degree : int, default 2
        Highest power of a numeric variable; 2 allows an optimum.
    selection : {"aic", "lasso", None}, default "aic"
        "aic": stepwise, both ways, by Akaike's criterion. "lasso": an L1 penalty chosen by
        cross-validation. None keeps all terms.
    weighting : {"balanced", "iwlr", "equal"}, default "balanced"
        "balanced": presences weigh 1 and the background as much as they in total. "iwlr": infinitely
        weighted logistic regression, background 1e6. "equal": all rows 1, for true absences.
    folds : int, default 5
        Of the cross-validation of the lasso.
    random_state : int, RandomState or None, default None
        Draws these folds.

    Attributes
    ----------
    coef_ : Series
        Coefficient of each term (`sst`, `sst^2`, `bottom=mud`), 0 where it was left out. Terms of a
        variable are orthogonal to each other, with mean 0 and standard deviation 1 in the weighted
        training table.
    intercept_ : float
    penalty_ : float or None
        The lasso's, per unit of weight.

    Notes
    -----
    Under "iwlr" the suitability is relative: 1 - exp(-intensity) on the scale of MaxEnt's cloglog. A
    ridge of 1e-6 per presence keeps coefficients finite where presences and background are
    separated.

    References
    ----------
    Elith, J. et al. (2006). Novel methods improve prediction of species' distributions from occurrence
    data. Ecography 29, 129-151. doi:10.1111/j.2006.0906-7590.04596.x

    Fithian, W. & Hastie, T. (2013). Finite-sample equivalence in statistical models for presence-only
    data. Annals of Applied Statistics 7, 1917-1939. doi:10.1214/13-AOAS667

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> sst = np.append(rng.normal(12, 2, 200), rng.uniform(0, 30, 2000))[:, None]
    >>> model = GLM().fit(sst, np.arange(2200) < 200)
    >>> model.predict([[12.0], [25.0]]).round(1).tolist()
    [0.9, 0.0]
    """

    collinear_fails = True
    citation = (
        "Elith, J. et al. (2006). Novel methods improve prediction of species' distributions from "
        "occurrence data. Ecography 29, 129-151. https://doi.org/10.1111/j.2006.0906-7590.04596.x"
    )

    def __init__(self, degree=2, selection="aic", weighting="balanced", folds=5, random_state=None):
        self.degree = degree
        self.selection = selection
        self.weighting = weighting
        self.folds = folds
        self.random_state = random_state

    def _fit(self, values: np.ndarray, presence: np.ndarray, weight: np.ndarray, table: Table) -> None:
        self._check_parameters()
        weight = case_weights(presence, weight, self.weighting)
        terms = Terms(values, weight, table, self.degree)
        design = terms.design(values)
        self.penalty_ = None
        if self.selection == "aic":
            coef = by_aic(design, presence, weight, terms)
        elif self.selection == "lasso":
            coef, self.penalty_ = by_lasso(design, presence, weight, self.folds, self.random_state)
        else:
            coef = all_terms(design, presence, weight)
        self._terms = terms
        self.intercept_, self.coef_ = float(coef[0]), pd.Series(coef[1:], terms.names, name="coefficient")
        self._intensity = None
        if self.weighting == "iwlr":
            self._intensity = Intensity(design[~presence] @ coef, weight[~presence])

    def _check_parameters(self) -> None:
        whole = int | np.integer
        ranges = {
            "degree": (isinstance(self.degree, whole) and 1 <= self.degree <= 5, "1 .. 5"),
            "selection": (self.selection in ("aic", "lasso", None), '"aic", "lasso", None'),
            "folds": (isinstance(self.folds, whole) and self.folds >= 2, ">= 2"),
        }
        for name, (fits, allowed) in ranges.items():
            if not fits:
                raise NicheError(
                    tr("niche.bad_parameter", name=name, value=getattr(self, name)),
                    tr("niche.bad_parameter_hint", allowed=allowed),
                )

    def _predict(self, values: np.ndarray) -> np.ndarray:
        coef = np.append(self.intercept_, self.coef_)
        eta = self._terms.design(values) @ coef
        return expit(eta) if self._intensity is None else self._intensity.suitability(eta)
