"""An upgrade keeps what people have and run, an uninstall the homes; both done as docs/operate.md says."""

import pytest
import requests
from dask_program import PROGRAM
from documented import blocks

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

(UPGRADE,) = blocks("bash", "### Upgrade")[:1]
(UNINSTALL,) = blocks("bash", "### Uninstall")[:1]
KEEP_SECRET = blocks("bash", "### Back up and restore")[3]
ROTATE, REVOKE = blocks("bash", "**Rotation?**")[:2]
KEYS = ("password", "admin-password", "cookie-secret", "proxy-token", "gateway-token", "explore-token")
CATALOG = """
sources:
  of_the_values:
    driver: netcdf
    description: A field
    args: {urlpath: "/data/field.nc"}
"""
NAMES = "import odatis_vre as ov\nprint(*ov.open_catalog().names)"
LEAVE_A_CLUSTER = """
from dask_gateway import Gateway
cluster = Gateway().new_cluster(shutdown_on_close=False)
cluster.scale(1)
cluster.get_client().wait_for_workers(1, timeout=120)
"""


def secrets(release) -> dict[str, str]:
    return {key: release.secret(key) for key in KEYS}


@pytest.fixture(scope="module")
def at_work(release):
    """A server whose program waits for a Dask cluster that is never idle: its pod, and what to say to it."""
    server = release.server_of("researcher")
    with release.conversation(server, PROGRAM) as say:
        assert say("hold always").split()[1:] == ["42", "pending"]
        yield server, say


def test_an_upgrade_keeps_servers_clusters_homes_users_and_secrets(release, operator, at_work):
    server, say = at_work
    release.run_in(server, "open('before.txt', 'w').write('before')")
    kept = secrets(release)
    session = release.login("researcher")
    users = set(release.users())
    hub = release.pod("hub")["metadata"]["uid"]

    changed = {"culling": {"idle_minutes": 90}, "compute": {"idle_minutes": 0.2}}
    release.change(vre=changed, catalog={"files": {"odatis.yaml": CATALOG}})
    operator.type(UPGRADE)
    release.connect()

    assert release.pod("hub")["metadata"]["uid"] != hub
    assert secrets(release) == kept
    assert release.pod("singleuser-server", "researcher")["metadata"]["uid"] == server["metadata"]["uid"]
    assert say("look").split()[1:] == ["42", "pending"], "the same client and its future"
    assert release.run_in(server, "print(open('before.txt').read())").strip() == "before"
    assert set(release.users()) >= users
    home = session.get(f"{release.address}/hub/home", timeout=20)
    assert home.url.endswith("/hub/home"), "still logged in"
    token = release.token("researcher")
    release.wait_for(
        lambda: release.api(token, "GET", "/user/researcher/api/status").ok, 60, "the same server"
    )


def test_a_catalogue_out_of_the_values_is_there_in_new_servers(release, at_work):
    server, _ = at_work
    assert "of_the_values" not in release.run_in(server, NAMES).split()
    assert release.run_in(release.server_of("chercheuse"), NAMES).split() == ["of_the_values"]


def test_an_idle_dask_cluster_ends_by_itself(release, at_work):
    """After the 12 seconds of the upgrade; its server runs on, as does the cluster that was there before."""
    server = release.server_of("chercheuse")
    release.run_in(server, LEAVE_A_CLUSTER)
    assert release.clusters("chercheuse") != []
    release.wait_for(lambda: release.clusters("chercheuse") == [], 90, "the end of the idle cluster")
    assert release.pod("singleuser-server", "chercheuse")["metadata"]["uid"] == server["metadata"]["uid"]
    assert len(release.clusters("researcher")) == 1


def test_an_idle_server_is_culled_and_its_dask_cluster_with_it(release, at_work):
    server, say = at_work
    release.run_in(server, "open('saved.txt', 'w').write('saved')")
    assert say("look").split()[1:] == ["42", "pending"], "nothing but the cull ends this cluster"
    release.install(vre={"culling": {"idle_minutes": 0.1, "every_minutes": 0.1}})
    release.wait_for(lambda: not release.pods("singleuser-server"), 180, "the culler")
    release.wait_for(lambda: release.clusters() == [], 60, "the end of the culled server's Dask cluster")
    release.wait_for(lambda: not release.pods("dask-worker"), 60, "the end of its worker")


def test_secrets_are_made_anew_and_old_ones_open_nothing(release, operator):
    before = secrets(release)
    session = release.login("researcher")
    as_gateway = {"headers": {"Authorization": f"token {before['gateway-token']}"}, "timeout": 20}
    account = f"{release.address}/hub/api/user"
    assert requests.get(account, **as_gateway).json()["name"] == "dask-gateway"

    release.change(
        vre={"culling": {"idle_minutes": 60, "every_minutes": 5}, "compute": {"idle_minutes": 30}},
        catalog={"files": None},
    )
    operator.type(REVOKE)
    remove, *upgrade = ROTATE.splitlines(keepends=True)
    operator.type("".join((remove, remove.replace("cookie-secret", "gateway-token"), *upgrade)))
    for name in ("hub", "proxy", "gateway-api", "scheduler-pages", "explore"):
        release.kubectl("rollout", "status", f"deployment/{name}", "--timeout=180s", timeout=190)
    release.connect()

    after = secrets(release)
    assert {key for key in KEYS if after[key] != before[key]} == {"cookie-secret", "gateway-token"}
    assert session.get(f"{release.address}/hub/home", timeout=20).url != f"{release.address}/hub/home"
    assert requests.get(account, **as_gateway).status_code == 403
    server = release.server_of("researcher")
    assert release.run_in(server, "print(open('saved.txt').read())").strip() == "saved"
    release.run_in(server, LEAVE_A_CLUSTER)


def test_an_uninstall_keeps_the_homes_and_a_new_install_finds_them(release, operator):
    server = release.server_of("researcher")
    release.run_in(server, "open('after.txt', 'w').write('after')")
    homes = {claim["metadata"]["uid"] for claim in release.get("persistentvolumeclaims")}
    kept = secrets(release)
    save, restore = KEEP_SECRET.splitlines()
    operator.type(save)

    release.disconnect()
    operator.type(UNINSTALL)
    release.wait_for(lambda: not release.get("pods"), 120, "the end of all pods")
    assert {claim["metadata"]["uid"] for claim in release.get("persistentvolumeclaims")} == homes

    assert operator.type("k get secret vre -o name").strip() == "secret/vre"
    operator.type(f"k delete secret vre\n{restore}")
    release.install()
    assert secrets(release) == kept
    server = release.server_of("researcher")
    assert release.run_in(server, "print(open('after.txt').read())").strip() == "after"
