"""What takes long to make, kept under a name that says what it was made from: in the user's cache, or beside
the catalogue file for everybody who reads it.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from odatis_vre.catalog.access.cache import cache_folder

__all__ = ["keep", "kept_for_all", "recall"]

_MOST = 40
_MOST_BESIDE = 8
_DIGEST = hashlib.sha256().digest_size
_FOR_ALL: ContextVar[bool] = ContextVar("kept_for_all", default=False)


@contextmanager
def kept_for_all() -> Iterator[None]:
    """Inside the block, what is kept is also kept beside the catalogue files, where that can be written."""
    before = _FOR_ALL.set(True)
    try:
        yield
    finally:
        _FOR_ALL.reset(before)


def recall(name: str, catalog: Path | None = None) -> bytes | None:
    """What was kept under a name, if it is whole, and of who may be believed.

    Parameters
    ----------
    name : str
        With the checksum of what it was made from.
    catalog : pathlib.Path, optional
        The catalogue file. What its owner kept beside it is believed as the file itself is.

    Returns
    -------
    bytes or None
    """
    content = None
    if hasattr(os, "getuid"):
        content = _read(_folder() / name, os.getuid())
        if content is None and catalog is not None:
            with contextlib.suppress(OSError):
                content = _read(_beside(catalog) / name, catalog.stat().st_uid)
    else:
        content = _read(_folder() / name, None)
    if content is not None and catalog is not None and _FOR_ALL.get():
        _write(_beside(catalog), name, content, for_all=True)
    return content


def keep(name: str, content: bytes, catalog: Path | None = None) -> None:
    """Keep it; the least recently used are dropped. Where nothing can be written, nothing is kept."""
    _write(_folder(), name, content)
    if catalog is not None and _FOR_ALL.get():
        _write(_beside(catalog), name, content, for_all=True)


def _read(path: Path, owner: int | None) -> bytes | None:
    try:
        with path.open("rb") as file:
            if owner is not None and os.fstat(file.fileno()).st_uid != owner:
                return None
            digest, content = file.read(_DIGEST), file.read()
        if hashlib.sha256(content).digest() != digest:
            return None
        with contextlib.suppress(OSError):  # somebody else's
            os.utime(path)
    except OSError:
        return None
    return content


def _write(folder: Path, name: str, content: bytes, for_all: bool = False) -> None:
    try:
        folder.mkdir(mode=0o755 if for_all else 0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".", delete=False) as file:
            file.write(hashlib.sha256(content).digest() + content)
        if for_all:
            Path(file.name).chmod(0o644)
            (folder / ".gitignore").write_text("*\n", "utf-8")
        Path(file.name).replace(folder / name)
        _drop_the_oldest(folder, _MOST_BESIDE if for_all else _MOST)
    except OSError:
        if "file" in locals():
            with contextlib.suppress(OSError):
                Path(file.name).unlink()


def _folder() -> Path:
    return cache_folder() / "catalogs"


def _beside(catalog: Path) -> Path:
    return catalog.parent / ".kept"


def _drop_the_oldest(folder: Path, most: int) -> None:
    files = sorted(
        (path for path in folder.iterdir() if path.name[0] != "."), key=lambda p: p.stat().st_mtime
    )
    for path in files[:-most]:
        path.unlink(missing_ok=True)
