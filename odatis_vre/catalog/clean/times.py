"""Times that no library decodes: year 0, months since, dates written as numbers; climatologies of year 0."""

import itertools
import re
from datetime import datetime

import cftime
import numpy as np
import pandas as pd
import xarray as xr

from odatis_vre.catalog.request import Period
from odatis_vre.i18n import tr

__all__ = ["climatology_bounds", "decodable"]

_SINCE = re.compile(r"^\s*([A-Za-z_]+)\s+since\s+([-+]?\d{1,4})-(\d{1,2})-(\d{1,2})(.*)$", re.IGNORECASE)
_UNITS = {
    "second": 1, "seconds": 1, "sec": 1, "secs": 1, "s": 1,
    "minute": 60, "minutes": 60, "min": 60, "mins": 60,
    "hour": 3600, "hours": 3600, "hr": 3600, "hrs": 3600, "h": 3600,
    "day": 86400, "days": 86400, "d": 86400,
}  # fmt: skip
_NUMBERS = re.compile(r"(day as )?(%Y%m%d|yyyymmdd)(\.%f|\.f)?", re.IGNORECASE)
# A leap year, as year 0 is: each day of the year keeps its date.
_YEAR = 2000
_CLIMATOLOGY = "climatology_bounds"


def decodable(ds: xr.Dataset, changes: list[str]) -> xr.Dataset:
    """Rewrite the times that xarray cannot decode into ones that it can.

    A time counted from year 0 (or 1) that stays within that year is a climatology, as CF 1.8 has it (4.4.1 of
    the older conventions): its dates are given to the year 2000. One that goes on counts real days.
    """
    ds = _with_units_of_bounds(ds)
    for name, variable in list(ds.variables.items()):
        units = str(variable.attrs.get("units", ""))
        if not np.issubdtype(variable.dtype, np.number):
            continue
        if _NUMBERS.fullmatch(units.strip()):
            ds = _replaced(ds, name, *_from_numbers(variable))
            changes.append(tr("clean.time_numbers", name=name, written=units))
        elif match := _SINCE.match(units):
            unit, year = match[1].lower(), int(match[2])
            if unit.startswith(("month", "year")):
                found = _calendar_steps(variable, match)
                if found:
                    ds = _replaced(ds, name, *found)
                    changes.append(tr("clean.time_months", name=name, written=units))
            elif year <= 1 and unit in _UNITS:
                ds = _of_year_zero(ds, name, match, changes)
    return ds


def _with_units_of_bounds(ds: xr.Dataset) -> xr.Dataset:
    """Bounds have the units of their time where they name none (CF 7.1, 7.4)."""
    for variable in list(ds.variables.values()):
        time = {key: variable.attrs[key] for key in ("units", "calendar") if key in variable.attrs}
        bounds = ds.variables.get(variable.attrs.get("climatology"))
        if bounds is not None and " since " in str(time.get("units")):
            bounds.attrs = {**time, **bounds.attrs}
    return ds


def _replaced(ds: xr.Dataset, name, values: np.ndarray, units: str) -> xr.Dataset:
    old = ds.variables[name]
    attrs = {k: v for k, v in old.attrs.items() if k not in ("time_origin",)} | {"units": units}
    new = xr.Variable(old.dims, values, attrs)
    return ds.assign_coords({name: new}) if name in ds.coords else ds.assign({name: new})


def _from_numbers(variable: xr.Variable) -> tuple[np.ndarray, str]:
    values = np.asarray(variable.values, dtype=np.float64)
    whole = np.floor(values).astype(np.int64)
    dates = pd.to_datetime(pd.Series(whole.ravel().astype(str)), format="%Y%m%d", errors="coerce")
    days = (dates - pd.Timestamp("1970-01-01")).dt.total_seconds().to_numpy() / 86400
    return days.reshape(values.shape) + (values - whole), "days since 1970-01-01"


