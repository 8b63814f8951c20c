"""What a site brings itself: its login, the hub's database, the way in by TLS, the data."""

import json

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

KNOCK = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=4).close()
    print("open")
except OSError as error:
    print("no answer:", error)
"""
KNOCK_FROM_A_WORKER = """
import socket
import odatis_vre as ov
def knock():
    try:
        socket.create_connection(("database.institute", 5432), timeout=4).close()
        return "open"
    except OSError as error:
        return f"no answer: {error}"
with ov.cluster(workers=1) as client:
    print(client.submit(knock).result())
"""
OPEN = """
import json
import odatis_vre as ov
from odatis_vre.errors import OdatisError
found = {}
for name in ("in_the_store", "in_the_archive", "on_the_disk"):
    try:
        found[name] = float(ov.open_catalog()[name].to_xarray().temperature.sum())
    except OdatisError as error:
        found[name] = str(error)
print(json.dumps(found))
"""
ON_A_WORKER = """
import odatis_vre as ov
def add_up():
    import xarray as xr
    store = xr.open_zarr("s3://ocean/temperature.zarr").temperature.sum()
    disk = xr.open_dataset("/data/disk/temperature.nc").temperature.sum()
    archive = ov.open_catalog()["in_the_archive"].to_xarray().temperature.sum()
    return float(store), float(archive), float(disk), open("/data/climatology/read.me").read()
with ov.cluster(workers=1) as client:
    print(client.submit(add_up).result())
"""
FOLDERS = """
import json, os, pathlib
found = {}
stores = [os.environ["ODATIS_TEMPLATES"], os.environ["ODATIS_WORKSHOPS"]]
for folder in ("/data/disk", "/data/climatology", *stores):
    try:
        pathlib.Path(folder, "mine").write_text("")
        found[folder] = "written"
    except OSError as error:
        found[folder] = sorted(os.listdir(folder)), error.strerror
print(json.dumps(found))
"""
READ_ONLY = "Read-only file system"


@pytest.fixture(scope="module")
def ana(site) -> dict:
    """Somebody of the allowed group, logged in."""
    return site.person("enter", site.by_ingress, "ana")


@pytest.fixture(scope="module")
def server(site, ana) -> dict:
    """The pod of ana's server."""
    site.start_server("ana", ana["token"], 180, profile="small")
    return site.pod("singleuser-server", "ana")


def test_a_member_of_the_group_logs_in_at_the_provider_over_https(site, ana):
    assert ana["provider"] == "login.institute:5556"
    assert (ana["status"], ana["url"]) == (200, f"{site.by_ingress}/hub/home")
    assert ana["account"]["name"] == "ana"
    assert ana["account"]["admin"] is False
    assert "ocean" in ana["account"]["groups"]
    assert ana["secure"]
    assert ana["dashboard"] == 200


def test_another_account_of_the_provider_is_refused(site):
    bruno = site.person("enter", site.by_ingress, "bruno")
    assert (bruno["provider"], bruno["status"]) == ("login.institute:5556", 403)
    assert "bruno" not in site.query("select name from users")


def test_the_admin_group_administers(site):
    chloe = site.person("enter", site.by_ingress, "chloe")
    assert chloe["account"]["admin"] is True
    assert site.api(chloe["token"], "GET", "/hub/api/users/ana").ok


@pytest.mark.parametrize("way", ["by_ingress", "by_gateway"])
def test_a_kernel_computes_over_https_and_its_websocket(site, server, ana, way):
    assert site.person("compute", getattr(site, way), "ana", ana["token"]) == {"said": "42"}


def test_only_the_way_in_reaches_the_proxy(site, cluster):
    """That it answers is what the way in shows; any other pod is refused."""
    (proxy,) = site.pods("proxy")
    where = ("--namespace", "institute", "exec", "-i", "person", "--", "python", "-")
    assert "no answer" in cluster.kubectl(*where, proxy["status"]["podIP"], "8000", input=KNOCK)
    assert cluster.kubectl(*where, "vre.institute", "443", input=KNOCK).strip() == "open"


def test_the_database_is_reached_by_the_hub_alone(site, server):
    assert site.run_in(site.pod("hub"), KNOCK, "database.institute", "5432").strip() == "open"
    assert "no answer" in site.run_in(server, KNOCK, "database.institute", "5432")
    assert site.run_in(server, KNOCK_FROM_A_WORKER).splitlines()[-1] == "no answer: timed out"


def test_a_new_hub_pod_finds_users_and_servers_in_postgresql(site, ana, server):
    before = site.query("select name, admin from users order by name")
    assert "ana|f" in before
    hub = site.pod("hub")["metadata"]["name"]
    site.kubectl("delete", "pod", hub, "--wait=true")
    site.kubectl("rollout", "status", "deployment/hub", "--timeout=120s")
    site.connect()
    site.wait_for(lambda: site.servers("ana", ana["token"]).get("", {}).get("ready"), 60, "ana's server")
    assert site.pod("hub")["metadata"]["name"] != hub
    assert site.query("select name, admin from users order by name") == before
    assert site.pod("singleuser-server", "ana")["metadata"]["uid"] == server["metadata"]["uid"]


def test_the_catalogue_opens_two_private_stores_and_a_folder_of_the_nodes(site, server):
    found = json.loads(site.run_in(server, OPEN))
    assert found == {"in_the_store": 15.0, "in_the_archive": 615.0, "on_the_disk": 15.0}


def test_a_wrong_key_is_said_in_words(site, server):
    command = (
        "exec",
        "-i",
        server["metadata"]["name"],
        "--",
        "env",
        "AWS_SECRET_ACCESS_KEY=wrong",
        "python",
        "-",
    )
    said = json.loads(site.kubectl(*command, input=OPEN))
    assert (said["on_the_disk"], said["in_the_archive"]) == (15.0, 615.0)
    assert "s3://ocean/temperature.zarr" in said["in_the_store"]
    assert "access refused" in said["in_the_store"]


def test_workers_have_the_same_data(site, server):
    assert site.run_in(server, ON_A_WORKER).splitlines()[-1] == "(15.0, 615.0, 15.0, 'climatology')"


def test_folders_of_the_site_are_there_and_read_only(site, server):
    found = json.loads(site.run_in(server, FOLDERS))
    assert found == {
        "/data/disk": [["temperature.nc"], READ_ONLY],
        "/data/climatology": [["read.me"], READ_ONLY],
        "/srv/templates": [["read.me"], READ_ONLY],
        "/srv/workshops": [["read.me"], READ_ONLY],
    }


def test_no_secret_of_the_site_is_told(site, institute, object_stores):
    told = [
        site.kubectl("get", "configmaps,deployments", "-o", "yaml"),
        site.kubectl("logs", "deployment/hub"),
    ]
    hidden = [institute["password"], *(keys["AWS_SECRET_ACCESS_KEY"] for keys in object_stores.values())]
    assert [value for value in hidden if any(value in text for text in told)] == []
