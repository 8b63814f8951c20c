"""What every suitability model does alike: read tables, check them, predict in blocks."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils import RegressorTags

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.factors import occurring
from odatis_vre.niche.samples import as_dataset, as_training
from odatis_vre.niche.table import Table, read, read_like

_CONSTANT = 1e-12
_COLLINEAR = 1e-10


class ModelNotFittedError(NicheError, NotFittedError):
    """A model is applied before it was fitted."""


class SuitabilityModel(BaseEstimator):
    """A model of suitability from presences and background (or absences).

    A subclass gives `_fit` and `_predict`, and says what it needs in its class attributes.

    Attributes
    ----------
    least_presences : int
        Class attribute: `fit` raises below that number of presences.
    collinear_fails : bool
        Class attribute: `fit` raises when variables are linear combinations of others.
    block_rows : int
        Class attribute: rows that `_predict` gets at a time.
    single : bool
        Class attribute: `_predict` takes float32 as it comes; otherwise it gets float64.
    bounded : bool
        `predict` lies in 0..1.
    citation : str
        Class attribute: what to cite for the method.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        The variables, when they were given in a DataFrame.
    feature_units_ : dict
        Variable -> unit, as far as the DataFrame's `attrs["units"]` tells (`matchup.points` sets it).
    categories_ : dict
        Variable -> levels, for the factors.
    n_presences_, n_background_ : int
        Rows the model was fitted on.
    """

    least_presences = 3
    collinear_fails = False
    block_rows = 65_536
    single = False
    bounded = True
    citation = ""

    def fit(self, X, y, sample_weight=None):
        """Fit the model.

        Parameters
        ----------
        X : DataFrame, array or Dataset, shape (n samples, p variables)
            Environment; of a grid each cell is a sample and land is left out. Columns of categories, text
            or booleans are factors. Rows with a missing value are left out, with a warning.
        y : Series, array or DataArray, shape (n,)
            1 or True for a presence, 0 or False for background (or an absence). A DataArray on the grid
            where `X` is one.
        sample_weight : array or DataArray, shape (n,), optional
            0 or more; a row of weight 0 is left out.

        Returns
        -------
        self

        Raises
        ------
        NicheError
            Tables of different lengths, a grid beside a table, a presence that is not 0 or 1, infinite or
            negative numbers, too few presences, no background, a variable that does not vary, variables that
            are linear combinations of others where the model cannot take them.
        """
        table, presence, weight = read_training(*as_training(X, y, sample_weight))
        known = ~(np.isnan(table.values).any(axis=1) | np.isnan(presence))
        if dropped := int((~known).sum()):
            warnings.warn(tr("model.rows_dropped", dropped=dropped, total=len(known)), stacklevel=2)
        known &= weight > 0
        values, weight, presence = table.values[known], weight[known], presence[known] == 1
        if table.categories:
            values, levels = occurring(values, table.names, table.categories)
            table = replace(table, categories=levels)
        self._check(values, presence, table)

        for stale in ("feature_names_in_", "n_features_in_"):
            vars(self).pop(stale, None)
        self._fit(values, presence, weight, table)
        self.n_presences_ = int(presence.sum())
        self.n_background_ = len(presence) - self.n_presences_
        self.categories_ = table.categories
        self.feature_units_ = table.units
        if table.named:
            self.feature_names_in_ = np.array(table.names, dtype=object)
        self.n_features_in_ = len(table.names)
        return self

    def _check(self, values: np.ndarray, presence: np.ndarray, table: Table) -> None:
        found = int(presence.sum())
        if found < self.least_presences:
            raise NicheError(
                tr("model.too_few_presences", n=found, model=type(self).__name__, least=self.least_presences),
                tr("model.too_few_presences_hint"),
            )
        if found == len(presence):
            raise NicheError(tr("model.no_background"), tr("model.no_background_hint"))
        if len(constant := constant_columns(values)):
            names = ", ".join(table.names[j] for j in constant)
            raise NicheError(tr("model.constant", columns=names), tr("model.constant_hint"))
        if self.collinear_fails:
            numeric = [j for j, name in enumerate(table.names) if name not in table.categories]
            if len(tied := collinear_columns(values[:, numeric])):
                names = ", ".join(table.names[numeric[j]] for j in tied)
                raise NicheError(tr("niche.collinear", columns=names), tr("niche.collinear_hint"))

    def _fit(self, values: np.ndarray, presence: np.ndarray, weight: np.ndarray, table: Table) -> None:
        raise NotImplementedError

    def _predict(self, values: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def predict(self, X):
        """Suitability of each row.

        Parameters
        ----------
        X : DataFrame, array or Dataset, shape (m, p variables)
            A DataFrame's columns are taken by name, and converted to the units of the fit where both
            are known. A factor's column holds its levels, in an array too. A grid is projected, as
            `niche.project` does.

        Returns
        -------
        ndarray of float64, shape (m,), or DataArray
            NaN where a variable is missing, or a factor has a level that the fit did not see (a warning
            names the column and the levels).

        Raises
        ------
        NicheError
            The model is not fitted, a variable is missing from `X`, or its unit does not fit the fit's.
        """
        if isinstance(X, xr.Dataset | xr.DataArray):
            return self._on_grid(X)
        return self._in_blocks(X, self._predict)

    def _on_grid(self, X, output: str = "suitability") -> xr.DataArray:
        from odatis_vre.niche.projection import project

        return project(self, as_dataset(X), output)

    def _in_blocks(self, X, apply) -> np.ndarray:
        kind = type(self).__name__
        if not self.__sklearn_is_fitted__():
            raise ModelNotFittedError(tr("niche.not_fitted", model=kind), tr("model.not_fitted_hint"))
        named = hasattr(self, "feature_names_in_")
        names = list(self.feature_names_in_) if named else _unnamed(self.n_features_in_)
        values = read_like(X, names, named, self.feature_units_, self.categories_, self.single)
        out = np.empty(len(values))
        ones = np.ones(values.shape[1], dtype=values.dtype)
        for start in range(0, len(values), self.block_rows):
            part = slice(start, start + self.block_rows)
            block, result = values[part], out[part]
            # A sum is NaN as soon as one term is: one product instead of a look at each value.
            suspect = np.flatnonzero(np.isnan(block @ ones))
            if len(suspect):
                missing = suspect[np.isnan(block[suspect]).any(axis=1)]
                complete = np.ones(len(block), dtype=bool)
                complete[missing] = False
                result[missing] = np.nan
                if complete.any():
                    result[complete] = apply(block[complete])
            else:
                result[:] = apply(block)
        return out

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_features_in_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "regressor"  # `predict` is continuous, not a class
        tags.regressor_tags = RegressorTags(poor_score=True)
        tags.target_tags.required = True
        tags.input_tags.allow_nan = True
        return tags


def _unnamed(width: int) -> list[str]:
    return ["variable"] if width == 1 else [f"variable_{i}" for i in range(1, width + 1)]


def read_training(X, y, sample_weight) -> tuple[Table, np.ndarray, np.ndarray]:
    """What a model is fitted on, n rows: the environment, the presence (0, 1 or NaN) and the weights.

    Raises
    ------
    NicheError
        Tables of different lengths, or values that are none of a presence, an environment or a weight.
    """
    table = read(X, "environment", "variable", factors=True)
    presence = _presence(y)
    n = len(table.values)
    if len(presence) != n:
        raise NicheError(tr("model.lengths_differ", env=n, other=len(presence)), tr("model.lengths_hint"))
    return table, presence, _weights(sample_weight, n)


def _presence(y) -> np.ndarray:
    if y is None:
        raise NicheError(tr("model.no_presence"), tr("model.presence_hint"))
    values = read(y, "abundance", "presence").values
    if values.shape[1] != 1:
        raise NicheError(tr("model.many_species", columns=values.shape[1]), tr("model.many_species_hint"))
    values = values[:, 0]
    other = values[~(np.isnan(values) | (values == 0) | (values == 1))]
    if len(other):
        raise NicheError(tr("model.not_presence", value=float(other[0])), tr("model.presence_hint"))
    return values


def _weights(sample_weight, n: int) -> np.ndarray:
    if sample_weight is None:
        return np.ones(n)
    weight = np.asarray(
        sample_weight.to_numpy() if isinstance(sample_weight, pd.Series) else sample_weight, dtype=float
    )
    if weight.shape != (n,):
        raise NicheError(tr("model.weight_shape", shape=weight.shape, env=n), tr("model.lengths_hint"))
    wrong = weight[~(np.isfinite(weight) & (weight >= 0))]
    if len(wrong):
        raise NicheError(tr("model.bad_weight", value=float(wrong[0])), tr("model.bad_weight_hint"))
    if not weight.any():
        raise NicheError(tr("model.zero_weights"), tr("model.bad_weight_hint"))
    return weight


def constant_columns(values: np.ndarray) -> np.ndarray:
    """Positions of the columns that do not vary.

    Parameters
    ----------
    values : ndarray, shape (n, p)
    """
    low, high = values.min(axis=0), values.max(axis=0)
    return np.flatnonzero(high - low <= _CONSTANT * np.maximum(np.abs(low), np.abs(high)))


def collinear_columns(values: np.ndarray) -> np.ndarray:
    """Positions of columns that are, up to rounding, a linear combination of each other.

    Parameters
    ----------
    values : ndarray, shape (n, p)
        No column is constant.

    Returns
    -------
    ndarray of int
        Empty when there is none.
    """
    if values.shape[1] < 2:
        return np.empty(0, dtype=int)
    standard = (values - values.mean(axis=0)) / values.std(axis=0)
    size, axes = np.linalg.eigh(standard.T @ standard / len(values))
    if size[0] >= _COLLINEAR * size[-1]:
        return np.empty(0, dtype=int)
    return np.flatnonzero(np.abs(axes[:, 0]) > 0.1)
