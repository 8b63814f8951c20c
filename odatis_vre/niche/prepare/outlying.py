"""Rows whose environment is far from that of the others."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy.stats import chi2

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.prepare.prepared import Prepared, parted
from odatis_vre.niche.rows import columns_of, known_rows

_METHODS = ("iqr", "mahalanobis", "jackknife")


def outliers(
    table: pd.DataFrame, variables: Iterable[str], method: str = "iqr", limit: float | None = None
) -> Prepared:
    """Drop the rows whose environment is far from that of the others.

    Parameters
    ----------
    table : DataFrame, n rows
    variables : iterable of str
        Numeric columns. A row is not judged by a value that is missing.
    method : {"iqr", "mahalanobis", "jackknife"}, default "iqr"
        "iqr": a value more than `limit` interquartile ranges below the first or above the third quartile
        (Tukey 1977). "mahalanobis": a distance to the mean, with the covariance of the variables, above
        the chi-square quantile `limit`. "jackknife": beyond a gap in the sorted values that, weighted with
        its distance to the mean, is more than 0.95 sqrt(n) + 0.2 standard deviations of all gaps (reverse
        jackknife, Chapman 2005), n being the number of different values.
    limit : float, optional
        Default 1.5 for "iqr" and 0.999 for "mahalanobis"; "jackknife" has none.

    Returns
    -------
    Prepared
        The reason names the variable and its value.

    Raises
    ------
    NicheError
        A column is missing or holds no numbers, another `method` or `limit`, or for "mahalanobis" too few
        rows or collinear variables.

    References
    ----------
    Chapman, A.D. (2005). Principles and Methods of Data Cleaning. GBIF, Copenhagen.

    Examples
    --------
    >>> seen = pd.DataFrame({"sst": [11.0, 11.5, 12.0, 12.5, 13.0, 35.0]})
    >>> outliers(seen, ["sst"]).dropped["reason"].tolist()
    ['sst = 35 lies outside 9.75 .. 14.75']
    """
    if method not in _METHODS:
        raise NicheError(
            tr("evaluation.bad_parameter", name="method", value=method),
            tr("evaluation.bad_parameter_hint", allowed=", ".join(map(repr, _METHODS))),
        )
    if limit is not None and (limit <= 0 or (method == "mahalanobis" and limit >= 1)):
        allowed = "> 0, < 1" if method == "mahalanobis" else "> 0"
        raise NicheError(
            tr("evaluation.bad_parameter", name="limit", value=limit),
            tr("evaluation.bad_parameter_hint", allowed=allowed),
        )
    names = columns_of(table, variables)
    values = known_rows(table, names)
    reasons = np.full(len(table), None, dtype=object)
    if method == "mahalanobis":
        _far(values, names, limit or 0.999, reasons)
        return parted(table, "outliers", reasons)
    for name, column in zip(names, values.T, strict=True):
        finite = column[np.isfinite(column)]
        low, high = _fences(finite, 1.5 if limit is None else limit) if method == "iqr" else _gaps(finite)
        for row in np.flatnonzero((column < low) | (column > high)):
            if reasons[row] is None:
                words = {"name": name, "value": f"{column[row]:g}", "low": f"{low:g}", "high": f"{high:g}"}
                reasons[row] = tr("evaluation.outside_limits", **words)
    return parted(table, "outliers", reasons)


def _fences(values: np.ndarray, limit: float) -> tuple[float, float]:
    if not len(values):
        return -np.inf, np.inf
    first, third = np.quantile(values, [0.25, 0.75])
    return first - limit * (third - first), third + limit * (third - first)


def _gaps(values: np.ndarray) -> tuple[float, float]:
    """Range that is left when the values beyond large gaps on either side of the median are cut off."""
    ordered = np.unique(values)
    if len(ordered) < 3:
        return -np.inf, np.inf
    mean, median = ordered.mean(), np.median(values)
    inner = np.where(ordered[:-1] < mean, ordered[:-1], ordered[1:])
    weighted = np.diff(ordered) * np.abs(inner - mean)
    spread = weighted.std()
    large = weighted > (0.95 * np.sqrt(len(ordered)) + 0.2) * spread if spread > 0 else weighted > np.inf
    above = ordered[:-1][large & (ordered[:-1] >= median)]
    below = ordered[1:][large & (ordered[1:] <= median)]
    return below.max() if len(below) else -np.inf, above.min() if len(above) else np.inf


def _far(values: np.ndarray, names: list[str], share: float, reasons: np.ndarray) -> None:
    rows = np.flatnonzero(np.isfinite(values).all(axis=1))
    known = values[rows]
    if len(rows) < len(names) + 2:
        raise NicheError(
            tr("evaluation.too_few_rows", n=len(rows), least=len(names) + 2),
            tr("evaluation.too_few_rows_hint"),
        )
    deviation = known.std(axis=0)
    standard = (known - known.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    covariance = standard.T @ standard / (len(rows) - 1)
    if np.linalg.cond(covariance) > 1e12:
        raise NicheError(tr("niche.collinear", columns=", ".join(names)), tr("niche.collinear_hint"))
    square = np.einsum("ij,ij->i", standard @ np.linalg.inv(covariance), standard)
    far = square > chi2.ppf(share, len(names))
    reasons[rows[far]] = [tr("evaluation.far_away", distance=f"{np.sqrt(s):.2f}") for s in square[far]]
