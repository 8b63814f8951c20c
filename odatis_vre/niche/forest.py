"""Random forest, down-sampled: every tree sees as many background rows as presences."""

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils import check_random_state

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.level_order import LevelOrder
from odatis_vre.niche.model import SuitabilityModel
from odatis_vre.niche.table import Table

_LARGEST_SEED = np.iinfo(np.int32).max


class RandomForest(SuitabilityModel):
    """Random forest, down-sampled per class (Valavi et al. 2021).

    Each tree is grown on as many presences and as many background rows as there are presences, both drawn
    with replacement. Trees on all rows hardly ever see a presence among thousands of background rows, and
    fit the background; these do not.

    Parameters
    ----------
    trees : int, default 1000
    max_features : {"sqrt", "log2", None}, int or float, default "sqrt"
        Variables tried at each split: the square root (or logarithm) of their number, all, that many, or
        that share.
    min_samples_leaf : int or float, default 1
        Of a tree's rows, in each of its leaves: their number, or their share. 1 grows trees to their full
        depth.
    sample_size : int or None, default None
        Rows of each class that a tree draws; None for the number of presences.
    n_jobs : int or None, default None
        Threads that grow trees and predict; None for one, -1 for all cores.
    random_state : int, RandomState or None, default None

    Attributes
    ----------
    estimators_ : list of DecisionTreeRegressor
    importance_ : ndarray, shape (p,)
        Share of the decrease in impurity that each variable brings; sums to 1.

    Notes
    -----
    The suitability is the mean over the trees of the share of presences in the leaf. Trees split where the
    variance of the 0/1 response falls most, which is where Gini impurity does. A factor's levels are
    put in the order of their share of presences, in which splits in two are the best among all splits
    (Breiman et al. 1984).

    References
    ----------
    Valavi, R., Elith, J., Lahoz-Monfort, J.J. & Guillera-Arroita, G. (2021). Modelling species
    presence-only data with random forests. Ecography 44, 1731-1742. doi:10.1111/ecog.05615

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> sst = np.append(rng.normal(12, 1, 50), rng.uniform(0, 30, 1000))[:, None]
    >>> model = RandomForest(trees=50, random_state=1).fit(sst, np.arange(1050) < 50)
    >>> model.predict([[12.0], [25.0]]).round(1).tolist()
    [1.0, 0.0]
    """

    citation = (
        "Valavi, R., Elith, J., Lahoz-Monfort, J.J. & Guillera-Arroita, G. (2021). Modelling species "
        "presence-only data with random forests. Ecography 44, 1731-1742. https://doi.org/10.1111/ecog.05615"
    )

    def __init__(
        self,
        trees=1000,
        max_features="sqrt",
        min_samples_leaf=1,
        sample_size=None,
        n_jobs=None,
        random_state=None,
    ):
        self.trees = trees
        self.max_features = max_features
        self.min_samples_leaf = min_samples_leaf
        self.sample_size = sample_size
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _fit(self, values: np.ndarray, presence: np.ndarray, weight: np.ndarray, table: Table) -> None:
        self._check_parameters()
        self._order = LevelOrder(values, presence, weight, table)
        x = self._order.apply(values).astype(np.float32)
        y = presence.astype(float)
        classes = [np.flatnonzero(presence), np.flatnonzero(~presence)]
        # A class whose rows weigh alike is drawn without a look at the weights.
        shares = [
            None if np.ptp(weight[rows]) == 0 else weight[rows] / weight[rows].sum() for rows in classes
        ]
        size = self.sample_size or len(classes[0])
        seeds = check_random_state(self.random_state).randint(_LARGEST_SEED, size=self.trees)

        def grow(seed: int) -> DecisionTreeRegressor:
            rng = np.random.RandomState(seed)
            rows = np.concatenate(
                [rng.choice(c, size, p=share) for c, share in zip(classes, shares, strict=True)]
            )
            tree = DecisionTreeRegressor(
                max_features=self.max_features, min_samples_leaf=self.min_samples_leaf, random_state=seed
            )
            return tree.fit(x[rows], y[rows], check_input=False)

        self.estimators_ = self._in_threads(grow, seeds)
        importance = np.mean([t.feature_importances_ for t in self.estimators_], axis=0)
        self.importance_ = importance / max(importance.sum(), np.finfo(float).tiny)

    def _check_parameters(self) -> None:
        tried, leaf = self.max_features, self.min_samples_leaf
        ranges = {
            "trees": (_count(self.trees), ">= 1"),
            "max_features": (
                tried in ("sqrt", "log2", None) or _count(tried) or (_share(tried) and tried <= 1),
                '"sqrt", "log2", None, 1, 2 .., > 0.0 .. 1.0',
            ),
            "min_samples_leaf": (_count(leaf) or (_share(leaf) and leaf < 1), "1, 2 .., > 0.0 .. < 1.0"),
            "sample_size": (self.sample_size is None or _count(self.sample_size), ">= 1, None"),
        }
        for name, (fits, allowed) in ranges.items():
            if not fits:
                raise NicheError(
                    tr("niche.bad_parameter", name=name, value=getattr(self, name)),
                    tr("niche.bad_parameter_hint", allowed=allowed),
                )

    def _predict(self, values: np.ndarray) -> np.ndarray:
        x = np.ascontiguousarray(self._order.apply(values), dtype=np.float32)
        threads = effective_n_jobs(self.n_jobs)
        share = -(-len(self.estimators_) // threads)
        groups = [self.estimators_[i : i + share] for i in range(0, len(self.estimators_), share)]

        def votes(group: list[DecisionTreeRegressor]) -> np.ndarray:
            total = np.zeros(len(x))
            for tree in group:
                total += tree.predict(x, check_input=False)
            return total

        return sum(self._in_threads(votes, groups)) / len(self.estimators_)

    def _in_threads(self, work, parts) -> list:
        return Parallel(n_jobs=self.n_jobs, require="sharedmem")(delayed(work)(part) for part in parts)


def _count(value) -> bool:
    return isinstance(value, int | np.integer) and value >= 1


def _share(value) -> bool:
    return isinstance(value, float | np.floating) and value > 0
