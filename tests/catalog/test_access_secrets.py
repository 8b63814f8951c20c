"""Logins: taken from netrc, keyring or environment where they are used, and found nowhere else."""

import base64
import logging
import pickle
import subprocess
import sys
import textwrap
import traceback

import cloudpickle
import dask
import data_servers as servers
import numpy as np
import pytest
from data_servers import KEY
from data_stand_ins import stand_in
from faulty_proxy import FaultyProxy
from small_ocean import QUICK, entry, ocean, one, ways, write_all

from odatis_vre.catalog.access import credentials
from odatis_vre.catalog.access.credentials import Login, login_for
from odatis_vre.catalog.access.failures import Refused
from odatis_vre.catalog.model import Access
from odatis_vre.errors import CatalogError

PASSWORD = "Tr0ub4dor-et-3"


@pytest.fixture(scope="module")
def served(tmp_path_factory, missing):
    servers.require(missing, "rclone")
    return write_all(tmp_path_factory.mktemp("served") / "ocean")


@pytest.fixture(scope="module")
def locked(served):
    """A server that asks for a login."""
    with servers.rclone("http", served, "--user", "ana", "--pass", PASSWORD) as address:
        yield address


@pytest.fixture(scope="module")
def bucket(served):
    with servers.rclone("s3", served.parent, "--auth-key", f"{KEY},{PASSWORD}") as address:
        yield address


@pytest.fixture(autouse=True)
def netrc(monkeypatch, tmp_path):
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ODATIS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ODATIS_LOGIN_127_0_0_1", raising=False)
    path = tmp_path / "netrc"
    monkeypatch.setenv("NETRC", str(path))

    def write(user: str = "ana", password: str = PASSWORD, machine: str = "machine 127.0.0.1"):
        path.write_text(f"{machine} login {user} password {password}\n")
        path.chmod(0o600)
        return path

    return write


@pytest.fixture
def in_keyring(missing):
    servers.require(missing, "keyring")
    import keyring
    from keyring.backend import KeyringBackend
    from keyring.credentials import SimpleCredential

    class InMemory(KeyringBackend):
        priority = 1
        kept: dict = {}  # noqa: RUF012 - one keyring a test

        def get_password(self, service, username):
            return self.kept.get(service, {}).get(username)

        def set_password(self, service, username, password):
            self.kept.setdefault(service, {})[username] = password

        def get_credential(self, service, username):
            for known, password in self.kept.get(service, {}).items():
                return SimpleCredential(known, password)
            return None

    before = keyring.get_keyring()
    keyring.set_keyring(InMemory())
    yield keyring
    keyring.set_keyring(before)


def with_login(place: str, url: str, driver: str = "netcdf") -> str:
    return ways(f"driver: {driver}, login: {place}, args: {{urlpath: '{url}'}}")


def same(ds) -> bool:
    np.testing.assert_array_equal(ds.sst.values, ocean().sst.values)
    return True


def test_a_login_in_netrc(locked, tmp_path, netrc):
    it = entry(tmp_path, with_login("netrc", f"{locked}/four.nc"))
    with pytest.raises(CatalogError, match=r"no login for 127\.0\.0\.1 in \.netrc; add a line"):
        it.to_xarray()
    netrc()
    assert same(it.to_xarray())
    assert same(entry(tmp_path, one("zarr", f"{locked}/three.zarr")).to_xarray())
    netrc(password="wrong")
    with pytest.raises(CatalogError, match="access refused"):
        it.to_xarray()


def test_a_login_in_the_environment(locked, tmp_path, monkeypatch):
    it = entry(tmp_path, with_login("environment", f"{locked}/four.nc"))
    with pytest.raises(CatalogError, match="set ODATIS_LOGIN_127_0_0_1 to user:password"):
        it.to_xarray()
    monkeypatch.setenv("ODATIS_LOGIN_127_0_0_1", f"ana:{PASSWORD}")
    assert same(it.to_xarray())


def test_a_login_in_a_keyring(locked, tmp_path, in_keyring):
    it = entry(tmp_path, with_login("keyring", f"{locked}/four.nc"))
    with pytest.raises(CatalogError, match=r"keyring set odatis:127\.0\.0\.1 YOUR_NAME"):
        it.to_xarray()
    in_keyring.set_password("odatis:127.0.0.1", "ana", PASSWORD)
    assert same(it.to_xarray())


