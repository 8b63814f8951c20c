"""A catalogue from elsewhere reaches no file of this machine and no private address; the site's own may."""

import json

import pytest
from data_stand_ins import stand_in
from faulty_proxy import FaultyProxy
from hypothesis import given, settings
from hypothesis import strategies as st
from small_ocean import QUICK, entry, one

from odatis_vre.catalog import open_catalog
from odatis_vre.catalog.access.failures import Refused
from odatis_vre.catalog.access.hosts import check_address, check_host
from odatis_vre.errors import CatalogError


@pytest.fixture(autouse=True)
def _quick(monkeypatch, tmp_path):
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ODATIS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ODATIS_ALLOWED_HOSTS", raising=False)


@pytest.fixture
def elsewhere():
    """A catalogue file on a server, and files beside it; `files` maps a path to a content."""
    files: dict[str, str] = {}

    def answer(url):
        text = files.get(url.path)
        return (404, "text/plain", b"") if text is None else (200, "text/plain", text.encode())

    with stand_in(answer) as server:
        server.files = files
        yield server


def open_from(server, text: str):
    server.files["/c.yaml"] = f"sources: {{it: {{{text}}}}}"
    return open_catalog(f"{server.address}/c.yaml")


@pytest.mark.parametrize(
    "url",
    [
        "/etc/passwd",
        "file:///etc/passwd",
        "local:///etc/passwd",
        "zip://a.csv::file:///etc/passwd",
        "zip://a.csv::/etc/passwd",
        "etc/passwd",
        "../../../etc/passwd",
    ],
)
@pytest.mark.parametrize("driver", ["csv", "netcdf", "zarr", "kerchunk", "icechunk", "wfs", "tabledap"])
def test_a_catalogue_from_elsewhere_names_no_file_of_this_machine(elsewhere, url, driver):
    with pytest.raises(CatalogError, match=r"c\.yaml, sources\.it\.args\.urlpath: .*files of this machine"):
        open_from(elsewhere, one(driver, url))


def test_nor_does_an_access_method_or_a_nested_catalogue(elsewhere, tmp_path):
    (tmp_path / "own.yaml").write_text("sources: {}")
    for text in (
        "driver: csv, args: {urlpath: 'https://h/a.csv'}, "
        "metadata: {access: [{driver: csv, args: {urlpath: /etc/passwd}}]}",
        f"driver: yaml_file_cat, args: {{path: '{tmp_path}/own.yaml'}}",
    ):
        with pytest.raises(CatalogError, match="files of this machine"):
            open_from(elsewhere, text)


@pytest.mark.parametrize(
    "path",
    [
        "/data/../../secret.csv",
        "/data/%2e%2e/secret.csv",
        "/%252e%252e/secret.csv",
        "/data\\\\..\\\\secret.csv",
    ],
)
def test_an_address_from_elsewhere_does_not_go_up(elsewhere, path):
    with pytest.raises(CatalogError, match=r"may not go up \(\.\.\)"):
        open_from(elsewhere, one("csv", f"https://data.example.org{path}"))


def test_a_private_address_is_refused_until_the_site_allows_it(elsewhere, monkeypatch):
    elsewhere.files["/a.csv"] = "a\n1\n"
    it = open_from(elsewhere, one("csv", f"{elsewhere.address}/a.csv"))["it"]
    with pytest.raises(CatalogError, match=r"127\.0\.0\.1 is a private address.*ODATIS_ALLOWED_HOSTS"):
        it.to_pandas()
    assert elsewhere.asked == ["/c.yaml"]
    for allowed in ("127.0.0.1", "10.0.0.0/8, 127.0.0.0/8"):
        monkeypatch.setenv("ODATIS_ALLOWED_HOSTS", allowed)
        assert list(it.to_pandas().a) == [1]


def test_a_name_that_leads_to_a_private_address_is_refused_too(elsewhere, monkeypatch):
    elsewhere.files["/a.csv"] = "a\n1\n"
    url = f"{elsewhere.address.replace('127.0.0.1', 'localhost')}/a.csv"
    it = open_from(elsewhere, one("csv", url))["it"]
    with pytest.raises(CatalogError, match="localhost is a private address"):
        it.to_pandas()
    monkeypatch.setenv("ODATIS_ALLOWED_HOSTS", "local*")
    assert list(it.to_pandas().a) == [1]


