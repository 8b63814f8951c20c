"""Grids: NetCDF and Zarr where they are, by parts; NetCDF-3, and files of servers without parts, whole."""

import contextlib
import re
import warnings
from pathlib import Path
from typing import Any

import xarray as xr

from odatis_vre.catalog.access import hdf5, netcdf3, opendap, references
from odatis_vre.catalog.access.cache import known_copy, offline
from odatis_vre.catalog.access.cuts import cut_for
from odatis_vre.catalog.access.downloads import Remote, cached_file
from odatis_vre.catalog.access.filesystems import filesystem, for_zarr, host_of
from odatis_vre.catalog.access.identity import identity, stamp
from odatis_vre.catalog.access.lazy import remote_dataset
from odatis_vre.catalog.access.methods import Method, Origin, Request
from odatis_vre.catalog.access.retries import patiently
from odatis_vre.catalog.address import is_local, is_pattern, public_url
from odatis_vre.catalog.checksum import checked_file
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["begins_as_hdf5", "listed", "not_data", "open_method"]

_HDF5 = b"\x89HDF\r\n\x1a\n"
# What plain Intake needs and our own reading sets itself.
_OURS = {
    "urlpath", "storage_options", "xarray_kwargs", "chunks", "engine", "path_as_pattern", "combine",
    "concat_dim", "cache", "parallel", "inline_array", "combine_attrs", "compat", "coords", "data_vars",
    "join",
}  # fmt: skip
_COMBINE = ("combine_attrs", "compat", "coords", "data_vars", "join")


def open_method(origin: Origin, method: Method, raw: bool, request: Request) -> xr.Dataset:
    """Open a grid by one method.

    Parameters
    ----------
    origin : Origin
    method : Method
        One of a grid's drivers.
    raw : bool
        As the catalogue says it; else undecoded, for the cleaning (several files are decoded one by one).
    request : Request
        What will be selected: a service is asked for just that.

    Returns
    -------
    xarray.Dataset
        In dask chunks.
    """
    if origin.sha256 and method.driver == "netcdf" and len(method.urls) == 1:
        remote = _remote(origin, method, method.urls[0])
        here = method.is_local
        method = method._replace(
            args={**method.args, "urlpath": checked_file(origin.entry, remote, origin.sha256)}
        )
        if not here:  # a copy is opened as copies are, whatever kind of NetCDF it is
            return _netcdf(origin, method, raw)
    if method.is_local and method.driver in ("netcdf", "zarr"):
        if method.driver == "netcdf":
            _check_whole(method.urls)
        return _with_intake(origin, method, raw)
    if not method.is_local and offline() and method.driver != "netcdf":
        raise CatalogError(
            tr("access.offline_service", entry=origin.entry, path=public_url(method.urls)),
            tr("access.offline_hint"),
        )
    if method.driver == "opendap":
        return _opendap(origin, method, raw, request)
    return _DRIVERS[method.driver](origin, method, raw)


def _check_whole(urls: list[str]) -> None:
    """The files of this machine that addresses stand for; of one that is not there, the driver tells."""
    import fsspec

    fs = fsspec.filesystem("file")
    for url in urls:
        pattern = re.sub(r"\{.*?\}", "*", url)  # `sst_{year}.nc`, as Intake writes them
        for path in fs.glob(pattern) if is_pattern(pattern) else [fs._strip_protocol(url)]:
            if fs.isfile(path):
                netcdf3.check_whole(path)


def _with_intake(origin: Origin, method: Method, raw: bool) -> xr.Dataset:
    """What was asked for never goes through the source; its driver is one of those allowed in the file."""
    from intake.source import get_plugin_class

    driver = get_plugin_class(method.driver)
    if driver is None:
        raise CatalogError(
            tr("catalog.no_driver", entry=origin.entry, driver=method.driver), tr("catalog.no_driver_hint")
        )
    args = {name: value for name, value in method.args.items() if name != "storage_options"}
    if not raw and len(method.urls) == 1 and not is_pattern(method.urls[0]):
        if method.driver == "netcdf":
            args["xarray_kwargs"] = _undecoded(args.get("xarray_kwargs") or {})
        else:
            args = _undecoded(args)
    return driver(**args).to_dask()


