"""Open every entry by every way it names, read a little, compare."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from odatis_vre.catalog.access.methods import GRIDS, Method, Request, methods
from odatis_vre.catalog.check.status import Checked, Difference
from odatis_vre.catalog.request import Period
from odatis_vre.errors import DataNotFound, OdatisError
from odatis_vre.i18n import language, tr

if TYPE_CHECKING:
    from odatis_vre.catalog.entry import Entry

__all__ = ["check_catalog", "check_entry", "summary"]

# Of a service of observations: the last days only.
_DAYS = 3
# Said, but nothing is wrong: a catalogue need not name all variables, nor a service have rows every day.
_NOTES = ("more_variables", "no_rows")


def check_catalog(
    entries: Iterable["Entry"], remote: bool = False, told: Callable[[Checked], None] | None = None
) -> list[tuple["Entry", Checked]]:
    """Check entries one after the other; one that fails stops none.

    Parameters
    ----------
    entries : iterable of Entry
        A catalogue, or a part of one.
    remote : bool
        Open those that are elsewhere, too; else they are left out.
    told : callable, optional
        Called with each result as it comes.

    Returns
    -------
    list of (Entry, Checked)
    """
    found = []
    for entry in entries:
        result = check_entry(entry, remote)
        found.append((entry, result))
        if told:
            told(result)
    return found


def check_entry(entry: "Entry", remote: bool = False) -> Checked:
    """Open a dataset by each of its ways, read one value of each variable, compare with its metadata.

    Parameters
    ----------
    entry : Entry
    remote : bool
        Also by ways that lead elsewhere.

    Returns
    -------
    Checked
        `state` is `"unopened"` where no way opens it, `"differs"` where something is not as said,
        `"left_out"` where nothing could be tried.

    Examples
    --------
    >>> from odatis_vre import open_catalog
    >>> check_entry(open_catalog()["sample/mackerel_eggs_1992"]).state
    'as_said'
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    if entry.metadata.address != "exact":
        return Checked(entry.id, "left_out", now, [Difference(f"address_{entry.metadata.address}")])
    known = methods(entry._leaf.source)
    ways = [way for way in known if remote or way.is_local]
    if not ways:
        return Checked(entry.id, "left_out", now, [Difference("elsewhere")])
    differences: list[Difference] = []
    changes: list[str] = []
    size: int | None = None
    opened = 0
    for way in ways:
        try:
            data = _opened(entry, way)
            if not opened:
                size, changes = data.size, data.changes
                differences += data.differences
            opened += 1
        except DataNotFound:
            opened += 1
            differences.append(Difference("no_rows", {"way": way.label}))
        except OdatisError as error:
            differences.append(Difference("way", {"way": way.label, "reason": error.message}))
        except Exception as error:  # a file may make any library fail in any manner
            from odatis_vre.catalog.access.failures import reason

            differences.append(Difference("way", {"way": way.label, "reason": reason(error)}))
    differs = any(part.code not in _NOTES for part in differences)
    state = "unopened" if not opened else "differs" if differs else "as_said"
    return Checked(entry.id, state, now, differences, changes, language(), size or None)


class _Data:
    def __init__(self, size: int, changes: str, differences: Iterator[Difference]):
        self.size, self.changes = size, changes.splitlines()
        self.differences = list(differences)


def _opened(entry: "Entry", way: Method) -> _Data:
    from odatis_vre.catalog import selection
    from odatis_vre.catalog.check.comparing import compare_grid, compare_table
    from odatis_vre.catalog.clean.grid import CHANGES

    metadata = entry.metadata
    if way.driver in GRIDS:
        ds, _ = selection.grid(
            entry._origin, [way], Request(extent=entry.bbox, period=entry.period), metadata
        )
        return _Data(ds.nbytes, ds.attrs.get(CHANGES, ""), compare_grid(ds, metadata))
    request = _few_rows(entry, way)
    table, _ = selection.table(entry._origin, [way], request, metadata)
    whole = request.time is None
    size = int(table.memory_usage(deep=True).sum()) if whole else 0
    return _Data(size, table.attrs.get(CHANGES, ""), compare_table(table, metadata, whole))


def _few_rows(entry: "Entry", way: Method) -> Request:
    """All of a file; of a service, what it has of the last days of its period."""
    if way.driver != "tabledap":
        return Request(extent=entry.bbox, period=entry.period)
    end = (entry.period and entry.period.end) or datetime.now(UTC).replace(tzinfo=None)
    return Request(None, Period(end - timedelta(days=_DAYS), end), None, None, entry.bbox, entry.period)


def summary(checked: Iterable[Checked]) -> str:
    """How many are as said, differ, do not open, were left out."""
    states = [found.state for found in checked]
    counts = {state: states.count(state) for state in ("as_said", "differs", "unopened", "left_out")}
    return tr("check.summary", **counts)
