"""A real CSW 2.0.2 server, pycsw, on loopback.

pycsw 2.6 needs an SQLAlchemy and a setuptools that are older than ours: it has an environment of its own,
outside the tree, made once and named after what is in it.
"""

import hashlib
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

__all__ = ["REQUIREMENTS", "csw_server", "pycsw_python"]

REQUIREMENTS = (
    "pycsw==2.6.2",
    "SQLAlchemy==1.4.54",
    "setuptools==80.9.0",
    "geolinks==0.2.3",
    "lxml==6.1.3",
    "numpy==2.4.6",
    "OWSLib==0.28.1",
    "pyproj==3.7.2",
    "python-dateutil==2.9.0.post0",
    "pytz==2026.6",
    "PyYAML==6.0.3",
    "requests==2.34.2",
    "shapely==2.2.0",
    "six==1.17.0",
    "xmltodict==1.0.4",
)


def pycsw_python() -> Path:
    """The Python of pycsw's environment, made if it is not there.

    Raises
    ------
    RuntimeError
        It cannot be made; says what the installer said.
    """
    content = "\n".join((sys.version, *REQUIREMENTS))
    folder = platformdirs.user_cache_path("odatis-vre-tests") / (
        f"pycsw-{hashlib.sha256(content.encode()).hexdigest()[:16]}"
    )
    python = folder / "bin" / "python"
    if python.exists():
        return python
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".pycsw-"))
    steps = (
        [sys.executable, "-m", "venv", str(made)],
        [str(made / "bin" / "python"), "-m", "pip", "install", "--quiet", *REQUIREMENTS],
    )
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr[-500:])
    try:
        made.rename(folder)
    except OSError:  # another process was faster
        assert python.exists()
    return python


@contextmanager
def csw_server(folder: Path, records: dict[str, str], port: int) -> Iterator[str]:
    """Serve records, name to XML; the address.

    Raises
    ------
    RuntimeError
        The environment cannot be made, or the server does not start.
    """
    (folder / "records").mkdir(parents=True)
    for name, text in records.items():
        (folder / "records" / f"{name}.xml").write_text(text, "utf-8")
    serve = Path(__file__).with_name("pycsw_serve.py")
    command = [str(pycsw_python()), str(serve), str(folder), str(port)]
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}/"
    try:
        _wait_for(f"{address}?service=CSW&request=GetCapabilities", process, folder / "log.txt")
        yield address
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(address: str, process: subprocess.Popen, log: Path) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                if b"Capabilities" in answer.read():
                    return
        except OSError:
            time.sleep(0.1)
        if process.poll() is not None:
            break
    raise RuntimeError(log.read_text("utf-8", "replace")[-500:])
