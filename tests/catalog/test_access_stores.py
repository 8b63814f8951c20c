"""Object stores by name: each entry is read from the store that it names, with that store's keys."""

import json
import subprocess
import sys
import textwrap

import cloudpickle
import data_servers as servers
import fsspec.config
import numpy as np
import pytest
from data_servers import KEY, SECRET
from data_stand_ins import stand_in
from faulty_proxy import FaultyProxy
from small_ocean import QUICK, entry, ocean, one, write_all

from odatis_vre.catalog import open_catalog
from odatis_vre.errors import CatalogError

ICE, OPEN = "ODATIS_STORE_SEA_ICE", "ODATIS_STORE_OPEN"


@pytest.fixture(scope="module")
def served(tmp_path_factory, missing):
    servers.require(missing, "rclone")
    return write_all(tmp_path_factory.mktemp("served") / "ocean")


@pytest.fixture(scope="module")
def ice(served):
    """A store with keys."""
    with servers.rclone("s3", served.parent, "--auth-key", f"{KEY},{SECRET}") as address:
        yield address


@pytest.fixture(scope="module")
def default(tmp_path_factory, missing):
    """Another one, with other keys, in which the field of the same name is 100 warmer."""
    servers.require(missing, "rclone")
    bucket = tmp_path_factory.mktemp("default") / "ocean"
    (ocean() + 100).to_zarr(bucket / "three.zarr", zarr_format=3, consolidated=False)
    with servers.rclone("s3", bucket.parent, "--auth-key", "default-key,default-secret") as address:
        yield address


@pytest.fixture(autouse=True)
def _stores(monkeypatch, tmp_path, ice, default):
    """The environment that the chart gives to pods."""
    variables = {
        "ODATIS_CACHE": str(tmp_path / "cache"),
        "NETRC": str(tmp_path / "netrc"),
        "AWS_ENDPOINT_URL": default,
        "FSSPEC_S3_ENDPOINT_URL": default,
        "AWS_ACCESS_KEY_ID": "default-key",
        "AWS_SECRET_ACCESS_KEY": "default-secret",
        f"{ICE}_ENDPOINT_URL": ice,
        f"{ICE}_ACCESS_KEY_ID": KEY,
        f"{ICE}_SECRET_ACCESS_KEY": SECRET,
        f"{ICE}_DEFAULT_REGION": "gra",
        f"{OPEN}_ENDPOINT_URL": ice,
    }
    for name, value in {**QUICK, **variables}.items():
        monkeypatch.setenv(name, value)


def of(store: str | None, driver: str = "zarr", url: str = "s3://ocean/three.zarr") -> str:
    return one(driver, url, f"storage_options: {{store: {store}}}" if store else "")


@pytest.mark.parametrize(("store", "more"), [(None, 100), ("default", 100), ("sea-ice", 0)])
def test_an_entry_is_read_from_the_store_that_it_names(tmp_path, store, more):
    ds = entry(tmp_path, of(store)).to_xarray()
    np.testing.assert_array_equal(ds.sst.values, ocean().sst.values + more)


def test_files_of_a_store_are_read_too(tmp_path):
    ds = entry(tmp_path, of("sea-ice", "netcdf", "s3://ocean/four.nc")).to_xarray()
    np.testing.assert_array_equal(ds.sst.values, ocean().sst.values)


def test_references_into_a_store_are_read(tmp_path, served):
    refs = {}
    for path in sorted((served / "two.zarr").rglob("*")):
        if path.is_file() and path.name != ".zmetadata":
            key = str(path.relative_to(served / "two.zarr"))
            chunk = [f"s3://ocean/two.zarr/{key}", 0, path.stat().st_size]
            refs[key] = path.read_text("utf-8") if path.name.startswith(".z") else chunk
    (tmp_path / "refs.json").write_text(json.dumps({"version": 1, "refs": refs}), "utf-8")
    ds = entry(tmp_path, of("sea-ice", "kerchunk", str(tmp_path / "refs.json"))).to_xarray()
    np.testing.assert_array_equal(ds.sst.values, ocean().sst.values)


