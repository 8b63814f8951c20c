"""MaxEnt: the distribution of maximum entropy that agrees with the presences."""

import warnings

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.maxent.features import Design, Features, list_features
from odatis_vre.niche.maxent.penalties import default_classes, penalties
from odatis_vre.niche.maxent.response import Response
from odatis_vre.niche.maxent.solver import solve
from odatis_vre.niche.model import SuitabilityModel
from odatis_vre.niche.table import Table

_OUTPUTS = ("cloglog", "logistic", "raw", "exponential", "link")
_CLASSES = "lqpht"
_BACKGROUND_WEIGHT = 100.0
# A gap below that does not show in a map.
_NOTEWORTHY = 1e-6


class MaxEnt(SuitabilityModel):
    """Maximum entropy model of suitability (Phillips et al. 2006, 2017).

    The features and penalties of the R package maxnet 0.1.4; the same convex problem, solved to its
    optimum whatever the data: a lasso on a logistic regression of presence against background, where
    the background weighs 100 times as much.

    Parameters
    ----------
    features : str, default "auto"
        Letters of the feature classes: l linear, q quadratic, p products, h hinges, t thresholds, as in
        "lqp". "auto" goes by the number of presences: "l" below 10, "lq" below 15, "lqh" below 80,
        "lqph" from there on. Factors have one indicator per level, whatever the classes.
    regularization : float, default 1.0
        Multiplies all penalties: larger is smoother. Above 0.
    output : {"cloglog", "logistic", "raw", "exponential", "link"}, default "cloglog"
        What `predict` gives. "cloglog" and "logistic" lie in 0..1; "raw" sums to 1 over the background
        of the fit, and "exponential" is its other name; "link" is its logarithm.
    clamp : bool, default True
        In `predict` a variable outside its training range counts as the nearest end; so does a product
        or a square.
    knots : int, default 50
        Hinges and thresholds per variable: `2 * (knots - 1)` and `knots` of them.
    add_presences : bool, default True
        Presences whose environment is not in the background are added to it, once each.
    tol : float, default 1e-9
        Largest distance of the objective from its optimum (duality gap).
    max_rounds : int, default 500
        Of quadratic problems; some tens are usual. A warning says when they leave a gap above 1e-6.

    Attributes
    ----------
    coefficients_ : Series, feature -> coefficient
        The features that are in the model, and those alone, in the variables' units.
    penalties_ : Series, feature -> penalty
        Of all features, the multiplier included.
    classes_of_features_ : str
        Letters of the classes used.
    feature_counts_ : dict
        Letter of the class -> number of features; c counts the indicators of factors.
    alpha_ : float
        Constant of the linear predictor: raw sums to 1 over the background.
    entropy_ : float
        Of raw over the background.
    objective_, gap_ : float
        The objective, and its largest possible distance from the optimum.
    converged_ : bool
        `gap_` is at most `tol`.
    n_iter_ : int
        Quadratic problems solved.
    n_added_ : int
        Presences added to the background.
    n_features_in_, feature_names_in_, feature_units_, categories_, n_presences_, n_background_
        As in every suitability model.

    Notes
    -----
    `sample_weight` is relative: among the presences, and among the background (as a bias file: how
    likely each place was to be visited); a constant one changes nothing. Presences added to the
    background have the mean weight.

    Squares and products depend on the zero of a variable's unit, as in maxnet: fitted in K instead of
    degC, "lq" penalises another parabola. "l", "h" and "t" do not; and no class depends on the scale.

    References
    ----------
    Phillips, S. J., Anderson, R. P. & Schapire, R. E. (2006). Maximum entropy modeling of species
    geographic distributions. Ecological Modelling 190, 231-259. doi:10.1016/j.ecolmodel.2005.03.026

    Phillips, S. J., Anderson, R. P., Dudik, M., Schapire, R. E. & Blair, M. E. (2017). Opening the black
    box: an open-source release of Maxent. Ecography 40, 887-893. doi:10.1111/ecog.03049

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> sst = np.concatenate([rng.normal(12, 1, 100), rng.uniform(0, 30, 1000)])[:, None]
    >>> presence = np.arange(1100) < 100
    >>> model = MaxEnt(features="lq").fit(sst, presence)
    >>> (model.predict([[12.0], [25.0]]) > 0.5).tolist()
    [True, False]
    """

    citation = (
        "Phillips, S. J., Anderson, R. P., Dudik, M., Schapire, R. E. & Blair, M. E. (2017). Opening the "
        "black box: an open-source release of Maxent. Ecography 40, 887-893. "
        "https://doi.org/10.1111/ecog.03049"
    )
    single = True

    def __init__(
        self,
        features="auto",
        regularization=1.0,
        output="cloglog",
        clamp=True,
        knots=50,
        add_presences=True,
        tol=1e-9,
        max_rounds=500,
    ):
        self.features = features
        self.regularization = regularization
        self.output = output
        self.clamp = clamp
        self.knots = knots
        self.add_presences = add_presences
        self.tol = tol
        self.max_rounds = max_rounds

    @property
    def bounded(self) -> bool:
        """Whether `predict` lies in 0..1."""
        return self.output in ("cloglog", "logistic")

    def _check_parameters(self) -> None:
        letters = self.features.lower() if isinstance(self.features, str) else ""
        number = isinstance(self.regularization, int | float | np.number)
        whole = isinstance(self.knots, int | np.integer)
        checks = {
            "features": (
                letters == "auto" or (letters and set(letters) <= set(_CLASSES)),
                '"auto", "l", "lq", "lqp", "lqh", "lqph", "lqpht", "h" ...',
            ),
            "regularization": (number and 0 < self.regularization < np.inf, "> 0"),
            "output": (self.output in _OUTPUTS, ", ".join(f'"{o}"' for o in _OUTPUTS)),
            "knots": (whole and 2 <= self.knots <= 10_000, "2 .. 10000"),
            "tol": (self.tol > 0, "> 0"),
            "max_rounds": (self.max_rounds >= 1, ">= 1"),
        }
        for name, (fits, allowed) in checks.items():
            if not fits:
                raise NicheError(
                    tr("niche.bad_parameter", name=name, value=getattr(self, name)),
                    tr("niche.bad_parameter_hint", allowed=allowed),
                )

    def _fit(self, values: np.ndarray, presence: np.ndarray, weight: np.ndarray, table: Table) -> None:
        self._check_parameters()
        weight = weight / np.where(presence, weight[presence].mean(), weight[~presence].mean())
        found = values[presence]
        added = _not_in(found, values[~presence]) if self.add_presences else found[:0]
        x = np.vstack([values, added])
        y = np.append(presence, np.zeros(len(added), dtype=bool))
        weight = np.append(weight, np.ones(len(added)))

        asked = self.features.lower()
        classes = default_classes(len(found)) if asked == "auto" else asked
        levels = {
            j: len(table.categories[name]) for j, name in enumerate(table.names) if name in table.categories
        }
        low, high = x.min(axis=0), x.max(axis=0)
        features = list_features(low, high, levels, classes, self.knots)
        least, most = features.ranges(x)
        varying = most > least
        features, least, most = features[varying], least[varying], most[varying]
        penalty = self.regularization * penalties(features, found, weight[presence.nonzero()], most - least)
        case = weight * np.where(y, 1.0, _BACKGROUND_WEIGHT) / len(found)
        solution = solve(Design(x, features, penalty), y.astype(float), case, self.tol, self.max_rounds)
        if solution.gap > max(self.tol, _NOTEWORTHY):
            warnings.warn(
                tr("maxent.not_converged", gap=solution.gap, rounds=solution.rounds),
                ConvergenceWarning,
                stacklevel=3,
            )
        self._keep(features, solution, penalty, table)
        used = np.flatnonzero(solution.beta)
        beta = solution.beta[used] / penalty[used]
        shape = (features[used], beta, (least[used], most[used]), low, high, self.knots)
        self._eta = Response(*shape, self.clamp)
        self._normalise(self._eta(x[~y]), weight[~y])
        self.n_added_ = len(added)

    def _keep(self, features: Features, solution, penalty: np.ndarray, table: Table) -> None:
        names = features.names(table.names, table.categories)
        self.penalties_ = pd.Series(penalty, index=names, name="penalty")
        used = np.flatnonzero(solution.beta)
        self.coefficients_ = pd.Series(
            solution.beta[used] / penalty[used], index=[names[c] for c in used], name="coefficient"
        )
        self.feature_counts_ = {
            c: int((features.kind == c).sum()) for c in "lqphtc" if (features.kind == c).any()
        }
        self.classes_of_features_ = "".join(c for c in self.feature_counts_ if c != "c")
        self.objective_, self.gap_ = solution.objective, solution.gap
        self.converged_, self.n_iter_ = solution.gap <= self.tol, solution.rounds

    def _normalise(self, eta: np.ndarray, weight: np.ndarray) -> None:
        top = eta.max()
        self.alpha_ = -float(top + np.log(weight @ np.exp(eta - top)))
        link = eta + self.alpha_
        self.entropy_ = -float(weight @ (np.exp(link) * link))

    def _predict(self, values: np.ndarray) -> np.ndarray:
        link = self._eta(values)
        link += self.alpha_
        if self.output == "link":
            return link
        with np.errstate(over="ignore"):
            if self.output in ("raw", "exponential"):
                return np.exp(link, out=link)
            link += self.entropy_
            if self.output == "logistic":
                return 1 / (1 + np.exp(-link))
            np.exp(link, out=link)
            np.negative(link, out=link)
            return -np.expm1(link, out=link)


def _not_in(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The distinct rows that are none of the others."""
    every, first = np.unique(np.vstack([others, rows]), axis=0, return_index=True)
    return every[first >= len(others)]
