"""A user's Dask clusters end with the user's last server."""

import logging
from types import SimpleNamespace

import pytest
from fake_kubernetes import FakeApi

from odatis_vre.hub.kubernetes import clusters
from odatis_vre.hub.kubernetes.values import Values


@pytest.fixture
def api(monkeypatch):
    found = FakeApi("ocean")
    for name, user in (("a", "ana"), ("b", "ana"), ("c", "bo")):
        found.clusters[name] = {"metadata": {"name": name}, "spec": {"username": user}}
    monkeypatch.setattr("kubespawner.clients.shared_client", lambda kind: found)
    monkeypatch.setattr(clusters, "read_values", Values)
    return found


def server_of(user: str, *others_active: bool):
    """A server that has just stopped, beside other servers of its user."""
    spawner = SimpleNamespace(namespace="ocean", active=False, log=logging.getLogger())
    others = {str(i): SimpleNamespace(active=active) for i, active in enumerate(others_active)}
    spawner.user = SimpleNamespace(name=user, spawners={"": spawner, **others})
    return spawner


def active(api) -> set[str]:
    return {name for name, cluster in api.clusters.items() if cluster["spec"].get("active", True)}


async def test_the_last_server_takes_its_users_clusters_along(api):
    await clusters.stop_clusters(server_of("ana", False))
    assert active(api) == {"c"}


async def test_another_server_of_the_user_keeps_them(api):
    await clusters.stop_clusters(server_of("ana", True))
    assert active(api) == {"a", "b", "c"}


async def test_a_map_of_the_users_own_keeps_none(api):
    server = server_of("ana")
    server.user.spawners["dashboard"] = SimpleNamespace(active=True)
    await clusters.stop_clusters(server)
    assert active(api) == {"c"}


async def test_they_go_on_where_the_settings_say_so(api, monkeypatch):
    values = Values.model_validate({"vre": {"compute": {"stop_with_server": False}}})
    monkeypatch.setattr(clusters, "read_values", lambda: values)
    await clusters.stop_clusters(server_of("ana"))
    assert active(api) == {"a", "b", "c"}
