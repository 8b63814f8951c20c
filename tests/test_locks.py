"""How the locks are installed: whole, from where pip is told to look, and nothing but what they name."""

import base64
import hashlib
import io
import os
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WHEEL = "fathom-1.0-py3-none-any.whl"
LOGIN = "diver:deepblue"


def wheel() -> bytes:
    """A package of one module."""
    files = {
        "fathom.py": "METRES = 1.8288\n",
        "fathom-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: fathom\nVersion: 1.0\n",
        "fathom-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files["fathom-1.0.dist-info/RECORD"] = "".join(f"{name},,\n" for name in files)
    with zipfile.ZipFile(content := io.BytesIO(), "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return content.getvalue()


@pytest.fixture
def index():
    """A package index behind a login, on loopback."""

    class Index(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.headers["Authorization"] != f"Basic {base64.b64encode(LOGIN.encode()).decode()}":
                self.send_response(401)
                self.send_header("WWW-Authenticate", "Basic")
                self.end_headers()
                return
            found = {"/simple/fathom/": f'<a href="/{WHEEL}">{WHEEL}</a>'.encode(), f"/{WHEEL}": wheel()}
            body = found.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Index)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://{LOGIN}@127.0.0.1:{server.server_port}/simple"
    server.shutdown()
    server.server_close()


def install(tmp_path: Path, content: bytes, **variables: str) -> subprocess.CompletedProcess:
    lock = tmp_path / "lock.txt"
    lock.write_text(f"fathom==1.0 --hash=sha256:{hashlib.sha256(content).hexdigest()}\n", "utf-8")
    command = [sys.executable, ROOT / "requirements" / "run_uv.py", "pip", "install", "--no-deps"]
    command += ["--require-hashes", "--target", tmp_path / "here", "--requirement", lock]
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    ours["UV_CACHE_DIR"] = str(tmp_path / "cache")
    return subprocess.run(command, env=ours | variables, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("place", ["environment", "file"])
def test_packages_come_from_the_index_that_pip_is_told(tmp_path, index, place):
    (configuration := tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {index}\n", "utf-8")
    told = {"PIP_INDEX_URL": index} if place == "environment" else {"PIP_CONFIG_FILE": str(configuration)}
    done = install(tmp_path, wheel(), **told)
    assert done.returncode == 0, done.stderr
    assert "1.8288" in (tmp_path / "here" / "fathom.py").read_text("utf-8")
    assert "deepblue" not in done.stdout + done.stderr


def test_a_package_of_another_content_is_refused(tmp_path, index):
    done = install(tmp_path, b"another", PIP_INDEX_URL=index)
    assert done.returncode != 0
    assert "hash" in done.stderr.lower()
    assert "deepblue" not in done.stdout + done.stderr
    assert not (tmp_path / "here" / "fathom.py").exists()


def test_the_locks_hold_all_that_their_packages_need():
    command = [sys.executable, "-m", "uv", "pip", "check", "--python", sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
