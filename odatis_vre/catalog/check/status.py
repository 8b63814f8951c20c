"""What the last check found, kept beside the catalogue: `NAME.status.json`; packed where it ends in `.gz`."""

import contextlib
import gzip
import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from odatis_vre.catalog.address import is_local
from odatis_vre.catalog.yamlfile import site_catalog
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

if TYPE_CHECKING:
    from odatis_vre.catalog.entry import Entry

__all__ = ["STATES", "Checked", "Difference", "keep", "status_of", "status_path"]

State = Literal["as_said", "differs", "unopened", "left_out"]
STATES: tuple[State, ...] = ("unopened", "differs", "as_said", "left_out")
_SUFFIX = ".status.json"
_PACKED = ".gz"
_VERSION = 1


class Difference(NamedTuple):
    """One thing that is not as the catalogue says; its sentence is made in the language in force."""

    code: str
    values: dict[str, Any] = {}  # noqa: RUF012 - of a named tuple, never changed

    def __str__(self) -> str:
        return tr(f"check.found.{self.code}", **self.values)


class Checked(NamedTuple):
    """What a check found of one entry."""

    entry: str
    state: State
    checked_at: str
    differences: list[Difference] = []  # noqa: RUF012 - of a named tuple, never changed
    changes: list[str] = []  # noqa: RUF012
    """What the clean-up changed, in the language of the check."""
    changes_language: str = "en"
    size: int | None = None
    """Bytes of the whole dataset in memory."""
    stale: bool = False
    """Whether the entry has been changed since."""

    @property
    def day(self) -> str:
        """When it was checked, as a date in UTC."""
        return self.checked_at[:10]

    def __str__(self) -> str:
        if self.stale:
            return tr("check.stale", day=self.day)
        return " ".join([tr(f"check.state.{self.state}", day=self.day), *map(str, self.differences)])

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON; `message` is in the language in force."""
        known = self._asdict() | {"differences": [part._asdict() for part in self.differences]}
        return {**known, "message": str(self)}


def status_path(catalog: str) -> Path:
    """Where the status of a catalogue is kept.

    Parameters
    ----------
    catalog : str
        The path of its file, or its address.

    Returns
    -------
    pathlib.Path
        `ODATIS_CATALOG_STATUS` if set; else beside the file, with `.status.json` for `.yaml`.

    Raises
    ------
    CatalogError
        It is at an address, where nothing can be written, and the variable is not set.

    Examples
    --------
    >>> status_path("/data/odatis.yaml").name
    'odatis.status.json'
    """
    if found := os.environ.get("ODATIS_CATALOG_STATUS"):
        return Path(found)
    if not is_local(catalog):
        raise CatalogError(tr("check.no_place", catalog=catalog), tr("check.no_place_hint"))
    return Path(catalog.removeprefix("file://")).with_suffix(_SUFFIX)


def keep(path: Path, checked: Iterable[tuple["Entry", Checked]]) -> None:
    """Write what was found, beside and renamed; entries that were left out keep what was known of them.

    Parameters
    ----------
    path : pathlib.Path
    checked : iterable of (Entry, Checked)

    Raises
    ------
    CatalogError
        It cannot be written there.
    """
    known = _read(path)
    for entry, found in checked:
        if found.state == "left_out":
            continue
        facts = found.to_dict() | {"digest": _digest(entry)}
        known[_key(entry)] = {name: facts[name] for name in facts if name not in ("message", "stale")}
    text = json.dumps({"version": _VERSION, "entries": known}, ensure_ascii=False, indent=1) + "\n"
    content = text.encode()
    try:
        _write(path, gzip.compress(content, mtime=0) if path.suffix == _PACKED else content)
    except OSError as error:
        raise CatalogError(
            tr("check.unwritable", path=path, reason=error.strerror), tr("check.no_place_hint")
        ) from None


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)


def status_of(entry: "Entry") -> Checked | None:
    """What the last check found of an entry.

    Parameters
    ----------
    entry : Entry

    Returns
    -------
    Checked or None
        None where it was never checked.
    """
    found = []
    for path in _places(entry):
        if facts := _read(path).get(_key(entry)):
            with contextlib.suppress(KeyError, TypeError, ValueError):
                found.append(_as_checked(entry, facts))
    # Another catalogue may have a file and an entry of the same names.
    return max(found, key=lambda checked: (not checked.stale, checked.checked_at), default=None)


def _as_checked(entry: "Entry", facts: dict[str, Any]) -> Checked:
    datetime.fromisoformat(facts["checked_at"])
    found = Checked(
        entry.id,
        facts["state"] if facts["state"] in STATES else "unopened",
        facts["checked_at"],
        [Difference(str(part["code"]), dict(part["values"])) for part in facts["differences"]],
        [str(sentence) for sentence in facts["changes"]],
        str(facts["changes_language"]),
        facts["size"] if isinstance(facts["size"], int) else None,
        facts["digest"] != _digest(entry),
    )
    str(found)  # a sentence of another version of this library may have other words
    return found


def _places(entry: "Entry") -> list[Path]:
    """That of the site's catalogue, and those beside the entry's own file."""
    places = []
    with contextlib.suppress(CatalogError):
        places.append(status_path(site_catalog()))
    if is_local(_file(entry)):
        places += Path(_file(entry).removeprefix("file://")).parent.glob(f"*{_SUFFIX}")
    return list(dict.fromkeys(places))


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        return dict(_kept(str(path), path.stat().st_mtime_ns))
    except OSError:
        return {}


@lru_cache(maxsize=16)
def _kept(path: str, _changed: int) -> dict[str, dict[str, Any]]:
    try:
        content = Path(path).read_bytes()
        known = json.loads(gzip.decompress(content) if path.endswith(_PACKED) else content)
        return {key: facts for key, facts in known["entries"].items() if isinstance(facts, dict)}
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _file(entry: "Entry") -> str:
    return entry._leaf.file


def _key(entry: "Entry") -> str:
    """The entry's own name and its file's: the same whichever root it was opened through."""
    return f"{_file(entry).rpartition('/')[2]}#{entry.id.rpartition('/')[2]}"


def _digest(entry: "Entry") -> str:
    """Of all that the file says of the entry but what `CATALOG_DIR` stands for here."""
    folder = str(Path(_file(entry)).resolve().parent) if is_local(_file(entry)) else ""
    said = json.dumps(entry.to_dict(), sort_keys=True, ensure_ascii=False, default=str)
    said = said.replace(json.dumps(entry.id), '""').replace(json.dumps(entry.call), '""')
    return hashlib.sha256((said.replace(folder, "") if folder else said).encode()).hexdigest()
