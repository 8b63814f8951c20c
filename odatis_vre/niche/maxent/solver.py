"""A lasso on a weighted logistic regression, solved to its optimum and certified by its dual."""

from dataclasses import dataclass, replace

import numpy as np

from odatis_vre.niche.maxent.quadratic import minimum

# The penalty comes down to 1 by this factor from where the first column enters ...
_STEP = 4.0
# ... each time as soon as the gap is this share of it.
_ROUGH = 0.05
_LEAST_ADDED = 40
_NEWTON_STEPS = 20
_SHORTEST = 1e-10
_FASTER = 0.6
_STALLED = 3
_ROUNDING = 1e-14
_TINY = 1e-300
_LEAST_CURVATURE = 1e-12


@dataclass(frozen=True)
class Solution:
    """What the solver found.

    Attributes
    ----------
    beta : ndarray, shape (k,)
    objective, gap : float
        The objective, and its largest possible distance from the optimum.
    rounds : int
        Quadratic problems solved.
    """

    beta: np.ndarray
    objective: float
    gap: float
    rounds: int


def solve(design, y: np.ndarray, weight: np.ndarray, tol: float = 1e-9, max_rounds: int = 500) -> Solution:
    """Minimise sum w [log(1 + exp(b + x.beta)) - y (b + x.beta)] + sum |beta| over b and beta.

    Proximal Newton steps on a working set of columns, the penalty brought down in a few steps (Friedman,
    Hastie & Tibshirani 2010, doi:10.18637/jss.v033.i01, for the quadratic problems). The duality gap over
    all columns tells when to stop: 0 at the optimum, and where subgradients hold it for optimal.

    Parameters
    ----------
    design : Design
        Gives `columns(which)`, `moments(v)` and `width`.
    y : ndarray of float64, shape (n,)
        0 or 1, both of them.
    weight : ndarray, shape (n,)
        Above 0.
    tol : float
        Largest duality gap.
    max_rounds : int
        Of quadratic problems.

    Returns
    -------
    Solution
        Of the smallest gap seen: above `tol` when the rounds did not do.
    """
    descent = _Descent(design, y, weight)
    while descent.penalty > 1:
        if descent.gap <= _ROUGH * descent.penalty * descent.size or descent.rounds >= max_rounds:
            descent.penalty = max(1.0, descent.penalty / _STEP)
        else:
            descent.round(_ROUGH * descent.gap)
    best, stalled = descent.solution(), 0
    bound = best.objective - best.gap
    while best.gap > tol and stalled < _STALLED and descent.rounds < max_rounds:
        descent.round(0.1 * max(best.gap, tol))
        now = descent.solution()
        # The dual may fall again on the way: its largest value holds.
        bound = max(bound, now.objective - now.gap)
        now = replace(now, gap=max(now.objective - bound, 0.0))
        falls = now.objective < best.objective - _ROUNDING * abs(best.objective)
        stalled = 0 if falls or now.gap < 0.9 * best.gap else stalled + 1
        if now.gap <= best.gap:
            best = now
    return best


class _Point:
    """Loss and residuals at a linear predictor, with the intercept at its optimum."""

    def __init__(self, y: np.ndarray, weight: np.ndarray):
        self._y, self._weight = y, weight
        self._sought = float(weight @ y)
        self._logit = float(np.log(self._sought / (weight @ (1 - y))))
        self._intercept = 0.0

    def move(self, eta: np.ndarray) -> float:
        """The loss at `eta`."""
        # All shares are on one side of what is sought at these ends.
        low, high = self._logit - eta.max(), self._logit - eta.min()
        b = min(max(self._intercept, low), high)
        for _ in range(100):
            z = eta + b
            e = np.exp(-np.abs(z))
            share = np.where(z >= 0, 1.0, e) / (1 + e)
            found = float(self._weight @ share)
            slope = float(self._weight @ (share * (1 - share)))
            low, high = (b, high) if found < self._sought else (low, b)
            # Newton on the logarithm: the shares are nearly exponential in b.
            step = np.log(self._sought / found) * found / slope if min(found, slope) > _TINY else np.inf
            if abs(step) <= 1e-14 * max(1.0, abs(b)):
                break
            b = b + step if low < b + step < high else (low + high) / 2
        self._intercept, self.eta, self.share = b, eta, share
        self.residual = self._weight * (self._y - share)
        self.curvature = self._weight * np.maximum(share * (1 - share), _LEAST_CURVATURE)
        return float(self._weight @ (np.log1p(e) + np.maximum(z, 0) - self._y * z))

    def dual(self, largest: float, penalty: float) -> float:
        """The dual at the residuals, shrunk until no moment is above the penalty."""
        shrink = min(1.0, penalty / max(largest, _TINY))
        s = self._y - shrink * (self._y - self.share)
        t = 1 - s
        return -float(self._weight @ (s * np.log(np.maximum(s, _TINY)) + t * np.log(np.maximum(t, _TINY))))


