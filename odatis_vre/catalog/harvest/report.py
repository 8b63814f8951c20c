"""What a harvest did: what changed, what is suspicious, what was left out, what a person's hand keeps."""

from collections import Counter
from collections.abc import Iterable
from html import escape
from typing import Any, NamedTuple

from odatis_vre.i18n import language, tr

__all__ = ["SORTS", "Finding", "Report"]

# The sorts of findings, those that a reviewer reads first in front.
SORTS = ("refused", "again", "stripped", "kept", "suspicious", "note")
_CHANGES = ("added", "updated", "unchanged", "gone", "removed_by_hand", "without_access")
_SHOWN = 20


class Finding(NamedTuple):
    """Something to look at in a record: its sentence is made in the language in force.

    `record` is as the source wrote it: `name` is what may be shown.
    """

    record: str
    sort: str
    code: str
    field: str = ""
    values: dict[str, Any] = {}  # noqa: RUF012 - of a named tuple, never changed

    @property
    def name(self) -> str:
        """The record's identifier, in characters that a terminal shows."""
        return "".join(c if c.isprintable() else "?" for c in self.record)[:80]

    def __str__(self) -> str:
        return tr(f"harvest.finding.{self.code}", **self.values)

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return self._asdict() | {"record": self.name, "message": str(self)}


class Report:
    """What a harvest did; print it, or take `to_dict()`.

    Parameters
    ----------
    source : str
        Where the records came from, without any account.
    output : str
        The catalogue file.
    """

    def __init__(self, source: str, output: str, dry_run: bool = False):
        self.source, self.output, self.dry_run = source, output, dry_run
        self.changes: dict[str, list[str]] = {change: [] for change in _CHANGES}
        self.fields: dict[str, list[str]] = {}
        self.findings: list[Finding] = []
        self.records = 0

    def note(self, change: str, name: str) -> None:
        """Count an entry (or, of those left out, a record)."""
        self.changes[change].append(name)

    def add(self, findings: Iterable[Finding]) -> None:
        """Add findings."""
        self.findings.extend(findings)

    def of(self, sort: str) -> list[Finding]:
        """The findings of a sort: refused, again, stripped, kept, suspicious or note."""
        return [finding for finding in self.findings if finding.sort == sort]

    @property
    def changed(self) -> bool:
        """Whether the catalogue file is another one now."""
        return bool(self.changes["added"] or self.changes["updated"])

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "source": self.source,
            "output": self.output,
            "dry_run": self.dry_run,
            "records": self.records,
            "changes": self.changes,
            "fields": self.fields,
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> list[str]:
        head = "harvest.head_dry" if self.dry_run else "harvest.head"
        lines = [tr(head, records=self.records, source=self.source, output=self.output)]
        for change, names in self.changes.items():
            if names:
                lines.append(f"  {tr(f'harvest.change.{change}', number=len(names))}")
                if change not in ("unchanged", "without_access"):
                    lines += [f"    {name}{self._of_fields(name)}" for name in names[:_SHOWN]]
                    lines += [f"    … {len(names) - _SHOWN}"] if len(names) > _SHOWN else []
        for sort in SORTS:
            found = self.of(sort)
            if found:
                lines.append(f"  {tr(f'harvest.sort.{sort}', number=len(found))}")
                lines += [f"    {finding.name}: {finding}" for finding in found[:_SHOWN]]
                if len(found) > _SHOWN:
                    counts = Counter(finding.code for finding in found).most_common()
                    lines.append(f"    … {', '.join(f'{code}: {count}' for code, count in counts)}")
        return lines

    def _of_fields(self, name: str) -> str:
        return f" ({', '.join(self.fields[name])})" if self.fields.get(name) else ""

    def _repr_html_(self) -> str:
        return f'<pre lang="{language()}">{escape(repr(self))}</pre>'
