"""What the hub of one machine needs beside the common traits."""

import os
import sys
from pathlib import Path

from traitlets.config import Config

from odatis_vre.hub import events
from odatis_vre.hub.culler import activity_seconds, culler_command
from odatis_vre.hub.embedded.place import Place, environment_path
from odatis_vre.hub.embedded.processes import MARKER
from odatis_vre.hub.embedded.tools import proxy_command
from odatis_vre.settings import Settings

__all__ = ["configure_embedded"]

# Ours on; one that takes a second and a half at every start, and serves nothing here, off.
_EXTENSIONS = {"odatis_vre.lab": True, "panel.io.jupyter_server_extension": False}
SERVER_ARGS = [f"--ServerApp.jpserver_extensions={_EXTENSIONS}"]


def configure_embedded(c: Config, settings: Settings, place: Place) -> None:
    """Set the traits that are true of one machine only: files, ports, processes.

    Parameters
    ----------
    c : traitlets.config.Config
    settings : Settings
    place : Place
    """
    state = Path(place.state)
    set_addresses(c, settings, place)
    set_files(c, state)
    set_spawner(c, settings, place)
    c.JupyterHub.services = services(settings, place)
    c.EventLogger.handlers = [events.ServerActions()]
    c.JupyterHub.extra_log_handlers = [events.Failures()]


def set_addresses(c: Config, settings: Settings, place: Place) -> None:
    """Only the hub's own address may differ from loopback, and only on purpose."""
    host = f"[{settings.hub.address}]" if ":" in settings.hub.address else settings.hub.address
    c.JupyterHub.bind_url = f"http://{host}:{place.port}"
    c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{place.hub_port}"
    c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{place.proxy_api_port}"
    c.ConfigurableHTTPProxy.command = proxy_command()
    c.ConfigurableHTTPProxy.pid_file = f"{place.state}/proxy.pid"


def set_files(c: Config, state: Path) -> None:
    """Everything that lasts is below the state folder."""
    c.JupyterHub.db_url = f"sqlite:///{state}/jupyterhub.sqlite"
    c.JupyterHub.cookie_secret_file = str(state / "secrets" / "cookie")
    # Nothing survives a stop: the next start begins with no server and no cluster.
    c.JupyterHub.cleanup_servers = True
    c.JupyterHub.cleanup_proxy = True


def set_spawner(c: Config, settings: Settings, place: Place) -> None:
    """Servers of this machine's user, each with a home of its own."""
    shared = Path(place.state, "shared")
    c.JupyterHub.spawner_class = "simple"
    c.SimpleLocalProcessSpawner.home_dir_template = f"{place.state}/homes/{{username}}"
    c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
    # A server of the machine's administrator must say so; containers often have no other user.
    c.Spawner.args = [*SERVER_ARGS, *(["--allow-root"] if os.geteuid() == 0 else [])]
    c.Spawner.ip = "127.0.0.1"
    c.Spawner.start_timeout = 120
    c.Spawner.http_timeout = 120
    c.Spawner.env_keep = ["PATH", "LANG", "LC_ALL", "TZ", "OPENBLAS_CORETYPE", "SSL_CERT_FILE", "VIRTUAL_ENV"]
    c.Spawner.environment = {
        MARKER: place.state,
        "PATH": environment_path(),
        "JUPYTERHUB_ACTIVITY_INTERVAL": str(activity_seconds(settings)),
        "ODATIS_TEMPLATES": str(shared / "templates"),
        "ODATIS_GALLERY": str(shared / "gallery"),
        "ODATIS_WORKSHOPS": str(shared / "workshops"),
        **catalog_environment(settings),
        **gateway_environment(place),
    }


def catalog_environment(settings: Settings) -> dict[str, str]:
    """The site catalogue, its status, the size of a heavy read: the same for servers, workers and dashboards.

    The status is beside the catalogue, unless the variable says otherwise to `odatis up` too.
    """
    found = {
        "ODATIS_CATALOG": settings.data.catalog,
        "ODATIS_CATALOG_STATUS": os.environ.get("ODATIS_CATALOG_STATUS"),
        "ODATIS_READ_WARNING": settings.data.read_warning and str(settings.data.read_warning),
    }
    return {name: value for name, value in found.items() if value}


def gateway_environment(place: Place) -> dict[str, str]:
    """What lets `dask_gateway.Gateway()` find its server without an argument."""
    return {
        "DASK_GATEWAY__ADDRESS": f"http://127.0.0.1:{place.port}/services/dask-gateway",
        "DASK_GATEWAY__PUBLIC_ADDRESS": "/services/dask-gateway",
        "DASK_GATEWAY__PROXY_ADDRESS": f"gateway://127.0.0.1:{place.gateway_proxy_port}",
        "DASK_GATEWAY__AUTH__TYPE": "jupyterhub",
    }


def services(settings: Settings, place: Place) -> list[dict]:
    """The hub-managed services: Dask Gateway, the idle culler, the dashboards."""
    common = {
        MARKER: place.state,
        "PATH": environment_path(),
        "PYTHONUNBUFFERED": "1",
        **catalog_environment(settings),
    }
    here = Path(__file__).parent
    found = [
        {
            "name": "dask-gateway",
            "url": f"http://127.0.0.1:{place.gateway_proxy_port}",
            "command": [
                *(sys.executable, "-m", "dask_gateway_server"),
                *("-f", str(here / "dask_gateway_config.py")),
            ],
            "environment": common,
            "display": False,
        },
        {"name": "idle-culler", "command": culler_command(settings), "environment": common},
    ]
    if "explore" in settings.dashboards and settings.dashboards["explore"].enabled:
        found.append(
            {
                "name": "explore",
                "url": f"http://127.0.0.1:{place.explore_port}",
                "command": [sys.executable, "-m", "odatis_vre.dashboards.serve", "explore"],
                "environment": common,
                "oauth_no_confirm": True,
            }
        )
    return found
