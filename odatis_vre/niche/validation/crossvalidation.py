"""Scores of a model on the folds it was not trained on, and the parameters that score best."""

import warnings
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.model_selection import ParameterGrid, StratifiedKFold

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.metrics.observed import presence_of
from odatis_vre.niche.metrics.scoring import SCORES, predicted, scorer
from odatis_vre.niche.samples import as_samples


class Tuning(NamedTuple):
    """The best parameters of those tried.

    Attributes
    ----------
    best : model
        With the best parameters, fitted on all rows.
    table : DataFrame
        One row per combination: its parameters, `mean` and `sd` of the score over the folds, the number
        of `folds` that have one, and its `rank` (1 is the best; of equal ones the first is taken).
    """

    best: Any
    table: pd.DataFrame


def cross_validate(
    model,
    X,
    y,
    cv=5,
    *,
    metrics: Iterable[str] | Mapping = tuple(SCORES),
    return_predictions: bool = False,
    n_jobs: int | None = None,
):
    """Score a model on folds it was not trained on.

    Parameters
    ----------
    model : estimator
        Has `fit(X, y)` and `predict(X)`; a copy is fitted on each fold.
    X : DataFrame, array or Dataset, shape (n, p)
    y : array of 0/1, shape (n,)
    cv : int, splitter or iterable of (train, test), default 5
        A number deals presences and absences to that many folds at random (with a fixed seed). Folds
        apart in space or environment say more: `SpatialBlocks`, `EnvironmentalBlocks`, `Buffered`.
    metrics : iterable of str, or mapping of name -> callable(presence, suitability)
        All of "auc", "auc_prg", "tss", "kappa", "cor", "boyce" by default.
    return_predictions : bool, default False
        Return the suitability of each row as well, from the fold that tested it (the mean when several
        did; NaN when none did): score it as a whole where folds are small.
    n_jobs : int, optional
        Folds fitted at the same time, in processes; -1 for as many as there are cores.

    Returns
    -------
    DataFrame, one row per fold
        `n_train`, `n_test`, `presences` (tested), and the scores: NaN where a score is not defined, as with
        no presence in the test. A fold on which the model cannot be fitted has NaN, and a warning says why.
    Series, with `return_predictions`
        shape (n,)

    Raises
    ------
    NicheError
        Tables of different lengths, presence that is not 0/1, an unknown metric, or a model that cannot be
        fitted on any fold (its own error).

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = np.arange(40.0)[:, None], np.arange(40) > 19
    >>> cross_validate(LogisticRegression(), X, y, cv=2)["auc"].tolist()
    [1.0, 1.0]
    """
    X, y = as_samples(X, y)
    y = _checked(X, y)
    named = metrics if isinstance(metrics, Mapping) else {name: name for name in metrics}
    scorers = {name: scorer(metric) for name, metric in named.items()}
    splits = _splits(X, y, cv)
    results = Parallel(n_jobs=n_jobs)(
        delayed(_one_fold)(clone(model), X, y, train, test, scorers) for train, test in splits
    )
    failures = [(k, error) for k, (_, _, error) in enumerate(results) if error is not None]
    if len(failures) == len(results):
        raise failures[0][1]
    for fold, error in failures:
        warnings.warn(tr("evaluation.fold_failed", fold=fold, error=str(error).split("\n")[0]), stacklevel=2)
    table = pd.DataFrame([row for row, _, _ in results]).rename_axis("fold")
    if not return_predictions:
        return table
    total, count = np.zeros(len(y)), np.zeros(len(y))
    for (_, test), (_, suitability, _) in zip(splits, results, strict=True):
        known = ~np.isnan(suitability)
        np.add.at(total, test[known], suitability[known])
        np.add.at(count, test[known], 1)
    with np.errstate(invalid="ignore"):
        mean = total / count
    return table, pd.Series(mean, index=getattr(X, "index", None), name="suitability")


