"""The record of a run, `run.json`: what was run, on what, with what, and how it ended."""

import hashlib
import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

__all__ = [
    "RECORD",
    "SCHEMA",
    "code_state",
    "git_state",
    "now",
    "opened_entries",
    "outputs",
    "process",
    "read",
    "sha256",
    "versions",
    "write",
]

SCHEMA = 1
RECORD = "run.json"
_PACKAGES = (
    "odatis-vre",
    "numpy",
    "pandas",
    "scipy",
    "xarray",
    "dask",
    "distributed",
    "zarr",
    "netCDF4",
    "h5netcdf",
    "scikit-learn",
    "intake",
    "papermill",
    "nbconvert",
    "ipykernel",
)
_ASK_VERSIONS = """
import json, platform, sys
from importlib.metadata import PackageNotFoundError, version
found = {"python": platform.python_version()}
for name in sys.argv[1:]:
    try:
        found[name] = version(name)
    except PackageNotFoundError:
        pass
print(json.dumps(found))
"""


def now() -> str:
    """The time, UTC, ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write(folder: Path, record: dict) -> None:
    """Write `run.json` at once: a reader sees the old record or the new one, never half of one."""
    part = folder / f".{RECORD}.part"
    part.write_text(json.dumps(record, indent=2, ensure_ascii=False, default=str) + "\n", "utf-8")
    part.replace(folder / RECORD)


def read(folder: Path) -> dict:
    """The record in a run's folder."""
    return json.loads((folder / RECORD).read_text("utf-8"))


def process() -> dict:
    """This process, so that a reader can tell later whether it still lives."""
    import psutil

    return {"pid": os.getpid(), "started": psutil.Process().create_time(), "host": socket.gethostname()}


def versions(python: str = sys.executable) -> dict[str, str]:
    """Versions of Python and of the main packages, as one interpreter sees them.

    Parameters
    ----------
    python : str
        The kernel's interpreter.

    Returns
    -------
    dict of str to str
        Without the packages that are not installed; empty where `python` does not answer.
    """
    try:
        answer = subprocess.run(
            [python, "-c", _ASK_VERSIONS, *_PACKAGES], capture_output=True, text=True, timeout=30, check=True
        )
        return json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return {}


def git_state(notebook: Path) -> dict | None:
    """The commit of the notebook's repository, and whether it holds changes.

    Parameters
    ----------
    notebook : Path

    Returns
    -------
    dict or None
        `commit` (None before the first one), `tracked` (git knows the notebook), `dirty` (anything
        that the commit does not hold, an untracked notebook included), `path` inside the repository;
        None outside a repository or without git.
    """

    def git(*words: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(notebook.parent), *words],
                capture_output=True,
                text=True,
                timeout=20,
                # A status that takes locks would disturb the user's own git commands.
                env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    root = git("rev-parse", "--show-toplevel")
    if not root:
        return None
    changes = git("status", "--porcelain")
    # A status says nothing of a notebook that is ignored.
    tracked = git("--literal-pathspecs", "ls-files", "--error-unmatch", "--", notebook.name) is not None
    return {
        "commit": git("rev-parse", "--verify", "HEAD"),
        "tracked": tracked,
        "dirty": True if not tracked else None if changes is None else bool(changes),
        "path": os.path.relpath(notebook.resolve(), Path(root).resolve()),
    }


def code_state() -> dict | None:
    """The commit of this library, where it runs from a checkout.

    Returns
    -------
    dict or None
        `commit` and `dirty`; None where it is installed: its version says it all.
    """
    state = git_state(Path(__file__).resolve())
    # An environment may lie inside a repository that does not hold what is installed in it.
    return {key: state[key] for key in ("commit", "dirty")} if state and state["tracked"] else None


def opened_entries(path: Path) -> list[dict]:
    """What the kernel reported to have opened: one JSON object a line, each entry once.

    Parameters
    ----------
    path : Path
        The file named by `ODATIS_OPENED`.

    Returns
    -------
    list of dict
    """
    entries: dict[tuple, dict] = {}
    if path.exists():
        for line in path.read_text("utf-8").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:  # the kernel was killed while it wrote the line
                continue
            if isinstance(entry, dict):
                entries.setdefault((entry.get("entry"), entry.get("urlpath"), entry.get("sha256")), entry)
    return list(entries.values())


def outputs(folder: Path) -> list[dict]:
    """What a run wrote: path inside `folder`, bytes, and the SHA-256 of each file.

    A Zarr store counts as one output, without a checksum.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    list of dict
    """
    found = []

    def visit(here: Path) -> None:
        for item in sorted(here.iterdir()):
            path = item.relative_to(folder).as_posix()
            if item.is_symlink() or item.name == ".ipynb_checkpoints":
                continue
            if item.is_dir() and item.suffix == ".zarr":
                size = sum(part.stat().st_size for part in item.rglob("*") if part.is_file())
                found.append({"path": path, "bytes": size, "sha256": None})
            elif item.is_dir():
                visit(item)
            elif item.is_file():
                found.append({"path": path, "bytes": item.stat().st_size, "sha256": sha256(item)})

    visit(folder)
    return found
