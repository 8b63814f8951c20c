"""The pages of a harvest that was broken off, and files that are never half written."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from odatis_vre.catalog.harvest.page import Page
from odatis_vre.catalog.harvest.record import Record

__all__ = ["Partial", "write_whole"]


class Partial:
    """The pages of a harvest that was broken off, one a line: `NAME.harvest.partial`."""

    def __init__(self, output: Path, question: dict[str, Any], kept: bool):
        self._path = output.with_suffix(".harvest.partial")
        self._question, self._kept = question, kept

    def read(self) -> list[Page]:
        """What came of the same question."""
        pages, good = [], [json.dumps(self._question, ensure_ascii=True)]
        try:
            first, *lines = self._path.read_text("utf-8").splitlines() or [""]
            for line in lines if first == good[0] else []:
                known = json.loads(line)
                records = [Record.from_dict(record) for record in known["records"]]
                pages.append(Page(records, [tuple(part) for part in known["refused"]], known["following"]))
                good.append(line)
        except (OSError, ValueError, KeyError, TypeError):
            pass  # no file, or a last line that was being written
        if self._kept:
            write_whole(self._path, "\n".join(good) + "\n")
        return pages

    def add(self, page: Page) -> None:
        """Keep a page."""
        known = {
            "records": [record.to_dict() for record in page.records],
            "refused": page.refused,
            "following": page.following,
        }
        if self._kept:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(known, ensure_ascii=True) + "\n")
                file.flush()
                os.fsync(file.fileno())

    def forget(self) -> None:
        """The harvest is whole."""
        self._path.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Beside, then renamed: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    Path(file.name).chmod(mode)
    Path(file.name).replace(path)