def _undecoded(kwargs: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in kwargs.items() if not name.startswith(("decode_", "use_cftime"))}
    return {**kept, "decode_cf": False}


def _netcdf(origin: Origin, method: Method, raw: bool) -> xr.Dataset:
    args = method.args
    urls = [found for url in method.urls for found in listed(origin, method, url)]
    one = len(urls) == 1
    kwargs = {name: value for name, value in args.items() if name not in _OURS}
    kwargs |= {name: value for name, value in (args.get("xarray_kwargs") or {}).items() if name not in _OURS}
    if one and not raw:
        kwargs = _undecoded(kwargs)
    parts = [
        _one_netcdf(_remote(origin, method, url), origin.entry, kwargs, args.get("chunks")) for url in urls
    ]
    if one:
        return parts[0]
    how = {name: args[name] for name in _COMBINE if name in args}
    if args.get("combine") == "nested":
        return xr.combine_nested(parts, concat_dim=args.get("concat_dim"), **how)
    return xr.combine_by_coords(parts, **how)


def listed(origin: Origin, method: Method, url: str) -> list[str]:
    """The files that an address stands for."""
    if not is_pattern(url) or offline():
        return [url]
    fs, path = filesystem(url, method.args.get("storage_options"), origin.trusted, method.login)
    found = patiently(fs.glob, path)
    if not found:
        raise FileNotFoundError(public_url(url))
    head = url[: url.index(path)] if path in url else ""
    return [name if "://" in name else f"{head}{name}" for name in sorted(found)]


def _remote(origin: Origin, method: Method, url: str) -> Remote:
    return Remote(url, method.args.get("storage_options"), origin.trusted, method.login)


def _one_netcdf(remote: Remote, entry: str, kwargs: dict[str, Any], chunks: Any) -> xr.Dataset:
    """By parts where format and server allow it, else whole, through the cache."""
    if is_local(remote.url):
        _check_whole([remote.url])
        return xr.open_dataset(remote.url, engine="netcdf4", cache=False, **kwargs).chunk(chunks or {})
    if offline() or known_copy(remote.url):
        return _whole_file(cached_file(remote, entry), remote, kwargs, chunks)
    fs, path = filesystem(*remote)
    facts = patiently(fs.info, path)
    start = _start(fs, path, facts)
    if start.startswith(_HDF5):
        known = identity(remote, (_sorted(kwargs), stamped) if (stamped := stamp(facts)) else None)
        group = kwargs.pop("group", None)
        ds = patiently(xr.open_dataset, hdf5.store(remote, group), cache=False, **kwargs)
        return remote_dataset(ds, entry, host_of(remote.url, remote.options), known, chunks)
    if start and not start.startswith(netcdf3.STARTS):
        raise not_data(entry, start)
    copy = cached_file(remote, entry, size=facts.get("size"))
    with copy.open("rb") as file:
        start = file.read(64)
    if not start.startswith((_HDF5, *netcdf3.STARTS)):
        raise not_data(entry, start)
    return _whole_file(copy, remote, kwargs, chunks)


def _whole_file(copy: Path, remote: Remote, kwargs: dict[str, Any], chunks: Any) -> xr.Dataset:
    """A file of the cache, whose name is its checksum."""
    netcdf3.check_whole(copy)
    ds = xr.open_dataset(copy, engine="netcdf4", cache=False, **kwargs)
    return ds.chunk(chunks or {}, token=identity(remote, (_sorted(kwargs), copy.name)))