def test_an_icechunk_repository_in_a_store_is_read(tmp_path, served):
    import icechunk

    storage = icechunk.local_filesystem_storage(str(served / "repository"))
    repository = icechunk.Repository.create(storage)
    session = repository.writable_session("main")
    ocean().to_zarr(session.store, consolidated=False, zarr_format=3)
    session.commit("all")
    ds = entry(tmp_path, of("sea-ice", "icechunk", "s3://ocean/repository")).to_xarray()
    np.testing.assert_array_equal(ds.sst.values, ocean().sst.values)


def test_a_store_without_keys_is_asked_without_any(tmp_path, served, monkeypatch):
    with servers.rclone("s3", served.parent) as address:
        proxy = FaultyProxy(address)
        monkeypatch.setenv(f"{OPEN}_ENDPOINT_URL", proxy.address)
        ds = entry(tmp_path, of("open")).to_xarray()
        np.testing.assert_array_equal(ds.sst.values, ocean().sst.values)
        proxy.close()
    assert proxy.heads
    assert not any("uthorization" in head for head in proxy.heads)


def test_keys_of_one_store_do_not_open_another(tmp_path, monkeypatch):
    monkeypatch.setenv(f"{ICE}_ACCESS_KEY_ID", "default-key")
    monkeypatch.setenv(f"{ICE}_SECRET_ACCESS_KEY", "default-secret")
    with pytest.raises(CatalogError, match="access refused"):
        entry(tmp_path, of("sea-ice")).to_xarray()


def test_a_store_with_keys_is_read_with_them_where_the_default_one_is_anonymous(tmp_path, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setitem(fsspec.config.conf, "s3", {"anon": "true"})
    ds = entry(tmp_path, of("sea-ice")).to_xarray()
    np.testing.assert_array_equal(ds.sst.values, ocean().sst.values)


def test_an_unknown_store_is_told_with_the_known_ones(tmp_path):
    with pytest.raises(CatalogError) as caught:
        entry(tmp_path, of("ice")).to_xarray()
    assert "no object store ice, only: default, open, sea-ice" in str(caught.value)
    assert "ODATIS_STORE_ICE_ENDPOINT_URL" in str(caught.value)


@pytest.mark.parametrize("option", ["endpoint_url: 'http://h'", "anon: true", "client_kwargs: {}"])
def test_a_named_store_says_all_of_itself(tmp_path, option):
    with pytest.raises(CatalogError, match="the store that is named has its own"):
        entry(tmp_path, one("zarr", "s3://b/a.zarr", f"storage_options: {{store: sea-ice, {option}}}"))


def test_a_worker_finds_the_keys_in_its_own_environment(tmp_path, monkeypatch):
    ds = entry(tmp_path, of("sea-ice")).to_xarray()
    sent = cloudpickle.dumps(ds)
    assert SECRET.encode() not in sent
    (tmp_path / "sent").write_bytes(sent)
    program = textwrap.dedent(
        f"""
        import pickle
        print(float(pickle.load(open({str(tmp_path / "sent")!r}, "rb")).sst.max()))
        """
    )

    def worker() -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100)

    assert float(worker().stdout) == float(ocean().sst.max())
    monkeypatch.delenv(f"{ICE}_ENDPOINT_URL")
    assert "no object store sea-ice" in worker().stderr


@pytest.mark.parametrize(
    ("url", "answers"), [("s3://ocean/three.zarr", True), ("ftp://127.0.0.1:9/a", False)]
)
def test_a_catalogue_from_elsewhere_may_name_a_store_and_no_other_private_host(monkeypatch, url, answers):
    monkeypatch.delenv("ODATIS_ALLOWED_HOSTS", raising=False)
    text = f"sources: {{it: {{{of('sea-ice', url=url)}}}}}".encode()
    with stand_in(lambda _: (200, "text/plain", text)) as server:
        it = open_catalog(f"{server.address}/c.yaml")["it"]
        if not answers:
            with pytest.raises(CatalogError, match="private address"):
                it.to_xarray()
            return
        np.testing.assert_array_equal(it.to_xarray().sst.values, ocean().sst.values)
