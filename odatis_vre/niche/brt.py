"""Boosted regression trees, their number chosen by cross-validation."""

import warnings

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import check_random_state

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.boosting import Classes, Grower, add_trees
from odatis_vre.niche.case_weights import case_weights
from odatis_vre.niche.level_order import LevelOrder
from odatis_vre.niche.logistic import deviance
from odatis_vre.niche.model import SuitabilityModel
from odatis_vre.niche.table import Table

_LARGEST_SEED = np.iinfo(np.int32).max
_FEW_PRESENCES = 50
_COMPLEX, _SIMPLE = 5, 1
# The search goes on while the mean loss of the last steps falls by more than this share.
_LOOK_BACK, _LEAST_STEPS, _LEAST_FALL = 5, 10, 1e-3


class BRT(SuitabilityModel):
    """Boosted regression trees (Friedman 2001; Elith, Leathwick & Hastie 2008).

    Small trees are added one after another, each on a random part of the rows, each fitted to what the
    ones before left unexplained (Bernoulli deviance). Their number is the one with the lowest deviance in
    cross-validation.

    Parameters
    ----------
    learning_rate : float, default 0.01
        Share of each tree that is added (0-1].
    tree_complexity : int or None, default None
        Splits of each tree: 1 for no interactions between variables. None for 5, or for 1 with fewer than
        50 presences.
    bag_fraction : float, default 0.75
        Share of the rows that each tree sees, drawn without replacement (0-1].
    min_samples_leaf : int, default 10
    max_trees : int, default 5000
    step_size : int, default 50
        Trees between two looks at the deviance.
    folds : int, default 5
        Of the cross-validation, each with its share of the presences. 0: `max_trees` trees without it.
    weighting : {"balanced", "equal"}, default "balanced"
        "balanced": presences weigh 1 and the background as much as they in total. "equal": all rows 1, for
        true absences.
    random_state : int, RandomState or None, default None

    Attributes
    ----------
    n_trees_ : int
    deviance_ : Series
        Number of trees -> deviance in cross-validation, per unit of weight.
    importance_ : Series
        Share of the gain of all splits that each variable brings; sums to 1.

    Notes
    -----
    The steps follow gbm.step of Elith et al. (2008): folds grow together, `step_size` trees at a time,
    until the mean deviance of five steps falls by less than a thousandth from that of the five before.
    Trees split the leaf with the largest gain first. Variables are cut into at most 64 classes of equal
    weight, which is how boosting gets fast; a factor's levels are put in the order of their share of
    presences.

    References
    ----------
    Elith, J., Leathwick, J.R. & Hastie, T. (2008). A working guide to boosted regression trees. Journal of
    Animal Ecology 77, 802-813. doi:10.1111/j.1365-2656.2008.01390.x

    Friedman, J.H. (2001). Greedy function approximation: a gradient boosting machine. Annals of Statistics
    29, 1189-1232. doi:10.1214/aos/1013203451

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> sst = np.append(rng.normal(12, 2, 100), rng.uniform(0, 30, 1000))[:, None]
    >>> model = BRT(learning_rate=0.05, random_state=1).fit(sst, np.arange(1100) < 100)
    >>> model.predict([[12.0], [25.0]]).round(1).tolist()
    [0.8, 0.0]
    """

    citation = (
        "Elith, J., Leathwick, J.R. & Hastie, T. (2008). A working guide to boosted regression trees. "
        "Journal of Animal Ecology 77, 802-813. https://doi.org/10.1111/j.1365-2656.2008.01390.x"
    )

    def __init__(
        self,
        learning_rate=0.01,
        tree_complexity=None,
        bag_fraction=0.75,
        min_samples_leaf=10,
        max_trees=5000,
        step_size=50,
        folds=5,
        weighting="balanced",
        random_state=None,
    ):
        self.learning_rate = learning_rate
        self.tree_complexity = tree_complexity
        self.bag_fraction = bag_fraction
        self.min_samples_leaf = min_samples_leaf
        self.max_trees = max_trees
        self.step_size = step_size
        self.folds = folds
        self.weighting = weighting
        self.random_state = random_state

    def _fit(self, values: np.ndarray, presence: np.ndarray, weight: np.ndarray, table: Table) -> None:
        self._check_parameters()
        random = check_random_state(self.random_state)
        self._order = LevelOrder(values, presence, weight, table)
        weight = case_weights(presence, weight, self.weighting)
        x = self._order.apply(values)
        self._classes = Classes(x, weight)
        codes = self._classes.codes(x)
        number, self.deviance_ = self._number_of_trees(codes, presence, weight, random)
        grower = self._grower(codes, presence, weight, random)
        self._trees = [grower.grow() for _ in range(number)]
        self._start = grower.start
        self.n_trees_ = number
        gain = np.zeros(len(codes))
        for tree in self._trees:
            np.add.at(gain, tree.variable, tree.gain)
        self.importance_ = pd.Series(gain / max(gain.sum(), 1e-300), table.names, name="importance")

    def _grower(self, codes, presence, weight, random) -> Grower:
        complexity = self.tree_complexity
        if complexity is None:
            complexity = _COMPLEX if presence.sum() >= _FEW_PRESENCES else _SIMPLE
        seed = random.randint(_LARGEST_SEED)
        least = min(self.min_samples_leaf, max(1, len(presence) // 4))
        return Grower(codes, presence, weight, complexity, self.learning_rate, self.bag_fraction, least, seed)

    def _number_of_trees(self, codes, presence, weight, random) -> tuple[int, pd.Series]:
        folds = min(self.folds, int(presence.sum()), int((~presence).sum()))
        if folds < 2:
            return self.max_trees, pd.Series(dtype=float, name="deviance")
        parts = []
        splitter = StratifiedKFold(folds, shuffle=True, random_state=random.randint(_LARGEST_SEED))
        for train, held in splitter.split(codes.T, presence):
            grower = self._grower(codes[:, train], presence[train], weight[train], random)
            parts.append((grower, codes[:, held], held, np.full(len(held), grower.start)))
        losses = {}
        while len(losses) * self.step_size < self.max_trees:
            loss = 0.0
            for grower, inside, held, eta in parts:
                add_trees([grower.grow() for _ in range(self.step_size)], inside, eta)
                loss += deviance(eta, presence[held], weight[held])
            losses[(len(losses) + 1) * self.step_size] = loss / weight.sum()
            if _settled(np.array(list(losses.values()))):
                break
        else:
            warnings.warn(tr("models.more_trees", trees=self.max_trees), stacklevel=4)
        found = pd.Series(losses, name="deviance")
        return int(found.idxmin()), found

    def _check_parameters(self) -> None:
        whole = int | np.integer
        ranges = {
            "learning_rate": (0 < self.learning_rate <= 1, "> 0, <= 1"),
            "bag_fraction": (0 < self.bag_fraction <= 1, "> 0, <= 1"),
            "tree_complexity": (
                self.tree_complexity is None
                or (isinstance(self.tree_complexity, whole) and 1 <= self.tree_complexity <= 254),
                "1 .. 254, None",
            ),
            "min_samples_leaf": (
                isinstance(self.min_samples_leaf, whole) and self.min_samples_leaf >= 1,
                ">= 1",
            ),
            "step_size": (isinstance(self.step_size, whole) and self.step_size >= 1, ">= 1"),
            "max_trees": (isinstance(self.max_trees, whole) and self.max_trees >= 1, ">= 1"),
            "folds": (isinstance(self.folds, whole) and (self.folds == 0 or self.folds >= 2), "0, >= 2"),
            "weighting": (self.weighting in ("balanced", "equal"), '"balanced", "equal"'),
        }
        for name, (fits, allowed) in ranges.items():
            if not fits:
                raise NicheError(
                    tr("niche.bad_parameter", name=name, value=getattr(self, name)),
                    tr("niche.bad_parameter_hint", allowed=allowed),
                )

    def _predict(self, values: np.ndarray) -> np.ndarray:
        codes = self._classes.codes(self._order.apply(values))
        return expit(add_trees(self._trees, codes, np.full(len(values), self._start)))


def _settled(losses: np.ndarray) -> bool:
    """Whether the deviance has stopped falling."""
    if len(losses) < _LEAST_STEPS:
        return False
    before = losses[-2 * _LOOK_BACK : -_LOOK_BACK].mean()
    return before - losses[-_LOOK_BACK:].mean() < _LEAST_FALL * losses[0]
