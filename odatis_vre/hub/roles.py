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
            "description": "Notebook servers: report activity, be opened, make Dask clusters for their user",
            "scopes": ["users:activity!user", "access:servers!server", gateway],
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
