"""What this process has opened."""

import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["opened", "record"]

_records: list[dict] = []
_lock = threading.Lock()


def opened() -> list[dict]:
    """The datasets opened by this process, in order, each once.

    Returns
    -------
    list of dict
        `entry`, `title`, `sha256` (None: the file was not checked), `citation`, `csl`, `doi`, `version`,
        `licence`, `urlpath`, `catalog`, `opened_at`. With the environment variable `ODATIS_OPENED` naming
        a file, each record is also added to it as a JSON line.

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