def test_without_keyring_installed_the_message_says_how_to_install_it(locked, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(CatalogError, match="pip install keyring"):
        entry(tmp_path, with_login("keyring", f"{locked}/four.nc")).to_xarray()


def test_the_default_of_netrc_is_sent_nowhere(locked, tmp_path, netrc):
    netrc(machine="default")
    proxy = FaultyProxy(locked)
    with pytest.raises(CatalogError, match="access refused"):
        entry(tmp_path, one("netcdf", f"{proxy.address}/four.nc")).to_xarray()
    proxy.close()
    assert not any("uthorization" in head for head in proxy.heads)


def test_a_login_is_not_sent_to_where_a_redirection_leads(tmp_path, netrc):
    netrc()
    with stand_in(lambda _: (200, "text/csv", b"a\n1\n")) as other:
        there = f"{other.address.replace('127.0.0.1', 'localhost')}/a.csv"
        with stand_in(lambda _: (302, there, b"")) as first:
            assert list(entry(tmp_path, one("csv", f"{first.address}/a.csv")).to_pandas().a) == [1]
        assert any("uthorization" in head for head in first.heads)
    assert not any("uthorization" in head for head in other.heads)


def test_a_login_shows_and_travels_nowhere():
    login = Login("ana", PASSWORD)
    assert PASSWORD not in f"{login!r}{login}"
    with pytest.raises(TypeError, match="does not travel"):
        pickle.dumps(login)


@pytest.mark.parametrize("kind", ["http", "zarr", "s3", "s3zarr"])
def test_what_is_sent_to_a_worker_holds_no_login_and_a_worker_finds_its_own(
    locked, bucket, served, tmp_path, netrc, monkeypatch, kind
):
    options = f"storage_options: {{endpoint_url: '{bucket}'}}"
    text = {
        "http": one("netcdf", f"{locked}/four.nc"),
        "zarr": one("zarr", f"{locked}/three.zarr"),
        "s3": one("netcdf", f"s3://{served.name}/four.nc", options),
        "s3zarr": one("zarr", f"s3://{served.name}/three.zarr", options),
    }[kind]
    netrc("ana" if kind in ("http", "zarr") else KEY)
    it = entry(tmp_path, text)
    ds = it.to_xarray()
    sent = cloudpickle.dumps((ds, ds.sst.data.dask, it))
    assert PASSWORD.encode() not in sent
    assert PASSWORD not in f"{ds!r}{ds.sst.data!r}{it!r}{it._repr_html_()}{it.to_dict()}{ds.attrs}"
    # a process that did not open the catalogue, with its own netrc
    (tmp_path / "sent").write_bytes(cloudpickle.dumps(ds))
    program = textwrap.dedent(
        f"""
        import pickle
        print(float(pickle.load(open({str(tmp_path / "sent")!r}, "rb")).sst.max()))
        """
    )
    worker = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100)
    assert float(worker.stdout) == float(ocean().sst.max()), worker.stderr[-500:]
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    alone = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100)
    assert "access refused" in alone.stderr or "NoCredentials" in alone.stderr
    assert PASSWORD not in alone.stderr


def test_errors_and_logs_of_a_read_hold_no_login(locked, tmp_path, netrc, caplog):
    caplog.set_level(logging.DEBUG)
    netrc()
    proxy = FaultyProxy(locked)
    ds = entry(tmp_path, one("zarr", f"{proxy.address}/three.zarr")).to_xarray()
    proxy.always("/sst/c/", "500")
    with dask.config.set(scheduler="threads"), pytest.raises(CatalogError) as caught:
        ds.sst.compute()
    proxy.close()
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert PASSWORD not in shown
    assert base64.b64encode(f"ana:{PASSWORD}".encode()).decode() not in shown


KEYED = "token=s3cr3t-of-the-address"


def test_the_key_of_an_address_stays_in_the_process_that_read_it(served, tmp_path):
    content = (served / "four.nc").read_bytes()

    def answer(url):
        return (200, "application/x-netcdf", content) if url.query == KEYED else (403, "text/plain", b"")

    with stand_in(answer) as server:
        it = entry(tmp_path, one("csv", f"{server.address}/four.nc?{KEYED}"))
        assert b"s3cr3t" not in pickle.dumps(it)
        it = entry(tmp_path, one("netcdf", f"{server.address}/four.nc?{KEYED}"))
        assert same(it.to_xarray())
        assert not any(b"s3cr3t" in path.read_bytes() for path in (tmp_path / "cache").rglob("*.json"))
        (tmp_path / "sent").write_bytes(pickle.dumps(it))
        program = f"import pickle; pickle.load(open({str(tmp_path / 'sent')!r}, 'rb')).to_xarray()"
        env = {"ODATIS_CACHE": str(tmp_path / "another"), "PATH": "/usr/bin", "LC_ALL": "C.UTF-8"}
        alone = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, env=env, timeout=100
        )
    assert "holds a key that this process does not know" in alone.stderr


@pytest.mark.parametrize(
    "option",
    [
        "key: a, secret: b",
        "token: a",
        "password: a",
        "headers: {Authorization: Basic YTpi}",
        "client_kwargs: {auth: a}",
    ],
)
def test_a_login_has_no_place_in_a_catalogue(tmp_path, option):
    with pytest.raises(CatalogError, match="a login has no place in a catalogue"):
        entry(tmp_path, one("zarr", "s3://bucket/a.zarr", f"storage_options: {{{option}}}"))


def test_a_netrc_that_cannot_be_read_is_told(tmp_path, netrc):
    netrc().write_text("machin 127.0.0.1 login ana password a")
    with pytest.raises(Refused, match="cannot be read"):
        login_for("127.0.0.1", "netrc")
    assert login_for("127.0.0.1") is None


@pytest.mark.parametrize("place", credentials.PLACES)
def test_an_entry_may_name_each_place(place):
    assert Access(driver="netcdf", login=place).login == place
