"""What the hub of a cluster needs beside the common traits. Each function only sets."""

from collections.abc import Mapping

from traitlets.config import Config

from odatis_vre.hub import configuration
from odatis_vre.hub.culler import activity_seconds, culler_command
from odatis_vre.hub.kubernetes.authentication import set_authentication
from odatis_vre.hub.kubernetes.passthrough import set_passthrough
from odatis_vre.hub.kubernetes.release import Release
from odatis_vre.hub.kubernetes.spawner import set_spawner
from odatis_vre.hub.kubernetes.values import Values
from odatis_vre.hub.roles import roles

__all__ = ["configure_kubernetes"]

HUB = "http://hub:8081"
# The culler lives in the hub's pod.
OWN_API = "http://127.0.0.1:8081/hub/api"
# Seconds that the hub's own start waits for a service; they are pods that come and go by themselves.
PATIENCE = 2
DRIVERS = {
    "postgres": "postgresql+psycopg2",
    "postgresql": "postgresql+psycopg2",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
DATABASE = "sqlite:////srv/hub/jupyterhub.sqlite"


def configure_kubernetes(c: Config, values: Values, environment: Mapping[str, str]) -> None:
    """Set the traits of a hub in a cluster.

    Parameters
    ----------
    c : traitlets.config.Config
        What JupyterHub's configuration file calls `c`.
    values : Values
        The values of the release.
    environment : mapping of str to str
        Of the hub's pod: the facts of the release, and the secrets.

    Raises
    ------
    SettingsError
        The provider of accounts cannot be read, or `hub.config` names what JupyterHub does not have.
    """
    release = Release.of(environment)
    configuration.set_pages(c, values.vre, embedded=False)
    configuration.set_profiles(c, values.vre)
    c.JupyterHub.load_roles = roles(values.vre)
    set_addresses(c)
    set_database(c, values, environment)
    set_capacity(c, values)
    set_authentication(c, values, environment)
    set_spawner(c, values, release)
    c.JupyterHub.services = services(values, environment)
    set_passthrough(c, values.hub.config)


def set_addresses(c: Config) -> None:
    """The proxy is a pod of its own: it and the servers go on while the hub restarts."""
    c.JupyterHub.hub_bind_url = "http://:8081"
    c.JupyterHub.hub_connect_url = HUB
    c.ConfigurableHTTPProxy.should_start = False
    c.ConfigurableHTTPProxy.api_url = "http://proxy-api:8001"
    c.JupyterHub.cleanup_servers = False
    c.JupyterHub.cleanup_proxy = False


def set_database(c: Config, values: Values, environment: Mapping[str, str]) -> None:
    """Users and servers: a file on the hub's volume, or the database that a Secret names."""
    on_volume = values.hub.db.type == "sqlite-pvc"
    c.JupyterHub.db_url = DATABASE if on_volume else with_driver(environment["ODATIS_VRE_DATABASE_URL"])
    # JupyterHub copies the file first; another database is the operator's to save and to upgrade.
    c.JupyterHub.upgrade_db = on_volume


def with_driver(url: str) -> str:
    """A database URL that names a driver of the hub's image; one that names its own stays.

    Parameters
    ----------
    url : str

    Examples
    --------
    >>> with_driver("postgresql://hub@db/hub")
    'postgresql+psycopg2://hub@db/hub'
    """
    kind, separator, rest = url.partition("://")
    return DRIVERS.get(kind, kind) + separator + rest


def set_capacity(c: Config, values: Values) -> None:
    """What lets a hundred people start in the same minutes, with a hub that is one process."""
    # A workshop of fifty comes at once; a start is a few small requests to Kubernetes.
    c.JupyterHub.concurrent_spawn_limit = 100
    # A cluster that is full is no fault of the hub: only its liveness probe restarts it.
    c.Spawner.consecutive_failure_limit = 0
    # The hub answers at once after a restart, and looks after running servers meanwhile.
    c.JupyterHub.init_spawners_timeout = 1
    # The page that tells what a start waits for comes at once.
    c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}
    c.JupyterHub.activity_resolution = activity_seconds(values.vre)
    # The hub then also puts back the routes that a proxy lost when its pod was replaced.
    c.JupyterHub.last_activity_interval = 15


def services(values: Values, environment: Mapping[str, str]) -> list[dict]:
    """Dask Gateway, the idle culler, the dashboards; the tokens are those of the release's Secret."""
    found = [
        {
            "name": "dask-gateway",
            "url": "http://gateway-proxy:8000",
            "api_token": environment["ODATIS_VRE_GATEWAY_TOKEN"],
            # Pages of schedulers log people in under this service.
            "oauth_redirect_uri": "/services/dask-gateway/oauth_callback",
            "oauth_no_confirm": True,
            "display": False,
            "timeout": PATIENCE,
        },
        {
            "name": "idle-culler",
            "command": [*culler_command(values.vre), "--url=http://127.0.0.1:8081/hub/api"],
        },
    ]
    if "explore" in values.vre.dashboards and values.vre.dashboards["explore"].enabled:
        found.append(
            {
                "name": "explore",
                "url": "http://explore:8000",
                "api_token": environment["ODATIS_VRE_EXPLORE_TOKEN"],
                "oauth_redirect_uri": "/services/explore/oauth_callback",
                "oauth_no_confirm": True,
                "timeout": PATIENCE,
            }
        )
    return found
