"""Ask another catalogue, politely: one request at a time, with a pause, and no more bytes than agreed."""

import asyncio
import json
import time
from typing import Any
from urllib.parse import urljoin, urlsplit

from odatis_vre.catalog.access.failures import reason
from odatis_vre.catalog.access.retries import patience, patiently
from odatis_vre.catalog.access.session import http_session
from odatis_vre.catalog.address import public_url
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["Asker", "TooLarge"]

_BLOCK = 2**16
_MOST_STEPS = 5
# A whole answer may take this many times the silence that is allowed.
_LONGEST = 20


class TooLarge(CatalogError):  # noqa: N818 - raised to ask for less
    """An answer is larger than agreed."""


class Asker:
    """Asks one server.

    Parameters
    ----------
    limit : int
        Bytes of an answer, unpacked.
    pause : float
        Seconds between two requests.
    """

    def __init__(self, limit: int = 32 * 2**20, pause: float = 0.2):
        self.limit, self.pause = limit, pause
        self._asked = 0.0

    def json(self, url: str, body: Any = None) -> Any:
        """Ask for JSON: GET, or POST of a body.

        Raises
        ------
        TooLarge
        CatalogError
            No answer after several attempts, or no JSON; names the address and the reason.
        """
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        content = self._ask(url, body, headers)
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise self._failed(url, tr("harvest.no_json")) from None

    def xml(self, url: str, body: bytes) -> bytes:
        """POST XML, and take the answer as it is."""
        return self._ask(url, body, {"Accept": "application/xml", "Content-Type": "application/xml"})

    def _ask(self, url: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        from fsspec.asyn import get_loop, sync

        time.sleep(max(0.0, self._asked + self.pause - time.monotonic()))
        try:
            return patiently(sync, get_loop(), self._fetch, url, body, headers)
        except CatalogError:
            raise
        except Exception as error:  # aiohttp has error classes of its own
            raise self._failed(url, reason(error)) from None
        finally:
            self._asked = time.monotonic()

    async def _fetch(self, url: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        async with asyncio.timeout(patience().timeout * _LONGEST), await http_session(whole=False) as session:
            for _ in range(_MOST_STEPS):
                method = "GET" if body is None else "POST"
                async with session.request(
                    method, url, data=body, headers=headers, allow_redirects=False
                ) as response:
                    if 300 <= response.status < 400:
                        url = self._next(url, response.headers.get("Location", ""))
                        continue
                    if response.status in (429, 503):
                        wait = response.headers.get("Retry-After", "")
                        await asyncio.sleep(min(int(wait), patience().timeout) if wait.isdigit() else 0)
                    response.raise_for_status()
                    return await self._read(url, response)
        raise self._failed(url, tr("harvest.too_many_steps"))

    def _next(self, url: str, location: str) -> str:
        """A redirection stays at the server that was named, and is no way out of https."""
        here = urlsplit(url)
        try:
            following = urljoin(url, location)
            there = urlsplit(following)
        except ValueError:
            raise self._failed(url, tr("harvest.sent_elsewhere", url=public_url(location))) from None
        in_clear = here.scheme == "https" and there.scheme != "https"
        if here.hostname != there.hostname or there.scheme not in ("http", "https") or in_clear:
            raise self._failed(url, tr("harvest.sent_elsewhere", url=public_url(following)))
        return following

    async def _read(self, url: str, response) -> bytes:
        content = bytearray()
        async for block in response.content.iter_chunked(_BLOCK):
            content += block
            if len(content) > self.limit:
                raise TooLarge(
                    tr("harvest.too_large", url=public_url(url), size=f"{self.limit / 1e6:.3g}"),
                    tr("harvest.too_large_hint"),
                )
        return bytes(content)

    @staticmethod
    def _failed(url: str, why: str) -> CatalogError:
        return CatalogError(
            tr("harvest.no_answer", url=public_url(url), reason=why), tr("harvest.no_answer_hint")
        )
