"""A fitted model on a grid: lazy, in blocks, on the grid it was given."""

import pickle
from functools import partial

import dask
import joblib
import numpy as np
import pandas as pd
import xarray as xr
from sklearn.base import is_classifier

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.metrics.scoring import check_probability, predicted
from odatis_vre.niche.model import SuitabilityModel
from odatis_vre.niche.samples import as_dataset
from odatis_vre.niche.table import in_unit

# Rows predicted at a time: the table of a block never stands in memory as a whole.
ROWS = 1 << 18

_LONG_NAMES = {
    "suitability": "environmental suitability",
    "spread": "disagreement of the models about the suitability",
    "members": "environmental suitability by model",
}


def project(model, ds: xr.Dataset | xr.DataArray, output: str = "suitability") -> xr.DataArray:
    """Suitability of every cell of a grid, or what the models of an ensemble make of it.

    Parameters
    ----------
    model : fitted estimator
        A model of the toolbox, or an estimator, pipeline or search of scikit-learn. Was fitted on a
        DataFrame, whose column names choose the variables. A classifier gives its probability of presence
        (of class 1 or True).
    ds : Dataset or DataArray
        Holds the model's variables (a DataArray along its dimension `variable`). One whose attribute
        `units` differs from the unit of the fit (`feature_units_`) is converted; where either is unknown,
        the values are taken as they are. Variables with fewer dimensions than others are broadcast (a
        bottom depth along time).
    output : {"suitability", "spread", "members"}, default "suitability"
        Of an `Ensemble` also "spread", the standard deviation of its models' rescaled predictions, and
        "members", these predictions along a first dimension `model`.

    Returns
    -------
    DataArray
        Suitability (0..1 unless the model gives something else; spread 0..0.5) in float32 on the grid of
        `ds`, NaN exactly where a variable is NaN or infinite. Lazy when `ds` is chunked: peak memory
        follows the chunks.

    Raises
    ------
    NicheError
        The model is not fitted or has no variable names, variables are missing from `ds`, a unit does
        not fit that of the fit, another output than the model has, or a classifier that gives no
        probability of presence.

    Examples
    --------
    >>> import numpy as np, pandas as pd, xarray as xr
    >>> from odatis_vre.niche import NPPEN
    >>> model = NPPEN().fit(pd.DataFrame({"sst": np.linspace(8, 16, 50)}))
    >>> grid = xr.Dataset({"sst": ("lat", [12.0, 30.0, np.nan])})
    >>> project(model, grid).values.round(1).tolist()
    [1.0, 0.0, nan]
    """
    model = getattr(model, "best_estimator_", model)  # of a search
    kind = type(model).__name__
    if not hasattr(model, "n_features_in_"):
        raise NicheError(tr("niche.not_fitted", model=kind), tr("niche.not_fitted_hint"))
    if not hasattr(model, "feature_names_in_"):
        raise NicheError(tr("niche.no_names", model=kind), tr("niche.no_names_hint"))
    names = [str(n) for n in model.feature_names_in_]
    ds = as_dataset(ds)
    if missing := [n for n in names if n not in ds]:
        raise NicheError(
            tr("niche.missing_variables", columns=", ".join(missing)),
            tr("niche.missing_variables_hint", columns=", ".join(map(str, ds.data_vars))),
        )
    check_probability(model)
    units = getattr(model, "feature_units_", {})
    variables = [in_unit(ds[n], n, ds[n].attrs.get("units"), units.get(n)) for n in names]

    members = _members(model, ds, output)
    along = ["model"] if members else []
    predict = partial(_predict, model, names, output)

    def field(*fields: np.ndarray) -> np.ndarray:
        shape = np.broadcast_shapes(*(f.shape for f in fields))
        flat = [np.broadcast_to(f, shape).reshape(-1) for f in fields]
        out = np.full((flat[0].size, *[len(members)] * len(along)), np.nan, dtype=np.float32)
        for start in range(0, len(out), ROWS):
            part = [f[start : start + ROWS] for f in flat]
            known = ~np.logical_or.reduce([_missing(f) for f in part])
            if known.any():
                out[start : start + ROWS][known] = predict([f[known] for f in part])
        return out.reshape(shape + out.shape[1:])

    out = xr.apply_ufunc(
        field,
        *variables,
        join="exact",
        output_core_dims=[along],
        dask="parallelized",
        output_dtypes=[np.float32],
        dask_gufunc_kwargs={"output_sizes": dict.fromkeys(along, len(members))},
        keep_attrs=False,
    )
    if members:
        out = out.assign_coords(model=members)
    out = out.transpose(*along, *[d for d in ds.dims if d in out.dims])
    parameters = ", ".join(f"{k}={v!r}" for k, v in model.get_params(deep=False).items())
    out.attrs = {
        "long_name": _LONG_NAMES[output],
        "units": "1",
        "model": f"{kind}({parameters})",
        "model_hash": _hash(model)[:16],
        "predictors": " ".join(names),
    }
    if is_classifier(model) or getattr(model, "bounded", False):
        out.attrs["valid_range"] = np.array([0, 0.5 if output == "spread" else 1], dtype=np.float32)
    if citation := getattr(model, "citation", None):
        out.attrs["references"] = citation
    return out.rename(output)


def _members(model, ds: xr.Dataset, output: str) -> list[str]:
    """Names of the models along the dimension `model`, where the output has one."""
    if output not in _LONG_NAMES:
        raise NicheError(
            tr("niche.bad_parameter", name="output", value=output),
            tr("niche.bad_parameter_hint", allowed=", ".join(map(repr, _LONG_NAMES))),
        )
    if output != "suitability" and not hasattr(model, "predict_members"):
        raise NicheError(
            tr("projection.no_members", model=type(model).__name__, output=output),
            tr("projection.no_members_hint"),
        )
    if output != "members":
        return []
    if "model" in ds.dims:
        raise NicheError(tr("projection.model_dimension"), tr("projection.model_dimension_hint"))
    return list(model.models_)


def _predict(model, names: list[str], output: str, columns: list[np.ndarray]) -> np.ndarray:
    """The output at cells that are known, shape (cells,) or (cells, models)."""
    table = _table(model, names, columns)
    if output == "members":
        return model.predict_members(table).to_numpy()
    return model.predict_spread(table) if output == "spread" else predicted(model, table)


def _table(model, names: list[str], columns: list[np.ndarray]) -> np.ndarray | pd.DataFrame:
    """Cells as the model reads them: with names and each its own type, unless numbers in order do."""
    numbers = all(column.dtype.kind in "iuf" for column in columns)
    if numbers and isinstance(model, SuitabilityModel) and not model.categories_:
        return np.column_stack(columns)
    return pd.DataFrame(dict(zip(names, columns, strict=True)))


def _hash(model) -> str:
    """The same for the same model in another process."""
    try:
        return joblib.hash(model)
    except pickle.PicklingError:  # holds a function of the notebook
        return dask.base.tokenize(model)


def _missing(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind in "biu":
        return np.zeros(values.shape, dtype=bool)
    return ~np.isfinite(values) if values.dtype.kind == "f" else pd.isna(values)