def _sorted(kwargs: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted((name, str(value)) for name, value in kwargs.items())


def begins_as_hdf5(fs, path: str, facts: dict[str, Any]) -> bool:
    """Whether a remote file can be read by parts."""
    return _start(fs, path, facts).startswith(_HDF5)


def _start(fs, path: str, facts: dict[str, Any]) -> bytes:
    """The first bytes; none from a server that sends whole files only."""
    return patiently(fs.cat_file, path, start=0, end=64) if facts.get("partial", True) else b""


def not_data(entry: str, start: bytes) -> CatalogError:
    """A web page, a login form most often, in place of data; or another format."""
    page = start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml"))
    key = "access.web_page" if page else "access.other_format"
    return CatalogError(tr(key, entry=entry), tr("access.web_page_hint"))


def _zarr(origin: Origin, method: Method, raw: bool) -> xr.Dataset:
    from zarr.storage import FsspecStore

    fs, path = filesystem(*_remote(origin, method, method.urls[0]))
    path = path.rstrip("/")
    ds = _opened_store(method, raw, FsspecStore(for_zarr(fs), read_only=True, path=path))
    host = host_of(method.urls[0], method.args.get("storage_options"))
    return _by_parts(origin, method, raw, ds, host, _stamp_of_store(fs, path))


def _stamp_of_store(fs, path: str) -> tuple[str, ...]:
    """Of the document that is written anew with the store; its blocks may change without it."""
    for name in ("zarr.json", ".zmetadata", ".zgroup"):
        with contextlib.suppress(Exception):  # each protocol has error classes of its own
            return stamp(patiently(fs.info, f"{path}/{name}"))
    return ()


def _kerchunk(origin: Origin, method: Method, raw: bool) -> xr.Dataset:
    store, host, checksum = references.store(_remote(origin, method, method.urls[0]), origin.entry)
    method = method._replace(args={"consolidated": False, **method.args})
    return _by_parts(origin, method, raw, _opened_store(method, raw, store), host, checksum)


def _icechunk(origin: Origin, method: Method, raw: bool) -> xr.Dataset:
    store, host = references.icechunk_store(
        _remote(origin, method, method.urls[0]), method.args.get("branch")
    )
    args = {name: value for name, value in method.args.items() if name != "branch"}
    method = method._replace(args={**args, "consolidated": False, "zarr_format": 3})
    ds = _opened_store(method, raw, store)
    return _by_parts(origin, method, raw, ds, host, store.session.snapshot_id)


def _opened_store(method: Method, raw: bool, store) -> xr.Dataset:
    with warnings.catch_warnings():  # that it has no consolidated metadata, which the reader cannot change
        warnings.simplefilter("ignore", RuntimeWarning)
        kwargs = _decoding(method, raw)
        return patiently(xr.open_dataset, store, engine="zarr", cache=False, chunks=None, **kwargs)


def _decoding(method: Method, raw: bool) -> dict[str, Any]:
    kwargs = {name: value for name, value in method.args.items() if name not in _OURS}
    return kwargs if raw else _undecoded(kwargs)


def _by_parts(origin: Origin, method: Method, raw: bool, ds: xr.Dataset, host: str, known) -> xr.Dataset:
    remote = _remote(origin, method, method.urls[0])
    token = identity(remote, (_sorted(_decoding(method, raw)), known))
    return remote_dataset(ds, origin.entry, host, token, method.args.get("chunks"))


def _opendap(origin: Origin, method: Method, raw: bool, request: Request) -> xr.Dataset:
    (url,) = method.urls
    ds = opendap.open_dataset(url, origin, method.login)
    kwargs = {k: v for k, v in (method.args.get("xarray_kwargs") or {}).items() if k.startswith("decode_")}
    cuts = cut_for(ds, request, origin.entry)
    ds = xr.decode_cf(ds, **kwargs) if raw else ds
    token = identity(_remote(origin, method, url), (_sorted(kwargs), raw))
    return remote_dataset(
        ds, origin.entry, host_of(url), token, {**(method.args.get("chunks") or {}), **cuts}
    )


_DRIVERS = {
    "netcdf": _netcdf,
    "zarr": _zarr,
    "kerchunk": _kerchunk,
    "icechunk": _icechunk,
}
