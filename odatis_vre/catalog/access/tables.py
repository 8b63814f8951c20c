"""Tables: CSV in the encodings, separators and decimal commas of real files."""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from typing import Any

import pandas as pd

from odatis_vre.catalog.access import features
from odatis_vre.catalog.access.cache import known_copy, offline
from odatis_vre.catalog.access.downloads import Remote, cached_file
from odatis_vre.catalog.access.failures import ShortRead
from odatis_vre.catalog.access.filesystems import read_bytes
from odatis_vre.catalog.access.grids import not_data
from odatis_vre.catalog.access.heavy import warn_of_download
from odatis_vre.catalog.access.methods import Method, Origin, Request
from odatis_vre.catalog.access.retries import patiently
from odatis_vre.catalog.address import is_local
from odatis_vre.catalog.checksum import checked_file
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["open_method", "read_csv", "sniffed"]

_SEPARATORS = (";", "\t", "|", ",")
_STARTS = {
    "gzip": b"\x1f\x8b\x08",
    "zip": b"PK\x03\x04",
    "bz2": b"BZh91AY&SY",
    "xz": b"\xfd7zXZ\x00",
    "zstd": b"\x28\xb5\x2f\xfd",
}
_HEAD = 2**16


def open_method(origin: Origin, method: Method, request: Request) -> pd.DataFrame:
    """Load a table by one method; services select rows themselves.

    Parameters
    ----------
    origin : Origin
    method : Method
        One of a table's drivers.
    request : Request

    Returns
    -------
    pandas.DataFrame
        `attrs["units"]` where the source tells them.
    """
    if method.driver != "csv":
        if offline():
            raise CatalogError(
                tr("access.offline_service", entry=origin.entry, path=method.label), tr("access.offline_hint")
            )
        return {"tabledap": features.tabledap, "wfs": features.wfs}[method.driver](origin, method, request)
    tables = [_one(origin, method, url) for url in method.urls]
    return tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)


def _one(origin: Origin, method: Method, url: str) -> pd.DataFrame:
    remote = Remote(url, method.args.get("storage_options"), origin.trusted, method.login)
    options = {k: v for k, v in method.args.items() if k not in ("urlpath", "storage_options")}
    if origin.sha256:
        source: Any = checked_file(origin.entry, remote, origin.sha256)
    elif is_local(url):
        source = url
    elif offline() or known_copy(url):
        source = str(cached_file(remote, origin.entry))
    else:
        warn_of_download(remote, origin.entry)
        source = patiently(read_bytes, *remote)
    return read_csv(source, origin.entry, **options)


def read_csv(source: str | bytes, entry: str = "", **options) -> pd.DataFrame:
    """Read a CSV file as it was really written.

    What `options` does not say is found out: byte-order mark, UTF-8 or Windows-1252 (which holds Latin-1),
    separator, and the decimal comma of files parted by semicolons.

    Parameters
    ----------
    source : str or bytes
        A path (a glob, too), or the content.
    entry : str
        Its name, for messages.
    **options
        Of `pandas.read_csv`; they win.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    CatalogError
        The content is a web page.

    Examples
    --------
    >>> read_csv("station;température\\nBrest;12,5\\n".encode("latin-1"))["température"].tolist()
    [12.5]
    """
    if isinstance(source, str) and "*" in source:
        import fsspec

        found = sorted(fsspec.filesystem("file").glob(source))
        if not found:
            raise FileNotFoundError(source)
        return pd.concat([read_csv(path, entry, **options) for path in found], ignore_index=True)
    content = source if isinstance(source, bytes) else _bytes_of(source)
    options.pop("compression", None)
    content = _unpacked(content, entry)
    if content[:512].lstrip().lower().startswith((b"<!doctype", b"<html")):
        raise not_data(entry, content[:512])
    return pd.read_csv(io.BytesIO(content), **_told(options, sniffed(content)))