def _calendar_steps(variable: xr.Variable, match: re.Match) -> tuple[np.ndarray, str] | None:
    """Months and years of the calendar (udunits: twelfths of 365.24 days); a half is the middle of one."""
    year, month, day = int(match[2]), int(match[3]), int(match[4])
    if year < 1 or variable.attrs.get("calendar", "standard") not in (
        "standard",
        "gregorian",
        "proleptic_gregorian",
    ):
        return None
    months = np.asarray(variable.values, dtype=np.float64) * (
        12 if match[1].lower().startswith("year") else 1
    )
    if not np.isfinite(months).all():
        return None
    whole = np.floor(months + 1e-9).astype(np.int64)
    first = np.datetime64(f"{year:04d}-{month:02d}", "M") + whole
    length = ((first + 1).astype("M8[D]") - first.astype("M8[D]")).astype(float)
    days = (first.astype("M8[D]") - np.datetime64("1970-01-01", "D")).astype(float) + (day - 1)
    return days + (months - whole) * length, "days since 1970-01-01"


def _of_year_zero(ds: xr.Dataset, name, match: re.Match, changes: list[str]) -> xr.Dataset:
    variable = ds.variables[name]
    units, year = variable.attrs["units"], int(match[2])
    days = np.asarray(variable.values, dtype=np.float64) * _UNITS[match[1].lower()] / 86400
    start = (int(match[3]) - 1) * 30.5 + int(match[4]) - 1
    if days.size and np.nanmin(days) >= 0 and np.nanmax(days) + start <= 366:
        tail = match[5].replace("Z", "")
        ds = _replaced(
            ds,
            name,
            variable.values,
            f"{match[1]} since {_YEAR}-{int(match[3]):02d}-{int(match[4]):02d}{tail}",
        )
        if variable.ndim == 1 and variable.dims == (name,):
            ds[name].attrs["climatology"] = _CLIMATOLOGY
        changes.append(tr("clean.time_climatology", name=name, written=units, year=_YEAR))
        return ds
    if year == 1:
        return ds  # xarray reads it
    calendar = str(variable.attrs.get("calendar", "standard"))
    zero = cftime.datetime(0, int(match[3]), int(match[4]), calendar=calendar, has_year_zero=True)
    shift = (
        cftime.datetime(1970, 1, 1, calendar=calendar, has_year_zero=True) - zero
    ).total_seconds() / 86400
    ds = _replaced(ds, name, days - shift, "days since 1970-01-01")
    changes.append(tr("clean.time_year_zero", name=name, written=units, calendar=calendar))
    return ds


def climatology_bounds(ds: xr.Dataset, period: Period | None, changes: list[str]) -> xr.Dataset:
    """What each instant of a climatology stands for: its month, from the first year to the last."""
    for name, coord in ds.coords.items():
        told = coord.attrs.get("climatology") or coord.encoding.get("climatology")
        if told != _CLIMATOLOGY or _CLIMATOLOGY in ds.variables or coord.ndim != 1:
            continue
        coord.attrs["climatology"] = _CLIMATOLOGY
        dates = pd.DatetimeIndex(coord.values)
        first = period.start.year if period and period.start else _YEAR
        last = period.end.year if period and period.end else _YEAR
        if dates.size == 12 and list(dates.month) == list(range(1, 13)):
            pairs = [(datetime(first, m, 1), datetime(last + (m == 12), m % 12 + 1, 1)) for m in range(1, 13)]
        else:
            middles = [a + (b - a) / 2 for a, b in itertools.pairwise(dates)]
            ends = [datetime(_YEAR, 1, 1), *middles, datetime(_YEAR + 1, 1, 1)]
            pairs = list(itertools.pairwise(ends))
        values = np.array(pairs, dtype="datetime64[ns]")
        ds = ds.assign_coords({_CLIMATOLOGY: ((coord.dims[0], "bounds"), values)})
        changes.append(tr("clean.climatology", name=name, bounds=_CLIMATOLOGY))
    return ds
