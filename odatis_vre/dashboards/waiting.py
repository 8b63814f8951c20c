"""A page that asks for patience while a dashboard's libraries load: the hub need not wait for them."""

import socket
import threading
from contextlib import contextmanager
from html import escape
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from odatis_vre.i18n import COOKIE, choose_language, tr

__all__ = ["waiting_page"]

_PAGE = """<!DOCTYPE html>
<html lang="{lang}"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>
<style>body {{ font: 1.1rem system-ui, sans-serif; margin: 20vh auto; max-width: 30rem }}</style>
</head><body><main><h1>{title}</h1><p>{text}</p></main></body></html>
"""


class _Patience(BaseHTTPRequestHandler):
    """Answers every question with the page, which asks again by itself and knows nothing else."""

    def do_GET(self) -> None:
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get(COOKIE)
        lang = choose_language(
            cookie.value if cookie else None, accept_language=self.headers.get("Accept-Language")
        )
        words = {part: escape(tr(f"dashboards.patience.{part}", lang=lang)) for part in ("title", "text")}
        body = _PAGE.format(lang=lang, **words).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args) -> None:  # noqa: A002 - the name of the base class
        """Says nothing: the hub asks often while it waits."""


@contextmanager
def waiting_page(listening: socket.socket):
    """Show the page to who connects, inside a `with` block.

    Parameters
    ----------
    listening : socket.socket
        Stays open: who comes after the block waits for who accepts next.
    """
    server = ThreadingHTTPServer(listening.getsockname(), _Patience, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
