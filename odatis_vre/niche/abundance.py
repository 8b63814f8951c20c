"""Samples of a community: the environment of each, and the abundance of each species in it."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.samples import as_samples
from odatis_vre.niche.table import Table, read


@dataclass(frozen=True)
class Community:
    """Environment and abundances of the same samples.

    Attributes
    ----------
    env : Table, values of shape (n, p)
    abundance : Table, values of shape (n, S)
        0 or more, NaN where unknown.
    index : pandas Index, length n
        Of the samples, as their table (or grid) tells.
    """

    env: Table
    abundance: Table
    index: pd.Index

    def rows(self, chosen: np.ndarray) -> "Community":
        """The samples for which a boolean array, shape (n,), is true."""
        return Community(
            replace(self.env, values=self.env.values[chosen]),
            replace(self.abundance, values=self.abundance.values[chosen]),
            self.index[chosen],
        )

    def remember(self, estimator) -> None:
        """Set the attributes of scikit-learn, and the units, on an estimator fitted on these samples."""
        vars(estimator).pop("feature_names_in_", None)
        if self.env.named:
            estimator.feature_names_in_ = np.array(self.env.names, dtype=object)
        estimator.n_features_in_ = len(self.env.names)
        estimator.feature_units_ = self.env.units


def read_community(X, y) -> Community:
    """Read and check the samples that a method describes species by.

    Parameters
    ----------
    X : DataFrame, array, Dataset or DataArray, shape (n, p)
        Environment.
    y : DataFrame, Series, array, Dataset or DataArray, shape (n,) or (n, S)
        Abundance, or 0/1.

    Returns
    -------
    Community

    Raises
    ------
    NicheError
        Tables of different lengths, negative abundances, what is not numbers.
    """
    X, y = as_samples(X, y)
    env, abundance = read(X, "environment", "variable"), read(y, "abundance", "species")
    if len(env.values) != len(abundance.values):
        raise NicheError(
            tr("niche.lengths_differ", env=len(env.values), abundance=len(abundance.values)),
            tr("niche.lengths_differ_hint"),
        )
    if (abundance.values < 0).any():
        raise NicheError(
            tr("niche.negative_abundance", value=float(np.nanmin(abundance.values))),
            tr("niche.negative_abundance_hint"),
        )
    index = X.index if isinstance(X, pd.DataFrame) else pd.RangeIndex(len(env.values))
    return Community(env, abundance, index)