def test_a_redirection_to_a_private_address_is_refused(monkeypatch, elsewhere):
    monkeypatch.setenv("ODATIS_ALLOWED_HOSTS", "127.0.0.1")
    elsewhere.files["/a.csv"] = "a\n1\n"
    hidden = f"{elsewhere.address.replace('127.0.0.1', '127.0.0.2')}/a.csv"
    with stand_in(lambda _: (302, hidden, b"")) as first:
        it = open_from(elsewhere, one("csv", f"{first.address}/a.csv"))["it"]
        with pytest.raises(CatalogError, match=r"127\.0\.0\.2 is a private address"):
            it.to_pandas()


S3 = "storage_options: {anon: true, endpoint_url: 'http://127.0.0.1:9'}"
EVERYWHERE = [
    (driver, f"{scheme}://127.0.0.1:9/a", "")
    for driver in ("netcdf", "zarr", "opendap", "kerchunk", "icechunk", "tabledap")
    for scheme in ("http", "ftp")
] + [(driver, "s3://bucket/a", S3) for driver in ("netcdf", "zarr", "kerchunk", "icechunk")]


@pytest.mark.parametrize(("driver", "url", "args"), EVERYWHERE)
def test_every_protocol_refuses_private_addresses(elsewhere, driver, url, args):
    it = open_from(elsewhere, one(driver, url, args))["it"]
    with pytest.raises(CatalogError, match="private address"):
        it.to_pandas() if it.is_table else it.to_xarray()


def test_references_from_elsewhere_lead_to_no_file_of_this_machine(elsewhere, monkeypatch):
    monkeypatch.setenv("ODATIS_ALLOWED_HOSTS", "127.0.0.1")
    for target, why in (
        ("file:///etc/passwd", "files of this machine"),
        ("/etc/passwd", "files of this machine"),
    ):
        elsewhere.files["/r.json"] = json.dumps({"a/0": [target, 0, 10], ".zgroup": '{"zarr_format": 2}'})
        it = open_from(elsewhere, one("kerchunk", f"{elsewhere.address}/r.json"))["it"]
        with pytest.raises(CatalogError, match=why):
            it.to_xarray()


def test_a_catalogue_of_this_machine_names_what_it_likes(tmp_path, elsewhere):
    elsewhere.files["/a.csv"] = "a\n1\n"
    assert list(entry(tmp_path, one("csv", f"{elsewhere.address}/a.csv")).to_pandas().a) == [1]


def test_a_login_goes_to_no_server_in_clear_for_a_catalogue_from_elsewhere(elsewhere, tmp_path, monkeypatch):
    monkeypatch.setenv("ODATIS_ALLOWED_HOSTS", "127.0.0.1")
    monkeypatch.setenv("ODATIS_LOGIN_127_0_0_1", "ana:wave")
    elsewhere.files["/a.csv"] = "a\n1\n"
    proxy = FaultyProxy(elsewhere.address)
    open_from(elsewhere, one("csv", f"{proxy.address}/a.csv"))["it"].to_pandas()
    assert not any("uthorization" in head for head in proxy.heads)
    entry(tmp_path, one("csv", f"{proxy.address}/a.csv")).to_pandas()
    assert "Authorization: Basic" in proxy.heads[-1]
    proxy.close()


PRIVATE = [
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "127.8.8.8",
    "169.254.169.254",
    "0.0.0.0",
    "::1",
    "fe80::1%eth0",
]
PRIVATE += ["fd00::1", "::ffff:10.0.0.1", "224.0.0.1", "100.64.0.1", "255.255.255.255"]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_refused(address):
    with pytest.raises(Refused, match="private address"):
        check_address(address, "data.example.org")


@settings(deadline=None)
@given(st.ip_addresses(v=4, network="8.0.0.0/8"))
def test_a_public_address_is_let_through(address):
    check_address(str(address), "data.example.org")


def test_numbers_written_in_other_ways_are_the_same_address():
    for host in ("127.1", "2130706433", "0x7f000001", "[::1]".strip("[]")):
        with pytest.raises(Refused, match="private address"):
            check_host(host)
