"""Settings to traits: one fact a test, on an empty Config."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from jupyterhub_idle_culler import IdleCuller
from traitlets.config import Config

from odatis_vre.hub import configure, configure_gateway
from odatis_vre.hub.embedded.place import Place
from odatis_vre.hub.profiles import options_form, options_from_form, profile_setter
from odatis_vre.settings import Settings

PLACE = Place(
    state="/data/vre",
    port=8000,
    hub_port=4001,
    proxy_api_port=4002,
    gateway_port=4003,
    gateway_proxy_port=4004,
    explore_port=4005,
)


@pytest.fixture(autouse=True)
def proxy(monkeypatch):
    monkeypatch.setattr("odatis_vre.hub.embedded.traits.proxy_command", lambda: ["node", "proxy"])


def configured(place=PLACE, **settings) -> Config:
    c = Config()
    configure(c, Settings.model_validate(settings), place, password="a-long-password")
    return c


def role(c: Config, name: str) -> set[str]:
    return set(next(role["scopes"] for role in c.JupyterHub.load_roles if role["name"] == name))


def service(c: Config, name: str) -> dict:
    return next(service for service in c.JupyterHub.services if service["name"] == name)


def test_the_shared_password_is_the_way_in():
    assert configured().JupyterHub.authenticator_class == "shared-password"


def test_only_the_listed_users_may_log_in():
    assert configured(auth={"users": ["ana", "bo"]}).Authenticator.allowed_users == {"ana", "bo"}


def test_nobody_else_may():
    assert configured().Authenticator.allow_all is False


def test_everybody_may_where_the_settings_say_so():
    assert configured(auth={"allow_all": True}).Authenticator.allow_all is True


def test_the_password_is_given_to_the_authenticator_alone():
    assert configured().SharedPasswordAuthenticator.user_password == "a-long-password"


def test_people_open_the_chosen_port_of_this_machine():
    assert configured().JupyterHub.bind_url == "http://127.0.0.1:8000"


def test_an_ipv6_address_is_written_with_brackets():
    assert configured(hub={"address": "::1"}).JupyterHub.bind_url == "http://[::1]:8000"


@pytest.mark.parametrize(
    "value",
    [
        lambda c: c.JupyterHub.hub_bind_url,
        lambda c: c.ConfigurableHTTPProxy.api_url,
        lambda c: service(c, "dask-gateway")["url"],
        lambda c: service(c, "explore")["url"],
    ],
)
def test_what_is_behind_the_proxy_listens_on_loopback(value):
    assert value(configured()).startswith("http://127.0.0.1:")


def test_servers_listen_on_loopback():
    assert configured().Spawner.ip == "127.0.0.1"


def test_homes_are_below_the_state_folder():
    assert configured().SimpleLocalProcessSpawner.home_dir_template == "/data/vre/homes/{username}"


def test_users_keep_the_default_scope():
    assert "self" in role(configured(), "user")


def test_users_may_use_the_gateway():
    assert "access:services!service=dask-gateway" in role(configured(), "user")


def test_users_may_use_the_dashboards():
    assert "access:services!service=explore" in role(configured(), "user")


def test_a_server_may_use_the_gateway_and_start_and_stop_servers_of_its_user_alone():
    assert role(configured(), "server") == {
        "users:activity!user",
        "access:servers!server",
        "access:services!service=dask-gateway",
        "start:servers!user",
        "read:servers!user",
        "delete:servers!user",
    }


def test_a_user_may_have_some_servers_beside_the_notebook_server():
    c = configured(runs={"user_max": 2})
    assert (c.JupyterHub.allow_named_servers, c.JupyterHub.named_server_limit_per_user) == (True, 2)


def test_none_beside_it_is_none_and_not_any_number():
    assert configured(runs={"user_max": 0}).JupyterHub.allow_named_servers is False


def test_a_run_that_was_culled_is_removed():
    assert culler().remove_named_servers is True


def test_a_run_says_that_it_works_more_often_than_it_would_be_called_idle():
    c = configured(culling={"idle_minutes": 1})
    assert int(c.Spawner.environment["JUPYTERHUB_ACTIVITY_INTERVAL"]) < 30


def test_the_culler_has_a_narrow_role():
    assert role(configured(), "idle-culler") == {
        "list:users",
        "read:users:activity",
        "read:servers",
        "delete:servers",
    }


def culler(**settings) -> IdleCuller:
    """The culler, as it reads the command that it is given."""
    found = IdleCuller()
    found.parse_command_line(service(configured(**settings), "idle-culler")["command"][3:])
    return found


def test_the_culler_counts_in_seconds():
    assert culler(culling={"idle_minutes": 30}).timeout == 1800


def test_a_dashboard_that_is_off_is_no_service():
    off = {"explore": {"title": {"en": "E", "fr": "E"}, "enabled": False}}
    names = [service["name"] for service in configured(dashboards=off).JupyterHub.services]
    assert names == ["dask-gateway", "idle-culler"]


def test_servers_find_the_gateway_behind_the_hub():
    found = configured().Spawner.environment["DASK_GATEWAY__ADDRESS"]
    assert found == "http://127.0.0.1:8000/services/dask-gateway"


def gateways_environment(**settings) -> list[str]:
    configure_gateway(c := Config(), Settings.model_validate(settings), PLACE, "key")
    return c.LocalBackend.inherited_environment


@pytest.mark.parametrize(
    ("name", "value", "data"),
    [
        ("ODATIS_CATALOG", "/data/odatis.yaml", {"catalog": "/data/odatis.yaml"}),
        ("ODATIS_READ_WARNING", "1610612736", {"read_warning": "1.5G"}),
    ],
)
def test_what_the_settings_say_of_data_reaches_servers_workers_and_dashboards(name, value, data):
    c = configured(data=data)
    assert c.Spawner.environment[name] == value
    assert service(c, "explore")["environment"][name] == value
    assert service(c, "dask-gateway")["environment"][name] == value
    assert name in gateways_environment()


def test_without_a_limit_no_read_is_heavy():
    assert "ODATIS_READ_WARNING" not in configured().Spawner.environment


def test_where_the_catalogues_status_is_may_be_told_to_all(monkeypatch):
    monkeypatch.delenv("ODATIS_CATALOG_STATUS", raising=False)
    assert "ODATIS_CATALOG_STATUS" not in configured().Spawner.environment
    monkeypatch.setenv("ODATIS_CATALOG_STATUS", "/data/status.json")
    c = configured()
    assert c.Spawner.environment["ODATIS_CATALOG_STATUS"] == "/data/status.json"
    assert service(c, "explore")["environment"]["ODATIS_CATALOG_STATUS"] == "/data/status.json"


def test_servers_and_dashboards_tell_what_a_check_on_this_machine_found(tmp_path, monkeypatch):
    for name in ("ODATIS_CATALOG_STATUS", "ODATIS_CATALOG"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "physics").mkdir()
    (tmp_path / "physics" / "warm.csv").write_text("sst\n3\n", "utf-8")
    nested = (
        "sources: {physics: {driver: yaml_file_cat, args: {path: '{{ CATALOG_DIR }}/physics/physics.yaml'}}}"
    )
    (catalog := tmp_path / "odatis.yaml").write_text(nested, "utf-8")
    (tmp_path / "physics" / "physics.yaml").write_text(
        "sources: {warm: {driver: csv, args: {urlpath: '{{ CATALOG_DIR }}/warm.csv'}}}", "utf-8"
    )
    c = configured(data={"catalog": str(catalog)})
    program = (
        "from odatis_vre.catalog import open_catalog; from odatis_vre.catalog.check import status_of; "
        "print(status_of(open_catalog()['physics/warm']))"
    )

    def told(environment: dict[str, str]) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=100,
        )
        return done.stdout.strip() or done.stderr

    assert told(c.Spawner.environment) == "None"
    command = "from odatis_vre.cli import main; main()"
    check = [sys.executable, "-c", command, "catalog", "check", "--path", str(catalog)]
    subprocess.run(check, check=True, capture_output=True, timeout=100)
    assert "it opens, and holds what is said here" in told(c.Spawner.environment)
    assert "it opens, and holds what is said here" in told(service(c, "explore")["environment"])


def test_no_secret_is_in_a_servers_environment():
    assert "a-long-password" not in str(configured().Spawner)


def test_nothing_of_one_machine_is_set_without_a_place():
    assert "services" not in configured(place=None).JupyterHub


def gateway(**settings) -> Config:
    c = Config()
    configure_gateway(c, Settings.model_validate(settings), PLACE, "a-key")
    return c


def test_the_gateway_asks_the_hub_who_calls():
    assert gateway().DaskGateway.authenticator_class.endswith("JupyterHubAuthenticator")


def test_the_gateway_requires_its_scope():
    assert gateway().JupyterHubAuthenticator.jupyterhub_service_name == "dask-gateway"


def test_the_gateways_proxy_listens_on_loopback():
    assert gateway().Proxy.address == "127.0.0.1:4004"


def test_an_idle_cluster_stops():
    assert gateway(compute={"idle_minutes": 2}).ClusterConfig.idle_timeout == 120


def test_a_cluster_has_a_largest_size():
    assert gateway(compute={"max_workers": 3}).ClusterConfig.cluster_max_workers == 3


def test_a_worker_has_the_memory_of_the_settings():
    assert gateway(compute={"worker_memory": "2G"}).ClusterConfig.worker_memory == 2**31


def test_schedulers_serve_no_page():
    assert "--no-dashboard" in gateway().ClusterConfig.scheduler_cmd


class FakeHandler:
    """The one thing that is not ours: tornado's view of a browser that reads French."""

    class request:  # noqa: N801
        headers = {"Accept-Language": "fr"}  # noqa: RUF012

    def get_cookie(self, name):
        return None

    def get_query_argument(self, name, default=None):
        return default


class FakeServer:
    """A spawner's attributes that the hooks read and set; the real one is in the journey."""

    handler = FakeHandler()

    name = ""

    def __init__(self, **options):
        self.user_options = options
        self.environment = {"KEEP": "1"}


def test_the_form_speaks_the_readers_language():
    assert "Petit" in options_form(Settings())(FakeServer())


def test_the_form_opens_on_the_last_choice():
    form = options_form(Settings())(FakeServer(profile="medium"))
    assert re.findall(r'value="(\w+)"[^>]*checked', form) == ["medium"]


def test_an_unknown_profile_becomes_the_first():
    assert options_from_form(Settings())({"profile": ["huge"]})["profile"] == "small"


def test_a_profile_sets_the_memory():
    server = FakeServer()
    profile_setter(Settings())(server, {"profile": "medium"})
    assert server.mem_limit == 4 * 2**30


def test_a_server_speaks_the_language_of_the_form():
    server = FakeServer()
    profile_setter(Settings())(server, {"profile": "small", "lang": "fr"})
    assert server.environment == {"KEEP": "1", "ODATIS_LANG": "fr"}


def test_configuration_files_are_where_the_services_look_for_them():
    command = service(configured(), "dask-gateway")["command"]
    assert Path(command[-1]).exists()
