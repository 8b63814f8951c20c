"""Folds with a buffer: nothing near a tested row is trained on."""

import numpy as np
import pandas as pd
from scipy.spatial import KDTree
from sklearn.model_selection import BaseCrossValidator

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.metrics.observed import presence_of
from odatis_vre.niche.sphere import chord, unit_vectors
from odatis_vre.niche.validation.blocks import placed, refuse_other_length


class Buffered(BaseCrossValidator):
    """Leave out rows, and all others within a distance of them.

    Parameters
    ----------
    positions : DataFrame, n rows
        Columns `lat` and `lon` in degrees, in the order of the table that will be split.
    distance_km : float
        Rows this near, or nearer, to a tested one are not trained on: at least the range of spatial
        autocorrelation (`autocorrelation_range`).
    folds : int or None, default None
        None tests one presence at a time (where `split` is given `y`, each row otherwise): score the
        predictions of all of them together. A number deals presences, and absences, to folds at random.
    seed : int or None, default 0

    Raises
    ------
    NicheError
        A row has no position, another `distance_km` or `folds`, or a fold without a row to train on.

    References
    ----------
    Le Rest, K., Pinaud, D., Monestiez, P., Chadoeuf, J. & Bretagnolle, V. (2014). Spatial leave-one-out
    cross-validation for variable selection in the presence of spatial autocorrelation. Global Ecology and
    Biogeography 23, 811-820. doi:10.1111/geb.12161

    Examples
    --------
    >>> where = pd.DataFrame({"lat": [45.0, 45.1, 55.0], "lon": [-5.0, -5.0, -5.0]})
    >>> [(train.tolist(), test.tolist()) for train, test in Buffered(where, 100).split(where)]
    [([2], [0]), ([2], [1]), ([0, 1], [2])]
    """

    def __init__(
        self, positions: pd.DataFrame, distance_km: float, folds: int | None = None, seed: int | None = 0
    ):
        self.positions = positions
        self.distance_km = distance_km
        self.folds = folds
        self.seed = seed
        if not 0 < distance_km < np.inf:
            raise NicheError(
                tr("evaluation.bad_parameter", name="distance_km", value=distance_km),
                tr("evaluation.bad_parameter_hint", allowed="> 0"),
            )
        if folds is not None and (not isinstance(folds, int | np.integer) or folds < 2):
            raise NicheError(
                tr("evaluation.bad_parameter", name="folds", value=folds),
                tr("evaluation.bad_parameter_hint", allowed="None, >= 2"),
            )
        self._points = unit_vectors(*placed(positions))

    def get_n_splits(self, X=None, y=None, groups=None) -> int:
        """Number of splits."""
        if self.folds is not None:
            return self.folds
        return len(self._points) if y is None else int((presence_of(y) == 1).sum())

    def split(self, X, y=None, groups=None):
        """Rows to train on and rows to test, one pair per split.

        Parameters
        ----------
        X : DataFrame or array, shape (n, p)
        y : array of 0/1, shape (n,), optional

        Yields
        ------
        train, test : ndarray of int
        """
        refuse_other_length(X, len(self._points))
        tree, radius = KDTree(self._points), chord(self.distance_km)
        for test in self._tests(y):
            near = tree.query_ball_point(self._points[test], radius)
            train = np.ones(len(self._points), dtype=bool)
            train[np.concatenate([np.asarray(rows, dtype=int) for rows in near])] = False
            if not train.any():
                raise NicheError(
                    tr("evaluation.empty_training", distance=f"{self.distance_km:g}"),
                    tr("evaluation.empty_training_hint"),
                )
            yield np.flatnonzero(train), test

    def _tests(self, y):
        n = len(self._points)
        present = np.ones(n, dtype=bool) if y is None else presence_of(y) == 1
        if self.folds is None:
            yield from np.flatnonzero(present)[:, None]
            return
        fold, generator = np.empty(n, dtype=int), np.random.default_rng(self.seed)
        for rows in (np.flatnonzero(present), np.flatnonzero(~present)):
            fold[generator.permutation(rows)] = np.arange(len(rows)) % self.folds
        for k in range(self.folds):
            if (fold == k).any():
                yield np.flatnonzero(fold == k)
