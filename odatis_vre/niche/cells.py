"""Cells that absences and background are drawn from: the rows of a table, or the cells of a grid."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import pandas as pd
import xarray as xr

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.rows import columns_of, known_rows, nearest_cell
from odatis_vre.niche.sphere import axis_of, positions
from odatis_vre.niche.table import in_unit, in_units, told_units


class TableCells:
    """The rows of a table of candidates.

    Parameters
    ----------
    table : DataFrame, n rows
    """

    def __init__(self, table: pd.DataFrame):
        self.table = table

    def known(self) -> np.ndarray:
        """Where every numeric column is known; shape (n,)."""
        numeric = self.table.select_dtypes("number")
        return np.isfinite(numeric.to_numpy(float, na_value=np.nan)).all(axis=1)

    def where(self, test: Callable, names: Iterable[str], units: Mapping[str, str]) -> np.ndarray:
        """Where `test`, of values of shape (m, p) in these units, is true; False where one is unknown."""
        names = columns_of(self.table, names)
        values = known_rows(self.table, names)
        values = in_units(values, names, told_units(self.table, names), units)
        out = np.isfinite(values).all(axis=1)
        out[out] = test(values[out])
        return out

    def where_place(self, test: Callable) -> np.ndarray:
        """Where `test`, which takes latitudes and longitudes of shape (m,), is true."""
        lat, lon = positions(self.table)
        out = np.isfinite(lat) & np.isfinite(lon)
        out[out] = test(lat[out], lon[out])
        return out

    def held(self, lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
        """Where a candidate has the position of one of the places."""
        taken = {(a, o % 360) for a, o in zip(lat.tolist(), lon.tolist(), strict=True)}
        mine = zip(*(axis.tolist() for axis in positions(self.table)), strict=True)
        return np.array([(a, o % 360) in taken for a, o in mine], dtype=bool)

    def flat(self, mask: np.ndarray) -> np.ndarray:
        """The mask by candidate, shape (n,)."""
        return mask

    def weights(self, given) -> np.ndarray:
        """Weights by candidate: those of a column, or as many numbers as there are candidates."""
        if isinstance(given, str):
            given = self.table[columns_of(self.table, [given])[0]]
        values = np.asarray(given, dtype=float)
        if values.shape != (len(self.table),):
            raise NicheError(
                tr("evaluation.other_shape", a=(len(self.table),), b=values.shape),
                tr("evaluation.weights_hint"),
            )
        return values

    def take(self, rows: np.ndarray) -> pd.DataFrame:
        """The candidates of these numbers."""
        return self.table.iloc[rows]


class GridCells:
    """The cells of a grid of predictors; nothing but masks is computed before cells are taken.

    Parameters
    ----------
    grid : Dataset
    """

    def __init__(self, grid: xr.Dataset):
        if not grid.data_vars:
            raise NicheError(tr("evaluation.no_variables"), tr("evaluation.no_variables_hint"))
        fields = grid.data_vars.values()
        self.grid = grid
        self._dims = [d for d in grid.dims if any(d in field.dims for field in fields)]
        self._shape = tuple(grid.sizes[d] for d in self._dims)

    def flat(self, mask: xr.DataArray) -> np.ndarray:
        """The mask by cell, shape (number of cells,): here it is computed, in one pass over the grid."""
        sizes = {d: n for d, n in zip(self._dims, self._shape, strict=True) if d not in mask.dims}
        return mask.expand_dims(sizes).transpose(*self._dims).values.ravel()

    def known(self) -> xr.DataArray:
        """Where every variable is known, and finite."""
        known = True
        for field in self.grid.data_vars.values():
            known = known & (np.isfinite(field) if field.dtype.kind == "f" else field.notnull())
        return known

    def where(self, test: Callable, names: Iterable[str], units: Mapping[str, str]) -> xr.DataArray:
        """Where `test`, of values of shape (m, p) in these units, is true; False where one is unknown."""
        names = [names] if isinstance(names, str) else list(names)
        if missing := [n for n in names if n not in self.grid]:
            raise NicheError(
                tr("evaluation.missing_columns", columns=", ".join(missing)),
                tr("evaluation.missing_columns_hint", columns=", ".join(map(str, self.grid.data_vars))),
            )

        def on_block(*fields: np.ndarray) -> np.ndarray:
            values = np.stack(np.broadcast_arrays(*fields), axis=-1).astype(float)
            out = np.isfinite(values).all(axis=-1)
            if out.any():
                out[out] = test(values[out])
            return out

        return xr.apply_ufunc(
            on_block,
            *(in_unit(self.grid[n], n, self.grid[n].attrs.get("units"), units.get(n)) for n in names),
            join="exact",
            dask="parallelized",
            output_dtypes=[bool],
        )

    def where_place(self, test: Callable) -> xr.DataArray:
        """Where `test`, which takes latitudes and longitudes of shape (m,), is true."""
        lat, lon = xr.broadcast(axis_of(self.grid, "lat"), axis_of(self.grid, "lon"))
        out = np.isfinite(lat.values) & np.isfinite(lon.values)
        out[out] = test(lat.values[out], lon.values[out])
        return lat.copy(data=out)

    def held(self, lat: np.ndarray, lon: np.ndarray) -> xr.DataArray:
        """Where a cell, at any time and depth, holds one of the places."""
        there, _ = xr.broadcast(axis_of(self.grid, "lat"), axis_of(self.grid, "lon"))
        mask = np.zeros(there.shape, dtype=bool)
        at = nearest_cell(self.grid, lat, lon)
        mask[tuple(index[at[0] >= 0] for index in at)] = True
        return xr.DataArray(mask, dims=there.dims)

    def weights(self, given) -> np.ndarray:
        """Weights by cell: those of a variable, or a field of the same cells (or fewer dimensions)."""
        field = self.grid[given] if isinstance(given, str) and given in self.grid else given
        if not isinstance(field, xr.DataArray) or not set(field.dims) <= set(self._dims):
            raise NicheError(
                tr("evaluation.other_shape", a=self._dims, b=getattr(field, "dims", np.shape(field))),
                tr("evaluation.weights_hint"),
            )
        return self.flat(field).astype(float)

    def take(self, rows: np.ndarray) -> pd.DataFrame:
        """The cells of these numbers: coordinates and variables, read where they are only."""
        where = np.unravel_index(rows, self._shape)
        points = {d: xr.DataArray(i, dims="cell") for d, i in zip(self._dims, where, strict=True)}
        picked = self.grid.isel(points).compute()
        out = pd.DataFrame({str(n): c.values for n, c in picked.coords.items() if c.dims == ("cell",)})
        for name, field in picked.data_vars.items():
            out[str(name)] = field.values
        for axis in ("lat", "lon"):
            out = out.rename(columns={str(axis_of(self.grid, axis).name): axis})
        units = {str(n): str(f.attrs["units"]) for n, f in self.grid.data_vars.items() if "units" in f.attrs}
        if units:
            out.attrs["units"] = units
        return out


def cells_of(candidates: pd.DataFrame | xr.Dataset) -> TableCells | GridCells:
    """The cells of a table or of a grid."""
    if isinstance(candidates, xr.Dataset):
        return GridCells(candidates)
    if isinstance(candidates, pd.DataFrame):
        return TableCells(candidates)
    raise NicheError(
        tr("evaluation.no_candidates", kind=type(candidates).__name__), tr("evaluation.no_candidates_hint")
    )
