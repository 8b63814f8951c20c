"""What takes long to make, kept in the user's cache under a name that says what it was made from."""

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

from odatis_vre.catalog.access.cache import cache_folder

__all__ = ["keep", "recall"]

_MOST = 40
_DIGEST = hashlib.sha256().digest_size


def recall(name: str) -> bytes | None:
    """What was kept under a name, if it is whole and this user's own.

    Parameters
    ----------
    name : str
        With the checksum of what it was made from.

    Returns
    -------
    bytes or None
    """
    path = _folder() / name
    try:
        with path.open("rb") as file:
            if hasattr(os, "getuid") and os.fstat(file.fileno()).st_uid != os.getuid():
                return None
            digest, content = file.read(_DIGEST), file.read()
        if hashlib.sha256(content).digest() != digest:
            return None
        os.utime(path)
    except OSError:
        return None
    return content


def keep(name: str, content: bytes) -> None:
    """Keep it; the least recently used are dropped. Where nothing can be written, nothing is kept."""
    folder = _folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".", delete=False) as file:
            file.write(hashlib.sha256(content).digest() + content)
        Path(file.name).replace(folder / name)
        _drop_the_oldest(folder)
    except OSError:
        if "file" in locals():
            with contextlib.suppress(OSError):
                Path(file.name).unlink()


def _folder() -> Path:
    return cache_folder() / "catalogs"


def _drop_the_oldest(folder: Path) -> None:
    files = sorted(
        (path for path in folder.iterdir() if path.name[0] != "."), key=lambda p: p.stat().st_mtime
    )
    for path in files[:-_MOST]:
        path.unlink(missing_ok=True)
