"""Values to traits of the hub: one fact a test, on an empty Config."""

import pytest
from sqlalchemy import create_engine

from odatis_vre.errors import SettingsError
from odatis_vre.hub.kubernetes.traits import with_driver

EXPLORE_OFF = {"explore": {"title": {"en": "E", "fr": "E"}, "enabled": False}}
DATABASES = ["postgres", "postgresql", "mysql", "mariadb", "sqlite", "postgresql+psycopg2"]


def service(c, name: str) -> dict:
    return next(service for service in c.JupyterHub.services if service["name"] == name)


def test_pods_reach_the_hub_by_its_name(configured):
    assert configured().JupyterHub.hub_connect_url == "http://hub:8081"


def test_the_hub_listens_for_other_pods(configured):
    assert configured().JupyterHub.hub_bind_url == "http://:8081"


def test_the_proxy_is_a_pod_of_its_own(configured):
    assert configured().ConfigurableHTTPProxy.should_start is False


def test_servers_go_on_when_the_hub_stops(configured):
    assert configured().JupyterHub.cleanup_servers is False


def test_routes_stay_when_the_hub_stops(configured):
    assert configured().JupyterHub.cleanup_proxy is False


def test_the_database_is_a_file_on_the_volume(configured):
    assert configured().JupyterHub.db_url == "sqlite:////srv/hub/jupyterhub.sqlite"


def test_the_database_is_the_one_of_the_secret(configured):
    c = configured(hub={"db": {"type": "url", "url": {"name": "db", "key": "url"}}})
    assert c.JupyterHub.db_url == "postgresql+psycopg2://hub:a-database-password@db/hub"


@pytest.mark.parametrize("kind", DATABASES)
def test_the_hub_has_the_driver_of_a_database(kind):
    """SQLAlchemy loads it here, and connects to nothing."""
    assert create_engine(with_driver(f"{kind}://")).driver in ("psycopg2", "pymysql", "pysqlite")


def test_a_database_of_the_operator_is_not_upgraded_unasked(configured):
    c = configured(hub={"db": {"type": "url", "url": {"name": "db", "key": "url"}}})
    assert c.JupyterHub.upgrade_db is False


def test_a_workshop_may_start_at_once(configured):
    assert configured().JupyterHub.concurrent_spawn_limit == 100


def test_starts_that_fail_do_not_end_the_hub(configured):
    assert configured().Spawner.consecutive_failure_limit == 0


def test_activity_is_noted_every_five_minutes(configured):
    assert configured().JupyterHub.activity_resolution == 300


def test_activity_is_noted_in_time_for_short_idle_times(configured):
    assert configured(vre={"culling": {"idle_minutes": 3}}).JupyterHub.activity_resolution == 30


def test_servers_tell_of_activity_as_often(configured):
    c = configured(vre={"culling": {"idle_minutes": 3}})
    assert c.KubeSpawner.environment["JUPYTERHUB_ACTIVITY_INTERVAL"] == "30"


def test_the_page_of_a_start_knows_kubernetes_steps(configured):
    assert "place" in configured().JupyterHub.template_vars["start_steps"]


def test_the_gateway_is_reached_through_its_proxy(configured):
    assert service(configured(), "dask-gateway")["url"] == "http://gateway-proxy:8000"


def test_the_gateway_has_the_token_of_the_secret(configured):
    assert service(configured(), "dask-gateway")["api_token"] == "the-gateway-token"


def test_pages_of_schedulers_log_in_under_the_gateways_service(configured):
    redirect = service(configured(), "dask-gateway")["oauth_redirect_uri"]
    assert redirect == "/services/dask-gateway/oauth_callback"


@pytest.mark.parametrize("name", ["dask-gateway", "explore"])
def test_the_hub_starts_without_its_services(configured, name):
    assert service(configured(), name)["timeout"] <= 5


def test_the_culler_asks_the_hub_beside_it(configured):
    assert "--url=http://127.0.0.1:8081/hub/api" in service(configured(), "idle-culler")["command"]


def test_the_dashboard_is_a_service(configured):
    assert service(configured(), "explore")["url"] == "http://explore:8000"


def test_a_dashboard_that_is_off_is_no_service(configured):
    names = [service["name"] for service in configured(vre={"dashboards": EXPLORE_OFF}).JupyterHub.services]
    assert names == ["dask-gateway", "idle-culler"]


def test_servers_may_use_the_gateway(configured):
    roles = {role["name"]: role["scopes"] for role in configured().JupyterHub.load_roles}
    assert "access:services!service=dask-gateway" in roles["server"]


def test_the_operators_traits_win(configured):
    c = configured(hub={"config": {"JupyterHub": {"concurrent_spawn_limit": 7}}})
    assert c.JupyterHub.concurrent_spawn_limit == 7


def test_the_operators_traits_reach_the_spawner(configured):
    c = configured(hub={"config": {"KubeSpawner": {"priority_class_name": "users"}}})
    assert c.KubeSpawner.priority_class_name == "users"


def test_an_unknown_class_is_an_error_that_names_the_nearest(configured):
    with pytest.raises(SettingsError, match="no class Jupyterhub") as refused:
        configured(hub={"config": {"Jupyterhub": {"concurrent_spawn_limit": 7}}})
    assert refused.value.hint == "Did you mean JupyterHub?"


def test_an_unknown_trait_is_an_error_that_names_the_nearest(configured):
    with pytest.raises(SettingsError, match="no setting concurrent_spawns_limit") as refused:
        configured(hub={"config": {"JupyterHub": {"concurrent_spawns_limit": 7}}})
    assert refused.value.hint == "Did you mean concurrent_spawn_limit?"


@pytest.mark.parametrize("name", ["dummy", "jupyterhub.auth.DummyAuthenticator"])
def test_dummy_authentication_is_refused_here_too(configured, name):
    with pytest.raises(SettingsError, match="would let anybody in"):
        configured(hub={"config": {"JupyterHub": {"authenticator_class": name}}})
