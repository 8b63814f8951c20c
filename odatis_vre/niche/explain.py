"""What a model learned: response to each variable, and how much each of them matters."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import xarray as xr

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.factors import is_factor
from odatis_vre.niche.metrics.observed import presence_of
from odatis_vre.niche.metrics.scoring import predicted, scorer
from odatis_vre.niche.samples import as_samples

__all__ = ["permutation_importance", "response_curves"]


def response_curves(
    model,
    X,
    kind: str = "median",
    *,
    variables: Iterable[str] | None = None,
    points: int = 100,
    sample: int = 500,
    seed: int | None = 0,
) -> xr.DataArray:
    """Suitability along each variable.

    Parameters
    ----------
    model : fitted estimator
        Has `predict`.
    X : DataFrame, array or Dataset, shape (n, p)
        The environment: gives the range of each variable, and the others' values. Rows with a missing
        value are left out.
    kind : {"median", "partial"}, default "median"
        "median": the other variables stay at their median (factors at their most frequent level).
        "partial": mean over the rows, each with its own values of the other variables (partial dependence,
        Friedman 2001).
    variables : iterable of str, optional
        All numeric ones by default; factors have no curve.
    points : int, default 100
        Values of each variable, evenly from its minimum to its maximum.
    sample : int, default 500
        For "partial": rows drawn when there are more.
    seed : int or None, default 0

    Returns
    -------
    DataArray, dims (variable, point)
        Suitability. Coordinate `value` (variable, point) holds the values, in the variables' own units;
        `unit` (variable) tells these where X does; with "partial" `spread` (variable, point) is the
        standard deviation over the rows.

    Raises
    ------
    NicheError
        No complete row, an unknown or categorical variable, another `kind`, or fewer than 2 points.

    References
    ----------
    Elith, J., Ferrier, S., Huettmann, F. & Leathwick, J. (2005). The evaluation strip. Ecological
    Modelling 186, 280-289.
    Friedman, J.H. (2001). Greedy function approximation: a gradient boosting machine. Annals of
    Statistics 29, 1189-1232.

    Examples
    --------
    >>> from odatis_vre.niche import NPPEN
    >>> seen = pd.DataFrame({"sst": np.random.default_rng(0).normal(12, 2, 200)})
    >>> curve = response_curves(NPPEN().fit(seen), seen).sel(variable="sst")
    >>> bool(abs(curve.value[curve.values.argmax()] - seen.sst.mean()) < 0.2)
    True
    """
    for name, value, fits, allowed in (
        ("kind", kind, kind in ("median", "partial"), '"median", "partial"'),
        ("points", points, isinstance(points, int | np.integer) and points >= 2, ">= 2"),
        ("sample", sample, isinstance(sample, int | np.integer) and sample >= 1, ">= 1"),
    ):
        if not fits:
            raise NicheError(
                tr("evaluation.bad_parameter", name=name, value=value),
                tr("evaluation.bad_parameter_hint", allowed=allowed),
            )
    frame, back = _frame(X)
    rows = frame.replace([np.inf, -np.inf], np.nan).dropna()
    if not len(rows):
        raise NicheError(tr("evaluation.no_complete_row"), tr("evaluation.no_complete_row_hint"))
    numeric = [c for c in frame.columns if not is_factor(frame[c])]
    names = numeric if variables is None else [variables] if isinstance(variables, str) else list(variables)
    if unknown := [str(n) for n in names if n not in numeric]:
        raise NicheError(
            tr("evaluation.no_curve", names=", ".join(unknown)),
            tr("evaluation.missing_columns_hint", columns=", ".join(map(str, numeric))),
        )
    if kind == "median":
        base = pd.DataFrame({c: [rows[c].median() if c in numeric else rows[c].mode()[0]] for c in frame})
        base = base.astype({c: frame[c].dtype for c in frame if c not in numeric})
    else:
        base = rows.sample(sample, random_state=seed) if len(rows) > sample else rows
    values = np.stack([np.linspace(rows[n].min(), rows[n].max(), points) for n in names])
    curves = []
    for name, along in zip(names, values, strict=True):
        grid = base.iloc[np.tile(np.arange(len(base)), points)].assign(**{name: np.repeat(along, len(base))})
        grid.attrs = frame.attrs
        curves.append(predicted(model, back(grid)).reshape(points, len(base)))
    curves = np.stack(curves)
    out = xr.DataArray(
        curves.mean(axis=2),
        dims=("variable", "point"),
        coords={"variable": [str(n) for n in names], "value": (("variable", "point"), values)},
        name="suitability",
        attrs={"long_name": "response of the suitability", "units": "1", "kind": kind},
    )
    if units := frame.attrs.get("units"):
        out = out.assign_coords(unit=("variable", [str(units.get(n, "")) for n in names]))
    if kind == "partial":
        out = out.assign_coords(spread=(("variable", "point"), curves.std(axis=2)))
    return out


def permutation_importance(
    model, X, y=None, *, metric="auc", repeats: int = 10, seed: int | None = 0
) -> pd.DataFrame:
    """How much a model loses when the values of a variable are shuffled among the rows.

    Parameters
    ----------
    model : fitted estimator
        Has `predict`.
    X : DataFrame, array or Dataset, shape (n, p)
        Best rows that the model was not trained on.
    y : array of 0/1, shape (n,), optional
        Not needed for metric="correlation".
    metric : str or callable(presence, suitability), default "auc"
        A score of `metrics`, whose drop is the importance; or "correlation": 1 - r of the suitability
        before and after (biomod2's importance), at least 0.
    repeats : int, default 10
    seed : int or None, default 0

    Returns
    -------
    DataFrame, one row per variable
        `importance`, the mean drop over the repeats; `spread`, its standard deviation; and `share`, the
        importance in % of the sum over the variables, negative ones counting 0 (NaN when all are 0).

    Raises
    ------
    NicheError
        Tables of different lengths, no `y`, an unknown metric, or fewer than 1 repeat.

    References
    ----------
    Breiman, L. (2001). Random Forests. Machine Learning 45, 5-32.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> X = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 2)), columns=["sst", "noise"])
    >>> found = permutation_importance(LogisticRegression().fit(X, X.sst > 0), X, X.sst > 0)
    >>> found["importance"].idxmax()
    'sst'
    """
    if not isinstance(repeats, int | np.integer) or repeats < 1:
        raise NicheError(
            tr("evaluation.bad_parameter", name="repeats", value=repeats),
            tr("evaluation.bad_parameter_hint", allowed=">= 1"),
        )
    X, y = as_samples(X, y)
    frame, back = _frame(X)
    if metric == "correlation":
        before = predicted(model, back(frame))

        def score(suitability: np.ndarray) -> float:
            known = ~(np.isnan(before) | np.isnan(suitability))
            pair = before[known], suitability[known]
            if min(map(np.ptp, pair)) == 0:
                return float((pair[0] == pair[1]).all())
            return float(np.corrcoef(*pair)[0, 1])
    else:
        if y is None:
            raise NicheError(tr("evaluation.needs_presence"), tr("evaluation.needs_presence_hint"))
        presence = presence_of(y)
        measure = scorer(metric).metric
        before = predicted(model, back(frame))

        def score(suitability: np.ndarray) -> float:
            return measure(presence, suitability)

    full = score(before)
    generator = np.random.default_rng(seed)
    drops = np.empty((frame.shape[1], repeats))
    for j, name in enumerate(frame.columns):
        for k in range(repeats):
            shuffled = frame.assign(**{name: frame[name].iloc[generator.permutation(len(frame))].array})
            shuffled.attrs = frame.attrs
            drops[j, k] = full - score(predicted(model, back(shuffled)))
    importance = drops.mean(axis=1)
    positive = np.maximum(importance, 0)
    share = 100 * positive / positive.sum() if positive.sum() > 0 else np.full(len(positive), np.nan)
    return pd.DataFrame(
        {"importance": importance, "spread": drops.std(axis=1), "share": share},
        index=pd.Index([str(c) for c in frame.columns], name="variable"),
    )


def _frame(X) -> tuple[pd.DataFrame, callable]:
    """The environment as a DataFrame, and what turns such a one into the kind of table that was given."""
    (X,) = as_samples(X)
    if isinstance(X, pd.DataFrame):
        return X, lambda frame: frame
    values = np.asarray(X, dtype=float)
    if values.ndim != 2 or 0 in values.shape:
        raise NicheError(
            tr("niche.bad_shape", what=tr("niche.environment"), shape=values.shape),
            tr("niche.bad_shape_hint"),
        )
    names = [f"variable_{i}" for i in range(1, values.shape[1] + 1)]
    return pd.DataFrame(values, columns=names), lambda frame: frame.to_numpy(float)
