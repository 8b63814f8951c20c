"""Optimum and tolerance of species along each variable: weighted averaging and the Gaussian response."""

import warnings

import numpy as np
import xarray as xr
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, PoissonRegressor

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.abundance import Community, read_community

_CHOICES = {"method": ("average", "gaussian"), "family": (None, "poisson", "binomial")}
_LEAST_SAMPLES = 4
# Every sample is a sure presence or a sure absence: the likelihood has no maximum.
_PARTED = 1 - 1e-6


class WeightedAveraging(BaseEstimator):
    """Optimum and tolerance of each species along each variable (ter Braak & Looman 1986).

    Parameters
    ----------
    method : {"average", "gaussian"}, default "average"
        "average": the optimum is the mean of the variable weighted by abundance, the tolerance the
        standard deviation weighted alike. Simple, but drawn towards where most samples were taken.
        "gaussian": a bell is fitted by maximum likelihood, a generalised linear model with the variable
        and its square; the optimum is its top, the tolerance its standard deviation.
    family : {None, "poisson", "binomial"}, default None
        Of the bell: "poisson" (logarithmic link) for abundances, "binomial" (logit link) for
        presences. None takes the latter for a species of which all values are 0 or 1.

    Attributes
    ----------
    optimum_ : DataArray, dims (variable, species)
        In the unit of the variable.
    tolerance_ : DataArray, dims (variable, species)
        In the unit of the variable.
    peak_ : DataArray, dims (variable, species)
        Abundance (or probability of presence) at the top of the bell; with "average", the largest
        abundance seen.

    Notes
    -----
    Samples where the variable or the abundance is missing are left out, variable by variable. NaN, and
    a warning that names them, where a species is absent or a variable does not vary, and where the
    fitted curve is no bell (it opens upwards, or presences and absences are parted completely).

    References
    ----------
    ter Braak, C. J. F. & Looman, C. W. N. (1986). Weighted averaging, logistic regression and the
    Gaussian response model. Vegetatio 65, 3-11. doi:10.1007/BF00032121

    Examples
    --------
    >>> import numpy as np
    >>> sst = np.linspace(0, 20, 81)[:, None]
    >>> eggs = 50 * np.exp(-((sst - 12) ** 2) / (2 * 1.5**2))
    >>> model = WeightedAveraging(method="gaussian").fit(sst, eggs)
    >>> [float(x.item().__round__(3)) for x in (model.optimum_, model.tolerance_, model.peak_)]
    [12.0, 1.5, 50.0]
    """

    citation = (
        "ter Braak, C. J. F. & Looman, C. W. N. (1986). Weighted averaging, logistic regression and the "
        "Gaussian response model. Vegetatio 65, 3-11. https://doi.org/10.1007/BF00032121"
    )

    def __init__(self, method="average", family=None):
        self.method = method
        self.family = family

    def fit(self, X, y):
        """Read the optimum and the tolerance of each species.

        Parameters
        ----------
        X : DataFrame, array or Dataset, shape (n samples, p variables)
            Environment of each sample, NaN where unknown.
        y : DataFrame, Series, array or DataArray, shape (n,) or (n, S species)
            Abundance (or 0/1) of each species in each sample, 0 or more; NaN where unknown.

        Returns
        -------
        self

        Raises
        ------
        NicheError
            A parameter that is not possible, tables of different lengths, negative abundances,
            values other than 0 and 1 for a binomial response.
        """
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise NicheError(
                    tr("niche.bad_parameter", name=name, value=getattr(self, name)),
                    tr("niche.bad_parameter_hint", allowed=", ".join(map(repr, allowed))),
                )
        data = read_community(X, y)
        env, species = data.env, data.abundance
        found = np.full((3, len(env.names), len(species.names)), np.nan)
        curve = _average if self.method == "average" else self._bell
        for j, x in enumerate(env.values.T):
            for s, abundance in enumerate(species.values.T):
                both = ~(np.isnan(x) | np.isnan(abundance))
                found[:, j, s] = curve(x[both], abundance[both])
        self._keep(data, found)
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.positive_only = True
        tags.input_tags.allow_nan = True
        return tags

    def _bell(self, x: np.ndarray, abundance: np.ndarray) -> tuple[float, float, float]:
        none = (np.nan, np.nan, np.nan)
        binary = bool(np.isin(abundance, (0, 1)).all())
        if self.family == "binomial" and not binary:
            raise NicheError(
                tr("niche.not_binary", value=float(np.max(abundance))), tr("niche.not_binary_hint")
            )
        if len(x) < _LEAST_SAMPLES or not abundance.any() or not np.ptp(x) > 0:
            return none
        presences = self.family == "binomial" or (self.family is None and binary)
        if presences and abundance.all():
            return none
        mean, deviation = x.mean(), x.std()
        z = (x - mean) / deviation
        model = (
            LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-9, max_iter=100)
            if presences
            else PoissonRegressor(alpha=0, solver="newton-cholesky", tol=1e-9, max_iter=100)
        )
        size = 1.0 if presences else abundance.mean()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", ConvergenceWarning)
            try:
                model.fit(np.column_stack([z, z**2]), abundance / size)
            except ConvergenceWarning:
                return none
        if presences and (model.predict_proba(np.column_stack([z, z**2])).max(axis=1) > _PARTED).all():
            return none
        b0, (b1, b2) = float(np.ravel(model.intercept_)[0]), np.ravel(model.coef_)
        if not b2 < 0:
            return none
        top = b0 - b1**2 / (4 * b2)
        peak = 1 / (1 + np.exp(-top)) if presences else np.exp(top) * size
        return mean - deviation * b1 / (2 * b2), deviation / np.sqrt(-2 * b2), peak

    def _keep(self, data: Community, found: np.ndarray) -> None:
        names = {"variable": data.env.names, "species": data.abundance.names}
        if np.isnan(found[0]).any():
            lost = [
                f"{data.abundance.names[s]} ({data.env.names[j]})" for j, s in np.argwhere(np.isnan(found[0]))
            ]
            warnings.warn(tr("niche.no_bell", which=", ".join(lost)), stacklevel=3)
        data.remember(self)
        optimum, tolerance, peak = found
        self.optimum_ = xr.DataArray(optimum, names, ("variable", "species"), name="optimum")
        self.tolerance_ = xr.DataArray(tolerance, names, ("variable", "species"), name="tolerance")
        self.peak_ = xr.DataArray(peak, names, ("variable", "species"), name="peak")


def _average(x: np.ndarray, abundance: np.ndarray) -> tuple[float, float, float]:
    total = abundance.sum()
    if not total > 0:
        return np.nan, np.nan, np.nan
    optimum = (abundance * x).sum() / total
    tolerance = np.sqrt((abundance * (x - optimum) ** 2).sum() / total)
    return optimum, tolerance, abundance.max()
