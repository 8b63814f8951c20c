"""Which cells of a file a selection holds: marks that go through cleaning and selecting with the data."""

import numpy as np
import xarray as xr

__all__ = ["marked", "places_of", "unmarked"]

_MARK = "odatis_place_"


def marked(ds: xr.Dataset) -> xr.Dataset:
    """A dataset that remembers, through selections, which of its cells are which."""
    return ds.assign_coords({f"{_MARK}{dim}": (dim, np.arange(size)) for dim, size in ds.sizes.items()})


def unmarked(ds: xr.Dataset) -> xr.Dataset:
    """Without the marks."""
    return ds.drop_vars([name for name in ds.coords if str(name).startswith(_MARK)])


def places_of(selected: xr.Dataset, dim: object, size: int) -> np.ndarray:
    """The indices along a dimension of the file that a selection of `marked` data holds.

    Examples
    --------
    >>> ds = marked(xr.Dataset({"v": ("x", [5.0, 6.0, 7.0])}))
    >>> places_of(ds.isel(x=[2, 0]), "x", 3)
    array([2, 0])
    """
    mark = f"{_MARK}{dim}"
    return np.atleast_1d(selected[mark].values) if mark in selected.coords else np.arange(size)
