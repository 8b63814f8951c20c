"""Tables: positions and dates under their usual names, units in their usual spelling."""

import re
from collections.abc import Mapping

import pandas as pd

from odatis_vre.catalog.model import Variable
from odatis_vre.i18n import tr
from odatis_vre.units import UnitsError, canonical

__all__ = ["clean_table"]

_COLUMNS = {
    "lat": re.compile(r"(.*:\s*)?(lat(itude)?\b.*|coordonn[ée]es miny)", re.IGNORECASE),
    "lon": re.compile(r"(.*:\s*)?(lon(g|gitude)?\b.*|coordonn[ée]es minx)", re.IGNORECASE),
    "time": re.compile(r"(.*:\s*)?(time|date|date_?time)", re.IGNORECASE),
}


def clean_table(
    table: pd.DataFrame,
    declared: Mapping[str, Variable] | None = None,
    axes: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Give a table's positions and dates the names that selections use.

    Parameters
    ----------
    table : pandas.DataFrame
        `attrs["units"]` where the source tells them.
    declared : mapping of name to Variable, optional
        Columns that the catalogue describes keep their names.
    axes : mapping of str to str, optional
        What the catalogue calls `lat`, `lon` and `time`, where it says so.

    Returns
    -------
    pandas.DataFrame
        Columns `lon`, `lat` (degrees) and `time` (dates, UTC), where there are such;
        `attrs["odatis_changes"]` lists what was changed, one sentence a line.

    Examples
    --------
    >>> clean_table(pd.DataFrame({"Latitude": [48.4], "Longitude": [-4.5]})).columns.tolist()
    ['lat', 'lon']
    """
    declared, axes = declared or {}, axes or {}
    changes: list[str] = []
    units = dict(table.attrs.get("units") or {})
    renamed = {}
    for name, pattern in _COLUMNS.items():
        fits = [c for c in table.columns if pattern.fullmatch(str(c).strip()) and str(c) not in declared]
        fits = [axes[name]] if axes.get(name) in table.columns else fits
        if name not in table.columns and len(fits) == 1:
            renamed[fits[0]] = name
            changes.append(tr("clean.renamed", written=fits[0], name=name))
    table = table.rename(columns=renamed)
    units = {renamed.get(name, name): unit for name, unit in units.items()}
    for name, unit in units.items():
        try:
            units[name] = canonical(unit)
        except UnitsError:
            continue
        if units[name] != unit:
            changes.append(tr("clean.units", name=name, written=unit, units=units[name]))
    if "time" in table.columns and table["time"].dtype.kind != "M":
        dates = _dates(table["time"], units.get("time", ""))
        if dates is not None:
            table = table.assign(time=dates)
            units.pop("time", None)
            changes.append(tr("clean.dates", name="time"))
    elif "time" in table.columns and table["time"].dt.tz is not None:
        table = table.assign(time=table["time"].dt.tz_convert("UTC").dt.tz_localize(None))
    table.attrs = {"units": units, "odatis_changes": "\n".join(changes)}
    return table


def _dates(column: pd.Series, units: str = "") -> pd.Series | None:
    """Dates in UTC, without a zone: ISO, written with slashes, as numbers; None if some cell is no date."""
    try:
        if column.dtype.kind in "iuf":
            return _counted(column, units)
        text = column.astype("string").str.strip().replace("", pd.NA)
        parts = text.dropna().str.extract(_SLASHED)
        if len(parts) and parts[0].notna().all():
            text = text.where(text.isna(), _as_iso(parts))
        dates = pd.to_datetime(text, utc=True, format="ISO8601")
    except (ValueError, TypeError, OverflowError):
        return None
    return dates.dt.tz_localize(None)


def _as_iso(parts: pd.DataFrame) -> pd.Series:
    """The day first, as the French write it, unless some date of the column cannot be read so."""
    day, month = (parts[place].astype(int) for place in (0, 1))
    if month.max() > 12 and day.max() <= 12:
        day, month = month, day
    two = "{:02d}".format
    return (
        parts[2] + "-" + month.map(two) + "-" + day.map(two) + "T" + parts[3].fillna("00").str.zfill(2)
        + ":" + parts[4].fillna("00") + ":" + parts[5].fillna("00") + parts[6].fillna("")
    )  # fmt: skip


def _counted(column: pd.Series, units: str) -> pd.Series | None:
    """Numbers that are dates: counted since a date, or written as 20210131, 202101 or 2021."""
    known = column.dropna()
    if known.empty:
        return None
    if " since " in units:
        import xarray as xr

        coded = xr.Variable(("row",), known.to_numpy(), {"units": units})
        found = xr.conventions.decode_cf_variable("time", coded, decode_timedelta=False)
        dates = pd.Series(pd.to_datetime(found.values), index=known.index)
    else:
        digits = {8: "%Y%m%d", 6: "%Y%m", 4: "%Y"}.get(len(str(int(known.max()))))
        years = known // 10 ** max(len(str(int(known.max()))) - 4, 0)
        if digits is None or (known % 1).any() or not years.between(1700, 2200).all():
            return None
        dates = pd.to_datetime(known.astype(int).astype(str), format=digits)
    return dates.reindex(column.index)


_SLASHED = (
    r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[ T]+(\d{1,2})[:hH](\d{2})(?::(\d{2}(?:\.\d+)?))?)?"
    r" ?(Z|[+-]\d{2}:?\d{2})?$"
)
