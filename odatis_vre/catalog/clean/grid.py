"""A grid from a real file to CF, lazily: each step changes the dataset and says so."""

from collections.abc import Mapping

import xarray as xr

from odatis_vre.catalog.clean.attributes import describe, fill_values, masked
from odatis_vre.catalog.clean.coordinates import edges_to_bounds, name_axes
from odatis_vre.catalog.clean.directions import depth_down, longitudes_east
from odatis_vre.catalog.clean.times import climatology_bounds, decodable
from odatis_vre.catalog.model import Variable
from odatis_vre.catalog.request import Period
from odatis_vre.i18n import tr

__all__ = ["CHANGES", "clean_grid"]

CHANGES = "odatis_changes"


def clean_grid(
    ds: xr.Dataset, declared: Mapping[str, Variable] | None = None, period: Period | None = None
) -> xr.Dataset:
    """Bring a dataset to the CF conventions.

    Parameters
    ----------
    ds : xarray.Dataset
        Undecoded (`decode_cf=False`), so that wrong attributes can be put right first; a decoded one is
        cleaned as far as it goes.
    declared : mapping of name to Variable, optional
        What the catalogue knows of the variables; it fills what the file does not say.
    period : Period, optional
        Of the dataset: the years of a climatology.

    Returns
    -------
    xarray.Dataset
        Decoded; coordinates `lon` (-180 to 180, ascending), `lat`, `depth` (positive down) and `time`;
        UDUNITS units; `attrs["odatis_changes"]` lists what was changed, one sentence a line.

    Examples
    --------
    >>> ds = xr.Dataset({"SST": ("X", [20.0, 21.0], {"units": "DEG C"})},
    ...                 {"X": ("X", [190.0, 200.0], {"units": "degrees_east"})})
    >>> clean = clean_grid(ds)
    >>> clean.SST.attrs["units"], clean.lon.values.tolist()
    ('degree_Celsius', [-170.0, -160.0])
    """
    declared = declared or {}
    changes: list[str] = []
    before = {str(name): variable.attrs.get("units") for name, variable in ds.variables.items()}
    ds = ds.copy()
    for variable in ds.variables.values():
        variable.attrs = dict(variable.attrs)
    ds = fill_values(ds, changes)
    ds = decodable(ds, changes)
    try:
        ds = xr.decode_cf(ds, decode_timedelta=False)
    except (ValueError, OverflowError, TypeError):
        ds = xr.decode_cf(ds, decode_times=False)
        undecoded = [name for name, units in before.items() if " since " in str(units)]
        changes.append(tr("clean.time_left", names=", ".join(undecoded)))
    ds = masked(ds, changes)
    ds = edges_to_bounds(ds, changes)
    ds = name_axes(ds, changes)
    ds = climatology_bounds(ds, period, changes)
    ds = longitudes_east(ds, changes)
    ds = depth_down(ds, changes)
    ds = describe(ds, declared, changes)
    ds.attrs = {**ds.attrs, CHANGES: "\n".join(changes)}
    return ds
