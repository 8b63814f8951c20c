"""Attributes: missing values, units, standard names."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from odatis_vre.catalog.clean.names import LOGARITHM, standard_name_of
from odatis_vre.catalog.model import Variable
from odatis_vre.i18n import tr
from odatis_vre.units import UnitsError, canonical, parse

__all__ = ["describe", "fill_values", "masked"]

# As CF spells it, and as files do.
_FILLS = ("_FillValue", "missing_value")
_MISSPELT = (
    "_fillvalue", "_fill_value", "fillvalue", "fill_value", "fill", "missing", "missingvalue",
    "missing_values", "nodata", "no_data", "nodata_value", "_missing_value",
)  # fmt: skip
# netCDF's own is 9.97e36, Ferret's 1e34; no quantity of the ocean comes near.
_BEYOND = 1e30


def fill_values(ds: xr.Dataset, changes: list[str]) -> xr.Dataset:
    """Put the attributes that tell missing values right, before they are decoded."""
    for name, variable in ds.variables.items():
        attrs = variable.attrs
        numeric = np.issubdtype(variable.dtype, np.number)
        for written in [key for key in attrs if str(key).lower() in _MISSPELT and key not in _FILLS]:
            value = _as_number(attrs[written], variable.dtype) if numeric else None
            if value is not None and not any(key in attrs for key in _FILLS):
                attrs["_FillValue"] = value
                del attrs[written]
                changes.append(tr("clean.fill_renamed", name=name, written=written, value=value))
        for key in _FILLS:
            if numeric and isinstance(attrs.get(key), str):
                value = _as_number(attrs.pop(key), variable.dtype)
                if value is not None:
                    attrs[key] = value
                changes.append(tr("clean.fill_number", name=name, written=key, value=value))
    return ds


def _as_number(value: Any, dtype) -> Any:
    try:
        number = float(np.ravel(value)[0]) if not isinstance(value, str) else float(value)
        return np.dtype(dtype).type(number)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def masked(ds: xr.Dataset, changes: list[str]) -> xr.Dataset:
    """Missing values that no attribute declares: numbers beyond any quantity."""
    for name, field in ds.data_vars.items():
        declared = any(key in field.encoding or key in field.attrs for key in _FILLS)
        if declared or not np.issubdtype(field.dtype, np.floating):
            continue
        encoding = field.encoding
        ds[name] = field.where(abs(field) < _BEYOND).assign_attrs(field.attrs)
        ds[name].encoding = encoding
        changes.append(tr("clean.fill_large", name=name, limit=f"{_BEYOND:g}"))
    return ds


def describe(ds: xr.Dataset, declared: Mapping[str, Variable], changes: list[str]) -> xr.Dataset:
    """Units in UDUNITS spelling and standard names, from the file, the catalogue, or the long name."""
    for name, variable in ds.variables.items():
        if np.issubdtype(variable.dtype, np.datetime64) or variable.dtype == object:
            continue
        attrs, known = variable.attrs, declared.get(str(name))
        _units(str(name), attrs, known, changes)
        if not attrs.get("standard_name") and name in ds.data_vars:
            vertical = any(ds[dim].attrs.get("axis") == "Z" for dim in variable.dims if dim in ds.coords)
            found = (known and known.standard_name) or _fitting(str(name), attrs, vertical)
            if found:
                attrs["standard_name"] = found
                changes.append(tr("clean.standard_name", name=name, standard_name=found))
    return ds


def _units(name: str, attrs: dict, known: Variable | None, changes: list[str]) -> None:
    written = attrs.get("units")
    if written is None or not str(written).strip():
        attrs.pop("units", None)
        if known and known.units:
            attrs["units"] = canonical(known.units)
            changes.append(tr("clean.units_declared", name=name, units=attrs["units"]))
        return
    text = str(written)
    if " since " in f" {text} ":
        return
    if text.upper().strip() in LOGARITHM:
        attrs["units"] = "1"
        attrs["long_name"] = f"{attrs.get('long_name', name)} ({LOGARITHM[text.upper().strip()]})"
    else:
        try:
            attrs["units"] = canonical(text)
        except UnitsError:
            changes.append(tr("clean.units_left", name=name, units=text))
            return
    if attrs["units"] != written:
        changes.append(tr("clean.units", name=name, written=text, units=attrs["units"]))


def _fitting(name: str, attrs: dict, vertical: bool) -> str | None:
    """A standard name by the long name, where the unit measures the same thing."""
    found = standard_name_of(str(attrs.get("long_name", "")), name, vertical)
    if found is None:
        return None
    standard_name, expected = found
    if "units" not in attrs:
        return standard_name
    try:
        fits = parse(attrs["units"]).pint.dimensionality == parse(expected).pint.dimensionality
    except UnitsError:
        return None
    return standard_name if fits else None
