"""Serve a dashboard: on this machine for oneself, or as a service behind the hub's login."""

import logging
import os
import webbrowser
from collections.abc import Callable, Mapping
from importlib import import_module
from secrets import token_hex
from socket import AF_INET
from urllib.parse import urlsplit

from odatis_vre.dashboards.waiting import waiting_page
from odatis_vre.errors import OdatisError
from odatis_vre.i18n import COOKIE, tr

__all__ = ["DASHBOARDS", "serve", "serve_for_hub"]

_CALLBACK = "/oauth_callback"


def _explore():
    from odatis_vre.dashboards.explore import explore

    return explore()


def _own():
    from odatis_vre.dashboards.own import own

    return own()


DASHBOARDS: dict[str, Callable] = {"explore": _explore, "own": _own}


def _load(name: str) -> None:
    """Load what a dashboard needs: some seconds."""
    # Everything a browser loads is a file of this environment: it works without a network.
    os.environ["BOKEH_RESOURCES"] = "server"
    import panel as pn

    pn.extension()
    import_module(f"odatis_vre.dashboards.{name}")


def _server(name: str, port: int, address: str, **options):
    """A server of one dashboard, not started; every resource comes from it."""
    _load(name)
    import panel as pn

    return pn.io.server.get_server(
        {"/": DASHBOARDS[name]},
        port=port,
        address=address,
        start=False,
        show=False,
        warm=True,  # the first visitor does not wait for the imports
        # The page carries its session's token: no cookie and no header but these may be in it.
        include_headers=["Accept-Language", "Host"],
        include_cookies=[COOKIE],
        sign_sessions=True,
        secret_key=token_hex(32).encode(),
        **options,
    )


def _known(name: str) -> None:
    if name not in DASHBOARDS:
        raise OdatisError(
            tr("dashboards.unknown", name=name), tr("dashboards.unknown_hint", names=", ".join(DASHBOARDS))
        )


def serve(name: str = "explore", port: int = 0, browser: bool = True, say: Callable = print) -> None:
    """Serve a dashboard on this machine, for this machine, until Ctrl-C.

    Parameters
    ----------
    name : str
        One of `DASHBOARDS`.
    port : int
        0 takes a free one.
    browser : bool
        Open it in a browser.
    say : callable
        Is given the address.

    Raises
    ------
    OdatisError
        There is no such dashboard, or the port is taken.
    """
    _known(name)
    try:
        server = _server(name, port, "127.0.0.1")
    except OSError as error:
        raise OdatisError(tr("dashboards.port_taken", port=port), tr("dashboards.port_taken_hint")) from error
    own = [f"{host}:{server.port}" for host in ("127.0.0.1", "localhost")]
    server._tornado._websocket_origins.update(own)
    server.start()
    address = f"http://127.0.0.1:{server.port}/"
    say(address)
    if browser:
        webbrowser.open(address)
    _loop(server)


def serve_for_hub(name: str, environ: Mapping[str, str] = os.environ) -> None:
    """Serve a dashboard as a service that JupyterHub manages, behind its login.

    Parameters
    ----------
    name : str
        One of `DASHBOARDS`.
    environ : mapping
        What JupyterHub gives a managed service.

    Raises
    ------
    OdatisError
        There is no such dashboard, or JupyterHub's variables are missing: nothing is served without login.
    """
    _known(name)
    needed = (
        "JUPYTERHUB_SERVICE_URL",
        "JUPYTERHUB_SERVICE_PREFIX",
        "JUPYTERHUB_API_TOKEN",
        "JUPYTERHUB_API_URL",
        "JUPYTERHUB_CLIENT_ID",
        "JUPYTERHUB_OAUTH_ACCESS_SCOPES",
    )
    missing = [variable for variable in needed if not environ.get(variable)]
    if missing:
        raise OdatisError(
            tr("dashboards.no_hub", names=", ".join(missing)), tr("dashboards.no_hub_hint", name=name)
        )
    where = urlsplit(environ["JUPYTERHUB_SERVICE_URL"])
    address, port = where.hostname or "127.0.0.1", where.port or 80
    from tornado.httpserver import HTTPServer
    from tornado.netutil import bind_sockets

    # One socket for both: nobody meets a closed door between the waiting page and the dashboard.
    (listening,) = bind_sockets(port, address, family=AF_INET)
    with waiting_page(listening):
        from jupyterhub.services.auth import HubOAuthCallbackHandler

        from odatis_vre.dashboards.hub_login import protect

        server = _server(
            name,
            0,
            "127.0.0.1",
            prefix=environ["JUPYTERHUB_SERVICE_PREFIX"],
            extra_patterns=[(_CALLBACK, HubOAuthCallbackHandler)],
        )
        server._http.stop()
        protect(server._tornado)
    server.start()
    HTTPServer(server._tornado, xheaders=True).add_sockets([listening])
    logging.getLogger(__name__).info("%s on %s", name, where.geturl())
    _loop(server)


def _loop(server) -> None:
    try:
        server.io_loop.start()
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()
