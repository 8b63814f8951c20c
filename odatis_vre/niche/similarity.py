"""Similarity of two niches or two ranges: overlap of their suitabilities."""

import dask
import numpy as np
import xarray as xr

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.sphere import cell_area

__all__ = ["overlap"]

_KINDS = ("schoener_d", "warren_i", "hellinger")


def overlap(a, b, kind: str = "schoener_d", *, weights=None, dim=None):
    """Overlap of two suitabilities, 0 (none) to 1 (the same).

    With p and q the suitabilities divided by their sums, and H^2 = sum (sqrt p - sqrt q)^2:

    - "schoener_d": Schoener's D = 1 - sum |p - q| / 2;
    - "warren_i": Warren's I = 1 - H^2 / 2 = sum sqrt(p q), the corrected form (as in ecospat);
    - "hellinger": 1 - H / sqrt 2 (what tidysdm calls I).

    Parameters
    ----------
    a, b : DataArray or array, same shape
        Suitability, 0 or more. Cells where either is NaN count in neither.
    kind : {"schoener_d", "warren_i", "hellinger"}, default "schoener_d"
    weights : "area", DataArray or array, optional
        Size of the cells; "area" is that of a latitude and longitude grid. Without it every cell counts
        the same, as in the R packages.
    dim : str or list of str, optional
        DataArrays only: the dimensions to sum over, lazily; overlap is then given along the others (a
        time, a scenario). None sums over all.

    Returns
    -------
    float, or DataArray with `dim`
        NaN where a suitability is 0 or unknown everywhere (an empty species); with `dim` also where one
        is negative or infinite.

    Raises
    ------
    NicheError
        Shapes or grids differ, a suitability is negative or infinite, or another `kind`.

    References
    ----------
    Schoener, T.W. (1968). The Anolis lizards of Bimini. Ecology 49, 704-726.
    Warren, D.L., Glor, R.E. & Turelli, M. (2008). Environmental niche equivalency versus conservatism.
    Evolution 62, 2868-2883; erratum 65, 1215.

    Examples
    --------
    >>> overlap([0.0, 1.0, 3.0], [0.0, 2.0, 2.0])
    0.75
    """
    if kind not in _KINDS:
        raise NicheError(
            tr("evaluation.bad_parameter", name="kind", value=kind),
            tr("evaluation.bad_parameter_hint", allowed=", ".join(map(repr, _KINDS))),
        )
    a, b = _fields(a, b)
    size = _sizes(weights, a)
    if dim is not None:
        return _along(a, b, size, kind, dim)
    a, b, size = (np.ravel(x) for x in dask.compute(*(f.data for f in xr.broadcast(a, b, size))))
    known = ~(np.isnan(a) | np.isnan(b) | np.isnan(size))
    for name, values in (("a", a), ("b", b)):
        if len(wrong := values[(values < 0) | np.isinf(values)]):
            raise NicheError(
                tr("evaluation.bad_suitability", name=name, value=float(wrong[0])),
                tr("evaluation.bad_suitability_hint"),
            )
    a, b = ((values * size)[known] for values in (a, b))
    if not (a.sum() > 0 and b.sum() > 0):
        return np.nan
    p, q = a / a.sum(), b / b.sum()
    if kind == "schoener_d":
        out = 1 - np.abs(p - q).sum() / 2
    else:
        half = ((np.sqrt(p) - np.sqrt(q)) ** 2).sum() / 2
        out = 1 - half if kind == "warren_i" else 1 - np.sqrt(half)
    return float(np.clip(out, 0, 1))


def _along(a: xr.DataArray, b: xr.DataArray, size: xr.DataArray, kind: str, dim) -> xr.DataArray:
    fine = ~((a < 0) | np.isinf(a) | (b < 0) | np.isinf(b)).any(dim)
    known = a.notnull() & b.notnull() & size.notnull()
    a, b = ((field * size).where(known, 0.0) for field in (a, b))
    p, q = (field / field.sum(dim).pipe(lambda total: total.where(total > 0)) for field in (a, b))
    if kind == "schoener_d":
        out = 1 - np.abs(p - q).sum(dim, skipna=False) / 2
    else:
        half = ((np.sqrt(p) - np.sqrt(q)) ** 2).sum(dim, skipna=False) / 2
        out = 1 - half if kind == "warren_i" else 1 - np.sqrt(half)
    out = out.clip(0, 1).where(fine)
    return out.rename(kind).assign_attrs(long_name=f"overlap ({kind})", units="1")


def _sizes(weights, like: xr.DataArray) -> xr.DataArray:
    if weights is None:
        return xr.DataArray(1.0)
    if isinstance(weights, str):
        if weights != "area":
            raise NicheError(
                tr("evaluation.bad_parameter", name="weights", value=weights),
                tr("evaluation.bad_parameter_hint", allowed='None, "area", DataArray'),
            )
        return cell_area(like)
    if isinstance(weights, xr.DataArray):
        return weights
    size = np.asarray(weights, dtype=float)
    if size.shape != like.shape:
        raise NicheError(
            tr("evaluation.other_shape", a=like.shape, b=size.shape), tr("evaluation.other_grid_hint")
        )
    return like.copy(data=size)


def _fields(a, b) -> tuple[xr.DataArray, xr.DataArray]:
    gridded = [isinstance(x, xr.DataArray) for x in (a, b)]
    if all(gridded):
        try:
            a, b = xr.align(a, b, join="exact")
            return xr.broadcast(a.astype(float), b.astype(float))
        except ValueError as error:
            raise NicheError(tr("evaluation.other_grid"), tr("evaluation.other_grid_hint")) from error
    a, b = (x.values if g else np.asarray(x, dtype=float) for x, g in zip((a, b), gridded, strict=True))
    if a.shape != b.shape:
        raise NicheError(tr("evaluation.other_shape", a=a.shape, b=b.shape), tr("evaluation.other_grid_hint"))
    dims = [f"dim_{i}" for i in range(a.ndim)]
    return xr.DataArray(a.astype(float), dims=dims), xr.DataArray(b.astype(float), dims=dims)
