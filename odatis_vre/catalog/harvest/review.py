"""What a harvest may change: a field that a hand has corrected is the hand's, for good.

Beside the catalogue file `name.yaml` stands `name.harvest.json`: what the source last said, entry by entry,
never edited. A field of the catalogue that differs from it was corrected by hand. At the next harvest, a
field that nobody touched follows the source; a corrected one stays, and the report shows both where the
source says something new. What a hand vouched for (`harvested: false`, `verified`) holds for what it saw:
where the source changes that, it is to be reviewed again.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

from odatis_vre.catalog.harvest.files import addresses
from odatis_vre.catalog.harvest.record import instant
from odatis_vre.catalog.model import CHECKABLE
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["ABSENT", "Conflict", "State", "merged", "paired", "unvouched"]

_VERSION = 2


class _Absent:
    def __repr__(self) -> str:
        return "-"

    def __bool__(self) -> bool:
        return False


ABSENT = _Absent()


class Conflict(NamedTuple):
    """A field that a hand corrected and that the source changed: the hand's value stays."""

    field: str
    by_hand: Any
    by_source: Any


def merged(base: Any, mine: Any, theirs: Any, field: str = "") -> tuple[Any, list[Conflict]]:
    """Three versions of a value into one.

    Parameters
    ----------
    base : any
        What the source said before.
    mine : any
        What the catalogue file says; what differs from `base` was written by hand.
    theirs : any
        What the source says now.

    Returns
    -------
    value : any
        `ABSENT` where the field is to be left out.
    conflicts : list of Conflict

    Examples
    --------
    >>> merged({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 3, "b": 3})
    ({'a': 2, 'b': 3}, [Conflict(field='a', by_hand=2, by_source=3)])
    """
    if mine in (base, theirs):
        return theirs, []
    if theirs == base:
        return mine, []
    if not all(isinstance(value, dict) for value in (mine, theirs)):
        return mine, [Conflict(field, mine, theirs)]
    before = base if isinstance(base, dict) else {}
    value, conflicts = {}, []
    for key in dict.fromkeys((*mine, *theirs)):
        versions = (source.get(key, ABSENT) for source in (before, mine, theirs))
        part, found = merged(*versions, f"{field}.{key}" if field else str(key))
        conflicts += found
        if part is not ABSENT:
            value[key] = part
    return value, conflicts


def unvouched(mine: dict[str, Any], value: dict[str, Any]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """An entry that a merge changed, without the trust that a hand gave to what it was before.

    Parameters
    ----------
    mine : dict
        The entry of the catalogue file.
    value : dict
        What `merged` made of it.

    Returns
    -------
    entry : dict
        `harvested` is true again where another address opens; of `verified`, what changed is false.
    doubts : dict of str to list of str
        `unreviewed`: the fields that open it and that are others now; `unverified`: what was verified.

    Examples
    --------
    >>> unvouched({"args": {"urlpath": "https://a"}}, {"args": {"urlpath": "https://b"}})
    ({'args': {'urlpath': 'https://b'}, 'metadata': {'harvested': True}}, {'unreviewed': ['args']})
    """
    before, after = (entry.get("metadata") or {} for entry in (mine, value))
    if not (isinstance(before, dict) and isinstance(after, dict)):  # no entry that opens
        return value, {}
    after = dict(after)
    opens = [name for name in ("driver", "args") if mine.get(name) != value.get(name)]
    other = [name for name in dict.fromkeys((*before, *after)) if before.get(name) != after.get(name)]
    opens += [f"metadata.{name}" for name in ("access", "sha256") if name in other]
    doubts = {}
    if opens and after.get("harvested") is not True:
        after["harvested"] = True
        doubts["unreviewed"] = opens
    verified = after.get("verified") or {}
    if not isinstance(verified, dict):
        verified = dict.fromkeys(CHECKABLE, True)
    changed = [*other, "address"] if opens else other
    if lost := [name for name in CHECKABLE if name in changed and verified.get(name)]:
        after["verified"] = verified | dict.fromkeys(lost, False)
        doubts["unverified"] = lost
    return (value | {"metadata": after} if doubts else value), doubts


def paired(known: list[dict[str, Any]], entries: list[dict[str, Any]]) -> list[dict[str, Any] | None]:
    """Which of the entries that a record had each of its entries is.

    Parameters
    ----------
    known : list of {"name", "entry"}
        What the last harvest made of the record.
    entries : list of dict
        What this one makes of it.

    Returns
    -------
    list of {"name", "entry"} or None
        One for each entry: the known one with an address in common; the only one of a record stays the
        same when its address changes.
    """
    left = list(known)
    found: list[dict[str, Any] | None] = []
    for entry in entries:
        same = next((one for one in left if addresses(one["entry"]) & addresses(entry)), None)
        left = [one for one in left if one is not same]
        found.append(same)
    return list(known) if len(known) == len(found) == 1 else found


class State:
    """What the source last said: `name.harvest.json`.

    Parameters
    ----------
    path : Path
        Of the catalogue file.

    Raises
    ------
    CatalogError
        The file is not one that a harvest wrote.
    """

    def __init__(self, path: Path):
        self.path = path.with_suffix(".harvest.json")
        self.source: dict[str, Any] = {}
        self.until: str | None = None
        self.records: dict[str, dict[str, Any]] = {}
        if self.path.exists():
            self._read()
        if self.until and instant(self.until) is None:
            self.until = None  # led astray by a record's date: ask for all

    def _read(self) -> None:
        try:
            known = json.loads(self.path.read_text("utf-8"))
            self.source, self.until = dict(known["source"]), known["until"]
            self.records = {str(uuid): dict(facts) for uuid, facts in known["records"].items()}
            if known["version"] not in (1, _VERSION):
                raise ValueError(known["version"])
            for facts in self.records.values():
                if known["version"] == 1:  # one entry a record
                    facts["entries"] = [{"name": facts.pop("name"), "entry": facts.pop("entry")}]
                for one in facts["entries"]:
                    addresses(one["entry"]), str(one["name"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise CatalogError(
                tr("harvest.bad_state", file=self.path.name, reason=f"{type(error).__name__}: {error}"[:120]),
                tr("harvest.bad_state_hint"),
            ) from None

    @property
    def names(self) -> set[str]:
        """Of the entries, whether they are still in the catalogue or not."""
        return {one["name"] for facts in self.records.values() for one in facts["entries"]}

    def note_date(self, text: str) -> None:
        """Until when the source is known: the next harvest asks from there."""
        date, before = instant(text), self.until and instant(self.until)
        if date is not None and (before is None or date > before):
            self.until = text

    @property
    def text(self) -> str:
        """The file."""
        known = {
            "version": _VERSION,
            "source": self.source,
            "until": self.until,
            "records": {uuid: self.records[uuid] for uuid in sorted(self.records)},
        }
        return json.dumps(known, ensure_ascii=False, indent=1) + "\n"
