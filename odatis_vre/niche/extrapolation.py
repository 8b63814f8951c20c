"""Where a model is asked about environments it was not shown: MESS and mobility-oriented parity."""

import numpy as np
import pandas as pd
import xarray as xr

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.samples import as_dataset, as_samples, finite
from odatis_vre.niche.table import Table, in_unit, read, read_like

__all__ = ["mess", "mop"]

# Elements of one block of (targets x reference): some 16 MB of float64.
_BLOCK = 1 << 21


def mess(reference, targets):
    """Multivariate environmental similarity surface.

    With f the share (%) of the reference strictly below a target's value, the similarity of a variable is
    2 f up to the median and 2 (100 - f) above it; outside the reference's range it is the distance to it,
    in % of the range, below 0. MESS is the least similarity over the variables, and MoD the variable that
    has it.

    Parameters
    ----------
    reference : DataFrame, array or Dataset, shape (n, p variables)
        The environment the model was fitted on: its columns choose the variables. Missing values of a
        variable are left out.
    targets : DataFrame, array, Dataset or DataArray
        The environment it is applied to. Variables are taken by name (of a DataArray along its dimension
        `variable`), and converted to the reference's units where both are known.

    Returns
    -------
    DataFrame or Dataset
        `mess`: 0..100 inside the reference's range, below 0 outside. `mod`: the most dissimilar variable;
        of several the first. For a table its name; for a grid its number, as told by the CF attributes
        `flag_values` and `flag_meanings`, -1 where unknown. Unknown where a variable is; on a grid an
        infinite one is. A Dataset keeps its grid, and is lazy where `targets` is chunked.

    Raises
    ------
    NicheError
        A variable is missing, is constant in the reference or has no value there, or a unit does not fit.

    References
    ----------
    Elith, J., Kearney, M. & Phillips, S. (2010). The art of modelling range-shifting species. Methods in
    Ecology and Evolution 1, 330-342. doi:10.1111/j.2041-210X.2010.00036.x

    Examples
    --------
    >>> seen = pd.DataFrame({"sst": [8.0, 10.0, 12.0, 14.0, 18.0]})
    >>> mess(seen, pd.DataFrame({"sst": [13.0, 20.0]}))["mess"].tolist()
    [80.0, -20.0]
    """
    table = _reference(reference)
    ordered = [np.sort(column[~np.isnan(column)]) for column in table.values.T]

    def kernel(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        least, which = np.full(len(values), np.inf), np.full(len(values), -1, dtype=np.int16)
        for j, known in enumerate(ordered):
            similarity = _similarity(known, values[:, j])
            lower = similarity < least
            least[lower], which[lower] = similarity[lower], j
        missing = np.isnan(values).any(axis=1)
        least[missing], which[missing] = np.nan, -1
        return least, which

    if not isinstance(targets, xr.Dataset | xr.DataArray):
        least, which = kernel(_targets(targets, table))
        names = np.array([*table.names, None], dtype=object)
        return pd.DataFrame({"mess": least, "mod": names[which]}, index=getattr(targets, "index", None))
    out = _on_grid(kernel, as_dataset(targets), table, ("mess", "mod"), np.int16)
    out["mess"].attrs = {
        "long_name": "multivariate environmental similarity",
        "units": "%",
        "references": "https://doi.org/10.1111/j.2041-210X.2010.00036.x",
    }
    out["mod"].attrs = {
        "long_name": "most dissimilar variable",
        "flag_values": np.arange(len(table.names), dtype=np.int16),
        "flag_meanings": " ".join(n.replace(" ", "_") for n in table.names),
    }
    return out


def mop(reference, targets, percent: float = 10.0):
    """Mobility-oriented parity: how far targets lie from the nearest part of the reference.

    Parameters
    ----------
    reference : DataFrame, array or Dataset, shape (n, p variables)
        The environment the model was fitted on: its columns choose the variables. Rows with a missing
        value are left out.
    targets : DataFrame, array, Dataset or DataArray
        The environment it is applied to. Variables are taken by name (of a DataArray along its dimension
        `variable`), and converted to the reference's units where both are known.
    percent : float, default 10
        Share of the reference, the nearest rows to each target, that distances are averaged over
        (0..100]. Time grows as targets x reference: a sample of some thousand rows is enough.

    Returns
    -------
    DataFrame or Dataset
        `distance`: mean Euclidean distance to these rows, in standard deviations of the reference. NaN
        where a variable is unknown; on a grid an infinite one is. `outside`: how many variables lie outside
        the reference's range (strict extrapolation where above 0), -1 where one is unknown. A Dataset keeps
        its grid, and is lazy where `targets` is chunked.

    Raises
    ------
    NicheError
        A variable is missing, is constant in the reference or has no value there, a unit does not fit, or
        another `percent`.

    References
    ----------
    Owens, H.L. et al. (2013). Constraints on interpretation of ecological niche models by limited
    environmental ranges on calibration areas. Ecological Modelling 263, 10-18.
    doi:10.1016/j.ecolmodel.2013.04.011

    Examples
    --------
    >>> seen = pd.DataFrame({"sst": [8.0, 10.0, 12.0, 14.0, 16.0]})
    >>> mop(seen, pd.DataFrame({"sst": [12.0, 20.0]}), percent=20)["outside"].tolist()
    [0, 1]
    """
    if not 0 < percent <= 100:
        raise NicheError(
            tr("evaluation.bad_parameter", name="percent", value=percent),
            tr("evaluation.bad_parameter_hint", allowed="> 0, <= 100"),
        )
    table = _reference(reference)
    rows = table.values[~np.isnan(table.values).any(axis=1)]
    if not len(rows):
        raise NicheError(tr("evaluation.no_complete_row"), tr("evaluation.no_complete_row_hint"))
    low, high, mean, deviation = rows.min(axis=0), rows.max(axis=0), rows.mean(axis=0), rows.std(axis=0)
    _refuse_constant(table.names, low, high)
    white = (rows - mean) / deviation
    squares = np.einsum("ij,ij->i", white, white)
    nearest = max(1, int(np.ceil(len(rows) * percent / 100 - 1e-9)))

    def kernel(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        missing = np.isnan(values).any(axis=1)
        outside = ((values < low) | (values > high)).sum(axis=1).astype(np.int16)
        distance = np.full(len(values), np.nan)
        outside[missing] = -1
        known = np.flatnonzero(~missing)
        for start in range(0, len(known), step := max(1, _BLOCK // len(white))):
            part = known[start : start + step]
            point = (values[part] - mean) / deviation
            square = np.einsum("ij,ij->i", point, point)[:, None] + squares - 2 * point @ white.T
            closest = np.partition(square, nearest - 1, axis=1)[:, :nearest]
            distance[part] = np.sqrt(np.maximum(closest, 0)).mean(axis=1)
        return distance, outside

    if not isinstance(targets, xr.Dataset | xr.DataArray):
        distance, outside = kernel(_targets(targets, table))
        index = getattr(targets, "index", None)
        return pd.DataFrame({"distance": distance, "outside": outside}, index=index)
    out = _on_grid(kernel, as_dataset(targets), table, ("distance", "outside"), np.int16)
    out["distance"].attrs = {
        "long_name": f"mean distance to the nearest {percent:g} % of the reference",
        "units": "1",
        "references": "https://doi.org/10.1016/j.ecolmodel.2013.04.011",
    }
    out["outside"].attrs = {"long_name": "variables outside the range of the reference", "units": "1"}
    return out


def _similarity(ordered: np.ndarray, values: np.ndarray) -> np.ndarray:
    low, high = ordered[0], ordered[-1]
    below = 100 * np.searchsorted(ordered, values, side="left") / len(ordered)
    return np.select(
        [below == 0, below <= 50, below < 100],
        [100 * (values - low) / (high - low), 2 * below, 2 * (100 - below)],
        100 * (high - values) / (high - low),
    )


def _reference(reference) -> Table:
    table = read(as_samples(reference)[0], "environment", "variable")
    known = ~np.isnan(table.values)
    if not known.any(axis=0).all():
        names = ", ".join(np.array(table.names)[~known.any(axis=0)])
        raise NicheError(tr("evaluation.unknown_reference", columns=names), tr("evaluation.constant_hint"))
    _refuse_constant(table.names, np.nanmin(table.values, axis=0), np.nanmax(table.values, axis=0))
    return table


def _refuse_constant(names: list[str], low: np.ndarray, high: np.ndarray) -> None:
    if (constant := low == high).any():
        columns = ", ".join(np.array(names)[constant])
        raise NicheError(tr("evaluation.constant_reference", columns=columns), tr("evaluation.constant_hint"))


def _targets(targets, table: Table) -> np.ndarray:
    return read_like(targets, table.names, table.named, table.units)


def _on_grid(kernel, targets: xr.Dataset, table: Table, names: tuple[str, str], code) -> xr.Dataset:
    if missing := [n for n in table.names if n not in targets]:
        raise NicheError(
            tr("niche.missing_variables", columns=", ".join(missing)),
            tr("niche.missing_variables_hint", columns=", ".join(map(str, targets.data_vars))),
        )
    fields = [in_unit(targets[n], n, targets[n].attrs.get("units"), table.units.get(n)) for n in table.names]

    def cells(*values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values = np.broadcast_arrays(*values)
        number, flag = kernel(finite(np.stack([v.ravel() for v in values], axis=1).astype(float)))
        shape = values[0].shape
        return number.astype(np.float32).reshape(shape), flag.reshape(shape)

    out = xr.apply_ufunc(
        cells,
        *fields,
        join="exact",
        dask="parallelized",
        output_core_dims=[[], []],
        output_dtypes=[np.float32, code],
        keep_attrs=False,
    )
    order = [d for d in targets.dims if d in out[0].dims]
    return xr.Dataset({name: field.transpose(*order) for name, field in zip(names, out, strict=True)})
