"""Boosted regression trees for a Bernoulli response, on variables cut into classes."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

_CLASSES = 64
_LEAST_GAIN = 1e-12
_LEAST_CURVATURE = 1e-300
# Gains, and shares of weight, that are the same but for rounding.
_ALIKE = 1e-9
# Rows that prediction works on at a time, so that codes and leaves stay in cache.
_BLOCK = 16_384


class Classes:
    """Variables as classes of about equal weight, 0 .. 63.

    Parameters
    ----------
    values : ndarray, shape (n, p)
    weight : ndarray, shape (n,)
    """

    def __init__(self, values: np.ndarray, weight: np.ndarray):
        self.edges = [_edges(x, weight) for x in values.T]

    def codes(self, values: np.ndarray) -> np.ndarray:
        """The class of each value, uint8, shape (p, m)."""
        out = np.empty(values.shape[::-1], dtype=np.uint8)
        for j, edges in enumerate(self.edges):
            out[j] = np.searchsorted(edges, values[:, j], side="left")
        return out


def _edges(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Limits halfway between neighbouring values; a value on a limit belongs below it."""
    different, at = np.unique(x, return_inverse=True)
    middle = (different[:-1] + different[1:]) / 2
    if len(middle) < _CLASSES:
        return middle
    below = np.cumsum(np.bincount(at, weight))
    wanted = np.searchsorted(below[:-1] / below[-1], np.arange(1, _CLASSES) / _CLASSES - _ALIKE)
    return middle[np.unique(np.minimum(wanted, len(middle) - 1))]


@dataclass
class Tree:
    """Splits in the order they were made, and the value of each leaf.

    Split s cuts leaf `leaf[s]`: rows whose code of `variable[s]` is above `code[s]` go to the new leaf
    s + 1, the others stay.
    """

    leaf: list[int]
    variable: list[int]
    code: list[int]
    gain: list[float]
    value: np.ndarray

    def add_to(self, eta: np.ndarray, codes: np.ndarray) -> None:
        """Add the leaves' values to the linear predictor of rows, shape (m,), of codes (p, m)."""
        place = np.zeros(len(eta), dtype=np.uint8)
        for s, (leaf, j, code) in enumerate(zip(self.leaf, self.variable, self.code, strict=True), 1):
            above = codes[j] > code
            above &= place == leaf
            place[above] = s
        eta += self.value[place]


class Grower:
    """Grows one tree after another on a training table.

    Parameters
    ----------
    codes : ndarray of uint8, shape (p, n)
    presence : ndarray of bool, shape (n,)
    weight : ndarray, shape (n,)
    splits : int
        Of each tree.
    rate, bag : float
        Learning rate, and share of the rows that each tree sees.
    least : int
        Rows in a leaf.
    seed : int
    """

    def __init__(self, codes, presence, weight, splits: int, rate: float, bag: float, least: int, seed: int):
        self._codes, self._y, self._weight = codes, presence.astype(float), weight
        self._splits, self._rate, self._least = splits, rate, least
        self._rng = np.random.default_rng(seed)
        self._drawn = max(round(bag * codes.shape[1]), min(2 * least, codes.shape[1]))
        width = int(codes.max()) + 2
        self._width, self._variables = width, len(codes)
        # One histogram for all variables: each has cells of its own.
        self._cells = np.ascontiguousarray(codes.T + np.arange(len(codes)) * width, dtype=np.intp)
        different, count = np.unique(weight, return_counts=True)
        self._base = different[np.argmax(count)]
        self._extra = weight - self._base
        share = weight @ self._y / weight.sum()
        self.start = float(np.log(share / (1 - share)))
        self.eta = np.full(len(self._y), self.start)

    def grow(self) -> Tree:
        """The next tree; the training rows' linear predictor moves on."""
        rows = np.sort(self._rng.choice(len(self._y), self._drawn, replace=False, shuffle=False))
        p = expit(self.eta)
        self._slope = self._weight * (self._y - p)
        members = [rows]
        sums = [self._sums(rows)]
        best = [self._best(sums[0])]
        tree = Tree([], [], [], [], np.empty(0))
        while True:
            leaf = _first_of_largest(np.array([b[0] for b in best]))
            gain, j, code = best[leaf]
            if gain <= _LEAST_GAIN:
                break
            inside = members[leaf]
            above = self._codes[j, inside] > code
            members.append(inside[above])
            members[leaf] = inside[~above]
            for part, value in zip(
                (tree.leaf, tree.variable, tree.code, tree.gain), (leaf, j, code, gain), strict=True
            ):
                part.append(value)
            if len(tree.leaf) == self._splits:
                break
            if len(members[leaf]) < len(members[-1]):
                lower = self._sums(members[leaf])
                sums.append(sums[leaf] - lower)
                sums[leaf] = lower
            else:
                sums.append(self._sums(members[-1]))
                sums[leaf] = sums[leaf] - sums[-1]
            best[leaf] = self._best(sums[leaf])
            best.append(self._best(sums[-1]))
        curvature = self._weight * p * (1 - p)
        tree.value = self._rate * np.array(
            [self._slope[m].sum() / max(curvature[m].sum(), _LEAST_CURVATURE) for m in members]
        )
        tree.add_to(self.eta, self._codes)
        return tree

    def _sums(self, rows: np.ndarray) -> np.ndarray:
        """Gradients, weights and rows in each class of each variable, shape (3, p, width)."""
        cells = self._cells[rows].ravel()
        size = self._variables * self._width
        out = np.empty((3, size))
        out[0] = np.bincount(cells, np.repeat(self._slope[rows], self._variables), size)
        out[2] = np.bincount(cells, minlength=size)
        # Most rows weigh alike: only the others need sums of their weights.
        other = rows[self._extra[rows] != 0]
        extra = np.repeat(self._extra[other], self._variables)
        out[1] = self._base * out[2] + np.bincount(self._cells[other].ravel(), extra, size)
        return out.reshape(3, self._variables, self._width)

    def _best(self, sums: np.ndarray) -> tuple[float, int, int]:
        """Largest gain of a split in weighted squares, its variable, and the last code below it."""
        below = np.cumsum(sums, axis=2)
        total = below[:, :, -1:]
        above = total - below
        allowed = (below[2] >= self._least) & (above[2] >= self._least)
        if not allowed.any():
            return 0.0, 0, 0
        with np.errstate(divide="ignore", invalid="ignore"):
            gain = below[0] ** 2 / below[1] + above[0] ** 2 / above[1] - total[0] ** 2 / total[1]
        gain[~allowed] = -np.inf
        at = _first_of_largest(gain.ravel())
        return float(gain.flat[at]), at // self._width, at % self._width


def _first_of_largest(gain: np.ndarray) -> int:
    """The first of the largest: which of two alike is ahead by rounding depends on the order of rows."""
    top = gain.max()
    return int(np.argmax(gain >= top - _ALIKE * abs(top)))


def add_trees(trees: list[Tree], codes: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """Add what trees give to the linear predictor of rows, in place.

    Parameters
    ----------
    trees : list of Tree
    codes : ndarray of uint8, shape (p, m)
    eta : ndarray, shape (m,)
    """
    for start in range(0, len(eta), _BLOCK):
        part = slice(start, start + _BLOCK)
        block = np.ascontiguousarray(codes[:, part])
        for tree in trees:
            tree.add_to(eta[part], block)
    return eta
