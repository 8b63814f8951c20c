"""Gridded fields as tables of samples, one row per cell."""

import dask
import numpy as np
import pandas as pd
import xarray as xr

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr


def as_samples(env, other=None) -> tuple:
    """The tables that gridded data stand for; tables are returned as they are.

    Parameters
    ----------
    env : Dataset, DataArray or table
        A Dataset's variables are its columns and its cells the rows; so are the entries of a DataArray's
        dimension `variable`. Variables with fewer dimensions are broadcast. Chunked data are computed,
        all in one pass.
    other : Dataset, DataArray, table or None
        What is known of the rows: of a grid's cells a grid of the same dimensions or fewer, and at most
        one more, whose entries are columns (species).

    Returns
    -------
    (env, other)
        DataFrames where they were grids, with `attrs["units"]` and the cell in the index; cells where no
        variable of `env` is known (land) are left out of both.

    Raises
    ------
    NicheError
        One is a grid and the other a table, or their cells differ.
    """
    if not isinstance(env, xr.Dataset | xr.DataArray):
        if isinstance(other, xr.Dataset):
            raise NicheError(tr("niche.grid_and_table"), tr("niche.grid_and_table_hint"))
        return env, other
    if not isinstance(other, xr.Dataset | xr.DataArray | None):
        raise NicheError(tr("niche.grid_and_table"), tr("niche.grid_and_table_hint"))
    known = _columns(env, "variable", "variable")
    dims = list(dict.fromkeys(d for field in known.values() for d in field.dims))
    seen = {} if other is None else _columns(other, next((d for d in other.dims if d not in dims), None))
    if any(set(field.dims) - set(dims) for field in seen.values()):
        raise NicheError(tr("niche.other_cells"), tr("niche.other_cells_hint"))
    try:
        fields = xr.broadcast(*xr.align(*known.values(), *seen.values(), join="exact"))
    except ValueError as error:
        raise NicheError(tr("niche.other_cells"), tr("niche.other_cells_hint")) from error
    fields = [field.transpose(*dims) for field in fields]
    columns = [np.ravel(values) for values in dask.compute(*[field.data for field in fields])]
    cells = pd.MultiIndex.from_product([fields[0].get_index(d) for d in dims], names=dims)
    table = pd.DataFrame(dict(zip(known, columns[: len(known)], strict=True)), index=cells)
    sea = table.notna().any(axis=1)
    table = table[sea]
    units = {name: str(field.attrs["units"]) for name, field in known.items() if "units" in field.attrs}
    if units:
        table.attrs["units"] = units
    if other is None:
        return table, None
    return table, pd.DataFrame(dict(zip(seen, columns[len(known) :], strict=True)), index=cells)[sea]


def _columns(grid: xr.Dataset | xr.DataArray, dim: str | None, name: str = "species") -> dict:
    """Column name -> field; the entries of `dim` are columns."""
    if isinstance(grid, xr.Dataset):
        if len(grid.data_vars) > 1 or dim not in grid.dims:
            return {str(n): field for n, field in grid.data_vars.items()}
        (grid,) = grid.data_vars.values()
    if dim in grid.dims:
        return {str(n): field for n, field in grid.to_dataset(dim=dim).data_vars.items()}
    return {str(grid.name or name): grid}
