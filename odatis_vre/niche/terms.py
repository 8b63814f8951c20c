"""The terms of a generalised linear model: polynomials of variables, indicators of levels."""

import numpy as np

from odatis_vre.niche.table import Table


class Terms:
    """Columns of a design matrix, standardised on a training table.

    A numeric variable gives polynomials orthogonal to each other, the first being the variable itself; a
    factor gives one indicator per level but the first. Each column has mean 0 and standard deviation 1.

    Parameters
    ----------
    values : ndarray, shape (n, p)
    weight : ndarray, shape (n,)
    table : Table
        Names of the columns, levels of the factors.
    degree : int
        Highest power of a numeric variable.

    Attributes
    ----------
    names : list of str, length k
        As people write them: `sst`, `sst^2`, `bottom=mud`.
    variable : ndarray of int, shape (k,)
        Column of the table that each term is of.
    step : ndarray of int, shape (k,)
        Power of a numeric variable; 1 for all indicators of a factor.
    """

    def __init__(self, values: np.ndarray, weight: np.ndarray, table: Table, degree: int):
        self._share = weight / weight.sum()
        self._columns = []
        self.names, variable, step = [], [], []
        for j, name in enumerate(table.names):
            if name in table.categories:
                levels = np.arange(1, len(table.categories[name]))
                levels = [c for c in levels if (values[:, j] == c).any()]
                self._columns.append(_Indicators(values[:, j], self._share, levels))
                self.names += [f"{name}={table.categories[name][c]}" for c in levels]
                step += [1] * len(levels)
            else:
                powers = _Powers(values[:, j], self._share, degree)
                self._columns.append(powers)
                self.names += [name if d == 1 else f"{name}^{d}" for d in range(1, powers.degree + 1)]
                step += range(1, powers.degree + 1)
            variable += [j] * (len(self.names) - len(variable))
        self.variable, self.step = np.array(variable, dtype=int), np.array(step, dtype=int)
        del self._share

    def design(self, values: np.ndarray) -> np.ndarray:
        """The design matrix of a table, shape (m, 1 + k): a column of ones, then the terms."""
        columns = [c.of(values[:, j]) for j, c in enumerate(self._columns)]
        return np.column_stack([np.ones(len(values)), *columns])


class _Indicators:
    def __init__(self, codes: np.ndarray, share: np.ndarray, levels: list[int]):
        self._levels = np.array(levels, dtype=float)
        there = codes[:, None] == self._levels
        self._mean = share @ there
        self._scale = np.sqrt(self._mean * (1 - self._mean))

    def of(self, codes: np.ndarray) -> np.ndarray:
        return ((codes[:, None] == self._levels) - self._mean) / self._scale


class _Powers:
    def __init__(self, x: np.ndarray, share: np.ndarray, degree: int):
        # A variable of m different values has no more than m - 1 different powers.
        self.degree = min(degree, len(np.unique(x)) - 1)
        self._middle = share @ x
        self._spread = np.sqrt(share @ (x - self._middle) ** 2)
        powers = self._raw(x)
        self._mean = share @ powers
        centred = powers - self._mean
        gram = centred.T @ (centred * share[:, None])
        self._turn = np.linalg.inv(np.linalg.cholesky(gram)).T

    def _raw(self, x: np.ndarray) -> np.ndarray:
        z = (x - self._middle) / self._spread
        return z[:, None] ** np.arange(1, self.degree + 1)

    def of(self, x: np.ndarray) -> np.ndarray:
        return (self._raw(x) - self._mean) @ self._turn