def _bytes_of(path: str) -> bytes:
    import fsspec

    with fsspec.open(path, "rb") as file:
        return file.read()


def _unpacked(content: bytes, entry: str) -> bytes:
    """What was packed, by what the file begins with: not its name, a server may have unpacked it already."""
    kinds = [kind for kind, start in _STARTS.items() if content.startswith(start)]
    if not kinds:
        return content
    (kind,) = kinds
    if kind == "zip":
        if not zipfile.is_zipfile(io.BytesIO(content)):  # its list is at its end
            raise ShortRead(len(content), len(content) + 1)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            tables = [name for name in names if name.lower().endswith((".csv", ".txt", ".tsv"))] or names
            if len(tables) != 1:
                hint = tr("catalog.there_are", names=", ".join(names[:12]))
                raise CatalogError(tr("access.several_tables", entry=entry, number=len(tables)), hint)
            return archive.read(tables[0])
    try:
        if kind == "zstd":
            from numcodecs import zstd

            return bytes(zstd.decompress(content))
        opened = {"gzip": gzip.open, "bz2": bz2.open, "xz": lzma.open}[kind]
        with opened(io.BytesIO(content)) as file:
            return file.read()
    except (EOFError, OSError, RuntimeError, zlib.error, lzma.LZMAError, gzip.BadGzipFile):
        raise ShortRead(len(content), len(content) + 1) from None


def _told(options: dict[str, Any], found: dict[str, str]) -> dict[str, Any]:
    if {"sep", "delimiter"} & options.keys():
        found = {name: value for name, value in found.items() if name == "encoding"}
    return (
        {"low_memory": False, **found, **options}
        if options.get("engine", "c") == "c"
        else {**found, **options}
    )


def sniffed(content: bytes) -> dict[str, str]:
    """The encoding, the separator and the decimal mark of a CSV file.

    Parameters
    ----------
    content : bytes

    Returns
    -------
    dict
        `encoding`, `sep`, `decimal`, for `pandas.read_csv`.

    Examples
    --------
    >>> sniffed("a;b\\n1,5;2\\n".encode("utf-8-sig"))
    {'encoding': 'utf-8-sig', 'sep': ';', 'decimal': ','}
    """
    encoding = _encoding(content)
    lines = content[:_HEAD].decode(encoding, "replace").splitlines()[:50]
    lines = [_unquoted(line) for line in lines if line.strip()]
    sep = _separator(lines)
    decimal = "."
    if sep != ",":
        cells = [cell.strip() for line in lines[1:] for cell in line.split(sep)]
        commas = sum(_is_number(cell, ",") for cell in cells)
        points = sum(_is_number(cell, ".") for cell in cells)
        decimal = "," if commas > points else "."
    return {"encoding": encoding, "sep": sep, "decimal": decimal}


def _encoding(content: bytes) -> str:
    if content.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        try:
            content.decode("cp1252")
        except UnicodeDecodeError:
            return "latin-1"
        return "cp1252"
    return "utf-8"


def _unquoted(line: str) -> str:
    """Without what is quoted: a separator inside a text is none."""
    return "".join(line.split('"')[::2])


def _separator(lines: list[str]) -> str:
    """The mark that each line has as often as the first, and most often."""
    if not lines:
        return ","
    for sep in sorted(_SEPARATORS, key=lambda mark: -lines[0].count(mark)):
        count = lines[0].count(sep)
        if count and sum(line.count(sep) == count for line in lines) >= 0.8 * len(lines):
            return sep
    return max(_SEPARATORS, key=lines[0].count) if any(map(lines[0].count, _SEPARATORS)) else ","


def _is_number(cell: str, mark: str) -> bool:
    whole, found, part = cell.lstrip("+-").partition(mark)
    return (
        bool(found)
        and whole.isdigit()
        and part[:1].isdigit()
        and part.replace("e", "").replace("-", "").isdigit()
    )
