"""Folds made of blocks: neighbours in space, or in environment, are tested together."""

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.model_selection import BaseCrossValidator

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.metrics.observed import presence_of
from odatis_vre.niche.sphere import EARTH_RADIUS_KM, positions
from odatis_vre.niche.table import read


class _Folds(BaseCrossValidator):
    """Tests each fold in turn, trains on the others."""

    def get_n_splits(self, X=None, y=None, groups=None) -> int:
        """Number of folds."""
        return self.folds

    def split(self, X, y=None, groups=None):
        """Rows to train on and rows to test, one pair per fold.

        Parameters
        ----------
        X : DataFrame or array, shape (n, p)
        y : array of 0/1, shape (n,), optional
            Where given, the folds are balanced in presences first.

        Yields
        ------
        train, test : ndarray of int
        """
        fold = self.fold_of(X, y)
        for k in range(self.folds):
            yield np.flatnonzero(fold != k), np.flatnonzero(fold == k)


class SpatialBlocks(_Folds):
    """Blocks of equal size on the sphere, dealt to folds.

    A band of latitude is cut into as many blocks of about the same width as fit around the Earth; -180 and
    180 meet.

    Parameters
    ----------
    positions : DataFrame, n rows
        Columns `lat` and `lon` in degrees, in the order of the table that will be split.
    size_km : float, default 500
        Side of the blocks: at least the range of spatial autocorrelation (`autocorrelation_range`).
    folds : int, default 5
    seed : int or None, default 0
        Blocks are dealt at random, the fullest first: those with presences to the fold with the fewest
        presences, the others to the one with the fewest rows.

    Raises
    ------
    NicheError
        A row has no position, another `size_km` or `folds`, or fewer blocks than folds.

    References
    ----------
    Roberts, D.R. et al. (2017). Cross-validation strategies for data with temporal, spatial, hierarchical,
    or phylogenetic structure. Ecography 40, 913-929. doi:10.1111/ecog.02881

    Examples
    --------
    >>> where = pd.DataFrame({"lat": [45.0, 45.1, 55.0, 55.1], "lon": [-5.0, -5.1, -5.0, -5.1]})
    >>> [test.tolist() for _, test in SpatialBlocks(where, size_km=300, folds=2).split(where)]
    [[0, 1], [2, 3]]
    """

    def __init__(self, positions: pd.DataFrame, size_km: float = 500.0, folds: int = 5, seed: int | None = 0):
        self.positions = positions
        self.size_km = size_km
        self.folds = folds
        self.seed = seed
        _check_folds(folds)
        if not 0 < size_km < np.inf:
            raise NicheError(
                tr("evaluation.bad_parameter", name="size_km", value=size_km),
                tr("evaluation.bad_parameter_hint", allowed="> 0"),
            )
        lat, lon = placed(positions)
        around, height = 2 * np.pi * EARTH_RADIUS_KM, np.degrees(size_km / EARTH_RADIUS_KM)
        band = np.floor((lat + 90) / height + 1e-9).astype(int)
        middle = np.clip((band + 0.5) * height - 90, -90, 90)
        number = np.maximum(1, np.round(around * np.cos(np.radians(middle)) / size_km)).astype(int)
        column = np.floor((lon + 180) % 360 / 360 * number).astype(int)
        _, block = np.unique(np.column_stack([band, column]), axis=0, return_inverse=True)
        self.blocks_ = block.ravel()

    def fold_of(self, X=None, y=None) -> np.ndarray:
        """The fold of each row, shape (n,)."""
        refuse_other_length(X, len(self.blocks_))
        blocks = self.blocks_
        count = int(blocks.max()) + 1
        if count < self.folds:
            raise NicheError(
                tr("evaluation.few_blocks", blocks=count, folds=self.folds), tr("evaluation.few_blocks_hint")
            )
        rows = np.bincount(blocks, minlength=count)
        held = rows if y is None else np.bincount(blocks, presence_of(y) == 1, minlength=count)
        order = np.random.default_rng(self.seed).permutation(count)
        order = order[np.lexsort([-rows[order], -held[order]])]
        fold, load = np.empty(count, dtype=int), np.zeros((2, self.folds))
        for block in order:
            # Presences first; blocks without any then even out the rows.
            fold[block] = np.lexsort([load[1], load[0]] if held[block] else [load[1]])[0]
            load[:, fold[block]] += held[block], rows[block]
        return fold[blocks]


class EnvironmentalBlocks(_Folds):
    """Clusters in environmental space (k-means on standardised variables), each one a fold.

    Parameters
    ----------
    folds : int, default 5
    seed : int or None, default 0

    Notes
    -----
    A missing value counts as the variable's mean.

    References
    ----------
    Roberts, D.R. et al. (2017). Cross-validation strategies for data with temporal, spatial, hierarchical,
    or phylogenetic structure. Ecography 40, 913-929. doi:10.1111/ecog.02881

    Examples
    --------
    >>> X = [[1.0], [1.1], [9.0], [9.1]]
    >>> sorted(test.tolist() for _, test in EnvironmentalBlocks(folds=2).split(X))
    [[0, 1], [2, 3]]
    """

    def __init__(self, folds: int = 5, seed: int | None = 0):
        self.folds = folds
        self.seed = seed
        _check_folds(folds)

    def fold_of(self, X, y=None) -> np.ndarray:
        """The fold of each row, shape (n,)."""
        values = read(X, "environment", "variable", factors=True).values
        known = ~np.isnan(values)
        mean = np.where(known, values, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        centred = np.where(known, values - mean, 0)
        deviation = centred.std(axis=0)
        standard = centred / np.where(deviation > 0, deviation, 1)
        different = len(np.unique(standard, axis=0))
        if different < self.folds:
            raise NicheError(
                tr("evaluation.few_blocks", blocks=different, folds=self.folds),
                tr("evaluation.few_blocks_hint"),
            )
        return KMeans(self.folds, n_init=10, random_state=self.seed).fit_predict(standard)


def placed(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude of rows that all have one."""
    lat, lon = positions(table)
    unknown = int((~(np.isfinite(lat) & np.isfinite(lon))).sum())
    if unknown or not len(lat):
        raise NicheError(
            tr("evaluation.rows_unplaced", n=unknown, total=len(lat)), tr("evaluation.rows_unplaced_hint")
        )
    return lat, lon


def refuse_other_length(X, length: int) -> None:
    """Positions and table must have the same rows."""
    given = length if X is None else len(X)
    if given != length:
        raise NicheError(
            tr("evaluation.other_rows", given=given, positions=length), tr("evaluation.other_rows_hint")
        )


def _check_folds(folds: int) -> None:
    if not isinstance(folds, int | np.integer) or folds < 2:
        raise NicheError(
            tr("evaluation.bad_parameter", name="folds", value=folds),
            tr("evaluation.bad_parameter_hint", allowed=">= 2"),
        )
