"""The entries of a catalogue with their index, which a large catalogue keeps in the user's cache."""

import hashlib
import io
from collections.abc import Iterable, Sequence
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from odatis_vre.catalog.kept import keep, recall

if TYPE_CHECKING:
    import numpy as np

    from odatis_vre.catalog.entry import Entry
    from odatis_vre.catalog.search.index import Index

__all__ = ["Shelf"]

# Fewer entries are indexed in less time than it takes to notice.
_MANY = 50
_VERSION = "3"


class Shelf:
    """Entries in order, and their index, made when it is first asked for.

    Parameters
    ----------
    entries : sequence of Entry
    digest : str, optional
        Of the files that they come from; without it the index is not kept.
    file : pathlib.Path, optional
        The catalogue file, where it is of this machine.
    """

    def __init__(self, entries: Sequence["Entry"], digest: str | None = None, file: Path | None = None):
        self.entries, self._digest, self._file = list(entries), digest, file

    @cached_property
    def index(self) -> "Index":
        """Of all the entries."""
        from odatis_vre.catalog.search.index import build

        if self._digest is None or len(self.entries) < _MANY:
            return build(self.entries)
        name = f"{self._digest}-{_vocabulary_digest()}.index{_VERSION}"
        index = _read(recall(name, self._file), len(self.entries))
        if index is None:
            index = build(self.entries)
            keep(name, _written(index), self._file)
        return index

    def rows(self, names: Iterable[str]) -> "np.ndarray":
        """Where the entries of some names are."""
        import numpy as np

        return np.array([self._row[name] for name in names], np.int64)

    @cached_property
    def _row(self) -> dict[str, int]:
        return {entry.id: row for row, entry in enumerate(self.entries)}


def _written(index: "Index") -> bytes:
    import numpy as np

    file = io.BytesIO()
    np.savez(file, **index.arrays)
    return file.getvalue()


def _read(content: bytes | None, size: int) -> "Index | None":
    import numpy as np

    from odatis_vre.catalog.search.index import Index

    if content is None:
        return None
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            index = Index(dict(file))
    except (KeyError, ValueError, OSError):
        return None
    return index if index.size == size else None


def _vocabulary_digest() -> str:
    folder = files("odatis_vre.catalog.search").joinpath("vocabulary")
    tables = sorted(folder.iterdir(), key=lambda path: path.name)
    content = b"".join(table.read_bytes() for table in tables if table.name.endswith(".json"))
    return hashlib.sha256(content).hexdigest()[:16]
