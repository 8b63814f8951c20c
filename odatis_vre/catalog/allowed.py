"""What an entry may ask for: a catalogue is data, and its file must not be able to run a program."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from odatis_vre.catalog.address import LOCAL, protocols
from odatis_vre.catalog.model import Source
from odatis_vre.i18n import tr

__all__ = ["NESTED", "driver_name", "refusals"]

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
    NESTED: _Driver("intake.catalog.local.YAMLFileCatalog", frozenset({"path"}), (), address="path"),
}
# Not fsspec's caches, which write where the catalogue says, nor `reference`, which renders templates.
_PROTOCOLS = (*LOCAL, "http", "https", "s3", "ftp", "zip")
_STORAGE = """
    anon client_kwargs endpoint_url headers host key password port region_name requester_pays secret token
    username
"""


def driver_name(written: str) -> str:
    """The short name of a driver: Intake writes some as `intake_xarray.netcdf.NetCDFSource`."""
    return next((name for name, driver in _DRIVERS.items() if written == driver.written), written)


def refusals(source: Source) -> Iterator[tuple[str, str]]:
    """What an entry asks for and may not: field and problem, nothing if all is well.

    Parameters
    ----------
    source : Source
        With `CATALOG_DIR` filled in.

    Yields
    ------
    field, problem : str
    """
    name = driver_name(source.driver)
    if name not in _DRIVERS:
        yield "driver", _only(source.driver, _DRIVERS)
        return
    driver = _DRIVERS[name]
    yield from _arguments(source.args, driver, "args")
    urls = source.args.get(driver.address)
    urls = urls if isinstance(urls, list) and driver.address == "urlpath" else [urls]
    if not urls or not all(isinstance(url, str) and url for url in urls):
        yield f"args.{driver.address}", tr("catalog.field_missing")
        return
    for url in urls:
        for protocol in protocols(url):
            if protocol not in _PROTOCOLS:
                yield f"args.{driver.address}", _only(protocol, _PROTOCOLS)
    if source.metadata.sha256 and not (driver.one_file and len(urls) == 1 and "*" not in urls[0]):
        yield "metadata.sha256", tr("catalog.sha256_one_file")


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
        if name in _PROTOCOLS or name == "client_kwargs":
            yield from _storage(_mapping(value), f"{field}.{name}")
        elif name not in _words(_STORAGE):
            yield f"{field}.{name}", _only(name, _words(_STORAGE))


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {str(value): None}


def _only(value: Any, allowed) -> str:
    return tr("catalog.only", value=value, allowed=", ".join(sorted(word for word in allowed if word)))
