"""What a user's named servers execute instead of JupyterLab: a run, or a map of the user's own.

Users say which run, never which command: what comes over the wire is a name out of a list and the path of a
folder in the home.
"""

import re
from collections.abc import Mapping

from tornado.web import HTTPError

from odatis_vre.hub.both_languages import both
from odatis_vre.settings import Settings
from odatis_vre.tasks import DASHBOARD

__all__ = ["allow_tasks", "set_task"]

_RUN = re.compile(r"run-[a-z0-9]{6,32}")
# The folder of a run, as `odatis_vre.runs` makes it: below the home, no link to a parent in it.
_FOLDER = re.compile(r"(?!.*\.\.)[\w][\w .@+-]*(?:/[\w.][\w .@+-]*)*")
_LONGEST = 400


def allow_tasks(c, settings: Settings) -> None:
    """Named servers, as many as the settings say; JupyterHub reads 0 as no limit.

    Parameters
    ----------
    c : traitlets.config.Config
    settings : Settings
    """
    c.JupyterHub.allow_named_servers = settings.runs.user_max > 0
    c.JupyterHub.named_server_limit_per_user = settings.runs.user_max


def set_task(spawner, options: Mapping, settings: Settings, python: str) -> None:
    """Have a named server do its task; the notebook server stays as it is.

    Parameters
    ----------
    spawner : jupyterhub.spawner.Spawner
    options : mapping
        `user_options`, as the user sent them.
    settings : Settings
    python : str
        Python of the servers.

    Raises
    ------
    tornado.web.HTTPError
        400: a name that is no task's, an unknown profile, or a run without a folder of the home.
    """
    if not spawner.name:
        return
    if options.get("profile", next(iter(settings.profiles))) not in settings.profiles:
        raise _refused("gateway.no_such_profile", names=", ".join(settings.profiles))
    if spawner.name == DASHBOARD:
        spawner.cmd, spawner.args = [python, "-m", "odatis_vre.dashboards.serve"], ["own"]
        return
    folder = options.get("run")
    if not _RUN.fullmatch(spawner.name):
        raise _refused("gateway.no_such_task", name=spawner.name[:40])
    if not isinstance(folder, str) or len(folder) > _LONGEST or not _FOLDER.fullmatch(folder):
        raise _refused("gateway.no_run_folder")
    spawner.cmd, spawner.args = [python, "-m", "odatis_vre.runs.serve"], [folder]
    seconds = round(settings.runs.max_hours * 3600)
    spawner.environment = {**spawner.environment, "ODATIS_RUN_SECONDS": str(seconds)}


def _refused(key: str, **values) -> HTTPError:
    return HTTPError(400, both(key, **values))
