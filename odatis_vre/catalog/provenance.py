"""What this process has opened, and whether the files are those the catalogue means."""

import hashlib
import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["checked_sha256", "opened", "record"]

_records: list[dict] = []
_sums: dict[tuple, str] = {}
_lock = threading.Lock()


def opened() -> list[dict]:
    """The datasets opened by this process, in order, each once.

    Returns
    -------
    list of dict
        `entry`, `title`, `sha256`, `citation`, `licence`, `urlpath`, `catalog`, `opened_at`. With the
        environment variable `ODATIS_OPENED` naming a file, each record is also added to it as a JSON line.

    Examples
    --------
    >>> from odatis_vre import open_catalog
    >>> table = open_catalog()["sample/mackerel_eggs_1992"].to_pandas()
    >>> "sample/mackerel_eggs_1992" in [record["entry"] for record in opened()]
    True
    """
    with _lock:
        return [dict(known) for known in _records]


def record(new: dict) -> None:
    """Note that a dataset was opened."""
    new = {**new, "opened_at": datetime.now(UTC).isoformat(timespec="seconds")}
    with _lock:
        if all(any(known[key] != new[key] for key in ("entry", "urlpath", "sha256")) for known in _records):
            _records.append(new)
        if path := os.environ.get("ODATIS_OPENED"):
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(json.dumps(new, ensure_ascii=False) + "\n")


def checked_sha256(entry: str, url: str, expected: str, storage_options: dict | None = None) -> str:
    """Compare a file with the checksum of its entry; read once as long as it does not change.

    Raises
    ------
    CatalogError
        The file is missing or is another one.
    """
    import fsspec

    try:
        file_system, path = fsspec.core.url_to_fs(url, **(storage_options or {}))
        info = file_system.info(path)
        key = (url, info.get("size"), str(info.get("mtime") or info.get("ETag") or info.get("LastModified")))
        found = _sums.get(key)
        if found is None:
            with file_system.open(path, "rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            _sums[key] = found
    except FileNotFoundError:
        raise CatalogError(
            tr("catalog.data_missing", entry=entry, path=url), tr("catalog.data_missing_hint")
        ) from None
    if found != expected:
        raise CatalogError(
            tr("catalog.other_file", entry=entry, found=found[:12], expected=expected[:12]),
            tr("catalog.other_file_hint", path=url),
        )
    return found
