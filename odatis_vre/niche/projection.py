"""A fitted model on a grid: lazy, in blocks, on the grid it was given."""

import numpy as np
import xarray as xr

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.table import in_unit


def project(model, ds: xr.Dataset) -> xr.DataArray:
    """Suitability of every cell of a grid.

    Parameters
    ----------
    model : fitted estimator
        Has `predict` and was fitted on a DataFrame, whose column names choose the variables.
    ds : Dataset
        Holds the model's variables. One whose attribute `units` differs from the unit of the fit
        (`feature_units_`) is converted; where either is unknown, the values are taken as they are.
        Variables with fewer dimensions than others are broadcast (a bottom depth along time).

    Returns
    -------
    DataArray
        Suitability 0..1 in float32 on the grid of `ds`, NaN exactly where a variable is NaN. Lazy when
        `ds` is chunked: peak memory follows the chunks.

    Raises
    ------
    NicheError
        The model is not fitted or has no variable names, variables are missing from `ds`, or a unit
        does not fit that of the fit.

    Examples
    --------
    >>> import numpy as np, pandas as pd, xarray as xr
    >>> from odatis_vre.niche import NPPEN
    >>> model = NPPEN().fit(pd.DataFrame({"sst": np.linspace(8, 16, 50)}))
    >>> grid = xr.Dataset({"sst": ("lat", [12.0, 30.0, np.nan])})
    >>> project(model, grid).values.round(1).tolist()
    [1.0, 0.0, nan]
    """
    kind = type(model).__name__
    if not hasattr(model, "n_features_in_"):
        raise NicheError(tr("niche.not_fitted", model=kind), tr("niche.not_fitted_hint"))
    if not hasattr(model, "feature_names_in_"):
        raise NicheError(tr("niche.no_names", model=kind), tr("niche.no_names_hint"))
    names = [str(n) for n in model.feature_names_in_]
    if missing := [n for n in names if n not in ds]:
        raise NicheError(
            tr("niche.missing_variables", columns=", ".join(missing)),
            tr("niche.missing_variables_hint", columns=", ".join(map(str, ds.data_vars))),
        )
    units = getattr(model, "feature_units_", {})
    variables = [in_unit(ds[n], n, ds[n].attrs.get("units"), units.get(n)) for n in names]

    def suitability(*fields: np.ndarray) -> np.ndarray:
        fields = np.broadcast_arrays(*fields)
        known = ~np.logical_or.reduce([np.isnan(f) for f in fields])
        out = np.full(known.shape, np.nan, dtype=np.float32)
        if known.any():
            out[known] = model.predict(np.column_stack([f[known] for f in fields]))
        return out

    out = xr.apply_ufunc(
        suitability,
        *variables,
        join="exact",
        dask="parallelized",
        output_dtypes=[np.float32],
        keep_attrs=False,
    )
    order = [d for d in ds.dims if d in out.dims]
    out = out.transpose(*order)
    parameters = ", ".join(f"{k}={v!r}" for k, v in model.get_params().items())
    out.attrs = {
        "long_name": "environmental suitability",
        "units": "1",
        "valid_range": np.array([0, 1], dtype=np.float32),
        "model": f"{kind}({parameters})",
        "predictors": " ".join(names),
    }
    if citation := getattr(model, "citation", None):
        out.attrs["references"] = citation
    return out.rename("suitability")
