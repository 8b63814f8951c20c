"""Penalised regression splines: one smooth curve per variable."""

import numpy as np
from scipy.interpolate import BSpline
from sklearn.preprocessing import SplineTransformer

# Fewer different values than this cannot bear a curve: they get a straight line.
_LEAST_VALUES = 4
_FLAT = 1e-9
# Gauss-Legendre: exact for the square of a second derivative, which is linear between knots.
_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(2)


class Smooth:
    """A cubic regression spline of one variable, in coordinates where its penalty is diagonal.

    Knots stand at quantiles of the variable's different values. The penalty is the integral of the squared
    second derivative; straight lines are free of it. The curve has mean 0 over the training table, and
    goes on as a straight line beyond it.

    Parameters
    ----------
    x : ndarray, shape (n,)
    weight : ndarray, shape (n,)
        Of the rows, in the mean that is 0.
    basis : int
        Size of the basis before the mean is taken out; 4 or more.

    Attributes
    ----------
    penalty : ndarray, shape (k,)
        Of each coefficient, squared; 0 for the straight line, which is the last one. Its mean is 1 over
        the others.
    """

    def __init__(self, x: np.ndarray, weight: np.ndarray, basis: int):
        self._low, span = x.min(), np.ptp(x)
        self._span = span
        values = np.unique((x - self._low) / span)
        self._share = weight / weight.sum()
        basis = min(basis, len(values))
        if basis < _LEAST_VALUES:
            self._line(x)
            return
        knots = np.quantile(values, np.linspace(0, 1, basis - 2))
        self._splines = SplineTransformer(knots=knots[:, None], degree=3, extrapolation="linear")
        raw = self._splines.fit(values[:, None]).transform(((x - self._low) / span)[:, None])
        self._turn(raw, _roughness(self._splines.bsplines_[0], knots))

    def _line(self, x: np.ndarray) -> None:
        self._splines = None
        raw = self._raw(x)
        self._mean = self._share @ raw
        self._to = np.array([[1 / np.sqrt(self._share @ (raw[:, 0] - self._mean) ** 2)]])
        self.penalty = np.zeros(1)

    def _turn(self, raw: np.ndarray, roughness: np.ndarray) -> None:
        self._mean = self._share @ raw
        centred = raw - self._mean
        gram = centred.T @ (centred * self._share[:, None])
        # The constant has no variance; the other directions become orthonormal over the table.
        size, axes = np.linalg.eigh(gram)
        kept = size > size[-1] * _FLAT
        whiten = axes[:, kept] / np.sqrt(size[kept])
        rough, turn = np.linalg.eigh(whiten.T @ roughness @ whiten)
        rough, turn = rough[::-1], turn[:, ::-1]
        self._to = whiten @ turn
        rough[rough < rough[0] * _FLAT] = 0.0
        self.penalty = rough / rough[rough > 0].mean()

    def _raw(self, x: np.ndarray) -> np.ndarray:
        z = ((x - self._low) / self._span)[:, None]
        return z if self._splines is None else self._splines.transform(z)

    def design(self, x: np.ndarray) -> np.ndarray:
        """Columns of the smooth for values of the variable, shape (m, k)."""
        return (self._raw(x) - self._mean) @ self._to


def _roughness(spline: BSpline, knots: np.ndarray) -> np.ndarray:
    """Integrals of products of second derivatives of the basis, shape (k, k)."""
    half = np.diff(knots) / 2
    at = ((knots[:-1] + knots[1:]) / 2)[:, None] + half[:, None] * _NODES
    bend = spline.derivative(2)(at.ravel())
    return bend.T @ (bend * (half[:, None] * _NODE_WEIGHTS).ravel()[:, None])
