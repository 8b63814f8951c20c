"""Dask's names of remote arrays: the same for the same content in each process, others for other content."""

import os
import subprocess
import sys
import time

import data_servers as servers
import numpy as np
import pytest
import xarray as xr
from data_servers import KEY, SECRET
from faulty_proxy import FaultyProxy
from ftp_server import serve_ftp
from small_ocean import QUICK, entry, ocean, one, write_all

from odatis_vre.compute import save
from odatis_vre.errors import SaveError

NAME_OF = """
import sys
from odatis_vre.catalog import open_catalog
for path in sys.argv[1:]:
    print(open_catalog(path)["it"].to_xarray().sst.data.name)
"""


@pytest.fixture(autouse=True)
def _quick(monkeypatch, tmp_path):
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ODATIS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ODATIS_LOGIN_127_0_0_1", f"{KEY}:{SECRET}")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


@pytest.fixture
def folder(tmp_path, missing):
    for package in ("rclone", "xpublish_opendap", "pyftpdlib"):
        servers.require(missing, package)
    return write_all(tmp_path / "ocean")


@pytest.fixture
def http(folder):
    with servers.rclone("http", folder) as address:
        yield address


@pytest.fixture
def s3(folder):
    with servers.rclone("s3", folder.parent, "--auth-key", f"{KEY},{SECRET}") as address:
        yield f"storage_options: {{endpoint_url: '{address}'}}"


def written(folder, texts: list[str]) -> list[str]:
    """A catalogue file for each text of an entry."""
    paths = []
    for number, text in enumerate(texts):
        (where := folder / str(number)).mkdir(parents=True)
        entry(where, text)
        paths.append(str(where / "catalog.yaml"))
    return paths


def names_elsewhere(paths: list[str]) -> list[str]:
    """As another process finds them, whose hashes of texts are others."""
    asked = [sys.executable, "-c", NAME_OF, *paths]
    done = subprocess.run(
        asked, capture_output=True, text=True, env=os.environ | {"PYTHONHASHSEED": "random"}
    )
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if "-" in line and " " not in line]


def icechunk_repository(folder):
    import icechunk

    session = icechunk.Repository.create(icechunk.local_filesystem_storage(str(folder))).writable_session(
        "main"
    )
    ocean().to_zarr(session.store, mode="w", consolidated=False)
    session.commit("the ocean")
    return folder


def test_two_processes_name_the_same_remote_data_alike(folder, http, s3, tmp_path, missing):
    servers.require(missing, "icechunk")
    with servers.opendap({"ocean": ocean()}) as dap, serve_ftp(folder, KEY, SECRET) as ftp:
        texts = [
            one("netcdf", f"{http}/four.nc"),
            one("netcdf", f"{http}/three.nc"),
            one("zarr", f"{http}/three.zarr"),
            one("zarr", "s3://ocean/two.zarr", s3),
            one("netcdf", "s3://ocean/four.nc", s3),
            one("netcdf", f"{ftp}/four.nc"),
            one("opendap", f"{dap}/ocean/opendap"),
            one("icechunk", icechunk_repository(tmp_path / "repository")),
        ]
        paths = written(tmp_path / "entries", texts)
        first, second = names_elsewhere(paths), names_elsewhere(paths)
    assert first == second
    assert len(set(first)) == len(texts)


def name(text: str, tmp_path) -> str:
    return entry(tmp_path, text).to_xarray().sst.data.name


def test_a_file_that_changed_has_another_name_though_it_looks_the_same(folder, http, s3, tmp_path):
    texts = [
        one("netcdf", f"{http}/four.nc"),
        one("netcdf", f"{http}/three.nc"),
        one("zarr", f"{http}/two.zarr"),
        one("netcdf", "s3://ocean/four.nc", s3),
    ]
    before = [name(text, tmp_path) for text in texts]
    assert [name(text, tmp_path) for text in texts] == before
    for path in (folder / "four.nc", folder / "three.nc", *folder.glob("two.zarr/.z*")):
        later = time.time() + 10  # a server tells whole seconds
        if path.name == "three.nc":  # kept in the cache: its content is known
            content = bytearray(path.read_bytes())
            content[-1] ^= 1
            path.write_bytes(content)
        os.utime(path, (later, later))
    after = [name(text, tmp_path) for text in texts]
    assert not set(before) & set(after)


def test_another_decoding_of_the_same_file_has_another_name(http, tmp_path):
    it = entry(tmp_path, one("netcdf", f"{http}/four.nc"))
    assert it.to_xarray().sst.data.name != it.to_xarray(clean=False).sst.data.name


def test_a_key_in_an_address_is_no_part_of_the_name_but_two_keys_are_two(http, tmp_path):
    texts = [one("netcdf", f"{http}/four.nc?key={key}") for key in ("k1", "k2", "k9")]
    paths = written(tmp_path / "entries", texts)
    # keys are told apart by the order in which a process meets them: each of these begins anew
    first, second = names_elsewhere(paths[:2])
    assert first != second
    assert names_elsewhere(paths[2:]) == [first]


def test_a_server_that_tells_nothing_of_its_file_gives_no_lasting_name(http, tmp_path):
    proxy = FaultyProxy(http, hidden=("etag", "last-modified"))
    text = one("netcdf", f"{proxy.address}/four.nc")
    assert name(text, tmp_path) != name(text, tmp_path)
    proxy.close()


STOPPED = """
import os, sys
from odatis_vre.catalog import open_catalog
from odatis_vre.compute import save, saving

whole = saving.write_each

def a_part(arrays, blocks, store):
    yield from whole(arrays, blocks[:5], store)
    os._exit(9)  # as killed

saving.write_each = a_part
save(open_catalog(sys.argv[1])["it"].to_xarray()[["sst"]], sys.argv[2])
"""


def test_a_run_that_was_killed_goes_on_with_its_remote_data_and_with_no_other(folder, http, tmp_path):
    it = entry(tmp_path, one("netcdf", f"{http}/four.nc"))
    store, part = tmp_path / "sst.zarr", tmp_path / "sst.zarr.part"
    run = subprocess.run([sys.executable, "-c", STOPPED, str(tmp_path / "catalog.yaml"), str(store)])
    assert run.returncode == 9
    kept = {file.relative_to(part): file.stat().st_mtime_ns for file in (part / "sst/c").rglob("0")}
    kept = {name: changed for name, changed in kept.items() if (part / name).is_file()}
    assert len(kept) == 5
    before = (folder / "four.nc").stat().st_mtime_ns
    os.utime(folder / "four.nc", ns=(before, before + 10**10))
    with pytest.raises(SaveError, match="unfinished store of other data"):
        save(it.to_xarray()[["sst"]], store)
    os.utime(folder / "four.nc", ns=(before, before))
    save(it.to_xarray()[["sst"]], store)
    assert {name: (store / name).stat().st_mtime_ns for name in kept} == kept
    np.testing.assert_array_equal(xr.open_zarr(store).sst, ocean().sst)
