"""Several models as one: rescaled mean, mean by skill, committee; with their spread."""

import warnings
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold, check_cv
from sklearn.utils import check_random_state
from sklearn.utils.validation import has_fit_parameter

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.metrics import thresholds
from odatis_vre.niche.metrics.scoring import SCORES, predicted
from odatis_vre.niche.model import SuitabilityModel, read_training
from odatis_vre.niche.samples import as_training
from odatis_vre.niche.table import Table

_LARGEST_SEED = np.iinfo(np.int32).max
_COMBINE = ("mean", "weighted", "committee")
# What a score is without skill.
_CHANCE = {"auc": 0.5}


class Ensemble(SuitabilityModel):
    """An ensemble of suitability models.

    Each model's prediction is rescaled to 0..1 over the background it was trained with, then combined.

    Parameters
    ----------
    models : list of estimators, or of (name, estimator), or None
        Models of the toolbox or of scikit-learn; they are cloned. None for those of Valavi et al. (2022):
        a lasso GLM, GAM, MaxEnt, BRT and a down-sampled RandomForest.
    combine : {"mean", "weighted", "committee"}, default "mean"
        "mean": of the rescaled predictions. "weighted": by each model's skill in cross-validation, models
        without skill left out. "committee": the share of models whose prediction reaches their threshold.
    metric : {"auc", "auc_prg", "tss", "kappa", "cor", "boyce"}, default "auc"
        Score behind the weights; its excess over chance is the weight.
    cv : int, splitter or list of (train, test), default 5
        Cross-validation behind the weights. A number is that of random folds, each with its share of the
        presences; spatial or environmental blocks come from `niche.validation`.
    threshold : str, default "max_tss"
        One of the thresholds of `niche.metrics.thresholds`, for the committee.
    random_state : int, RandomState or None, default None
        Draws the folds, and seeds the models that have a `random_state` of None.

    Attributes
    ----------
    models_ : dict
        Name -> fitted model.
    weights_ : Series
        Weight of each model; they sum to 1.
    scores_ : Series or None
        Score of each model in cross-validation, where weights come from it.
    thresholds_ : Series or None
        Threshold of each model's rescaled prediction, for the committee.
    spread_ : ndarray, shape (n samples,)
        Standard deviation of the models' rescaled predictions over the rows of the fit, NaN for rows that
        were left out.

    Notes
    -----
    A model that predicts one value over the whole background cannot be rescaled: it gets no weight, and a
    warning. Predictions beyond the range over the background are set to its limits.

    References
    ----------
    Araujo, M.B. & New, M. (2007). Ensemble forecasting of species distributions. Trends in Ecology &
    Evolution 22, 42-47. doi:10.1016/j.tree.2006.09.010

    Valavi, R., Guillera-Arroita, G., Lahoz-Monfort, J.J. & Elith, J. (2022). Predictive performance of
    presence-only species distribution models: a benchmark study with reproducible code. Ecological
    Monographs 92, e01486. doi:10.1002/ecm.1486

    Examples
    --------
    >>> from odatis_vre.niche import GAM, GLM
    >>> rng = np.random.default_rng(1)
    >>> sst = np.append(rng.normal(12, 2, 100), rng.uniform(0, 30, 1000))[:, None]
    >>> model = Ensemble([GLM(), GAM()]).fit(sst, np.arange(1100) < 100)
    >>> model.predict([[12.0], [25.0]]).round(1).tolist()
    [1.0, 0.0]
    >>> model.predict_members([[12.0]]).columns.tolist()
    ['GLM', 'GAM']
    """

    citation = (
        "Valavi, R., Guillera-Arroita, G., Lahoz-Monfort, J.J. & Elith, J. (2022). Predictive performance "
        "of presence-only species distribution models: a benchmark study with reproducible code. "
        "Ecological Monographs 92, e01486. https://doi.org/10.1002/ecm.1486"
    )

    def __init__(
        self, models=None, combine="mean", metric="auc", cv=5, threshold="max_tss", random_state=None
    ):
        self.models = models
        self.combine = combine
        self.metric = metric
        self.cv = cv
        self.threshold = threshold
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None):
        """Fit every model, and what combines them.

        Parameters
        ----------
        X : DataFrame, array or Dataset, shape (n samples, p variables)
            Environment; of a grid each cell is a sample and land is left out. Columns of categories, text
            or booleans are factors. Rows with a missing value are left out, with a warning.
        y : Series, array or DataArray, shape (n,)
            1 or True for a presence, 0 or False for background (or an absence).
        sample_weight : array or DataArray, shape (n,), optional
            0 or more; a row of weight 0 is left out. Models that take no weights do without.

        Returns
        -------
        self

        Raises
        ------
        NicheError
            Fewer than two models, one that is not a model, a parameter out of range, no skill, or what
            `fit` of the models raises.
        """
        X, y, sample_weight = as_training(X, y, sample_weight)
        self._parts = self._split(X, y, sample_weight)
        try:
            super().fit(X, y, sample_weight)
        finally:
            del self._parts
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # rows with gaps were told of in the fit
            self.spread_ = self.predict_spread(X)
        return self

    def _fit(self, values: np.ndarray, presence: np.ndarray, weight: np.ndarray, table: Table) -> None:
        self._check_parameters()
        random = check_random_state(self.random_state)
        models = {name: _seeded(model, random) for name, model in self._named().items()}
        self._table = Table(values[:0], table.names, table.named, table.units, table.categories)
        frame, response = self._frame(values), presence.astype(float)
        weighted = np.ptp(weight) > 0
        self.scores_ = None
        if self.combine == "weighted":
            self.scores_ = self._scores(models, frame, response, weight if weighted else None, random)
        self.models_ = {
            name: _fitted(model, frame, response, weight if weighted else None)
            for name, model in models.items()
        }
        raw = self._raw(frame)
        self._low, high = raw[~presence].min(axis=0), raw[~presence].max(axis=0)
        self._span = high - self._low
        flat = self._span <= 1e-12 * np.maximum(np.abs(high), np.abs(self._low))
        self._span[flat] = 1.0
        self.weights_ = self._weights(flat)
        self.thresholds_ = None
        if self.combine == "committee":
            rescaled = self._rescaled(raw)
            found = [thresholds(presence, column)[self.threshold] for column in rescaled.T]
            self.thresholds_ = pd.Series(found, list(self.models_), name="threshold")

    def _weights(self, flat: np.ndarray) -> pd.Series:
        names = list(self.models_)
        if flat.all():
            raise NicheError(tr("models.all_flat"), tr("models.all_flat_hint"))
        if flat.any():
            warnings.warn(tr("models.flat_member", names=", ".join(np.array(names)[flat])), stacklevel=5)
        skill = np.ones(len(names))
        if self.scores_ is not None:
            skill = np.fmax(self.scores_.to_numpy() - _CHANCE.get(self.metric, 0.0), 0.0)
            skill[np.isnan(skill)] = 0.0
            if not skill[~flat].any():
                scores = ", ".join(f"{n}: {s:.3f}" for n, s in self.scores_.items())
                raise NicheError(tr("models.no_skill", scores=scores), tr("models.no_skill_hint"))
            if (without := (skill == 0) & ~flat).any():
                warnings.warn(
                    tr("models.without_skill", names=", ".join(np.array(names)[without])), stacklevel=5
                )
        skill[flat] = 0.0
        return pd.Series(skill / skill.sum(), names, name="weight")

    def _split(self, X, y, sample_weight) -> list | None:
        """The caller's own split, as positions among the rows that the fit keeps."""
        if self.combine != "weighted" or isinstance(self.cv, int | np.integer):
            return None
        table, presence, weight = read_training(X, y, sample_weight)
        kept = ~(np.isnan(table.values).any(axis=1) | np.isnan(presence)) & (weight > 0)
        place = np.cumsum(kept) - 1
        parts = check_cv(self.cv).split(X, y)
        return [tuple(place[rows[kept[rows]]] for rows in part) for part in parts]

    def _scores(self, models, frame, response, weight, random) -> pd.Series:
        """Mean score of each model over the parts held back."""
        parts = self._parts
        if parts is None:
            folds = max(2, min(self.cv, int(response.sum()), int((response == 0).sum())))
            splitter = StratifiedKFold(folds, shuffle=True, random_state=random.randint(_LARGEST_SEED))
            parts = list(splitter.split(response, response))
        found = {}
        for name, model in models.items():
            scores = []
            for train, held in parts:
                part = None if weight is None else weight[train]
                fitted = _fitted(model, _rows(frame, train), response[train], part)
                scores.append(SCORES[self.metric](response[held], predicted(fitted, _rows(frame, held))))
            found[name] = np.nanmean(scores) if np.isfinite(scores).any() else np.nan
        return pd.Series(found, name=self.metric)

    def _named(self) -> dict:
        models = _published() if self.models is None else list(self.models)
        if len(models) < 2:
            raise NicheError(tr("models.no_models", count=len(models)), tr("models.no_models_hint"))
        pairs = [m if isinstance(m, tuple) else (type(m).__name__, m) for m in models]
        for _, model in pairs:
            if isinstance(model, type) or not (hasattr(model, "fit") and hasattr(model, "predict")):
                raise NicheError(tr("models.not_a_model", model=repr(model)), tr("models.not_a_model_hint"))
        names = [name for name, _ in pairs]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise NicheError(
                tr("models.same_model_name", names=", ".join(twice)), tr("models.same_model_name_hint")
            )
        return dict(pairs)

    def _check_parameters(self) -> None:
        known = list(thresholds([0, 1], [0.0, 1.0]).index)
        for name, allowed in (("combine", _COMBINE), ("metric", list(SCORES)), ("threshold", known)):
            if getattr(self, name) not in allowed:
                raise NicheError(
                    tr("niche.bad_parameter", name=name, value=getattr(self, name)),
                    tr("niche.bad_parameter_hint", allowed=", ".join(map(repr, allowed))),
                )

    def _frame(self, values: np.ndarray):
        """The table that models are given: a DataFrame with levels where the fit had names."""
        table = self._table
        if not table.named:
            return values
        columns = {
            name: pd.Categorical.from_codes(values[:, j].astype(int), table.categories[name])
            if name in table.categories
            else values[:, j]
            for j, name in enumerate(table.names)
        }
        frame = pd.DataFrame(columns)
        if table.units:
            frame.attrs["units"] = dict(table.units)
        return frame

    def _raw(self, frame) -> np.ndarray:
        return np.column_stack([predicted(model, frame) for model in self.models_.values()])

    def _rescaled(self, raw: np.ndarray) -> np.ndarray:
        return np.clip((raw - self._low) / self._span, 0, 1)

    def _members(self, values: np.ndarray) -> np.ndarray:
        return self._rescaled(self._raw(self._frame(values)))

    def _one(self, model, at: int, values: np.ndarray) -> np.ndarray:
        return np.clip((predicted(model, self._frame(values)) - self._low[at]) / self._span[at], 0, 1)

    def _predict(self, values: np.ndarray) -> np.ndarray:
        members = self._members(values)
        if self.thresholds_ is not None:
            members = members >= self.thresholds_.to_numpy()
        return np.clip(members @ self.weights_.to_numpy(), 0, 1)

    def _spread(self, values: np.ndarray) -> np.ndarray:
        members, weight = self._members(values), self.weights_.to_numpy()
        centred = members - (members @ weight)[:, None]
        return np.sqrt(centred**2 @ weight)

    def predict_spread(self, X):
        """Disagreement of the models at each row.

        Parameters
        ----------
        X : DataFrame, array or Dataset, shape (m, p variables)

        Returns
        -------
        ndarray of float64, shape (m,), or DataArray
            Standard deviation of the rescaled predictions, weighted as they are: 0 where all agree, at
            most 0.5. NaN where `predict` is.
        """
        if isinstance(X, xr.Dataset | xr.DataArray):
            return self._on_grid(X, "spread")
        return self._in_blocks(X, self._spread)

    def predict_members(self, X) -> pd.DataFrame | xr.DataArray:
        """Rescaled prediction of each model.

        Parameters
        ----------
        X : DataFrame, array or Dataset, shape (m, p variables)

        Returns
        -------
        DataFrame, shape (m, number of models), or DataArray
            0..1, one column (of a grid: one entry along `model`) per model; NaN where `predict` is.
        """
        if isinstance(X, xr.Dataset | xr.DataArray):
            return self._on_grid(X, "members")
        out = {}
        for at, (name, model) in enumerate(getattr(self, "models_", {"": None}).items()):
            rescale = partial(self._one, model, at)
            out[name] = self._in_blocks(X, rescale)
        return pd.DataFrame(out, index=X.index if isinstance(X, pd.DataFrame) else None)


def _published() -> list:
    from odatis_vre.niche import BRT, GAM, GLM, MaxEnt, RandomForest

    return [GLM(selection="lasso"), GAM(), MaxEnt(), BRT(), RandomForest()]


def _seeded(model, random):
    """A clone of a model, whose random state is told where it was not."""
    model = clone(model)
    parameters = model.get_params()
    unset = [p for p in parameters if p.rpartition("__")[2] == "random_state" and parameters[p] is None]
    return model.set_params(**{p: random.randint(_LARGEST_SEED) for p in sorted(unset)}) if unset else model


def _fitted(model, frame, response, weight):
    model = clone(model)
    if weight is not None and has_fit_parameter(model, "sample_weight"):
        return model.fit(frame, response, sample_weight=weight)
    return model.fit(frame, response)


def _rows(frame, rows):
    return frame.iloc[rows] if isinstance(frame, pd.DataFrame) else frame[rows]
