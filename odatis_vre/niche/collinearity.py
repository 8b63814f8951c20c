"""Predictors that tell the same: correlation, variance inflation, and a choice among them."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.model import constant_columns
from odatis_vre.niche.samples import as_samples
from odatis_vre.niche.table import read

__all__ = ["Selection", "correlation", "select", "vif"]

_LIMITS = {"correlation": 0.7, "vif": 10.0}


class Selection(NamedTuple):
    """Predictors that were chosen, and those that were not.

    Attributes
    ----------
    kept : list of str
        In the order of the table.
    dropped : DataFrame
        One row per predictor left out, in the order in which they were: `variable`, `reason` in words,
        `value` (the |r| or the VIF that was too large; NaN for a constant), and `other`, the predictor it
        is correlated with.
    """

    kept: list[str]
    dropped: pd.DataFrame


def correlation(X, method: str = "pearson") -> pd.DataFrame:
    """Correlation of each pair of predictors.

    Parameters
    ----------
    X : DataFrame, array or Dataset, shape (n, p)
        Rows with a missing value are left out.
    method : {"pearson", "spearman"}, default "pearson"

    Returns
    -------
    DataFrame, shape (p, p)
        -1..1; NaN for a constant.

    Raises
    ------
    NicheError
        The table is not numeric, has fewer than 3 complete rows, or another `method`.

    Examples
    --------
    >>> X = pd.DataFrame({"sst": [8.0, 10.0, 12.0], "sst_k": [281.15, 283.15, 285.15]})
    >>> float(correlation(X).loc["sst", "sst_k"].round(9))
    1.0
    """
    values, names = _rows(X)
    return pd.DataFrame(_correlation(values, method), index=names, columns=names)


def vif(X) -> pd.Series:
    """Variance inflation factor of each predictor: 1 / (1 - R2), R2 being that of a regression on the others.

    Parameters
    ----------
    X : DataFrame, array or Dataset, shape (n, p)
        Rows with a missing value are left out.

    Returns
    -------
    Series, shape (p,)
        1 for a predictor that is correlated with none; infinite for one that is a linear combination of
        others; NaN for a constant.

    Raises
    ------
    NicheError
        The table is not numeric, or has fewer than p + 2 complete rows.

    Examples
    --------
    >>> vif(pd.DataFrame({"u": [1.0, 1, -1, -1], "v": [1.0, -1, 1, -1]})).tolist()
    [1.0, 1.0]
    """
    values, names = _rows(X, least=1)
    return pd.Series(_inflation(values), index=names, name="vif")


def select(
    X,
    kind: str = "correlation",
    limit: float | None = None,
    *,
    keep: Iterable[str] = (),
    method: str = "pearson",
) -> Selection:
    """Leave out predictors, one at a time, until none is collinear beyond a limit.

    Parameters
    ----------
    X : DataFrame, array or Dataset, shape (n, p)
        Rows with a missing value are left out.
    kind : {"correlation", "vif"}, default "correlation"
        "correlation": of the pair with the largest |r| leave out the predictor with the larger mean |r| to
        all others. "vif": leave out the predictor with the largest VIF. Of equal ones the later goes.
    limit : float, optional
        Largest |r| (default 0.7) or VIF (default 10) allowed.
    keep : iterable of str
        Predictors that stay whatever happens.
    method : {"pearson", "spearman"}, default "pearson"
        For "correlation".

    Returns
    -------
    Selection
        Constant predictors go first.

    Raises
    ------
    NicheError
        The table is not numeric or too short, another `kind`, `limit` or `method`, or the predictors in
        `keep` are collinear themselves.

    References
    ----------
    Dormann, C.F. et al. (2013). Collinearity: a review of methods to deal with it and a simulation study
    evaluating their performance. Ecography 36, 27-46. doi:10.1111/j.1600-0587.2012.07348.x

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"sst": rng.normal(size=50), "depth": rng.normal(size=50)})
    >>> select(X.assign(sst_k=X.sst + 273.15)).kept
    ['sst', 'depth']
    """
    if kind not in _LIMITS:
        raise NicheError(
            tr("evaluation.bad_parameter", name="kind", value=kind),
            tr("evaluation.bad_parameter_hint", allowed=", ".join(map(repr, _LIMITS))),
        )
    limit = _LIMITS[kind] if limit is None else limit
    if not (0 < limit < 1 if kind == "correlation" else limit > 1):
        raise NicheError(
            tr("evaluation.bad_parameter", name="limit", value=limit),
            tr("evaluation.bad_parameter_hint", allowed="0 .. 1" if kind == "correlation" else "> 1"),
        )
    values, names = _rows(X, least=1 if kind == "vif" else None)
    keep = [keep] if isinstance(keep, str) else list(keep)
    if unknown := set(keep) - set(names):
        raise NicheError(
            tr("evaluation.missing_columns", columns=", ".join(sorted(unknown))),
            tr("evaluation.missing_columns_hint", columns=", ".join(names)),
        )
    gone = []
    constant = {names[j] for j in constant_columns(values)}
    for name in constant & set(keep):
        raise NicheError(tr("evaluation.keep_constant", name=name), tr("evaluation.keep_hint"))
    gone += [(name, tr("evaluation.constant"), np.nan, None) for name in names if name in constant]
    left = [j for j, name in enumerate(names) if name not in constant]
    while len(left) > 1:
        found = (
            _most_correlated(values[:, left], limit, method)
            if kind == "correlation"
            else _most_inflated(values[:, left], limit)
        )
        if found is None:
            break
        candidates, value = found
        free = [i for i in candidates if names[left[i]] not in keep]
        if not free:
            pair = ", ".join(names[left[i]] for i in candidates[:2])
            raise NicheError(
                tr("evaluation.keep_collinear", columns=pair, value=f"{value:.3g}"),
                tr("evaluation.keep_hint"),
            )
        name = names[left[free[0]]]
        other = None
        if kind == "correlation":
            other = names[left[next(i for i in candidates if i != free[0])]]
            reason = tr("evaluation.correlated", other=other, value=f"{value:.3f}")
        else:
            reason = tr("evaluation.inflated", value=f"{value:.3g}")
        gone.append((name, reason, value, other))
        left.pop(free[0])
    dropped = pd.DataFrame(gone, columns=["variable", "reason", "value", "other"])
    return Selection([names[j] for j in left], dropped)


def _rows(X, least: int | None = None) -> tuple[np.ndarray, list[str]]:
    """Complete rows and names; at least 3 rows, or `least` + 1 more than columns."""
    table = read(as_samples(X)[0], "environment", "variable")
    values = table.values[~np.isnan(table.values).any(axis=1)]
    needed = 3 if least is None else len(table.names) + 1 + least
    if len(values) < needed:
        raise NicheError(
            tr("evaluation.too_few_rows", n=len(values), least=needed), tr("evaluation.too_few_rows_hint")
        )
    return values, table.names


def _correlation(values: np.ndarray, method: str) -> np.ndarray:
    if method not in ("pearson", "spearman"):
        raise NicheError(
            tr("evaluation.bad_parameter", name="method", value=method),
            tr("evaluation.bad_parameter_hint", allowed='"pearson", "spearman"'),
        )
    constant = constant_columns(values)
    if method == "spearman":
        values = rankdata(values, axis=0)
    centred = values - values.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    length[constant] = np.nan
    return np.clip((centred / length).T @ (centred / length), -1, 1)


def _inflation(values: np.ndarray) -> np.ndarray:
    out = np.full(values.shape[1], np.nan)
    varying = np.setdiff1d(np.arange(values.shape[1]), constant_columns(values))
    centred = values[:, varying] - values[:, varying].mean(axis=0)
    standard = centred / np.sqrt((centred**2).sum(axis=0))
    for place, j in enumerate(varying):
        others = np.delete(standard, place, axis=1)
        fitted = others @ np.linalg.lstsq(others, standard[:, place], rcond=None)[0] if others.size else 0.0
        unexplained = float(((standard[:, place] - fitted) ** 2).sum())
        out[j] = 1 / unexplained if unexplained > 1e-10 else np.inf
    return out


def _most_correlated(values: np.ndarray, limit: float, method: str) -> tuple[list[int], float] | None:
    size = np.abs(_correlation(values, method))
    np.fill_diagonal(size, 0)
    i, j = np.unravel_index(np.argmax(size), size.shape)
    if size[i, j] <= limit:
        return None
    mean = size.mean(axis=0)
    pair = [int(i), int(j)] if mean[i] > mean[j] + 1e-12 else [int(j), int(i)]
    return pair, float(size[i, j])


def _most_inflated(values: np.ndarray, limit: float) -> tuple[list[int], float] | None:
    size = _inflation(values)
    if size.max() <= limit:
        return None
    over = [i for i in np.argsort(-size[::-1], kind="stable") if size[::-1][i] > limit]
    return [len(size) - 1 - int(i) for i in over], float(size.max())
