"""What a harvest wrote into a file of this machine is still from elsewhere; so is a file of references."""

import contextlib
import json
import socket
import subprocess
import sys
import textwrap

import aiohttp
import data_servers as servers
import pytest
from certificate import certificate
from data_stand_ins import stand_in
from faulty_proxy import FaultyProxy
from ftp_server import serve_ftp
from small_ocean import QUICK, entry, one, write_all

from odatis_vre.catalog.access.hosts import plain_host
from odatis_vre.catalog.harvest.hostile import Hostile, check_url
from odatis_vre.errors import CatalogError

HARVESTED = "harvested: true"


@pytest.fixture(autouse=True)
def _quick(monkeypatch, tmp_path):
    monkeypatch.setattr(aiohttp.connector, "DefaultResolver", aiohttp.ThreadedResolver)  # that of the system
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ODATIS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.delenv("ODATIS_ALLOWED_HOSTS", raising=False)


@pytest.fixture
def server():
    with stand_in(lambda _: (200, "text/csv", b"a\n1\n")) as running:
        yield running


@pytest.fixture
def names(monkeypatch):
    """A resolver that knows some names; the addresses are looked at where they are used."""
    known: dict[str, str] = {}
    real = socket.getaddrinfo

    def look_up(host, *args, **kwargs):
        name = host.decode() if isinstance(host, bytes) else host
        return real(known.get(name, name), *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


@pytest.mark.parametrize("host", ["127.0.0.1", "hub.vre.svc", "127.0.0.1.nip.io", "localhost.localdomain"])
def test_a_harvested_entry_reaches_no_private_host_by_any_name(tmp_path, server, names, host):
    names[host] = "127.0.0.1"
    url = f"{server.address.replace('127.0.0.1', host)}/a.csv"
    with pytest.raises(CatalogError, match="is a private address"):
        entry(tmp_path, one("csv", url, metadata=HARVESTED)).to_pandas()
    assert server.asked == []
    assert list(entry(tmp_path, one("csv", url)).to_pandas().a) == [1]


def test_digits_of_full_width_are_digits(tmp_path, server):
    url = server.address.replace("127.0.0.1", "１２７。0.0.1")
    assert plain_host("１２７。0.0.1") == "127.0.0.1"
    with pytest.raises(CatalogError, match="private address"):
        entry(tmp_path, one("csv", f"{url}/a.csv", metadata=HARVESTED)).to_pandas()
    assert server.asked == []


@pytest.mark.parametrize(
    "host",
    ["１２７.0.0.1", "127。0。0。1", "hub.vre.svc", "localhost.localdomain", "１0.0.0.1.", "%31%32%37.0.0.1"],
)
def test_a_harvest_writes_down_no_such_host(host):
    with pytest.raises(Hostile):
        check_url(f"http://{host}/a.csv")


def test_a_harvested_entry_is_not_redirected_to_a_private_host(tmp_path, server, monkeypatch):
    monkeypatch.setenv("ODATIS_ALLOWED_HOSTS", "127.0.0.1")
    with stand_in(lambda _: (302, "http://169.254.169.254/latest/meta-data", b"")) as first:
        it = entry(tmp_path, one("csv", f"{first.address}/a.csv", metadata=HARVESTED))
        with pytest.raises(CatalogError, match=r"169\.254\.169\.254 is a private address"):
            it.to_pandas()


@pytest.mark.parametrize("protocol", ["http", "s3"])
def test_a_name_that_leads_elsewhere_a_moment_later_is_refused_where_it_connects(
    tmp_path, server, monkeypatch, protocol
):
    """The first look finds a public address, the second (that of the connection) a private one."""
    real, asked = socket.getaddrinfo, []

    def rebinding(host, port, *args, **kwargs):
        if not str(host).endswith("data.example.org"):  # a bucket may be a part of the name
            return real(host, port, *args, **kwargs)
        asked.append(host)
        return real("8.8.8.8" if len(asked) == 1 else "127.0.0.1", port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    url = server.address.replace("127.0.0.1", "data.example.org")
    options = f"storage_options: {{anon: true, endpoint_url: '{url}'}}"
    place = (f"{url}/a.csv", "") if protocol == "http" else ("s3://bucket/a.csv", options)
    with pytest.raises(CatalogError, match=r"data\.example\.org is a private address"):
        entry(tmp_path, one("csv", *place, HARVESTED)).to_pandas()
    assert len(asked) > 1
    assert server.asked == []


def test_ftp_connects_to_the_address_that_was_looked_at(tmp_path, monkeypatch, missing):
    servers.require(missing, "pyftpdlib")
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "a.csv").write_text("a\n1\n")
    real, asked = socket.getaddrinfo, []

    def rebinding(host, port, *args, **kwargs):
        if host != "data.example.org":
            return real(host, port, *args, **kwargs)
        asked.append(host)
        return real("127.0.0.1" if len(asked) <= 2 else "127.0.0.9", port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setenv("ODATIS_ALLOWED_HOSTS", "data.example.org")
    with serve_ftp(folder) as address:
        url = address.replace("127.0.0.1", "data.example.org")
        assert list(entry(tmp_path, one("csv", f"{url}/a.csv", metadata=HARVESTED)).to_pandas().a) == [1]


@pytest.mark.parametrize("url", ["/etc/passwd", "file:///etc/passwd", "{{ CATALOG_DIR }}/own.csv"])
def test_a_harvested_entry_names_no_file_of_this_machine(tmp_path, url):
    with pytest.raises(CatalogError, match="files of this machine"):
        entry(tmp_path, one("csv", url, metadata=HARVESTED))


def test_a_catalogue_that_a_harvested_entry_names_is_from_elsewhere(tmp_path, server):
    text = f"driver: yaml_file_cat, args: {{path: '{server.address}/c.yaml'}}, metadata: {{{HARVESTED}}}"
    with pytest.raises(CatalogError, match="private address"):
        entry(tmp_path, text)
    assert server.asked == []


def test_an_icechunk_repository_of_a_stranger_is_not_opened_where_it_cannot_be_guarded(tmp_path, names):
    names["data.example.org"] = "8.8.8.8"
    for text in (
        one("icechunk", "https://data.example.org/repo", metadata=HARVESTED),
        one("icechunk", "s3://b/r", "storage_options: {endpoint_url: 'http://data.example.org'}", HARVESTED),
    ):
        with pytest.raises(CatalogError, match="read from Amazon's S3 only"):
            entry(tmp_path, text).to_xarray()


@pytest.mark.parametrize("target", ["file:///etc/passwd", "/etc/passwd", "http://127.0.0.2:9/a"])
def test_references_that_came_from_a_server_are_a_strangers_even_for_an_entry_of_ours(tmp_path, target):
    array = {"zarr_format": 2, "shape": [9], "chunks": [9], "dtype": "|u1", "fill_value": 0, "order": "C"}
    array = json.dumps(array | {"compressor": None, "filters": None})
    known = {".zgroup": '{"zarr_format": 2}', "a/.zarray": array, "a/.zattrs": '{"_ARRAY_DIMENSIONS": ["x"]}'}
    tree = json.dumps(known | {"a/0": [target, 0, 9]}).encode()
    with stand_in(lambda _: (200, "application/json", tree)) as there:
        it = entry(tmp_path, one("kerchunk", f"{there.address}/r.json"))
        with pytest.raises(CatalogError, match=r"files of this machine|127\.0\.0\.2 is a private"):
            it.to_xarray().load()


def test_references_of_this_machine_name_files_of_it(tmp_path):
    store = write_all(tmp_path / "ocean") / "two.zarr"
    refs = {}
    for path in store.rglob("*"):
        if path.is_file():
            key = str(path.relative_to(store))
            refs[key] = path.read_text() if path.name[:2] == ".z" else [str(path), 0, path.stat().st_size]
    (tmp_path / "r.json").write_text(json.dumps(refs))
    assert entry(tmp_path, one("kerchunk", str(tmp_path / "r.json"))).to_xarray().sst.values.min() == 10000


@pytest.mark.parametrize("login", ["", "login: netrc, "])
def test_a_login_of_netrc_goes_over_no_ftp_for_a_stranger(tmp_path, monkeypatch, missing, login):
    servers.require(missing, "pyftpdlib")
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "a.csv").write_text("a\n1\n")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ana password wave\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("ODATIS_ALLOWED_HOSTS", "127.0.0.1")
    with serve_ftp(folder, "ana", "wave") as address:
        access = f"access: [{{driver: csv, {login}args: {{urlpath: '{address}/a.csv'}}}}]"
        known = one("csv", f"{address}/a.csv", metadata=access)
        assert list(entry(tmp_path, known).to_pandas().a) == [1]
        with pytest.raises(CatalogError, match="access refused"):
            entry(tmp_path, one("csv", f"{address}/a.csv", metadata=f"{access}, {HARVESTED}")).to_pandas()


def test_aws_keys_of_the_environment_sign_nothing_for_an_endpoint_of_a_stranger(
    tmp_path, server, monkeypatch
):
    monkeypatch.setenv("ODATIS_ALLOWED_HOSTS", "127.0.0.1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHEUSER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    proxy = FaultyProxy(server.address)
    options = f"storage_options: {{endpoint_url: '{proxy.address}'}}"
    for metadata, signed in ((HARVESTED, False), ("", True)):
        proxy.heads.clear()
        it = entry(tmp_path, one("csv", "s3://bucket/a.csv", options, metadata))
        with contextlib.suppress(CatalogError):
            it.to_pandas()
        assert proxy.heads
        assert any("AKIAOFTHEUSER" in head for head in proxy.heads) is signed
    proxy.close()


CLEAR = """
    import http.server, json, ssl, sys, threading
    from odatis_vre.catalog import open_catalog

    heads = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            heads.append([self.server.kind, self.path, str(self.headers)])
            if self.server.kind == "https":
                self.send_response(302)
                self.send_header("Location", clear + self.path)
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"a\\n1\\n")

        def log_message(self, *_):
            pass

    def started(kind):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        server.kind = kind
        if kind == "https":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1])
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"{kind}://127.0.0.1:{server.server_port}"

    clear, secret = started("http"), started("https")
    path = sys.argv[2]
    url = f"{secret}/a.csv?token=s3cret"
    open(path, "w").write(f"sources: {{it: {{driver: csv, args: {{urlpath: '{url}'}}}}}}")
    entry = open_catalog(path)["it"]
    assert list(entry.to_pandas().a) == [1]
    entry.download()
    print(json.dumps(heads))
"""


def test_what_goes_over_https_is_not_said_again_in_clear_where_a_redirection_leads(tmp_path):
    certificate(tmp_path / "cert.pem")
    environment = {
        "SSL_CERT_FILE": str(tmp_path / "cert.pem"),
        "ODATIS_LOGIN_127_0_0_1": "ana:wave",
        "ODATIS_CACHE": str(tmp_path / "cache"),
        "PYTHONPATH": ":".join(sys.path),
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
    }
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CLEAR), str(tmp_path / "cert.pem"), str(tmp_path / "c.yaml")],
        capture_output=True, text=True, env=environment, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    heads = json.loads(done.stdout)
    secret = [head for kind, _, head in heads if kind == "https"]
    assert all("Authorization: Basic" in head for head in secret)
    assert len(secret) > 1
    assert not any("uthorization" in head for kind, _, head in heads if kind == "http")
