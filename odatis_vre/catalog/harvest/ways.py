"""What an online resource is: a way to the values, a DOI, a page; by its address first, then its protocol.

The protocols that records name are unreliable: a THREDDS page calls itself OTHER, a DOI is a metadata URL.
"""

import re
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from odatis_vre.catalog.harvest.record import Link

__all__ = ["Way", "classify", "doi_of"]

_DOI = re.compile(r"(?:doi\.org/|doi:\s*|^)(10\.\d{4,9}/[^\s\"'<>?#]+)", re.IGNORECASE)
_GRID = re.compile(r"\.(?:nc|nc4|cdf|h5|hdf5)$", re.IGNORECASE)
_TABLE = re.compile(r"\.(?:csv|tsv)(?:\.gz|\.bz2|\.xz|\.zip)?$", re.IGNORECASE)
# What a plain Intake opens, before what only this library does.
_ORDER = ("zarr", "opendap", "netcdf", "csv", "tabledap", "wfs")


class Way(NamedTuple):
    """An access method: of `metadata.access`, and the driver that a plain Intake has for it."""

    driver: str
    args: dict[str, Any]
    protocol: str
    plain: tuple[str, dict[str, Any]] | None = None
    """Driver and arguments for a plain Intake, where they are others."""

    @property
    def rank(self) -> int:
        """The preferred way first: what reads parts of the data."""
        return _ORDER.index(self.driver)


def doi_of(text: str) -> str | None:
    """The DOI in an address or an identifier.

    Examples
    --------
    >>> doi_of("https://doi.org/10.17882/42182"), doi_of("DOI:10.12770/cf5048f6"), doi_of("cf5048f6")
    ('10.17882/42182', '10.12770/cf5048f6', None)
    """
    found = _DOI.search(text.strip())
    return found[1].rstrip(".,;)") if found else None


def classify(link: Link) -> Way | None:
    """The way to values that a link is, if it is one.

    Parameters
    ----------
    link : Link
        Its address has been checked.

    Returns
    -------
    Way or None
        None for a page, a service of maps, a folder.

    Examples
    --------
    >>> classify(Link("https://host/thredds/dodsC/sst.nc", "OTHER")).driver
    'opendap'
    >>> classify(Link("https://host/thredds/catalog/sst.html", "WWW:OPENDAP")) is None
    True
    """
    parts = urlsplit(link.url)
    path, protocol = parts.path, link.protocol.upper()
    scheme = parts.scheme.lower()
    if "*" in link.url or ("?" in link.url and scheme in ("s3", "ftp")):
        return None  # a pattern, to what reads files
    if path.lower().rstrip("/").endswith(".zarr"):
        options = {"storage_options": {"anon": True}} if scheme == "s3" else {}
        return Way("zarr", {"urlpath": link.url.rstrip("/"), "chunks": {}, **options}, scheme)
    if way := _of_server(link, path, protocol, parts):
        return way
    if scheme in ("http", "https", "ftp", "s3"):
        if _GRID.search(path):
            options = {"storage_options": {"anon": True}} if scheme == "s3" else {}
            return Way("netcdf", _grid(link.url, "h5netcdf") | options, scheme)
        if _TABLE.search(path):
            return Way("csv", {"urlpath": link.url}, scheme)
    return None


def _of_server(link: Link, path: str, protocol: str, parts) -> Way | None:
    """OPeNDAP, ERDDAP, WFS: known by their paths."""
    if match := re.search(r"^(.*/erddap/)(griddap|tabledap)/(\w+)(?:\.\w+)?$", path):
        base = parts._replace(path=f"{match[1]}{match[2]}/{match[3]}", query="", fragment="").geturl()
        if match[2] == "griddap":
            return Way("opendap", _opendap(base), "opendap")
        plain = ("csv", {"urlpath": f"{base}.csv", "skiprows": [1]})
        return Way("tabledap", {"urlpath": base}, "erddap", plain)
    if "/thredds/catalog" in path or path.endswith((".html", ".xml", ".htm")):
        return None
    if "/dodsC/" in path or "/opendap/" in path or protocol.startswith("WWW:OPENDAP"):
        return Way("opendap", _opendap(parts._replace(query="", fragment="").geturl()), "opendap")
    if protocol.startswith("OGC:WFS") or parse_qs(parts.query.upper()).get("SERVICE") == ["WFS"]:
        if not re.fullmatch(r"[\w:.-]+", link.name):
            return None  # which layer, the record does not say
        base = parts._replace(query="", fragment="").geturl()
        query = f"service=WFS&version=1.1.0&request=GetFeature&typeName={link.name}&outputFormat=csv"
        return Way(
            "wfs", {"urlpath": base, "typename": link.name}, "wfs", ("csv", {"urlpath": f"{base}?{query}"})
        )
    return None


def _grid(url: str, engine: str) -> dict[str, Any]:
    return {"urlpath": url, "chunks": {}, "xarray_kwargs": {"engine": engine}}


def _opendap(url: str) -> dict[str, Any]:
    # Intake's driver names the engine itself: within xarray_kwargs it would be given twice.
    return {"urlpath": url, "chunks": {}, "engine": "netcdf4"}
