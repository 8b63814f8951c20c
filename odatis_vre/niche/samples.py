"""Gridded fields as tables of samples, one row per cell."""

import dask
import numpy as np
import pandas as pd
import xarray as xr

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr

_GRID = xr.Dataset | xr.DataArray


def as_samples(env, *others) -> tuple:
    """The tables that gridded data stand for; tables are returned as they are.

    Parameters
    ----------
    env : Dataset, DataArray or table
        A Dataset's variables are its columns and its cells the rows; so are the entries of a DataArray's
        dimension `variable`. Variables with fewer dimensions are broadcast. Chunked data are computed,
        all in one pass. On a grid an infinite value is a missing one.
    *others : Dataset, DataArray, table or None
        What is known of the rows: of a grid's cells a grid of the same dimensions or fewer, and at most
        one more, whose entries are columns (species).

    Returns
    -------
    (env, *others)
        DataFrames where they were grids, with `attrs["units"]` and the cell in the index; cells where no
        variable of `env` is known (land) are left out of all.

    Raises
    ------
    NicheError
        One is a grid and another a table, or their cells differ.
    """
    if not isinstance(env, _GRID):
        if any(isinstance(other, xr.Dataset) for other in others):
            raise NicheError(tr("niche.grid_and_table"), tr("niche.grid_and_table_hint"))
        return env, *others
    if not all(other is None or isinstance(other, _GRID) for other in others):
        raise NicheError(tr("niche.grid_and_table"), tr("niche.grid_and_table_hint"))
    known = _columns(env, "variable", "variable")
    dims = list(dict.fromkeys(d for field in known.values() for d in field.dims))
    seen = [
        {} if other is None else _columns(other, next((d for d in other.dims if d not in dims), None))
        for other in others
    ]
    told = [field for columns in seen for field in columns.values()]
    if any(set(field.dims) - set(dims) for field in told):
        raise NicheError(tr("niche.other_cells"), tr("niche.other_cells_hint"))
    try:
        fields = xr.broadcast(*xr.align(*known.values(), *told, join="exact"))
    except ValueError as error:
        raise NicheError(tr("niche.other_cells"), tr("niche.other_cells_hint")) from error
    fields = [field.transpose(*dims) for field in fields]
    flat = [np.ravel(v) for v in dask.compute(*[field.data for field in fields])]
    values = iter([*map(finite, flat[: len(known)]), *flat[len(known) :]])
    cells = pd.MultiIndex.from_product([fields[0].get_index(d) for d in dims], names=dims)
    table, *tables = (
        pd.DataFrame({name: next(values) for name in columns}, index=cells) for columns in (known, *seen)
    )
    sea = table.notna().any(axis=1)
    table = table[sea]
    units = {name: str(field.attrs["units"]) for name, field in known.items() if "units" in field.attrs}
    if units:
        table.attrs["units"] = units
    return table, *(None if o is None else t[sea] for o, t in zip(others, tables, strict=True))


def as_training(env, presence, weight) -> tuple:
    """As `as_samples`, for what a model is fitted on: the weights of a grid's cells are one column."""
    env, presence, weight = as_samples(env, presence, weight)
    if isinstance(weight, pd.DataFrame) and weight.shape[1] == 1:
        weight = weight.iloc[:, 0]
    return env, presence, weight


def as_dataset(grid: xr.Dataset | xr.DataArray) -> xr.Dataset:
    """A grid with its variables by name: those of a DataArray lie along its dimension `variable`."""
    return grid if isinstance(grid, xr.Dataset) else xr.Dataset(_columns(grid, "variable", "variable"))


def finite(values: np.ndarray) -> np.ndarray:
    """Values of a grid, NaN where they are infinite: on a grid both are missing."""
    if values.dtype.kind != "f" or not np.isinf(values).any():
        return values
    return np.where(np.isinf(values), np.nan, values)


def _columns(grid: xr.Dataset | xr.DataArray, dim: str | None, name: str = "species") -> dict:
    """Column name -> field; the entries of `dim` are columns."""
    if isinstance(grid, xr.Dataset):
        if len(grid.data_vars) > 1 or dim not in grid.dims:
            return {str(n): field for n, field in grid.data_vars.items()}
        (grid,) = grid.data_vars.values()
    if dim in grid.dims:
        return {str(n): field for n, field in grid.to_dataset(dim=dim).data_vars.items()}
    return {str(grid.name or name): grid}