class _Descent:
    """The coefficients on their way down."""

    def __init__(self, design, y: np.ndarray, weight: np.ndarray):
        self._design = design
        self._point = _Point(y, weight)
        self._beta = np.zeros(design.width)
        self._loss = self._point.move(np.zeros(len(y)))
        self._moments = design.moments(self._point.residual)
        self.penalty = max(1.0, self._largest / _STEP)
        self.rounds = 0

    @property
    def _largest(self) -> float:
        return float(np.abs(self._moments).max(initial=0.0))

    @property
    def size(self) -> float:
        return float(np.abs(self._beta).sum())

    @property
    def gap(self) -> float:
        return self._loss + self.penalty * self.size - self._point.dual(self._largest, self.penalty)

    def solution(self) -> Solution:
        objective = self._loss + self.penalty * self.size
        return Solution(self._beta.copy(), objective, max(self.gap, 0.0), self.rounds)

    def round(self, target: float) -> None:
        """Solve on the columns in use and those that most want to enter, to a gap of `target`."""
        work = self._working_set()
        columns = self._design.columns(work)
        for _ in range(_NEWTON_STEPS):
            self.rounds += 1
            moved = self._newton(columns, work)
            inner = float(np.abs(columns.T @ self._point.residual).max(initial=0.0))
            gap = self._loss + self.penalty * self.size - self._point.dual(inner, self.penalty)
            if gap <= target or not moved:
                break
        self._moments = self._design.moments(self._point.residual)

    def _working_set(self) -> np.ndarray:
        support = np.flatnonzero(self._beta)
        excess = np.abs(self._moments) - self.penalty
        excess[support] = 0.0
        entering = np.flatnonzero(excess > 0)
        room = max(_LEAST_ADDED, len(support))
        if len(entering) > room:
            entering = entering[np.argpartition(-excess[entering], room)[:room]]
        return np.union1d(support, entering)

    def _newton(self, columns: np.ndarray, work: np.ndarray) -> bool:
        """One step of proximal Newton; whether the objective fell."""
        point, before = self._point, self._beta[work]
        if len(work) == 0:
            return False
        d = point.curvature
        # The intercept is profiled out: columns about their mean.
        half = (columns - d @ columns / d.sum()) * np.sqrt(d)[:, None]
        gram, gradient = half.T @ half, columns.T @ point.residual
        after = minimum(gram, gram @ before + gradient, before, self.penalty)
        delta = after - before
        growth = np.where(after * before > 0, np.sign(before) * delta, np.abs(after) - np.abs(before))
        expected = float((self.penalty * growth - gradient * delta).sum())
        eta, slope = point.eta, columns @ delta

        def objective(step: float) -> float:
            self._beta[work] = after if step == 1 else before + step * delta
            self._loss = point.move(eta + step * slope)
            return self._loss + self.penalty * self.size

        return self._search(objective, expected)

    def _search(self, objective, expected: float) -> bool:
        """Shorten the step until the objective falls enough; lengthen it where it falls faster than that."""
        start, step = self._loss + self.penalty * self.size, 1.0
        reached = objective(step) if expected < 0 else np.inf
        # Near the optimum the fall is below the rounding of the objective; the gap is not yet.
        while reached > start + 1e-4 * step * expected + _ROUNDING * abs(start):
            step /= 2
            if step < _SHORTEST:
                objective(0.0)
                return False
            reached = objective(step)
        # A quadratic function falls by half of what is expected. An exponential one has farther to go.
        while step >= 1 and start - reached > -_FASTER * expected:
            farther = objective(2 * step)
            if farther >= reached:
                objective(step)
                break
            step, reached = 2 * step, farther
        return True
