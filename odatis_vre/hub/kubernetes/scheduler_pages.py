"""The login in front of the schedulers' pages: Traefik asks here before each request of a page.

The hub is asked who it is (by OAuth, as the service `dask-gateway`), Dask Gateway whose cluster it is.
Only the owner is let through.
"""

import asyncio
import hashlib
import html
import os
import re
import time
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

from jupyterhub.services.auth import HubOAuth, HubOAuthCallbackHandler, HubOAuthenticated
from tornado.httpclient import AsyncHTTPClient, HTTPClientError
from tornado.web import Application, RequestHandler

from odatis_vre.i18n import COOKIE, choose_language, tr

__all__ = ["make_application"]

PREFIX = "/services/dask-gateway"
_SCOPE = "access:services!service=dask-gateway"
_CLUSTER = re.compile(rf"{PREFIX}/clusters/([a-z0-9-]+\.[0-9a-f]+)/")
# Seconds that an answer about one person and one cluster is kept: a page has some twenty files.
_REMEMBER = 15
_PAGE = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; }}</style>
</head>
<body><main><h1>{title}</h1><p>{text}</p><p><a href="/hub/home">{home}</a></p></main></body></html>
"""


class Owners:
    """Whose cluster it is, asked of Dask Gateway with the person's own token.

    Parameters
    ----------
    gateway : str
        Address of the Gateway's API.
    """

    def __init__(self, gateway: str):
        self.gateway = gateway
        self._known: dict[tuple[str, str], tuple[float, int]] = {}

    async def ask(self, token: str, cluster: str) -> int:
        """The status of the Gateway's answer about a cluster: 200 for its owner alone.

        Parameters
        ----------
        token : str
        cluster : str
        """
        key, now = (token, cluster), time.monotonic()
        self._known = {k: v for k, v in self._known.items() if v[0] > now}
        if key not in self._known:
            headers = {"Authorization": f"jupyterhub {token}"}
            url = f"{self.gateway}/api/v1/clusters/{cluster}"
            try:
                answer = await AsyncHTTPClient().fetch(url, headers=headers, request_timeout=10)
            except HTTPClientError as error:
                if error.code not in (401, 403, 404):
                    raise
                answer = error
            self._known[key] = (now + _REMEMBER, answer.code)
        return self._known[key][1]


class Gate(HubOAuthenticated, RequestHandler):
    """Answers 200 to let a request through; else its answer is what the browser gets."""

    def initialize(self, owners: Owners):
        self.owners = owners

    async def get(self):
        # Traefik tells what was asked for; the login comes back to it.
        self.request.uri = self.request.headers.get("X-Forwarded-Uri", "")
        cluster = _cluster(self.request.uri)
        if cluster is None or not self._is_read() or self._is_foreign_socket():
            return self._refuse(HTTPStatus.FORBIDDEN, "page_denied")
        token = self.hub_auth.get_token(self)
        user = token and await self.hub_auth.user_for_token(
            token, session_id=self.hub_auth.get_session_id(self), sync=False
        )
        if not user:
            if self.request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
                return self._refuse(HTTPStatus.FORBIDDEN, "page_denied")
            return self.redirect(self.get_login_url())
        if not self.hub_auth.check_scopes(self.hub_scopes, user):
            return self._refuse(HTTPStatus.FORBIDDEN, "page_no_access")
        try:
            status = await self.owners.ask(token, cluster)
        except (HTTPClientError, OSError):
            return self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "page_later")
        return None if status == HTTPStatus.OK else self._refuse(HTTPStatus.FORBIDDEN, "page_denied")

    def _is_read(self) -> bool:
        return self.request.headers.get("X-Forwarded-Method", "GET") in ("GET", "HEAD")

    def _is_foreign_socket(self) -> bool:
        # A page of another site could open a websocket with this browser's cookies.
        origin = self.request.headers.get("Origin")
        host = self.request.headers.get("X-Forwarded-Host", "").split(",")[0].strip()
        return origin is not None and urlsplit(origin).netloc != host

    def _refuse(self, status: int, key: str) -> None:
        header = self.request.headers.get("Accept-Language")
        lang = choose_language(self.get_cookie(COOKIE), accept_language=header)
        keys = {"title": "page_title", "text": key, "home": "page_home"}
        texts = {name: html.escape(tr(f"gateway.{key}", lang=lang)) for name, key in keys.items()}
        self.set_status(status)
        self.set_header("Cache-Control", "no-store")
        self.finish(_PAGE.format(lang=lang, **texts))


class Health(RequestHandler):
    """Says that the server answers."""

    def get(self):
        self.finish("ok")


def _cluster(uri: str) -> str | None:
    path = uri.split("?", 1)[0]
    # The page's server may read an encoded path otherwise than the expression does.
    if any(part in ("", ".", "..") for part in unquote(path).split("/")[1:-1]):
        return None
    found = _CLUSTER.match(path)
    return found and found[1]


def make_application(gateway: str) -> Application:
    """The application: Traefik's questions, and the hub's way back from the login.

    Parameters
    ----------
    gateway : str
        Address of Dask Gateway's API.
    """
    hub = HubOAuth.instance(
        api_url=os.environ.get("JUPYTERHUB_API_URL", "http://hub:8081/hub/api"),
        base_url=f"{PREFIX}/",
        oauth_client_id="service-dask-gateway",
        oauth_redirect_uri=f"{PREFIX}/oauth_callback",
        access_scopes={_SCOPE},
        cache_max_age=_REMEMBER,
    )
    return Application(
        [
            (f"{PREFIX}/allowed", Gate, {"owners": Owners(gateway)}),
            (f"{PREFIX}/oauth_callback", HubOAuthCallbackHandler),
            (r"/health", Health),
        ],
        # From the hub's token: a new pod reads the cookies of the one before.
        cookie_secret=hashlib.sha256(b"scheduler pages " + hub.api_token.encode()).digest(),
    )


async def main() -> None:
    """Serve on port 8000, with the hub's token that the environment holds."""
    make_application("http://gateway-api:8000").listen(8000)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
