"""What an entry may ask for: a catalogue is data, and its file must not be able to run a program."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from odatis_vre.catalog.address import LOCAL, is_pattern, kept_url, protocols, public_url
from odatis_vre.catalog.model import Source
from odatis_vre.i18n import tr

__all__ = ["NESTED", "driver_name", "refusals", "without_keys"]

NESTED = "yaml_file_cat"


class _Driver(NamedTuple):
    written: str  # the same driver as a dotted name, which Intake writes
    arguments: frozenset[str]
    engines: tuple[str, ...]
    address: str = "urlpath"
    one_file: bool = False


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_XARRAY = """
    cache chunks combine combine_attrs compat concat_dim concat_characters coords data_vars decode_cf
    decode_coords decode_timedelta decode_times drop_variables engine group inline_array join mask_and_scale
    parallel use_cftime
"""
_PANDAS = """
    comment compression date_format dayfirst decimal delimiter doublequote dtype encoding engine escapechar
    false_values header index_col keep_default_na names na_filter na_values nrows parse_dates quotechar
    quoting sep skip_blank_lines skipfooter skipinitialspace skiprows thousands true_values usecols
"""
_DRIVERS = {
    "netcdf": _Driver(
        "intake_xarray.netcdf.NetCDFSource",
        _words(_XARRAY) | {"urlpath", "storage_options", "path_as_pattern", "xarray_kwargs"},
        ("netcdf4", "h5netcdf", "scipy"),
        one_file=True,
    ),
    "zarr": _Driver(
        "intake_xarray.xzarr.ZarrSource",
        _words(_XARRAY) | {"urlpath", "storage_options", "consolidated", "zarr_format"},
        ("zarr",),
    ),
    "opendap": _Driver(
        "intake_xarray.opendap.OpenDapSource",
        _words(_XARRAY) | {"urlpath", "xarray_kwargs"},
        ("netcdf4",),
    ),
    "csv": _Driver(
        "intake.source.csv.CSVSource",
        _words(_PANDAS) | {"urlpath", "storage_options"},
        ("c", "python", "pyarrow"),
        one_file=True,
    ),
    "kerchunk": _Driver("", _words(_XARRAY) | {"urlpath", "storage_options"}, ()),
    "icechunk": _Driver("", _words(_XARRAY) | {"urlpath", "storage_options", "branch"}, ()),
    "tabledap": _Driver("", _words("urlpath variables constraints lat lon time"), ()),
    "wfs": _Driver("", _words("urlpath typename version format time"), ()),
    NESTED: _Driver("intake.catalog.local.YAMLFileCatalog", frozenset({"path"}), (), address="path"),
}
# Not fsspec's caches, which write where the catalogue says, nor `reference`, which renders templates.
_PROTOCOLS = (*LOCAL, "http", "https", "s3", "ftp", "zip")
_STORAGE = "anon client_kwargs endpoint_url headers region_name requester_pays store"
# A store that the site names has its own.
_OF_STORE = ("anon", "client_kwargs", "endpoint_url", "region_name")
# Logins are kept in netrc, a keyring or the environment: what a catalogue holds travels to workers.
_LOGINS = frozenset(["key", "secret", "token", "password", "username", "host", "port", "session", "auth"])
_LOGIN_HEADERS = ("authorization", "proxy-authorization", "cookie", "x-api-key", "x-auth-token")


def driver_name(written: str) -> str:
    """The short name of a driver: Intake writes some as `intake_xarray.netcdf.NetCDFSource`."""
    return next((name for name, driver in _DRIVERS.items() if written == driver.written), written)


def without_keys(source: Source) -> Source:
    """An entry whose addresses hold no account and no key: this process alone remembers the keys."""

    def kept(args: dict[str, Any]) -> dict[str, Any]:
        found = {}
        for name in ("urlpath", "path"):
            urls = args.get(name)
            if isinstance(urls, str):
                found[name] = kept_url(urls)
            elif isinstance(urls, list):
                found[name] = [kept_url(url) if isinstance(url, str) else url for url in urls]
        return args | found

    ways = [way.model_copy(update={"args": kept(way.args)}) for way in source.metadata.access]
    metadata = source.metadata.model_copy(update={"access": ways})
    return source.model_copy(update={"args": kept(source.args), "metadata": metadata})


def refusals(source: Source, trusted: bool = True) -> Iterator[tuple[str, str]]:
    """What an entry asks for and may not: field and problem, nothing if all is well.

    Parameters
    ----------
    source : Source
        With `CATALOG_DIR` filled in.
    trusted : bool
        Whether the file is of this machine. One from elsewhere may not name files of this machine.

    Yields
    ------
    field, problem : str
    """
    yield from _way(source.driver, source.args, source.metadata.sha256, trusted, "")
    for number, way in enumerate(source.metadata.access):
        field = f"metadata.access.{number}."
        if driver_name(way.driver) == NESTED:
            yield f"{field}driver", _only(way.driver, _DRIVERS.keys() - {NESTED})
        else:
            yield from _way(way.driver, way.args, None, trusted, field)


def _way(
    written: str, args: dict[str, Any], sha256: str | None, trusted: bool, field: str
) -> Iterator[tuple[str, str]]:
    name = driver_name(written)
    if name not in _DRIVERS:
        yield f"{field}driver", _only(written, _DRIVERS)
        return
    driver = _DRIVERS[name]
    yield from _arguments(args, driver, f"{field}args")
    urls = args.get(driver.address)
    urls = urls if isinstance(urls, list) and driver.address == "urlpath" else [urls]
    if not urls or not all(isinstance(url, str) and url for url in urls):
        yield f"{field}args.{driver.address}", tr("catalog.field_missing")
        return
    for url in urls:
        for problem in _address(url, trusted):
            yield f"{field}args.{driver.address}", problem
    if sha256 and not (driver.one_file and len(urls) == 1 and not is_pattern(urls[0])):
        yield f"{field}metadata.sha256".removeprefix(field), tr("catalog.sha256_one_file")


def _address(url: str, trusted: bool) -> Iterator[str]:
    """Of a file from elsewhere: no file of this machine, no way up out of a folder."""
    try:
        for link in url.split("::"):
            _ = urlsplit(link).port
    except ValueError:
        yield tr("catalog.no_address", value=public_url(url)[:120])
        return
    found = protocols(url)
    for protocol in found:
        if protocol not in _PROTOCOLS:
            yield _only(protocol, _PROTOCOLS)
    if trusted:
        return
    if found[-1] in LOCAL:
        yield tr("access.local_file")
    # as a server may read it, too: percent signs, backslashes
    plain = unquote(unquote(url)).replace("\\", "/").partition("?")[0]
    if ".." in plain.split("/") or "\x00" in plain:
        yield tr("access.upwards")


def _arguments(args: dict[str, Any], driver: _Driver, field: str) -> Iterator[tuple[str, str]]:
    for name, value in args.items():
        if name not in driver.arguments:
            yield f"{field}.{name}", _only(name, driver.arguments)
        elif name == "engine" and value not in driver.engines:
            yield f"{field}.{name}", _only(value, driver.engines)
        elif name == "xarray_kwargs" and value is not None:
            yield from _arguments(_mapping(value), driver, f"{field}.{name}")
        elif name == "storage_options" and value is not None:
            yield from _storage(_mapping(value), f"{field}.{name}")


def _storage(options: dict[str, Any], field: str) -> Iterator[tuple[str, str]]:
    """Of a chain, `storage_options` may name each protocol's own."""
    for name, value in options.items():
        if "store" in options and name in _OF_STORE:
            yield f"{field}.{name}", tr("access.store_alone", name=name)
        elif name in _PROTOCOLS or name == "client_kwargs":
            yield from _storage(_mapping(value), f"{field}.{name}")
        elif name in _LOGINS:
            yield f"{field}.{name}", tr("access.login_in_catalogue")
        elif name not in _words(_STORAGE):
            yield f"{field}.{name}", _only(name, _words(_STORAGE))
        elif name == "headers" and any(str(key).lower() in _LOGIN_HEADERS for key in _mapping(value)):
            yield f"{field}.{name}", tr("access.login_in_catalogue")


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {str(value): None}


def _only(value: Any, allowed) -> str:
    return tr("catalog.only", value=value, allowed=", ".join(sorted(word for word in allowed if word)))
