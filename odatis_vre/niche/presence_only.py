"""Models fitted on presences alone, called like any other suitability model."""

import numpy as np

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.model import SuitabilityModel, constant_columns
from odatis_vre.niche.samples import as_samples
from odatis_vre.niche.table import Table


class PresenceOnlyModel(SuitabilityModel):
    """A suitability model that looks at presences alone.

    A subclass gives `_learn`, and a `_predict` that computes in float64 what may come as float32.
    """

    single = True

    def fit(self, X, y=None):
        """Learn from the presences.

        Parameters
        ----------
        X : DataFrame, array or Dataset, shape (n samples, p variables)
            Environment where the species was seen; with `y`, environment of all samples. Rows with a
            missing value are left out, with a warning.
        y : Series, array or DataArray, shape (n,), optional
            1 or True for a presence. The other rows are not used.

        Returns
        -------
        self

        Raises
        ------
        NicheError
            Too few presences, a variable that does not vary, variables that the model cannot take
            together, a `y` that is not 0 or 1.
        """
        X, y = as_samples(X, y)
        if y is None:
            y = np.ones(len(X) if hasattr(X, "__len__") else len(np.asarray(X)))
        return super().fit(X, y)

    def _check(self, values: np.ndarray, presence: np.ndarray, table: Table) -> None:
        if table.categories:
            raise NicheError(
                tr("niche.not_numbers", what=tr("niche.environment"), columns=", ".join(table.categories)),
                tr("niche.not_numbers_hint"),
            )
        seen = values[presence]
        if len(seen) < self.least_presences:
            raise NicheError(
                tr(
                    "model.too_few_presences",
                    n=len(seen),
                    model=type(self).__name__,
                    least=self.least_presences,
                ),
                tr("model.too_few_presences_hint"),
            )
        self._refuse_constant(seen, table)

    @staticmethod
    def _refuse_constant(seen: np.ndarray, table: Table) -> None:
        if len(constant := constant_columns(seen)):
            names = ", ".join(table.names[j] for j in constant)
            raise NicheError(tr("niche.constant_reference", columns=names), tr("niche.collinear_hint"))

    def _fit(self, values: np.ndarray, presence: np.ndarray, weight: np.ndarray, table: Table) -> None:
        self._learn(values[presence], table)

    def _learn(self, seen: np.ndarray, table: Table) -> None:
        raise NotImplementedError

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        return tags
