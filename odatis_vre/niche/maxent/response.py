"""The fitted linear predictor as a function of the variables: only features with a coefficient count."""

import copy

import numpy as np

from odatis_vre.niche.maxent.features import CATEGORY, HINGE, LINEAR, PRODUCT, QUADRATIC, THRESHOLD, Features

# Rows worked on at a time, and products of them: their temporary arrays stay in a core's cache.
_ROWS = {8: 4096, 4: 8192}
_PRODUCTS = 16
# What rounding in single precision may do to the linear predictor at most.
_ROUNDING = 1e-4
# From so many hinges of a variable on, looking up one line is faster than adding them up.
_MANY = 7


class Response:
    """Sum of the features times their coefficients.

    A hinge costs one maximum: the rest of it is linear. Those of a variable that has many add up to one
    function, linear between knots: two numbers are looked up per value, however many there are.

    Values of single precision are worked on in single precision, where that cannot matter: with values kept
    in their range, when no term is so large that its rounding would show. What a value itself lost when it
    was rounded weighs as much.

    Parameters
    ----------
    features : Features
        Those with a coefficient.
    beta : ndarray, shape (k,)
    limits : pair of ndarray, each of shape (k,)
        Smallest and largest value of each feature in the training table.
    low, high : ndarray, shape (p,)
        Training range of each variable.
    knots : int
        Of the hinges.
    clamp : bool
        A value outside the training range counts as its nearest end; so does that of a feature.
    """

    def __init__(self, features: Features, beta, limits, low, high, knots: int, clamp: bool):
        self._low, self._high, self._clamp = low[:, None], high[:, None], clamp
        of = {kind: np.flatnonzero(features.kind == kind) for kind in "lqphtc"}
        self._linear = np.zeros(len(low))
        self._linear[features.first[of[LINEAR]]] = beta[of[LINEAR]]
        curved = np.concatenate([of[QUADRATIC], of[PRODUCT]])
        limits_of_curved = (part[curved] for part in limits)
        self._products = self._set_products(features[curved], beta[curved], *limits_of_curved)
        rise = self._set_hinges(features[of[HINGE]], beta[of[HINGE]], knots)
        step = features[of[THRESHOLD]]
        self._steps = [(j, step.start[step.first == j][:, None]) for j in np.unique(step.first)]
        order = np.argsort(step.first, kind="stable")
        self._rises = np.concatenate([rise, beta[of[THRESHOLD]][order]])
        self._levels = {}
        for c in of[CATEGORY]:
            j = int(features.first[c])
            table = self._levels.setdefault(j, np.zeros(int(high[j]) + 1))
            table[int(features.start[c])] = beta[c]
        # A hinge is worked out as its slope times the variable, a larger number than its 0 to 1.
        largest = np.maximum(*np.abs(limits))
        j = features.first[of[HINGE]]
        width = features.end[of[HINGE]] - features.start[of[HINGE]]
        largest[of[HINGE]] = np.maximum(np.abs(low), np.abs(high))[j] / width
        rounding = np.finfo(np.float32).eps * (np.abs(beta) * largest).sum()
        self._single = _in_single(self) if clamp and rounding <= _ROUNDING else None

    def _set_products(self, features: Features, beta, least, most) -> np.ndarray:
        """Squares and products, first those that must be kept in their range; their coefficients."""
        low, high = self._low[:, 0], self._high[:, 0]
        bound = np.zeros(len(beta), dtype=bool)
        for c, (i, j) in enumerate(zip(features.first, features.second, strict=True)):
            corners = np.outer([low[i], high[i]], [low[j], high[j]])
            lowest = 0.0 if i == j and low[i] < 0 < high[i] else corners.min()
            bound[c] = self._clamp and not (least[c] <= lowest and corners.max() <= most[c])
        order = np.argsort(~bound, kind="stable")
        self._pairs = list(zip(features.first[order].tolist(), features.second[order].tolist(), strict=True))
        kept = order[: int(bound.sum())]
        self._least, self._most = least[kept][:, None], most[kept][:, None]
        return beta[order]

    def _set_hinges(self, features: Features, beta: np.ndarray, knots: int) -> np.ndarray:
        """Bends and tables; the coefficients of the bends."""
        self._inner, self._constant = np.zeros(len(self._low)), 0.0
        self._bends, rise, lines = [], [], {}
        for j in np.unique(features.first):
            at = features.first == j
            low, high = self._low[j, 0], self._high[j, 0]
            start, end = features.start[at], features.end[at]
            slope = beta[at] / (end - start)
            if len(slope) >= _MANY:
                lines[j] = _line(start, end, slope, np.linspace(low, high, knots))
                continue
            # Up to b from the minimum: slope (min(x, b) - low), and min(x, b) = x + b - max(x, b).
            late, early = start > low, end < high
            self._inner[j] = slope[~late].sum()
            self._constant += (slope[early] * end[early]).sum() - (slope * start).sum()
            self._bends.append((j, np.concatenate([start[late], end[early]])[:, None]))
            rise += [slope[late], -slope[early]]
        self._tabled = np.array(sorted(lines), dtype=int)
        size = knots + 1
        low, high = self._low[self._tabled], self._high[self._tabled]
        self._to_class = (knots - 1) / (high - low)
        self._first_class = np.arange(len(low))[:, None] * size + 1 - low * self._to_class
        self._height = np.concatenate([lines[j][0] for j in self._tabled] or [np.empty(0)])
        self._slope = np.concatenate([lines[j][1] for j in self._tabled] or [np.empty(0)])
        return np.concatenate([np.empty(0), *rise])

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """The linear predictor, without its constant.

        Parameters
        ----------
        values : ndarray of float64 or float32, shape (m, p)
            Without NaN.

        Returns
        -------
        ndarray of float64, shape (m,)
        """
        if values.dtype == np.float32 and self._single is not None:
            return self._single._in_blocks(values, np.float32)
        return self._in_blocks(values, np.float64)

    def _in_blocks(self, values: np.ndarray, dtype) -> np.ndarray:
        out = np.empty(len(values))
        rows = _ROWS[np.dtype(dtype).itemsize]
        width = min(rows, len(values))
        x = np.empty((values.shape[1], width), dtype)
        inside = np.empty_like(x) if not self._clamp else x
        terms = np.empty((max(_PRODUCTS, len(self._rises)), width), dtype)
        for start in range(0, len(values), rows):
            part = values[start : start + rows]
            m = len(part)
            np.copyto(x[:, :m], part.T)
            out[start : start + m] = self._block(x[:, :m], inside[:, :m], terms[:, :m])
        return out

    def _block(self, x: np.ndarray, inside: np.ndarray, terms: np.ndarray) -> np.ndarray:
        np.clip(x, self._low, self._high, out=inside)
        out = self._linear @ x
        out += self._inner @ inside
        out += self._constant
        for first in range(0, len(self._pairs), _PRODUCTS):
            these = slice(first, first + _PRODUCTS)
            pairs = self._pairs[these]
            for product, (i, j) in zip(terms, pairs, strict=False):
                np.multiply(x[i], x[j], out=product)
            kept = terms[: len(self._least[these])]
            np.clip(kept, self._least[these], self._most[these], out=kept)
            out += self._products[these] @ terms[: len(pairs)]
        if len(self._rises):
            out += self._rises @ self._bent(inside, terms)
        if len(self._tabled):
            out += self._looked_up(inside[self._tabled])
        for j, table in self._levels.items():
            out += table.take(x[j].astype(np.intp))
        return out

    def _bent(self, x: np.ndarray, terms: np.ndarray) -> np.ndarray:
        row = 0
        for j, bends in self._bends:
            np.maximum(x[j], bends, out=terms[row : row + len(bends)])
            row += len(bends)
        for j, steps in self._steps:
            terms[row : row + len(steps)] = x[j] >= steps
            row += len(steps)
        return terms[:row]

    def _looked_up(self, x: np.ndarray) -> np.ndarray:
        place = x * self._to_class
        place += self._first_class
        place = place.astype(np.intp)
        x *= self._slope.take(place)
        x += self._height.take(place)
        return x.sum(axis=0)


def _line(start, end, slope, knots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum of hinges between knots: height at 0 and slope of each class, one class more at each end."""
    size = len(knots) + 1
    # Rounding may put an end of the range into the class beyond it.
    left = np.clip(np.arange(size) - 1, 0, len(knots) - 2)
    middle = (knots[left] + knots[left + 1])[:, None] / 2
    rising, done = (start < middle) & (middle < end), end < middle
    return done @ (slope * (end - start)) - rising @ (slope * start), rising @ slope


def _in_single(response: Response) -> Response:
    """The same with numbers of single precision."""
    single = copy.copy(response)
    for name, value in vars(response).items():
        if isinstance(value, np.ndarray) and value.dtype == np.float64:
            setattr(single, name, value.astype(np.float32))
    single._bends = [(j, bends.astype(np.float32)) for j, bends in response._bends]
    # A value is above a threshold just where it is above the next number of single precision.
    single._steps = [(j, _rounded_up(steps)) for j, steps in response._steps]
    return single


def _rounded_up(numbers: np.ndarray) -> np.ndarray:
    nearest = numbers.astype(np.float32)
    return np.where(nearest < numbers, np.nextafter(nearest, np.float32(np.inf)), nearest)
