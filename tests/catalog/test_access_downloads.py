"""Whole files: resumed, checked, kept by content, one download for many processes, read without a network."""

import hashlib
import json
import os
import subprocess
import sys
import textwrap
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import aiohttp
import data_servers as servers
import numpy as np
import pytest
from data_stand_ins import stand_in
from faulty_proxy import FaultyProxy
from ftp_server import serve_ftp
from small_ocean import QUICK, entry, ocean, one, write_all

from odatis_vre.catalog.access.downloads import Remote, cached_file
from odatis_vre.catalog.access.filesystems import filesystem
from odatis_vre.errors import CatalogError


@pytest.fixture(scope="module")
def served(tmp_path_factory, missing):
    servers.require(missing, "rclone")
    folder = write_all(tmp_path_factory.mktemp("served") / "ocean")
    (folder / "big.bin").write_bytes(np.random.default_rng(0).bytes(3_000_000))
    return folder


@pytest.fixture(scope="module")
def http(served):
    with servers.rclone("http", served) as address:
        yield address


@pytest.fixture
def proxy(http):
    faulty = FaultyProxy(http)
    yield faulty
    faulty.close()


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ODATIS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ODATIS_OFFLINE", raising=False)
    return tmp_path / "cache"


def digest(path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_download_that_breaks_off_goes_on_where_it_stopped(proxy, served, cache):
    proxy.faults += [("big.bin", "half")]
    path = cached_file(Remote(f"{proxy.address}/big.bin"), "big")
    assert path.read_bytes() == (served / "big.bin").read_bytes()
    assert path.name == f"{digest(served / 'big.bin')}.bin"
    again = next(head for head in proxy.heads if "\r\nRange: bytes=" in head)
    assert "\r\nIf-Range: " in again
    assert int(again.split("bytes=")[1].split("-")[0]) > 1_000_000
    assert list(cache.glob("part-*")) == []


def test_a_later_session_goes_on_too(proxy, served, cache, monkeypatch):
    proxy.always("big.bin", "half")
    monkeypatch.setenv("ODATIS_ATTEMPTS", "1")
    with pytest.raises(aiohttp.ClientPayloadError):
        cached_file(Remote(f"{proxy.address}/big.bin"), "big")
    (part,) = [path for path in cache.iterdir() if path.name.startswith("part-") and path.suffix != ".json"]
    assert 1_000_000 < part.stat().st_size < 3_000_000
    proxy.faults.clear()
    assert digest(cached_file(Remote(f"{proxy.address}/big.bin"), "big")) == digest(served / "big.bin")
    assert "If-Range" in proxy.heads[-1]


def test_a_file_that_changed_meanwhile_is_begun_anew(tmp_path, monkeypatch):
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "a.bin").write_bytes(b"a" * 1_000_000)
    monkeypatch.setenv("ODATIS_ATTEMPTS", "1")
    with servers.rclone("http", folder) as address:
        proxy = FaultyProxy(address)
        proxy.faults.append(("a.bin", "half"))
        with pytest.raises(aiohttp.ClientPayloadError):
            cached_file(Remote(f"{proxy.address}/a.bin"), "a")
        (folder / "a.bin").write_bytes(b"b" * 1_000_000)
        os.utime(folder / "a.bin", (1_000_000_000, 1_000_000_000))
        assert cached_file(Remote(f"{proxy.address}/a.bin"), "a").read_bytes() == b"b" * 1_000_000
        proxy.close()


def test_a_copy_is_used_until_the_server_says_that_the_file_changed(tmp_path, cache):
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "a.csv").write_text("a\n1\n")
    with servers.rclone("http", folder) as address:
        it = entry(tmp_path, one("csv", f"{address}/a.csv"))
        (first,) = it.download()
        assert list(it.to_pandas().a) == [1]
        (folder / "a.csv").write_text("a\n12\n")
        (second,) = it.download()
        assert list(it.to_pandas().a) == [12]
    assert first != second
    assert first.exists()


def test_offline_a_downloaded_dataset_opens_and_another_says_what_is_missing(http, tmp_path, monkeypatch):
    it = entry(tmp_path, one("netcdf", f"{http}/four.nc"))
    it.download()
    other = entry(tmp_path, one("netcdf", f"{http}/three.nc"))
    store = entry(tmp_path, one("zarr", f"{http}/three.zarr"))
    monkeypatch.setenv("ODATIS_OFFLINE", "1")
    np.testing.assert_array_equal(it.to_xarray().sst, ocean().sst)
    with pytest.raises(CatalogError, match=r"offline: .*three\.nc is missing") as caught:
        other.to_xarray()
    assert "download()" in caught.value.hint
    with pytest.raises(CatalogError, match=r"offline: .*three\.zarr"):
        store.to_xarray()


def test_a_server_without_byte_ranges_has_its_file_downloaded(served, tmp_path, cache):
    content = (served / "four.nc").read_bytes()
    with stand_in(lambda _: (200, "application/x-netcdf", content)) as server:
        ds = entry(tmp_path, one("netcdf", f"{server.address}/four.nc")).to_xarray()
        np.testing.assert_array_equal(ds.sst, ocean().sst)
    assert (cache / f"{digest(served / 'four.nc')}.nc").exists()


