"""How far apart places must be to tell something new: the range of spatial autocorrelation."""

import warnings

import numpy as np
import pandas as pd
from scipy.optimize import OptimizeWarning, curve_fit

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.sphere import arc_km, positions, unit_vectors
from odatis_vre.niche.table import read


def autocorrelation_range(
    where: pd.DataFrame, X, *, sample: int = 2000, lags: int = 20, most_km: float | None = None, seed: int = 0
) -> pd.DataFrame:
    """Range of spatial autocorrelation of each predictor, from its variogram.

    Half the mean squared difference of pairs of places, by classes of distance, is fitted with a spherical
    variogram, classes weighing as their number of pairs. The median range is a size for spatial blocks
    and buffers.

    Parameters
    ----------
    where : DataFrame, n rows
        Columns `lat` and `lon`, in degrees.
    X : DataFrame or array, shape (n, p)
        Predictors (or the residuals of a model). A missing value leaves its pairs out.
    sample : int, default 2000
        Places drawn when there are more: pairs grow with their square.
    lags : int, default 20
        Classes of distance.
    most_km : float, optional
        Largest distance; a third of the largest one that occurs by default.
    seed : int, default 0

    Returns
    -------
    DataFrame, one row per predictor
        `range_km`, `sill` and `nugget` (variances, in the predictor's unit squared). NaN where the
        variogram has no shape: a constant, or too few pairs. `range_km` is `most_km` at most: a larger one
        cannot be told.

    Raises
    ------
    NicheError
        Tables of different lengths, missing columns, or fewer than 10 places.

    References
    ----------
    Valavi, R., Elith, J., Lahoz-Monfort, J.J. & Guillera-Arroita, G. (2019). blockCV: an R package for
    generating spatially or environmentally separated folds. Methods in Ecology and Evolution 10, 225-232.
    doi:10.1111/2041-210X.13107

    Examples
    --------
    >>> lat, lon = (a.ravel() for a in np.meshgrid(np.arange(40.0, 50), np.arange(-10.0, 0)))
    >>> where = pd.DataFrame({"lat": lat, "lon": lon})
    >>> found = autocorrelation_range(where, pd.DataFrame({"sst": np.sin(lat)}))
    >>> found.loc["sst", "range_km"].round(-2).item()
    400.0
    """
    table = read(X, "environment", "variable")
    lat, lon = positions(where)
    if len(lat) != len(table.values):
        raise NicheError(
            tr("evaluation.other_rows", given=len(table.values), positions=len(lat)),
            tr("evaluation.other_rows_hint"),
        )
    rows = np.flatnonzero(np.isfinite(lat) & np.isfinite(lon))
    if len(rows) < 10:
        raise NicheError(
            tr("evaluation.too_few_rows", n=len(rows), least=10), tr("evaluation.too_few_rows_hint")
        )
    if len(rows) > sample:
        rows = np.sort(np.random.default_rng(seed).choice(rows, sample, replace=False))
    points = unit_vectors(lat[rows], lon[rows])
    first, second = np.triu_indices(len(rows), 1)
    away = arc_km(np.sqrt(np.maximum(2 - 2 * np.einsum("ij,ij->i", points[first], points[second]), 0)))
    most = away.max() / 3 if most_km is None else most_km
    if not most > 0:
        raise NicheError(
            tr("evaluation.bad_parameter", name="most_km", value=float(most)),
            tr("evaluation.bad_parameter_hint", allowed="> 0"),
        )
    near = away <= most
    first, second, away = rows[first[near]], rows[second[near]], away[near]
    lag = np.minimum((away / most * lags).astype(int), lags - 1)
    found = [_fitted(column[first] - column[second], away, lag, lags, most) for column in table.values.T]
    return pd.DataFrame(found, columns=["range_km", "sill", "nugget"], index=table.names)


def _spherical(distance, nugget, partial, reach):
    x = np.minimum(distance / reach, 1)
    return nugget + partial * (1.5 * x - 0.5 * x**3)


def _fitted(difference, away, lag, lags: int, most: float) -> tuple[float, float, float]:
    known = ~np.isnan(difference)
    pairs = np.bincount(lag[known], minlength=lags)
    used = pairs > 0
    if used.sum() < 4:
        return np.nan, np.nan, np.nan
    variance = np.bincount(lag[known], difference[known] ** 2 / 2, minlength=lags)[used] / pairs[used]
    distance = np.bincount(lag[known], away[known], minlength=lags)[used] / pairs[used]
    top = variance.max()
    if not top > 0:
        return np.nan, np.nan, np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OptimizeWarning)
        try:
            (nugget, partial, reach), _ = curve_fit(
                _spherical,
                distance / most,
                variance / top,
                p0=(0.1, 0.9, 0.5),
                bounds=((0, 0, 1e-3), (2, 4, 1)),
                sigma=1 / np.sqrt(pairs[used]),
            )
        except RuntimeError:
            return np.nan, np.nan, np.nan
    return float(reach * most), float((nugget + partial) * top), float(nugget * top)
