"""The idle culler: what stops servers that nobody uses."""

import sys

from odatis_vre.settings import Settings

__all__ = ["activity_seconds", "culler_command"]


def culler_command(settings: Settings) -> list[str]:
    """The command of the idle culler, in whole seconds.

    Parameters
    ----------
    settings : Settings
    """
    culling = settings.culling
    return [
        *(sys.executable, "-m", "jupyterhub_idle_culler"),
        f"--timeout={max(1, round(culling.idle_minutes * 60))}",
        f"--cull-every={max(1, round(culling.every_minutes * 60))}",
        f"--max-age={round(culling.max_age_hours * 3600)}",
        # A run or a map that ended has nothing to come back to.
        "--remove-named-servers=true",
    ]


def activity_seconds(settings: Settings) -> int:
    """How often activity is noted: a sixth of the time that is called idle, at most five minutes.

    Each note of each server is a request to the hub and a row that it writes.

    Parameters
    ----------
    settings : Settings

    Examples
    --------
    >>> activity_seconds(Settings())
    300
    """
    return round(min(300, max(5, settings.culling.idle_minutes * 10)))
