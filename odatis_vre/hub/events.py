"""What happens in a VRE, one JSON line an event, for the terminal of `odatis up`."""

import contextlib
import json
import logging
import os
from pathlib import Path

from odatis_vre.hub.embedded.place import State
from odatis_vre.hub.embedded.processes import MARKER

__all__ = ["ServerActions", "emit", "on_login"]

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
    """A `post_auth_hook`: notes who logged in, and who could not."""
    if authentication:
        emit("login", user=authentication["name"])
    return authentication


class ServerActions(logging.Handler):
    """Notes the hub's own events: servers started and stopped."""

    def emit(self, record: logging.LogRecord) -> None:
        action = json.loads(self.format(record))
        if action.get("action") in ("start", "stop"):
            emit(f"server_{action['action']}", user=action["username"])