def tune(
    model, grid: Mapping[str, Iterable] | list, X, y, cv=5, *, metric="auc", n_jobs: int | None = None
) -> Tuning:
    """Try combinations of parameters, and fit the best one.

    Parameters
    ----------
    model : estimator
    grid : mapping or list of mappings
        Parameter -> values to try; every combination is.
    X : DataFrame, array or Dataset, shape (n, p)
    y : array of 0/1, shape (n,)
    cv : int, splitter or iterable of (train, test), default 5
        As in `cross_validate`; the same folds for every combination.
    metric : str or callable(presence, suitability), default "auc"
        Larger is better.
    n_jobs : int, optional

    Returns
    -------
    Tuning

    Raises
    ------
    NicheError
        An unknown parameter or metric, no combination, or none that has a score.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = np.arange(40.0)[:, None], np.arange(40) > 19
    >>> tune(LogisticRegression(), {"C": [0.01, 1.0]}, X, y, cv=2).table["rank"].tolist()
    [1, 2]
    """
    X, y = as_samples(X, y)
    y = _checked(X, y)
    combinations = list(ParameterGrid(grid))
    if unknown := sorted({n for c in combinations for n in c} - set(model.get_params())):
        raise NicheError(
            tr("evaluation.unknown_parameter", model=type(model).__name__, names=", ".join(unknown)),
            tr("evaluation.missing_columns_hint", columns=", ".join(sorted(model.get_params(deep=False)))),
        )
    measure, splits = {"score": scorer(metric)}, _splits(X, y, cv)
    results = Parallel(n_jobs=n_jobs)(
        delayed(_one_fold)(clone(model).set_params(**parameters), X, y, train, test, measure)
        for parameters in combinations
        for train, test in splits
    )
    scores = np.array([row["score"] for row, _, _ in results]).reshape(len(combinations), len(splits))
    errors = [error for _, _, error in results if error is not None]
    counts = (~np.isnan(scores)).sum(axis=1)
    if not counts.any():
        raise errors[0] if errors else NicheError(tr("evaluation.no_score"), tr("evaluation.no_score_hint"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # no fold of a combination has a score: NaN
        mean, sd = np.nanmean(scores, axis=1), np.nanstd(scores, axis=1)
    if errors:
        warnings.warn(
            tr(
                "evaluation.some_failed",
                n=len(errors),
                total=len(results),
                error=str(errors[0]).split("\n")[0],
            ),
            stacklevel=2,
        )
    # A combination that has a score on every fold goes before one that has not.
    order = np.lexsort([np.arange(len(mean)), -np.nan_to_num(mean, nan=-np.inf), -counts])
    rank = np.empty(len(mean), dtype=int)
    rank[order] = np.arange(1, len(mean) + 1)
    table = pd.DataFrame(combinations).assign(mean=mean, sd=sd, folds=counts, rank=rank)
    return Tuning(clone(model).set_params(**combinations[order[0]]).fit(X, y), table)


def _checked(X, y) -> np.ndarray:
    presence = presence_of(y)
    if len(presence) != len(X):
        raise NicheError(
            tr("evaluation.presence_rows", given=len(presence), rows=len(X)),
            tr("evaluation.lengths_differ_hint"),
        )
    if np.isnan(presence).any():
        raise NicheError(
            tr("evaluation.unknown_presence", n=int(np.isnan(presence).sum())),
            tr("evaluation.unknown_presence_hint"),
        )
    return presence.astype(int)


def _splits(X, y, cv) -> list[tuple[np.ndarray, np.ndarray]]:
    if isinstance(cv, int | np.integer):
        least = int(min(y.sum(), len(y) - y.sum()))
        if not 2 <= cv <= least:
            raise NicheError(
                tr("evaluation.bad_parameter", name="cv", value=cv),
                tr("evaluation.bad_parameter_hint", allowed=f"2 .. {least}"),
            )
        cv = StratifiedKFold(int(cv), shuffle=True, random_state=0)
    pairs = cv.split(X, y) if hasattr(cv, "split") else cv
    return [(np.asarray(train), np.asarray(test)) for train, test in pairs]


def _one_fold(model, X, y, train, test, scorers) -> tuple[dict, np.ndarray, Exception | None]:
    """Scores, suitability of the test rows, and what went wrong."""
    row = {"n_train": len(train), "n_test": len(test), "presences": int(y[test].sum())}
    table = X.iloc if isinstance(X, pd.DataFrame) else np.asarray(X)
    try:
        suitability = predicted(model.fit(table[train], y[train]), table[test])
    except ValueError as error:  # NicheError, and what scikit-learn's own models raise
        return row | dict.fromkeys(scorers, np.nan), np.full(len(test), np.nan), error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)  # NaN in the table says it
        scores = {name: measure.metric(y[test], suitability) for name, measure in scorers.items()}
    return row | scores, suitability, None
