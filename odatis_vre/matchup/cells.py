"""The cells of a grid that a set of windows may need, read once."""

import dask
import numpy as np
import xarray as xr

from odatis_vre.matchup.nearest import Windows


class Cells:
    """Values of the cells around observations.

    Parameters
    ----------
    ds : Dataset
        The variables to read.
    lat, lon : str
        Dimensions of the grid.
    steps : dict
        Other dimension -> index of each observation along it, shape (m,).

    Attributes
    ----------
    values : dict
        Variable -> ndarray of float64, shape (cells read,); filled by `read`.
    """

    def __init__(self, ds: xr.Dataset, lat: str, lon: str, steps: dict[str, np.ndarray]):
        self._ds = ds
        self._dims = [*steps, lat, lon]
        self._steps = list(steps.values())
        self._shape = tuple(ds.sizes[d] for d in self._dims)
        self._keys = np.empty(0, dtype=np.int64)
        self._wet = np.empty(0, dtype=bool)
        self.values: dict[str, np.ndarray] = {}

    def _key(self, owner, i, j) -> np.ndarray:
        return np.ravel_multi_index((*(s[owner] for s in self._steps), i, j), self._shape)

    def read(self, windows: Windows) -> None:
        """Read every cell of the windows, each once, all variables together."""
        same = np.stack([windows.row, windows.rows, windows.column, windows.columns, *self._steps], axis=1)
        _, first = np.unique(same, axis=0, return_index=True)
        for owner, row, column in windows.of(first).batches():
            keys = self._key(first[owner], windows.row_index[row], windows.column_index[column])
            self._keys = np.union1d(self._keys, keys)
        index = np.unravel_index(self._keys, self._shape)
        at = {d: xr.DataArray(k, dims="cell") for d, k in zip(self._dims, index, strict=True)}
        lazy = {
            name: variable.variable.isel({d: at[d].variable for d in variable.dims})
            for name, variable in self._ds.data_vars.items()
        }
        (loaded,) = dask.compute({name: v.data if v.chunks else v.values for name, v in lazy.items()})
        self.values = {name: np.asarray(v, dtype=float) for name, v in loaded.items()}
        self._wet = np.logical_and.reduce([np.isfinite(v) for v in self.values.values()])

    def at(self, owner: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Places in `values` of cells that were read.

        Parameters
        ----------
        owner, i, j : ndarray of int, shape (k,)
            Observation, and indices along latitude and longitude.
        """
        return np.searchsorted(self._keys, self._key(owner, i, j))

    def wet(self, owner: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Whether all variables have a value in cells that were read."""
        return self._wet[self.at(owner, i, j)]
