"""Axes of an analysis of niches: their names, their sign, and samples projected on them."""

import numpy as np
import pandas as pd
import xarray as xr

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.samples import as_dataset, finite
from odatis_vre.niche.table import in_unit, read_like


def axis_names(count: int) -> list[str]:
    """`axis_1`, `axis_2` ..."""
    return [f"axis_{i}" for i in range(1, count + 1)]


def oriented(axes: np.ndarray) -> np.ndarray:
    """Axes with the sign that makes their largest weight positive, the same on every machine.

    Parameters
    ----------
    axes : ndarray, shape (p, k)
    """
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    return axes * np.where(largest < 0, -1.0, 1.0)


def project_on(model, X):
    """Scores of samples, or of the cells of a grid, on the axes of a fitted analysis.

    Parameters
    ----------
    model : OMI or ENFA
        Has `axes_`, `mean_` and `scale_`.
    X : DataFrame, array, Dataset or DataArray, shape (m, p)

    Returns
    -------
    DataFrame, shape (m, k), or DataArray with a dimension `axis`
        NaN where a variable is missing; on a grid an infinite one is. Lazy for a chunked grid.

    Raises
    ------
    NicheError
        Not fitted, a variable is missing, or its unit does not fit the fit's.
    """
    kind = type(model).__name__
    if not hasattr(model, "axes_"):
        raise NicheError(tr("niche.not_fitted", model=kind), tr("niche.fit_community_hint"))
    names, columns = list(model.axes_.index), list(model.axes_.columns)
    weights = model.axes_.to_numpy() / model.scale_[:, None]
    if not isinstance(X, xr.Dataset | xr.DataArray):
        values = read_like(X, names, hasattr(model, "feature_names_in_"), model.feature_units_)
        index = X.index if isinstance(X, pd.DataFrame) else None
        return pd.DataFrame((values - model.mean_) @ weights, index=index, columns=columns)
    X = as_dataset(X)
    if missing := [n for n in names if n not in X]:
        raise NicheError(
            tr("niche.missing_variables", columns=", ".join(missing)),
            tr("niche.missing_variables_hint", columns=", ".join(map(str, X.data_vars))),
        )
    fields = [in_unit(X[n], n, X[n].attrs.get("units"), model.feature_units_.get(n)) for n in names]

    def scores(*values: np.ndarray) -> np.ndarray:
        parts = zip(values, model.mean_, weights, strict=True)
        return sum((finite(value) - mean)[..., None] * weight for value, mean, weight in parts)

    out = xr.apply_ufunc(
        scores,
        *fields,
        join="exact",
        output_core_dims=[["axis"]],
        dask="parallelized",
        output_dtypes=[float],
        dask_gufunc_kwargs={"output_sizes": {"axis": len(columns)}},
    )
    return out.assign_coords(axis=columns).rename("scores")
