"""Ecological niche factor analysis: marginality and specialisation against what is available."""

import warnings

import numpy as np
import pandas as pd
import xarray as xr
from scipy.linalg import eigh
from sklearn.base import BaseEstimator, TransformerMixin

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.axes import oriented, project_on
from odatis_vre.niche.model import constant_columns
from odatis_vre.niche.samples import as_samples
from odatis_vre.niche.table import Table, read, read_like

_RANK = 1e-9


class ENFA(TransformerMixin, BaseEstimator):
    """Ecological niche factor analysis (Hirzel et al. 2002; Basille et al. 2008).

    The environment is centred on the mean of what is available and scaled by its standard deviation
    (divisor n). Marginality is how far the mean of the used places lies from there; specialisation, along
    the axes found for it, how many times the variance of the available places exceeds the second moment of
    the used ones about the available mean.

    Attributes
    ----------
    marginality_ : float
        Squared length of the marginality vector, M. Biomapper's number is sqrt(M) / 1.96.
    marginality_vector_ : Series, index variable
        Mean of the used places, in standard deviations of the available ones.
    specialisation_ : ndarray, shape (p - 1,)
        Eigenvalues of the axes of specialisation, decreasing; fewer where variables are linear
        combinations of others.
    axes_ : DataFrame, shape (p, 1 + number of eigenvalues)
        Weights of the variables (scaled as above) in the axes `marginality`, `specialisation_1` ...;
        columns of length 1.
    available_scores_ : DataFrame
        The available places on the axes, with the index of the table (or the cells of the grid).
    mean_, scale_ : ndarray, shape (p,)
        Of the variables over what is available.
    feature_names_in_ : ndarray of str
        The variables, when they were given in a DataFrame.
    feature_units_ : dict
        Variable -> unit, as far as it is known.

    Notes
    -----
    The axes are read as directions. For a map of suitability `NPPEN` or a distance of Mahalanobis suits
    better than scores on them.

    References
    ----------
    Hirzel, A. H., Hausser, J., Chessel, D. & Perrin, N. (2002). Ecological-niche factor analysis: how to
    compute habitat-suitability maps without absence data? Ecology 83, 2027-2036.
    doi:10.1890/0012-9658(2002)083[2027:ENFAHT]2.0.CO;2

    Basille, M., Calenge, C., Marboutin, E., Andersen, R. & Gaillard, J.-M. (2008). Assessing habitat
    selection using multivariate statistics: some refinements of the ecological-niche factor analysis.
    Ecological Modelling 211, 233-240. doi:10.1016/j.ecolmodel.2007.09.006

    Examples
    --------
    >>> import numpy as np
    >>> sea = np.random.default_rng(3).normal(size=(500, 3))
    >>> enfa = ENFA().fit(sea, (sea[:, 0] > 1) & (np.abs(sea[:, 1]) < 0.5))
    >>> enfa.axes_["marginality"].abs().idxmax(), enfa.axes_["specialisation_1"].abs().idxmax()
    ('variable_1', 'variable_2')
    """

    citation = (
        "Hirzel, A. H., Hausser, J., Chessel, D. & Perrin, N. (2002). Ecological-niche factor analysis: how "
        "to compute habitat-suitability maps without absence data? Ecology 83, 2027-2036."
    )

    def fit(self, X, y):
        """Compare what is used with what is available.

        Parameters
        ----------
        X : DataFrame, array or Dataset, shape (n, p variables)
            The available environment. Rows with a missing value are left out, with a warning.
        y : Series, array, DataArray or DataFrame
            Use: shape (n,), the weight of each available row, 0 or more (counts, or 0/1); or a table of
            the environment at the used places, with the columns of `X`.

        Returns
        -------
        self

        Raises
        ------
        NicheError
            No use at all, a variable that does not vary among what is available, negative weights,
            fewer than two variables, use that is nowhere off the available mean.
        """
        available, used, weight, index = _read(X, y)
        names = available.names
        if len(names) < 2:
            raise NicheError(tr("niche.one_variable"), tr("niche.one_variable_hint"))
        if len(constant := constant_columns(available.values)):
            columns = ", ".join(names[j] for j in constant)
            raise NicheError(tr("niche.constant_sites", columns=columns), tr("niche.collinear_hint"))

        self.mean_, self.scale_ = available.values.mean(axis=0), available.values.std(axis=0)
        z = (available.values - self.mean_) / self.scale_
        u = (used - self.mean_) / self.scale_
        vector = weight @ u
        self._set_axes(vector, (u * weight[:, None]).T @ u, z.T @ z / len(z), names)
        self.marginality_ = float(vector @ vector)
        self.marginality_vector_ = pd.Series(vector, index=self.axes_.index, name="marginality")
        self.available_scores_ = pd.DataFrame(
            z @ self.axes_.to_numpy(), index=index, columns=self.axes_.columns
        )
        vars(self).pop("feature_names_in_", None)
        if available.named:
            self.feature_names_in_ = np.array(names, dtype=object)
        self.n_features_in_ = len(names)
        self.feature_units_ = available.units
        return self

    def _set_axes(self, vector: np.ndarray, use: np.ndarray, there: np.ndarray, names: list[str]) -> None:
        length = np.sqrt(vector @ vector)
        if not length > _RANK:
            raise NicheError(tr("niche.no_marginality"), tr("niche.no_marginality_hint"))
        size, basis = eigh(use)
        kept = size > _RANK
        # S^-1/2 on the space that is used: U diag(size^-1/2) U'.
        root = (basis[:, kept] / np.sqrt(size[kept])) @ basis[:, kept].T
        b = root @ vector
        b /= np.sqrt(b @ b)
        away = np.eye(len(b)) - np.outer(b, b)
        value, axes = eigh(away @ root @ there @ root @ away)
        order = np.argsort(value)[::-1][: int(kept.sum()) - 1]
        axes = root @ axes[:, order]
        axes = oriented(axes / np.sqrt((axes**2).sum(axis=0)))
        self.specialisation_ = value[order]
        self.axes_ = pd.DataFrame(
            np.column_stack([vector / length, axes]),
            index=pd.Index(names, name="variable"),
            columns=["marginality", *[f"specialisation_{i + 1}" for i in range(len(order))]],
        )

    def transform(self, X):
        """Scores of other places on the axes.

        Parameters
        ----------
        X : DataFrame, array or Dataset, shape (m, p)
            A Dataset gives a field with a dimension `axis`, lazy where it is chunked.

        Returns
        -------
        DataFrame, shape (m, k), or DataArray
            NaN where a variable is missing.

        Raises
        ------
        NicheError
            Not fitted, a variable is missing, or its unit does not fit the fit's.
        """
        return project_on(self, X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.allow_nan = True
        return tags


def _read(X, y) -> tuple[Table, np.ndarray, np.ndarray, pd.Index]:
    """Available table, used places, their weights (of sum 1), index of the available rows."""
    if not isinstance(y, xr.DataArray | xr.Dataset | pd.DataFrame | pd.Series):
        y = np.asarray(y)
    places = isinstance(y, pd.DataFrame | np.ndarray) and y.ndim == 2 and y.shape[1] > 1
    X, y = (as_samples(X)[0], y) if places else as_samples(X, y)
    table = read(X, "environment", "variable")
    index = X.index if isinstance(X, pd.DataFrame) else pd.RangeIndex(len(table.values))
    known = ~np.isnan(table.values).any(axis=1)
    used = read_like(y, table.names, table.named, table.units) if places else table.values
    weight = np.ones(len(used)) if places else _weights(y, len(used))
    whole = ~(np.isnan(used).any(axis=1) | np.isnan(weight))
    if lost := int((~whole).sum() + places * (~known).sum()):
        total = len(known) + places * len(used)
        warnings.warn(tr("niche.sites_dropped", dropped=lost, total=total), stacklevel=3)
    used, weight = used[whole], weight[whole]
    if not weight.sum() > 0:
        raise NicheError(tr("niche.no_use"), tr("niche.no_use_hint"))
    available = Table(table.values[known], table.names, table.named, table.units)
    return available, used, weight / weight.sum(), index[known]


def _weights(use, rows: int) -> np.ndarray:
    weight = read(use, "use", "use").values[:, 0]
    if len(weight) != rows:
        raise NicheError(tr("niche.use_length", rows=rows, use=len(weight)), tr("niche.use_length_hint"))
    if (weight < 0).any():
        raise NicheError(
            tr("niche.negative_use", value=float(np.nanmin(weight))), tr("niche.negative_use_hint")
        )
    return weight
