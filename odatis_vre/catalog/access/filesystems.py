"""Files behind HTTP, S3 and FTP as fsspec sees them: parts of files, read again when they break off.

They hold the *place* of a login, never the login: they travel to Dask workers inside arrays.
"""

from functools import partial
from typing import Any
from urllib.parse import urlsplit

import tenacity
from aiobotocore.httpsession import AIOHTTPSession
from fsspec.asyn import sync_wrapper
from fsspec.implementations.http import HTTPFileSystem
from s3fs import S3FileSystem

from odatis_vre.catalog.access import credentials
from odatis_vre.catalog.access.failures import Refused, or_unlisted
from odatis_vre.catalog.access.ftp import FTP
from odatis_vre.catalog.access.hosts import check_host
from odatis_vre.catalog.access.outages import outage_of
from odatis_vre.catalog.access.retries import given_up, patience, patiently, retrying
from odatis_vre.catalog.access.session import http_session, public_socket
from odatis_vre.catalog.access.stores import endpoint_of, named_store
from odatis_vre.catalog.address import LOCAL, protocols
from odatis_vre.i18n import tr

__all__ = ["HTTP", "check_place", "filesystem", "for_zarr", "headers_of", "host_of", "read_bytes"]

_AMAZON = "s3.amazonaws.com"


class HTTP(HTTPFileSystem):
    """HTTP(S), with the size and the ways of a file learnt from one request for its first byte."""

    async def _info(self, url, **kwargs):
        session = await self.set_session()
        headers = {"Range": "bytes=0-0", "Accept-Encoding": "identity"}
        async with session.get(self.encode_url(url), headers=headers) as response:
            self._raise_not_found_for_status(response, url)
            _, _, total = response.headers.get("Content-Range", "").rpartition("/")
            partial_reads = response.status == 206 and total.isdigit()
            return {
                "name": url,
                "size": int(total) if partial_reads else response.content_length,
                "type": "file",
                "partial": partial_reads,
                "etag": response.headers.get("ETag"),
                "modified": response.headers.get("Last-Modified"),
            }

    async def _ls(self, url, detail=True, **kwargs):
        """The links of a folder's page that are files of it, not the page's own buttons."""
        with or_unlisted():
            found = await super()._ls(url, detail=detail, **kwargs)
        return [known for known in found if "?" not in (known["name"] if detail else known)]

    ls = sync_wrapper(_ls)

    async def _answer(self, url):
        """The status and the body; that of a 404, too, where services say what they have not found."""
        session = await self.set_session()
        async with session.get(self.encode_url(url)) as response:
            if response.status != 404:
                response.raise_for_status()
            return response.status, await response.read()

    answer = sync_wrapper(_answer)

    async def _cat_file(self, url, start=None, end=None, **kwargs):
        content = await super()._cat_file(url, start=start, end=end, **kwargs)
        if start is not None and end is not None and 0 <= start < end and len(content) > end - start:
            raise Refused(tr("access.no_parts"))  # the server sent the whole file
        return content


class _OneAttempt(AIOHTTPSession):
    """Where a server hangs up, aiohttp would ask once more at once, for each of our attempts."""

    async def _get_session(self, *args, **kwargs):
        session = await super()._get_session(*args, **kwargs)
        session._retry_connection = False
        return session


class S3(S3FileSystem):
    """S3, whose key and secret are looked up where they are used, and which is asked again by us alone."""

    retries = 1

    def __init__(
        self,
        *args,
        login: str | None = None,
        endpoint_url: str | None = None,
        store: str = "default",
        trusted: bool = True,
        **kwargs,
    ):
        host = (urlsplit(endpoint_url).hostname if endpoint_url else None) or _AMAZON
        if named := named_store({"store": store}):
            # said in full: what the environment says of the default store does not hold here
            endpoint_url, kwargs["anon"] = named.endpoint, named.login is None
            if named.login:
                kwargs |= {"key": named.login.user, "secret": named.login.password}
            if named.region:
                kwargs["client_kwargs"] = {"region_name": named.region}
        elif not kwargs.get("anon"):
            # "environment" is also AWS's own variables, which botocore reads
            found = credentials.login_for(host, None if login == "environment" else login)
            if found:
                kwargs |= {"key": found.user, "secret": found.password}
            elif endpoint_url and not trusted:
                kwargs["anon"] = True  # AWS's own variables are not for an endpoint that a stranger names
        limits = patience()
        config: dict[str, Any] = {
            "connect_timeout": limits.timeout,
            "read_timeout": limits.timeout,
            "retries": {"total_max_attempts": 1, "mode": "standard"},
            "http_session_cls": _OneAttempt,
        }
        if not trusted and not named:  # the bucket is a part of the name that is looked up
            config["connector_args"] = {"socket_factory": partial(public_socket, host=host)}
        self.place = endpoint_url or _AMAZON
        super().__init__(*args, endpoint_url=endpoint_url, config_kwargs=config, **kwargs)

    async def _call_s3(self, method, *args, **kwargs):
        outage = outage_of(self.place, kwargs.get("Bucket", ""))
        with given_up():
            return await outage.patiently(partial(super()._call_s3, method, *args, **kwargs))

    async def _ls(self, *args, **kwargs):
        with or_unlisted():
            return await super()._ls(*args, **kwargs)

    async def _cat_file(self, *args, **kwargs):
        with given_up():
            async for attempt in retrying(tenacity.AsyncRetrying):
                with attempt:
                    content = await super()._cat_file(*args, **kwargs)
        return content

    def _open(self, *args, **kwargs):
        file = super()._open(*args, **kwargs)
        file.cache.fetcher = partial(patiently, file.cache.fetcher)
        return file


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
        return (urlsplit(endpoint).hostname if endpoint else _AMAZON) or ""
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
        client = partial(http_session, trusted=trusted, login=login)
        headers = headers_of(options)
        kwargs = {"client_kwargs": {"headers": headers}} if headers else {}
        return HTTP(get_client=client, **kwargs), link
    if protocol == "s3":
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
