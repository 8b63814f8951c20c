"""The cache: whole files under their checksum, and which address gave which.

Several processes may use it at once, on one disk or a shared one: a file appears in it whole, by its final
name, or not at all.
"""

import hashlib
import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

from odatis_vre.catalog.address import fingerprint, public_url

__all__ = ["cache_folder", "ending", "known_copy", "note_copy", "offline", "sha256_of"]

_sums: dict[tuple, str] = {}
_ENDING = re.compile(r"(?:\.[A-Za-z0-9]{1,8}){1,2}$")
_ADDRESSES = "addresses"


def cache_folder() -> Path:
    """Where copies of remote files are: `ODATIS_CACHE`, else the user's cache."""
    if folder := os.environ.get("ODATIS_CACHE"):
        return Path(folder)
    import platformdirs

    return platformdirs.user_cache_path("odatis-vre")


def offline() -> bool:
    """Whether only what is on this machine may be read: `ODATIS_OFFLINE=1`."""
    return os.environ.get("ODATIS_OFFLINE", "").strip().lower() in ("1", "true", "yes", "on")


def ending(url: str) -> str:
    """The file's ending, by which readers know gzip and the like.

    Examples
    --------
    >>> ending("https://host/a.csv.gz?v=2")
    '.csv.gz'
    """
    found = _ENDING.search(re.split(r"[?#]|::", url)[0])
    return found[0] if found else ""


def sha256_of(path: Path) -> str:
    """The checksum of a file, read once as long as it does not change."""
    status = path.stat()
    key = (str(path), status.st_size, status.st_mtime_ns)
    if key not in _sums:
        with path.open("rb") as file:
            _sums[key] = hashlib.file_digest(file, "sha256").hexdigest()
    return _sums[key]


def known_copy(url: str) -> dict[str, Any] | None:
    """What is known of the copy of an address.

    Returns
    -------
    dict or None
        `url`, `path`, `sha256`, `size`, `etag`, `modified`; None if there is no copy, or it was altered.
    """
    try:
        known = json.loads(_note(url).read_text("utf-8"))
        path = cache_folder() / f"{known['sha256']}{known['ending']}"
        if path.stat().st_size != known["size"] or sha256_of(path) != known["sha256"]:
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return {**known, "path": path}


def note_copy(url: str, sha256: str, size: int, etag: str | None, modified: str | None) -> None:
    """Note which content an address gave."""
    note = _note(url)
    note.parent.mkdir(parents=True, exist_ok=True)
    facts = {"url": public_url(url), "sha256": sha256, "ending": ending(url), "size": size}
    facts |= {"etag": etag, "modified": modified}
    with tempfile.NamedTemporaryFile("w", dir=note.parent, delete=False, encoding="utf-8") as beside:
        json.dump(facts, beside, ensure_ascii=False)
    Path(beside.name).replace(note)


def _note(url: str) -> Path:
    return cache_folder() / _ADDRESSES / f"{fingerprint(url)[:32]}.json"
