"""Files behind HTTP, S3 and FTP as fsspec sees them; a library is loaded when an address asks for it.

They hold the *place* of a login, never the login: they travel to Dask workers inside arrays.
"""

from functools import partial
from typing import Any
from urllib.parse import urlsplit

from odatis_vre.catalog.access.failures import Refused
from odatis_vre.catalog.access.hosts import check_host
from odatis_vre.catalog.access.retries import patiently
from odatis_vre.catalog.access.stores import AMAZON, endpoint_of, named_store
from odatis_vre.catalog.address import LOCAL, protocols
from odatis_vre.i18n import tr

__all__ = ["check_place", "filesystem", "for_zarr", "headers_of", "host_of", "read_bytes"]


def host_of(url: str, options: dict[str, Any] | None = None) -> str:
    """The host that an address leads to.

    Examples
    --------
    >>> host_of("https://data.org:8080/a.nc"), host_of("s3://bucket/a.zarr")
    ('data.org', 's3.amazonaws.com')
    """
    link = url.split("::")[-1]
    if link.startswith("s3://"):
        endpoint = endpoint_of(options)
        return (urlsplit(endpoint).hostname if endpoint else AMAZON) or ""
    return urlsplit(link).hostname or ""


def check_place(url: str, options: dict[str, Any] | None = None) -> None:
    """Refuse an address of an entry from elsewhere that leads to a private host; the site's stores are known.

    Raises
    ------
    Refused
    """
    if not (url.startswith("s3://") and named_store(options)):
        check_host(host_of(url, options))


def filesystem(
    url: str,
    options: dict[str, Any] | None = None,
    trusted: bool = True,
    login: str | None = None,
):
    """The file system of an address, and the path on it.

    Parameters
    ----------
    url : str
        `http(s)`, `s3`, `ftp`, a path where `trusted`, or a chain ending in one of them.
    options : dict, optional
        `storage_options` of the catalogue.
    trusted : bool
        Whether the entry is of a catalogue of this machine.
    login : {"netrc", "keyring", "environment"}, optional

    Returns
    -------
    fs : fsspec.AbstractFileSystem
    path : str

    Raises
    ------
    Refused
        The address is not for this entry.
    """
    import fsspec

    options = dict(options or {})
    link = url.split("::")[-1]
    protocol = protocols(link)[0]
    if "::" in url:
        inner, path = filesystem(link, options.get(protocol) or {}, trusted, login)
        member = url.split("::")[0].partition("://")[2]
        return fsspec.filesystem("zip", fo=inner.open(path)), member
    if protocol in LOCAL:
        if not trusted:
            raise Refused(tr("access.local_file"))
        return fsspec.filesystem("file"), fsspec.filesystem("file")._strip_protocol(link)
    if not trusted and protocol != "http" and protocol != "https":
        check_place(link, options)
    if protocol in ("http", "https"):
        from odatis_vre.catalog.access.session import http_session
        from odatis_vre.catalog.access.web import HTTP

        client = partial(http_session, trusted=trusted, login=login)
        headers = headers_of(options)
        kwargs = {"client_kwargs": {"headers": headers}} if headers else {}
        return HTTP(get_client=client, **kwargs), link
    if protocol == "s3":
        from odatis_vre.catalog.access.s3 import S3

        if (endpoint := options.pop("endpoint_url", None)) is None:
            endpoint = (options.get("client_kwargs") or {}).get("endpoint_url")
        options.pop("client_kwargs", None)
        region = options.pop("region_name", None)
        kwargs = {"client_kwargs": {"region_name": region}} if region else {}
        known = {key: options[key] for key in ("anon", "requester_pays", "store") if key in options}
        # no instance is kept: its login may have changed since
        fs = S3(
            login=login,
            endpoint_url=endpoint,
            trusted=trusted,
            skip_instance_cache=True,
            **known,
            **kwargs,
        )
        return fs, link.removeprefix("s3://")
    if protocol == "ftp":
        from odatis_vre.catalog.access.ftp import FTP

        parts = urlsplit(link)
        return patiently(FTP, parts.hostname, parts.port or 21, login=login, trusted=trusted), parts.path
    raise Refused(tr("access.no_protocol", protocol=protocol))


def headers_of(options: dict[str, Any] | None) -> dict[str, str]:
    """The headers that a catalogue's `storage_options` ask to send."""
    options = options or {}
    return dict(options.get("headers") or (options.get("client_kwargs") or {}).get("headers") or {})


def for_zarr(fs):
    """The same file system as zarr wants it; the sessions stay in fsspec's own loop, which closes them."""
    from fsspec.implementations.asyn_wrapper import AsyncFileSystemWrapper

    return AsyncFileSystemWrapper(fs, asynchronous=True)


def read_bytes(
    url: str, options: dict[str, Any] | None = None, trusted: bool = True, login: str | None = None
) -> bytes:
    """The whole content of a small file."""
    fs, path = filesystem(url, options, trusted, login)
    return fs.cat_file(path)
