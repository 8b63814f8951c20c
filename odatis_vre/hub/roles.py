"""Roles of the hub, each scope with its reason."""

from odatis_vre.settings import Settings

__all__ = ["roles"]


def roles(settings: Settings) -> list[dict]:
    """The roles to load: the defaults restated with what a VRE adds, and one narrow role a service."""
    gateway = "access:services!service=dask-gateway"
    dashboards = [
        f"access:services!service={name}" for name, board in settings.dashboards.items() if board.enabled
    ]
    return [
        {
            "name": "user",
            "description": "People: their own servers and tokens, Dask clusters, dashboards",
            "scopes": ["self", gateway, *dashboards],
        },
        {
            "name": "server",
            "description": "Servers: report activity, be opened, make Dask clusters, start their user's runs",
            "scopes": [
                "users:activity!user",  # say that it, or a run, works
                "access:servers!server",  # be opened by its user
                gateway,  # make Dask clusters
                # A scope names one server or all of a user, never "the runs": which servers there may be,
                # and what they execute, the hub decides when one is started (odatis_vre.hub.tasks).
                "start:servers!user",  # start a run or a map of its user
                "read:servers!user",  # see whether it is there
                "delete:servers!user",  # stop it; a run removes itself when it is over
            ],
        },
        {
            "name": "idle-culler",
            "description": "Stops idle servers",
            "scopes": [
                "list:users",  # find the servers
                "read:users:activity",  # know which are idle
                "read:servers",  # know when each started
                "delete:servers",  # stop them
            ],
            "services": ["idle-culler"],
        },
    ]
