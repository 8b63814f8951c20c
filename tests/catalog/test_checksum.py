"""With a checksum, the file that was checked is the one that is opened."""

import hashlib
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from odatis_vre.catalog import open_catalog, opened
from odatis_vre.errors import CatalogError

TABLE = "a\n1\n2\n"


class _Files(SimpleHTTPRequestHandler):
    def do_GET(self):
        self.server.fetched.append(self.path)
        super().do_GET()

    def log_message(self, *_):
        """Say nothing in the tests' output."""


@pytest.fixture
def server(tmp_path):
    """A folder served on the loopback: `folder`, `address`, `fetched`."""
    folder = tmp_path / "served"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=folder)) as http:
        http.folder, http.fetched = folder, []
        http.address = f"http://127.0.0.1:{http.server_port}"
        thread = Thread(target=http.serve_forever, daemon=True)
        thread.start()
        yield http
        http.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("ODATIS_CACHE", str(folder))
    return folder


@pytest.fixture
def remote(server, cache, write_catalog):
    """An entry with a checksum on a server."""
    (server.folder / "a.csv").write_text(TABLE)
    return _entry(write_catalog, f"{server.address}/a.csv?v=1&token=secret", TABLE)


def _entry(write_catalog, url, content):
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    text = f"sources: {{it: {{driver: csv, args: {{urlpath: '{url}'}}, metadata: {{sha256: '{sha256}'}}}}}}"
    return open_catalog(write_catalog(text))["it"]


def test_a_remote_file_is_fetched_once_and_the_checked_copy_is_opened(remote, server, cache):
    assert list(remote.to_pandas().a) == [1, 2]
    (server.folder / "a.csv").write_text("a\n666\n")
    assert list(remote.to_pandas().a) == [1, 2]
    assert len(server.fetched) == 1
    assert [path.name for path in cache.iterdir()] == [f"{remote.metadata.sha256}.csv"]


def test_its_record_tells_the_checksum_and_the_address_not_the_copy(remote, server):
    remote.to_pandas()
    record = next(r for r in opened() if r["urlpath"].startswith(server.address))
    assert record["sha256"] == remote.metadata.sha256
    assert record["urlpath"] == f"{server.address}/a.csv?v=1&token=***"


def test_a_copy_that_was_altered_is_fetched_again(remote, server, cache):
    remote.to_pandas()
    (copy,) = cache.iterdir()
    copy.write_text("a\n666\n")
    assert list(remote.to_pandas().a) == [1, 2]
    assert len(server.fetched) == 2


def test_another_remote_file_is_refused_and_not_kept(remote, server, cache):
    (server.folder / "a.csv").write_text("a\n666\n")
    with pytest.raises(CatalogError, match="not the one the catalogue means") as caught:
        remote.to_pandas()
    assert "secret" not in caught.value.hint
    assert list(cache.iterdir()) == []


def test_a_missing_remote_file_is_one_error_and_leaves_nothing(remote, server, cache):
    (server.folder / "a.csv").unlink()
    with pytest.raises(CatalogError, match=r"a\.csv"):
        remote.to_pandas()
    assert list(cache.iterdir()) == []


def test_without_a_checksum_nothing_is_copied_and_the_record_says_unchecked(server, cache, write_catalog):
    (server.folder / "b.csv").write_text(TABLE)
    url = f"{server.address}/b.csv"
    entry = open_catalog(write_catalog(f"sources: {{it: {{driver: csv, args: {{urlpath: '{url}'}}}}}}"))["it"]
    assert list(entry.to_pandas().a) == [1, 2]
    assert not cache.exists()
    assert next(r for r in opened() if r["urlpath"] == url)["sha256"] is None


def test_a_local_file_is_checked_where_it_is_and_again_when_it_changes(tmp_path, cache, write_catalog):
    (tmp_path / "a.csv").write_text(TABLE)
    entry = _entry(write_catalog, "{{ CATALOG_DIR }}/a.csv", TABLE)
    assert list(entry.to_pandas().a) == [1, 2]
    assert not cache.exists()
    (tmp_path / "a.csv").write_text("a\n666\n")
    with pytest.raises(CatalogError, match="not the one the catalogue means"):
        entry.to_pandas()


def test_a_folder_in_place_of_the_file_is_one_error(tmp_path, write_catalog):
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(CatalogError, match=r"IsADirectoryError"):
        _entry(write_catalog, "{{ CATALOG_DIR }}/a.csv", TABLE).to_pandas()
