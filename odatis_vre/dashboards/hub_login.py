"""Every request behind the hub's login: pages, static files and websockets alike.

The gate stands where Tornado makes a handler, not on a list of routes: a route that Bokeh or Panel
add later is behind it too. `docs/decisions/0003-dashboards-behind-hub-login.md` says why.
"""

import os
from functools import cache

from jupyterhub.services.auth import HubOAuth, HubOAuthCallbackHandler, HubOAuthenticated, UserNotAllowed
from tornado.web import Application, HTTPError, RequestHandler
from tornado.websocket import WebSocketHandler

__all__ = ["protect"]

# Seconds between two questions to the hub about one token: how late a revocation is noticed.
_REMEMBER = int(os.environ.get("ODATIS_LOGIN_SECONDS", 60))


def protect(application: Application) -> None:
    """Let nobody through who has not logged in at the hub with the scope of this service.

    Parameters
    ----------
    application : tornado.web.Application
        With a `HubOAuthCallbackHandler` among its handlers; changed in place.
    """
    HubOAuth.instance(cache_max_age=_REMEMBER)
    # Signs the cookies, which hold the hub's token: a restart of the dashboard asks to log in again.
    application.settings["cookie_secret"] = os.urandom(32)
    make = application.get_handler_delegate

    def guarded_delegate(request, target_class, *args, **kwargs):
        return make(request, _guarded(target_class), *args, **kwargs)

    application.get_handler_delegate = guarded_delegate


@cache
def _guarded(handler: type[RequestHandler]) -> type[RequestHandler]:
    if issubclass(handler, HubOAuthCallbackHandler):  # the login itself
        return handler
    gate = _SocketGate if issubclass(handler, WebSocketHandler) else _Gate
    return type(f"Guarded{handler.__name__}", (gate, handler), {})


class _HubAddress:
    """Answers the hub's mixin, which asks the next class for the login's address, before Bokeh does."""

    def get_login_url(self):
        return self.settings["login_url"]  # HubOAuthenticated puts it there for the time of the question


class _Gate(HubOAuthenticated, _HubAddress):
    """Asks the hub before the handler does anything."""

    async def prepare(self):
        self._user = await self._ask()
        if self._user is None:
            if not self._is_navigation():
                raise HTTPError(403)
            self.redirect(self.get_login_url())
            return
        ready = super().prepare()
        if ready is not None:
            await ready
        self.current_user = self._user

    async def _ask(self) -> dict | None:
        user = await self.hub_auth.get_user(self, sync=False)
        if user is None:
            return None
        try:
            return self.check_hub_user(user)
        except UserNotAllowed:
            raise HTTPError(403) from None

    def get_current_user(self):
        return getattr(self, "_user", None)

    def check_xsrf_cookie(self):
        """Nothing here changes anything on a POST; the websocket checks its origin."""

    def _is_navigation(self) -> bool:
        # An image or a script sent to the login page would only litter cookies.
        mode = self.request.headers.get("Sec-Fetch-Mode", "navigate")
        return self.request.method in ("GET", "HEAD") and mode == "navigate"

    def set_default_headers(self):
        super().set_default_headers()
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "same-origin")
        self.set_header("Content-Security-Policy", "frame-ancestors 'self'")


class _SocketGate(_Gate):
    """The same for a websocket, which outlives the request: it asks again as messages come."""

    check_origin = WebSocketHandler.check_origin  # the page's own host, whatever Bokeh was told

    def _is_navigation(self) -> bool:
        return False

    async def on_message(self, message):
        if not await self._still_allowed():
            self.close(4403, "logged out")
            return
        handled = super().on_message(message)
        if handled is not None:
            await handled

    async def _still_allowed(self) -> bool:
        auth = self.hub_auth
        try:
            user = await auth.user_for_token(
                auth.get_token(self), session_id=auth.get_session_id(self), sync=False
            )
        except HTTPError:  # the hub restarts: whoever was let in may stay
            return True
        return user is not None and bool(auth.check_scopes(self.hub_scopes, user))
