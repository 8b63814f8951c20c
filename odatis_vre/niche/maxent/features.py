"""The features of MaxEnt: which there are, their values, their moments without expanding them."""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

LINEAR, QUADRATIC, PRODUCT, HINGE, THRESHOLD, CATEGORY = "lqphtc"
# Columns worked on at a time where all of them are needed.
_CHUNK = 256


@dataclass(frozen=True)
class Features:
    """A list of features: one entry of each array per feature.

    Attributes
    ----------
    kind : ndarray of str
        Letter of the class: l, q, p, h, t, c.
    first, second : ndarray of int
        Columns of the variables; `second` differs in products only.
    start, end : ndarray of float64
        A hinge is 0 up to `start`, 1 from `end` on, linear between. A threshold is 1 from `start` on. An
        indicator is 1 where the code of the level is `start`.
    """

    kind: np.ndarray
    first: np.ndarray
    second: np.ndarray
    start: np.ndarray
    end: np.ndarray

    def __len__(self) -> int:
        return len(self.kind)

    def __getitem__(self, which) -> "Features":
        parts = (self.kind, self.first, self.second, self.start, self.end)
        return Features(*(part[which] for part in parts))

    def names(self, variables: list[str], categories: dict[str, list]) -> list[str]:
        """Names as people write them: `sst`, `sst^2`, `sst*depth`, `hinge(sst, 4, 20)`, `bottom=mud`."""
        rows = zip(self.kind, self.first, self.second, self.start, self.end, strict=True)
        return [_name(kind, variables[i], variables[j], a, b, categories) for kind, i, j, a, b in rows]

    def values(self, x: np.ndarray) -> np.ndarray:
        """The features of a table.

        Parameters
        ----------
        x : ndarray, shape (n, p)

        Returns
        -------
        ndarray, shape (n, number of features), in Fortran order
        """
        out = np.empty((len(x), len(self)), order="F")
        columns = np.asfortranarray(x)
        for c, kind in enumerate(self.kind):
            v = columns[:, self.first[c]]
            if kind == LINEAR:
                out[:, c] = v
            elif kind in (QUADRATIC, PRODUCT):
                np.multiply(v, columns[:, self.second[c]], out=out[:, c])
            elif kind == HINGE:
                np.subtract(v, self.start[c], out=out[:, c])
                out[:, c] /= self.end[c] - self.start[c]
                np.clip(out[:, c], 0, 1, out=out[:, c])
            else:
                out[:, c] = v >= self.start[c] if kind == THRESHOLD else v == self.start[c]
        return out

    def ranges(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Smallest and largest value of each feature in the table whose ranges made the knots."""
        low, high = np.zeros(len(self)), np.ones(len(self))
        other = np.flatnonzero((self.kind != HINGE) & (self.kind != THRESHOLD))
        for start in range(0, len(other), _CHUNK):
            part = other[start : start + _CHUNK]
            values = self[part].values(x)
            low[part], high[part] = values.min(axis=0), values.max(axis=0)
        return low, high


def _name(kind: str, x: str, z: str, start: float, end: float, categories: dict[str, list]) -> str:
    if kind == LINEAR:
        return x
    if kind == QUADRATIC:
        return f"{x}^2"
    if kind == PRODUCT:
        return f"{x}*{z}"
    if kind == HINGE:
        return f"hinge({x}, {start:.6g}, {end:.6g})"
    return f"threshold({x}, {start:.6g})" if kind == THRESHOLD else f"{x}={categories[x][int(start)]}"


def list_features(
    low: np.ndarray, high: np.ndarray, levels: dict[int, int], classes: str, knots: int
) -> Features:
    """The features of the classes asked for.

    Parameters
    ----------
    low, high : ndarray, shape (p,)
        Range of each variable in the training table.
    levels : dict
        Column of a factor -> number of its levels: one indicator per level, whatever the classes.
    classes : str
        Letters among l, q, p, h, t.
    knots : int
        Of a variable: hinges rise from each knot to the maximum, and from the minimum to each knot;
        thresholds stand at as many points inside the range.

    Returns
    -------
    Features
        Ordered by class; hinges and thresholds by variable within.
    """
    numeric = [j for j in range(len(low)) if j not in levels]
    rows = []
    if LINEAR in classes:
        rows += [(LINEAR, j, j, 0.0, 0.0) for j in numeric]
    if QUADRATIC in classes:
        rows += [(QUADRATIC, j, j, 0.0, 0.0) for j in numeric]
    if PRODUCT in classes:
        rows += [(PRODUCT, i, j, 0.0, 0.0) for i, j in combinations(numeric, 2)]
    if HINGE in classes:
        for j in numeric:
            at = np.linspace(low[j], high[j], knots)
            rows += [(HINGE, j, j, a, high[j]) for a in at[:-1]]
            rows += [(HINGE, j, j, low[j], b) for b in at[1:]]
    if THRESHOLD in classes:
        for j in numeric:
            rows += [(THRESHOLD, j, j, a, a) for a in np.linspace(low[j], high[j], knots + 2)[1:-1]]
    rows += [(CATEGORY, j, j, float(c), 0.0) for j, count in levels.items() for c in range(count)]
    kind, first, second, start, end = zip(*rows, strict=True) if rows else ((),) * 5
    return Features(
        np.array(kind, dtype="U1"),
        np.array(first, dtype=int),
        np.array(second, dtype=int),
        np.array(start, dtype=float),
        np.array(end, dtype=float),
    )


class Design:
    """The features of a training table, each less its mean and divided by its penalty.

    Parameters
    ----------
    x : ndarray, shape (n, p)
    features : Features
    penalty : ndarray, shape (number of features,)
        Above 0.
    """

    def __init__(self, x: np.ndarray, features: Features, penalty: np.ndarray):
        self._x = np.asfortranarray(x)
        self._features = features
        self._scale = 1 / penalty
        self.width = len(features)
        self._mean = self._sums(np.full(len(x), 1 / len(x)))

    def columns(self, which: np.ndarray) -> np.ndarray:
        """Some of the columns.

        Parameters
        ----------
        which : ndarray of int, shape (k,)

        Returns
        -------
        ndarray, shape (n, k), in Fortran order
        """
        out = self._features[which].values(self._x)
        out -= self._mean[which]
        out *= self._scale[which]
        return out

    def moments(self, v: np.ndarray) -> np.ndarray:
        """Sum over the rows of v times each column.

        Hinges, thresholds and indicators are not expanded: sums over the classes that their knots cut
        are enough.

        Parameters
        ----------
        v : ndarray, shape (n,)

        Returns
        -------
        ndarray, shape (number of features,)
        """
        return (self._sums(v) - v.sum() * self._mean) * self._scale

    def _sums(self, v: np.ndarray) -> np.ndarray:
        out = np.empty(self.width)
        f = self._features
        for kind in (LINEAR, QUADRATIC):
            if len(at := self._of[kind]):
                x = self._x[:, f.first[at]]
                out[at] = v @ (x if kind == LINEAR else x * x)
        if len(at := self._of[PRODUCT]):
            out[at] = (self._x.T @ (self._x * v[:, None]))[f.first[at], f.second[at]]
        for cut in self._cuts:
            cut.moments(v, out)
        return out

    @cached_property
    def _of(self) -> dict[str, np.ndarray]:
        return {kind: np.flatnonzero(self._features.kind == kind) for kind in "lqphtc"}

    @cached_property
    def _cuts(self) -> list["_Cut"]:
        f = self._features
        out = []
        for kind in (HINGE, THRESHOLD, CATEGORY):
            at = self._of[kind]
            out += [_Cut(self._x[:, j], kind, at[f.first[at] == j], f) for j in np.unique(f.first[at])]
        return out


class _Cut:
    """One variable in classes, between which its hinges (or thresholds, or indicators) bend."""

    def __init__(self, x: np.ndarray, kind: str, at: np.ndarray, features: Features):
        self._kind, self._at = kind, at
        start, end = features.start[at], features.end[at]
        edges = np.unique(np.concatenate([start, end])) if kind == HINGE else np.unique(start)
        self._class = np.searchsorted(edges, x, side="right")
        self._first = np.searchsorted(edges, start) + 1
        self._last = np.searchsorted(edges, end) + 1
        self._size = len(edges) + 1
        if kind == HINGE:
            # From the middle of the range, so that sums of v * x do not cancel.
            self._middle = (edges[0] + edges[-1]) / 2
            self._x = x - self._middle
            self._start, self._width = start - self._middle, end - start

    def moments(self, v: np.ndarray, out: np.ndarray) -> None:
        count = np.bincount(self._class, v, self._size)
        if self._kind == CATEGORY:
            out[self._at] = count[self._first]
            return
        above = np.append(np.cumsum(count[::-1])[::-1], 0.0)
        if self._kind == THRESHOLD:
            out[self._at] = above[self._first]
            return
        total = np.bincount(self._class, v * self._x, self._size)
        total = np.append(np.cumsum(total[::-1])[::-1], 0.0)
        between, sums = above[self._first] - above[self._last], total[self._first] - total[self._last]
        out[self._at] = (sums - self._start * between) / self._width + above[self._last]
