"""What happens in a VRE, one JSON line an event, for the terminal of `odatis up`."""

import contextlib
import json
import logging
import os
import re
from pathlib import Path

from odatis_vre.hub.embedded.place import State
from odatis_vre.hub.embedded.processes import MARKER

__all__ = ["Failures", "ServerActions", "emit", "on_login"]

SERVER_ACTIONS = "https://schema.jupyter.org/jupyterhub/events/server-action"


def emit(kind: str, **facts) -> None:
    """Append an event to the embedded VRE's list; elsewhere nothing happens.

    Parameters
    ----------
    kind : str
        The last part of the message's key, as in `"login"` for `hub.events.login`.
    **facts
        The fields of the message. Never a secret.
    """
    if state := os.environ.get(MARKER):
        line = json.dumps({"kind": kind, **facts}, ensure_ascii=False) + "\n"
        # A disk that is full must not keep anybody from logging in.
        with contextlib.suppress(OSError), State(Path(state)).events.open("a", encoding="utf-8") as file:
            file.write(line)


def on_login(authenticator, handler, authentication: dict | None) -> dict | None:
    """A `post_auth_hook`: notes who logged in."""
    if authentication:
        emit("login", user=authentication["name"])
    return authentication


class Failures(logging.Handler):
    """Notes what the hub only logs: logins that were refused, servers that did not start."""

    _KINDS = (
        # Without the name: people type passwords into the wrong field.
        ("login_refused", re.compile(r"Failed login for ")),
        ("server_failed", re.compile(r"(?P<user>[\w.@-]+)'s server (?:failed to start|never showed up)")),
        ("server_failed", re.compile(r"Unhandled error starting (?P<user>[\w.@-]+)'s server")),
    )

    def __deepcopy__(self, memo):
        """Traitlets copies what a configuration holds; a handler's lock cannot be."""
        return self

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        for kind, pattern in self._KINDS:
            if match := pattern.search(text):
                emit(kind, **match.groupdict())
                return


class ServerActions(logging.Handler):
    """Notes the hub's own events: servers started and stopped."""

    def emit(self, record: logging.LogRecord) -> None:
        action = json.loads(self.format(record))
        if action.get("action") in ("start", "stop"):
            kind = "task" if action["servername"] else "server"
            emit(f"{kind}_{action['action']}", user=action["username"])
