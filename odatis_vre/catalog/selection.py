"""From what is asked of an entry to its values: opened, cleaned, selected, converted."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import xarray as xr

from odatis_vre.catalog.access import open_grid, open_table, sized
from odatis_vre.catalog.access.announced import copied
from odatis_vre.catalog.access.filesystems import host_of
from odatis_vre.catalog.access.heavy import duration, read_limit, tell
from odatis_vre.catalog.access.methods import GRIDS, TABLES, Method, Origin, Request
from odatis_vre.catalog.access.places import marked, unmarked
from odatis_vre.catalog.clean import clean_grid, clean_table
from odatis_vre.catalog.clean.grid import CHANGES
from odatis_vre.catalog.estimate import Estimate, estimate, of_whole_files
from odatis_vre.catalog.model import Metadata
from odatis_vre.catalog.rows import select_columns, select_rows
from odatis_vre.catalog.subset import nearest_name, select_grid
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr
from odatis_vre.units import convert

__all__ = ["estimated", "grid", "table"]


def grid(
    origin: Origin,
    known: list[Method],
    request: Request,
    metadata: Metadata,
    units: Mapping[str, str] | None = None,
    clean: bool = True,
) -> tuple[xr.Dataset, Method]:
    """Open a grid and select from it, as `Entry.to_xarray` says."""
    _refuse_tables(origin, known)
    raw, method = open_grid(origin, known, request, raw=not clean)
    limit = read_limit()
    ds = _selected(origin, raw if limit is None else marked(raw), request, metadata, clean)
    if limit is not None:
        told = _estimate(origin, raw, ds, method)
        ds = unmarked(ds)
        if told.bytes_to_read > limit and not copied(origin, method):
            _warn(told, limit)
    return _converted(ds, units or {}, origin.entry), method


def _selected(origin, ds: xr.Dataset, request: Request, metadata: Metadata, clean: bool) -> xr.Dataset:
    if clean:
        ds = clean_grid(ds, metadata.variables, metadata.time)
    bounds = [
        name
        for coord in ds.coords.values()
        for name in (coord.attrs.get("bounds"), coord.attrs.get("climatology"))
        if name in ds
    ]
    ds = ds.set_coords(bounds)
    return select_grid(ds, origin.entry, request.bbox, request.time, request.depth, request.variables)


def _converted(ds: xr.Dataset, units: Mapping[str, str], entry: str) -> xr.Dataset:
    told = []
    for wanted, unit in units.items():
        fits = [
            name for name, field in ds.data_vars.items() if wanted in (name, field.attrs.get("standard_name"))
        ]
        if not fits:
            known = [str(name) for name in ds.data_vars]
            raise CatalogError(
                tr("catalog.no_variable", name=wanted, entry=entry), nearest_name(wanted, known)
            )
        for name in fits:
            written = ds[name].attrs.get("units")
            ds[name] = convert(ds[name], unit)
            told.append(tr("clean.converted", name=name, written=written, units=ds[name].attrs["units"]))
    if told:
        ds.attrs[CHANGES] = "\n".join(filter(None, [ds.attrs.get(CHANGES, ""), *told]))
    return ds


def estimated(
    origin: Origin,
    known: list[Method],
    request: Request,
    metadata: Metadata,
) -> Estimate:
    """Count what a selection reads, as `Entry.estimate` says."""
    size, method = sized(origin, known, request, metadata.size)
    if size is not None:
        return of_whole_files(origin.entry, size, len(method.urls), _host(method))
    raw, method = open_grid(origin, known, request)
    return _estimate(origin, raw, _selected(origin, marked(raw), request, metadata, True), method)


def _estimate(origin: Origin, raw: xr.Dataset, selected: xr.Dataset, method: Method) -> Estimate:
    host = "" if copied(origin, method) else _host(method)
    return estimate(origin.entry, raw, selected, host, method.layout)


def _host(method: Method) -> str:
    return "" if method.is_local else host_of(method.urls[0], method.args.get("storage_options"))


def _warn(told: Estimate, limit: int) -> None:
    from odatis_vre.catalog.card import readable_size

    tell(
        tr(
            "access.estimate.warning",
            size=readable_size(told.bytes_to_read),
            entry=told.entry,
            chunks=told.chunks,
            time=duration(told.seconds),
            limit=readable_size(limit),
        )
    )


def table(
    origin: Origin, known: list[Method], request: Request, metadata: Metadata, clean: bool = True
) -> tuple[pd.DataFrame, Method]:
    """Load a table and select from it, as `Entry.to_pandas` says."""
    if known[0].driver in GRIDS:
        raise CatalogError(tr("catalog.is_grid", entry=origin.entry), tr("catalog.is_grid_hint"))
    rows, method = open_table(origin, known, request)
    rows = rows.reset_index(drop=True)
    axes = {axis: method.args[axis] for axis in ("lat", "lon", "time") if axis in method.args}
    tidy = clean_table(rows, metadata.variables, axes)
    changes = tidy.attrs[CHANGES]
    kept = select_rows(tidy, origin.entry, request.bbox, request.time, metadata.time)
    if clean and request.time and "time" not in tidy.columns:
        changes = "\n".join(filter(None, [changes, tr("clean.undated", period=metadata.time)]))
    # as in the file, though chosen by what its columns mean
    units: dict[str, Any] = dict((tidy if clean else rows).attrs.get("units") or {})
    rows = kept if clean else rows.loc[kept.index]
    if request.variables is not None:
        rows = select_columns(rows, origin.entry, request.variables)
    rows = rows.reset_index(drop=True)
    declared = {name: known.units for name, known in metadata.variables.items() if known.units}
    units = {name: unit for name, unit in {**units, **declared}.items() if name in rows.columns}
    rows.attrs = {"units": {name: units[name] for name in rows.columns if name in units}}
    if clean and changes:
        rows.attrs[CHANGES] = changes
    return rows, method


def _refuse_tables(origin: Origin, known: list[Method]) -> None:
    if known[0].driver in TABLES:
        raise CatalogError(tr("catalog.is_table", entry=origin.entry), tr("catalog.is_table_hint"))
