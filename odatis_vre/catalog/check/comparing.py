"""What a dataset holds, against what its catalogue says of it."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from odatis_vre.catalog.check.status import Difference
from odatis_vre.catalog.model import Metadata, Variable
from odatis_vre.catalog.request import BBox, Period
from odatis_vre.units import UnitsError, canonical

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["compare_grid", "compare_table"]

# A box is that of the cells, a coordinate that of their middles: what lies between is no difference.
_DEGREES = 1.0
_DAYS = 31.0
_NAMED = 5


def compare_grid(ds: "xr.Dataset", known: Metadata) -> Iterator[Difference]:
    """What differs of a grid; reads one value of each variable.

    Parameters
    ----------
    ds : xarray.Dataset
        Opened and cleaned.
    known : Metadata

    Yields
    ------
    Difference
    """
    found = {str(name): field.attrs for name, field in ds.variables.items()}
    yield from _variables(found, [str(name) for name in ds.data_vars], known)
    for name, field in ds.data_vars.items():
        middle = {dim: size // 2 for dim, size in field.sizes.items()}
        if any(size == 0 for size in field.sizes.values()):
            yield Difference("empty", {"name": str(name)})
            continue
        try:
            field.isel(middle).compute()
        except Exception as error:  # each engine and protocol has error classes of its own
            from odatis_vre.catalog.access.failures import reason

            yield Difference("unread", {"name": str(name), "reason": reason(error)})
    if "lon" in ds.coords and "lat" in ds.coords:
        yield from _extent(ds.lon.values, ds.lat.values, known.bbox)
    if "time" in ds.coords and not known.climatology:
        yield from _period(ds.time.values, known.time)


def compare_table(table: pd.DataFrame, known: Metadata, whole: bool) -> Iterator[Difference]:
    """What differs of a table.

    Parameters
    ----------
    table : pandas.DataFrame
        Loaded and cleaned.
    known : Metadata
    whole : bool
        Whether these are all its rows; else its extent and its period are not compared.
    """
    units = table.attrs.get("units", {})
    columns = [str(name) for name in table.columns]
    told = {name: {"units": units[name]} if name in units else {} for name in columns}
    yield from _variables(told, columns, known)
    if whole and {"lon", "lat"} <= set(columns):
        yield from _extent(table["lon"].to_numpy(float), table["lat"].to_numpy(float), known.bbox)
    if whole and "time" in columns:
        yield from _period(table["time"].to_numpy(), known.time)


def _variables(
    found: Mapping[str, Mapping[str, Any]], data: list[str], known: Metadata
) -> Iterator[Difference]:
    names = {attrs.get("standard_name"): name for name, attrs in found.items() if attrs.get("standard_name")}
    met = set()
    for name, declared in known.variables.items():
        real = name if name in found else names.get(declared.standard_name)
        if real is None:
            yield Difference("no_variable", {"name": name})
            continue
        met.add(real)
        yield from _attributes(real, declared, found[real])
    if known.variables and (more := [name for name in data if name not in met]):
        text = ", ".join(more[:_NAMED]) + (", …" if len(more) > _NAMED else "")
        yield Difference("more_variables", {"number": len(more), "names": text})


def _attributes(name: str, declared: Variable, attrs: Mapping[str, Any]) -> Iterator[Difference]:
    told = attrs.get("units")
    if declared.units and told and _unit(told) != _unit(declared.units):
        yield Difference("units", {"name": name, "said": declared.units, "found": str(told)})
    standard = attrs.get("standard_name")
    if declared.standard_name and standard and standard != declared.standard_name:
        yield Difference(
            "standard_name", {"name": name, "said": declared.standard_name, "found": str(standard)}
        )


def _unit(text: Any) -> str:
    try:
        unit = canonical(str(text))
    except UnitsError:
        return str(text)
    return "1" if unit == "1e-3" else unit  # practical salinity is written either way


def _extent(lon: np.ndarray, lat: np.ndarray, said: BBox | None) -> Iterator[Difference]:
    lon, lat = lon[np.isfinite(lon)], lat[np.isfinite(lat)]
    if said is None or not lon.size or not lat.size:
        return
    south, north = float(lat.min()), float(lat.max())
    # counted from the western edge of the box that is said: nothing jumps at the date line
    east = (lon - said.west + 180) % 360 - 180 + said.west if said.width < 360 else lon
    edges = (float(east.min()) - said.west, float(east.max()) - (said.west + said.width))
    apart = [south - said.south, north - said.north, *(edges if said.width < 360 else ())]
    step = _step(lat)
    if max(map(abs, apart)) > max(_DEGREES, step):
        found = BBox(float(lon.min()), south, float(lon.max()), north)
        yield Difference("extent", {"said": str(said), "found": str(found)})


def _step(lat: np.ndarray) -> float:
    values = np.unique(lat)
    return float(np.median(np.diff(values))) if len(values) > 2 else 0.0


def _period(times: np.ndarray, said: Period | None) -> Iterator[Difference]:
    if said is None or not np.issubdtype(times.dtype, np.datetime64):
        return
    times = times[~np.isnat(times)]
    if not times.size:
        return
    first, last = pd.Timestamp(times.min()), pd.Timestamp(times.max())
    slack = pd.Timedelta(days=_DAYS)
    early = said.start is not None and abs(first - pd.Timestamp(said.start)) > slack
    late = said.end is not None and abs(last - pd.Timestamp(said.end)) > slack
    if early or late:
        found = Period(first.to_pydatetime(), last.to_pydatetime())
        yield Difference("period", {"said": str(said), "found": str(found)})