def test_files_of_ftp_and_s3_are_downloaded_too(served, tmp_path, missing):
    servers.require(missing, "pyftpdlib")
    with serve_ftp(served) as address:
        assert digest(cached_file(Remote(f"{address}/big.bin"), "big")) == digest(served / "big.bin")
    with servers.rclone("s3", served.parent) as address:
        remote = Remote(f"s3://{served.name}/big.bin", {"endpoint_url": address, "anon": True})
        assert digest(cached_file(remote, "big")) == digest(served / "big.bin")


def test_several_processes_download_a_file_once(proxy, served, cache):
    program = textwrap.dedent(
        f"""
        from odatis_vre.catalog.access.downloads import Remote, cached_file
        print(cached_file(Remote("{proxy.address}/big.bin"), "big", "{digest(served / "big.bin")}"))
        """
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    said = {process.communicate(timeout=100)[0].strip() for process in running}
    assert [process.returncode for process in running] == [0, 0, 0]
    assert said == {str(cache / f"{digest(served / 'big.bin')}.bin")}
    assert sum("big.bin" in line for line in proxy.requests) == 1


def test_a_full_disk_is_a_message_and_not_half_a_file(http, tmp_path, cache):
    url = f"{http}/big.bin"
    cache.mkdir()
    part = cache / f"part-{hashlib.sha256(url.encode()).hexdigest()[:24]}"
    part.symlink_to("/dev/full")  # the kernel's own disk without room
    with pytest.raises(CatalogError, match="does not fit on the disk of the cache") as caught:
        cached_file(Remote(url), "big")
    assert "ODATIS_CACHE" in caught.value.hint
    assert not list(cache.glob("*.bin"))


def test_a_note_that_was_damaged_is_as_good_as_none(http, served, cache):
    path = cached_file(Remote(f"{http}/big.bin"), "big")
    (note,) = (cache / "addresses").iterdir()
    assert json.loads(note.read_text())["url"] == f"{http}/big.bin"
    note.write_text("{")
    assert cached_file(Remote(f"{http}/big.bin"), "big") == path
    path.write_bytes(b"another")
    assert digest(cached_file(Remote(f"{http}/big.bin"), "big")) == digest(served / "big.bin")


def test_a_service_has_no_files(tmp_path):
    with pytest.raises(CatalogError, match="no files to download"):
        entry(tmp_path, one("zarr", "https://data.example.org/a.zarr")).download()


def part_of(url: str, cache, content: bytes, **validator):
    """What a killed process left."""
    cache.mkdir(exist_ok=True)
    part = cache / f"part-{hashlib.sha256(url.encode()).hexdigest()[:24]}"
    part.write_bytes(content)
    part.with_name(f"{part.name}.json").write_text(json.dumps(validator))
    return part


def stamps(url: str) -> dict:
    fs, path = filesystem(url)
    known = fs.info(path)
    return {"etag": known["etag"], "modified": known["modified"]}


def test_a_download_killed_after_its_last_byte_is_whole(http, served, cache):
    url, content = f"{http}/big.bin", (served / "big.bin").read_bytes()
    part_of(url, cache, content, **stamps(url))
    assert cached_file(Remote(url), "big").read_bytes() == content
    assert list(cache.glob("part-*")) == []


@pytest.mark.parametrize("left", [b"x" * 3_000_001, b"x" * 3_000_000, b"x" * 1000])
def test_what_is_left_of_another_file_is_begun_anew(http, served, cache, left):
    url = f"{http}/big.bin"
    part_of(url, cache, left, etag='"another"', modified="Mon, 01 Jan 2001 00:00:00 GMT")
    assert digest(cached_file(Remote(url), "big")) == digest(served / "big.bin")


def test_a_part_that_comes_of_a_file_that_changed_is_not_joined(cache):
    """A server that answers ranges and does not know If-Range."""
    new = b"b" * 1000

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            start = int(self.headers["Range"][6:].split("-")[0]) if "Range" in self.headers else 0
            self.send_response(206 if start else 200)
            self.send_header("ETag", '"new"')
            if start:
                self.send_header("Content-Range", f"bytes {start}-999/1000")
            self.send_header("Content-Length", str(1000 - start))
            self.end_headers()
            self.wfile.write(new[start:])

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/a.bin"
        part_of(url, cache, b"a" * 400, etag='"old"', modified=None)
        assert cached_file(Remote(url), "a").read_bytes() == new
        server.shutdown()


def test_the_headers_that_a_catalogue_names_are_sent_with_a_download(tmp_path):
    def answer(_):
        return 200, "text/csv", b"a\n1\n"

    with stand_in(answer) as server:
        options = "storage_options: {headers: {X-Project: odatis}}"
        it = entry(tmp_path, one("csv", f"{server.address}/a.csv", options))
        it.download()
        assert server.heads
        assert all("X-Project: odatis" in head for head in server.heads)
