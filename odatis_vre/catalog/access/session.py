"""HTTP: one session for every protocol over it, that asks again, counts the bytes and knows the logins.

What is made here is named by functions and plain words (`functools.partial`): it travels to Dask workers
without a login in it.
"""

import asyncio
import base64
import socket
from collections.abc import Sequence
from contextvars import ContextVar

import aiohttp
import tenacity

from odatis_vre.catalog.access import credentials
from odatis_vre.catalog.access.failures import ShortRead
from odatis_vre.catalog.access.hosts import check_address, check_host
from odatis_vre.catalog.access.retries import given_up, patience, retrying
from odatis_vre.catalog.address import whole_url

__all__ = ["http_session", "public_socket"]

_AGENT = "odatis-vre (+https://www.odatis-ocean.fr)"
# A whole answer may take this many times the silence that is allowed.
_LONGEST = 20
# An answer that is not a part, and larger than this, is left to whoever asked for it.
_LARGE = 256 * 2**20
_host: ContextVar[str] = ContextVar("odatis_host", default="")
_left_https: ContextVar[bool] = ContextVar("odatis_left_https", default=False)


async def http_session(
    loop=None, trusted: bool = True, login: str | None = None, whole: bool = True, **kwargs
) -> aiohttp.ClientSession:
    """Make a session; fsspec calls it where the reading is done.

    Parameters
    ----------
    loop : asyncio loop, optional
    trusted : bool
        Whether the entry is of a catalogue of this machine, and may reach private addresses.
    login : {"netrc", "keyring", "environment"}, optional
        Where the login is kept.
    whole : bool
        Read each answer to its end, and ask again if it breaks off. Without it, the caller reads.
    **kwargs
        Of `aiohttp.ClientSession`; `headers` only.
    """
    limits = patience()
    # Names are looked up as everywhere on this machine, /etc/hosts included, whatever else is installed.
    connector = aiohttp.TCPConnector(
        resolver=aiohttp.ThreadedResolver(),
        socket_factory=None if trusted else public_socket,
        limit_per_host=16,
    )
    steps_of_a_request = aiohttp.TraceConfig()
    steps_of_a_request.on_request_start.append(_starts)
    steps_of_a_request.on_request_redirect.append(_redirected)
    steps: Sequence = (_Asking(trusted, login, whole),)
    session = aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=limits.timeout, sock_read=limits.timeout),
        middlewares=steps,
        trace_configs=[steps_of_a_request],
        headers={"User-Agent": _AGENT} | dict(kwargs.pop("headers", None) or {}),
    )
    if whole:  # else aiohttp asks once more itself, and each time that is all our attempts
        session._retry_connection = False
    return session


def public_socket(info: tuple, host: str = "") -> socket.socket:
    """Connect only where allowed: the address itself is looked at, whatever a name led to before."""
    family, kind, protocol, _, address = info
    check_address(str(address[0]), host or _host.get())
    return socket.socket(family=family, type=kind, proto=protocol)


async def _starts(session, context, params) -> None:
    _left_https.set(False)


async def _redirected(session, context, params) -> None:
    """What was asked in secret is not told in clear, though the server itself sends there."""
    if params.url.scheme == "https":
        _left_https.set(True)


class _Asking:
    """aiohttp's middleware: called for each request, and for each step of a redirection."""

    def __init__(self, trusted: bool, login: str | None, whole: bool):
        self.trusted, self.login, self.whole = trusted, login, whole

    async def __call__(self, request, handler):
        host = request.url.host or ""
        if not self.trusted:
            # names are looked up apart, the loop must not wait; the socket looks again
            _host.set(host)
            await asyncio.get_running_loop().run_in_executor(None, check_host, host)
        # An entry from elsewhere must not bring a password onto the wire in clear, nor must a redirection.
        secret = request.url.scheme == "https"
        if secret or not _left_https.get():
            request.url = whole_url(request.url)
            if secret or self.trusted:
                self._sign(request, host)
        if not self.whole:
            return await handler(request)
        with given_up():
            async for attempt in retrying(tenacity.AsyncRetrying):
                with attempt:
                    response = await self._ask(request, handler)
        return response

    def _sign(self, request, host: str) -> None:
        if "Authorization" in request.headers:
            return
        if found := credentials.login_for(host, self.login):
            pair = base64.b64encode(f"{found.user}:{found.password}".encode()).decode("ascii")
            request.headers["Authorization"] = f"Basic {pair}"

    async def _ask(self, request, handler) -> aiohttp.ClientResponse:
        async with asyncio.timeout(patience().timeout * _LONGEST):
            response = await handler(request)
            if response.status >= 500 or response.status in (408, 425, 429):
                await _pause_as_asked(response)
                response.release()
                response.raise_for_status()
            large = response.status == 200 and (response.content_length or 0) > _LARGE
            if request.method != "HEAD" and not 300 <= response.status < 400 and not large:
                body = await response.read()
                _check_length(request, response, len(body))
        return response


async def _pause_as_asked(response) -> None:
    seconds = response.headers.get("Retry-After", "")
    if seconds.isdigit():
        await asyncio.sleep(min(int(seconds), patience().timeout))


def _check_length(request, response, came: int) -> None:
    """Of a part: as many bytes as were asked for, as far as the file goes."""
    if response.status != 206:
        return
    _, _, total = response.headers.get("Content-Range", "").rpartition("/")
    first, _, last = request.headers.get("Range", "").removeprefix("bytes=").partition("-")
    if not first.isdigit() or not last.isdigit():
        return
    end = min(int(last), int(total) - 1) if total.isdigit() else int(last)
    if came < end - int(first) + 1:
        raise ShortRead(came, end - int(first) + 1)
