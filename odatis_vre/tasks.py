"""Tasks: servers of the user that do one thing, a run or a map. What one server asks the hub of the others.

The hub decides what such a server executes (`odatis_vre.hub.tasks`); here it is only asked for.
"""

import json
import os
import re
import urllib.error
import urllib.request
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlencode

from odatis_vre.errors import HubError
from odatis_vre.i18n import own_half, tr

__all__ = ["DASHBOARD", "in_home", "in_vre", "map_address", "note_activity", "remove", "servers", "start"]

DASHBOARD = "dashboard"
_NEEDED = ("JUPYTERHUB_API_URL", "JUPYTERHUB_API_TOKEN", "JUPYTERHUB_USER")
# Starting a server may take the hub ten seconds to answer, and more when it is busy.
_PATIENCE = 60


def in_vre() -> bool:
    """Whether this process is in a server that a hub started."""
    return all(os.environ.get(name) for name in _NEEDED)


def in_home(path: str | Path) -> str | None:
    """A path as the user's home sees it, links followed; None outside the home.

    Parameters
    ----------
    path : str or Path

    Examples
    --------
    >>> in_home(Path.home() / "runs" / "a"), in_home("/")
    ('runs/a', None)
    """
    home, real = Path.home().resolve(), Path(path).expanduser().resolve()
    return real.relative_to(home).as_posix() if real != home and real.is_relative_to(home) else None


def servers(ended: bool = False) -> dict[str, dict]:
    """The user's servers beside the notebook server, by name, as the hub's API describes them.

    Parameters
    ----------
    ended : bool
        Also those that have stopped and that the hub still lists.

    Raises
    ------
    HubError
    """
    answer = _ask("GET", "?include_stopped_servers=1" if ended else "")
    return {name: server for name, server in answer.get("servers", {}).items() if name}


def start(name: str, title: str, **options) -> None:
    """Ask the hub for a server; those that have ended make room first.

    Parameters
    ----------
    name : str
    title : str
        What the hub's pages call it.
    **options
        `profile`, and what the hub needs to know of the task.

    Raises
    ------
    HubError
        The hub refuses, in its own words, or does not answer.
    """
    for old, server in servers(ended=True).items():
        if server["stopped"]:
            with suppress(HubError):
                remove(old)
    wanted = {key: value for key, value in options.items() if value is not None}
    _ask("POST", f"/servers/{name}", {"display_name": title, "user_options": wanted})


def remove(name: str) -> None:
    """Stop a server of the user, and have the hub forget it.

    Raises
    ------
    HubError
    """
    _ask("DELETE", f"/servers/{name}", {"remove": True})


def map_address(store: str) -> str:
    """Where the user's own dashboard shows a store; its server is started if it is not there.

    Parameters
    ----------
    store : str
        Path below the home.

    Returns
    -------
    str
        Path of the page on the VRE; while the server starts, that of the page which waits for it.

    Raises
    ------
    HubError
    """
    if DASHBOARD not in servers():
        start(DASHBOARD, tr("tasks.dashboard"))
    server = servers()[DASHBOARD]
    page = f"{server['url']}?{urlencode({'store': store}, safe='/')}"
    if server["ready"]:
        return page
    hub = os.environ.get("JUPYTERHUB_BASE_URL", "/")
    user = quote(os.environ["JUPYTERHUB_USER"])
    return f"{hub}hub/spawn-pending/{user}/{DASHBOARD}?{urlencode({'next': page})}"


def note_activity(name: str) -> None:
    """Tell the hub that a server works: who is idle is stopped.

    Raises
    ------
    HubError
    """
    now = datetime.now(UTC).isoformat()
    _ask("POST", "/activity", {"servers": {name: {"last_activity": now}}})


def _ask(method: str, path: str, body: dict | None = None) -> dict:
    if not in_vre():
        raise HubError(tr("tasks.no_hub"), tr("tasks.no_hub_hint"))
    api, token, user = (os.environ[name] for name in _NEEDED)
    request = urllib.request.Request(
        f"{api}/users/{quote(user)}{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"token {token}", "Content-Type": "application/json"},
    )
    # The hub is a neighbour: no proxy of the way to the Internet is asked.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=_PATIENCE) as answer:
            return json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        raise HubError(tr("tasks.refused", reason=_reason(error)), tr("tasks.refused_hint")) from None
    except OSError as error:
        raise HubError(tr("tasks.silent", reason=error), tr("tasks.silent_hint")) from None


def _reason(error: urllib.error.HTTPError) -> str:
    with suppress(ValueError, OSError):
        if message := json.loads(error.read()).get("message"):
            most = re.search(r"maximum of (\d+) named servers", message)
            return tr("tasks.too_many", most=most[1]) if most else own_half(message)
    return f"HTTP {error.code}"
