"""The convex hull of points in environmental space."""

from collections.abc import Callable

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr

_MOST_AXES = 4
_BLOCK = 1 << 20


def outside_hull(known: np.ndarray, names: list[str], components: int | None = None) -> Callable:
    """A test of whether values lie outside the hull of others.

    Parameters
    ----------
    known : ndarray, shape (n, p)
        Without NaN.
    names : list of str, length p
        For messages.
    components : int, optional
        Take the hull of that many principal components of the standardised values; by default of the
        first 4 when there are more than 4 variables.

    Returns
    -------
    callable
        Takes an ndarray of shape (m, p), returns one of bool, shape (m,). What lies on the hull, up to
        rounding, is not outside.

    Raises
    ------
    NicheError
        The values span no hull, or another number of components.
    """
    if components is not None and not 1 <= components <= len(names):
        raise NicheError(
            tr("evaluation.bad_parameter", name="components", value=components),
            tr("evaluation.bad_parameter_hint", allowed=f"1 .. {len(names)}"),
        )
    mean, deviation = known.mean(axis=0), known.std(axis=0)
    flat = NicheError(
        tr("evaluation.no_hull", n=len(np.unique(known, axis=0)), columns=", ".join(names)),
        tr("evaluation.no_hull_hint"),
    )
    if not (deviation > 1e-12 * np.abs(mean)).all():
        raise flat
    axes = np.eye(len(names))
    if components is not None or len(names) > _MOST_AXES:
        _, _, axes = np.linalg.svd((known - mean) / deviation, full_matrices=False)
        axes = axes[: components or _MOST_AXES].T
    points = (known - mean) / deviation @ axes
    if points.shape[1] == 1:
        facets = np.array([[1.0, -points.max()], [-1.0, points.min()]])
    else:
        try:
            facets = np.unique(ConvexHull(points).equations, axis=0)
        except (QhullError, ValueError) as error:
            raise flat from error

    def outside(values: np.ndarray) -> np.ndarray:
        out = np.empty(len(values), dtype=bool)
        for start in range(0, len(values), step := max(1, _BLOCK // len(facets))):
            part = slice(start, start + step)
            place = (values[part] - mean) / deviation @ axes
            out[part] = (place @ facets[:, :-1].T + facets[:, -1] > 1e-9).any(axis=1)
        return out

    return outside
