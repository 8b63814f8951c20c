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


def clean_table(table: pd.DataFrame, declared: Mapping[str, Variable] | None = None) -> pd.DataFrame:
    """Give a table's positions and dates the names that selections use.

    Parameters
    ----------
    table : pandas.DataFrame
        `attrs["units"]` where the source tells them.
    declared : mapping of name to Variable, optional
        Columns that the catalogue describes keep their names.

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
    declared = declared or {}
    changes: list[str] = []
    units = dict(table.attrs.get("units") or {})
    renamed = {}
    for name, pattern in _COLUMNS.items():
        fits = [c for c in table.columns if pattern.fullmatch(str(c).strip()) and str(c) not in declared]
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
    if "time" in table.columns and table["time"].dtype.kind not in "Mif":
        dates = _dates(table["time"])
        if dates is not None:
            table = table.assign(time=dates)
            changes.append(tr("clean.dates", name="time"))
    table.attrs = {"units": units, "odatis_changes": "\n".join(changes)}
    return table


def _dates(column: pd.Series) -> pd.Series | None:
    """ISO dates, or French ones with the day first; None if some cell is neither."""
    text = column.dropna().astype(str)
    french = text.str.match(r"\d{1,2}/\d{1,2}/\d{4}").mean() > 0.5 if len(text) else False
    try:
        dates = pd.to_datetime(
            column, dayfirst=bool(french), utc=True, format="mixed" if french else "ISO8601"
        )
    except (ValueError, TypeError):
        return None
    return dates.dt.tz_localize(None)
