"""Harvest a catalogue into a file, beside what people have corrected in it."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from odatis_vre.catalog.address import public_url
from odatis_vre.catalog.harvest import csw, geonetwork, seanoe
from odatis_vre.catalog.harvest.draft import Draft
from odatis_vre.catalog.harvest.entries import entry_name
from odatis_vre.catalog.harvest.files import addresses
from odatis_vre.catalog.harvest.hostile import Hostile
from odatis_vre.catalog.harvest.page import Page
from odatis_vre.catalog.harvest.partial import Partial, write_whole
from odatis_vre.catalog.harvest.record import Record
from odatis_vre.catalog.harvest.report import Finding, Report
from odatis_vre.catalog.harvest.review import ABSENT, State, merged, paired, unvouched
from odatis_vre.catalog.harvest.wire import Asker
from odatis_vre.catalog.harvest.yamltext import CatalogText
from odatis_vre.catalog.safeyaml import BadYaml
from odatis_vre.catalog.tree import keep_for_all
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["KINDS", "harvest"]

KINDS: dict[str, Callable[..., Iterator[Page]]] = {
    "geonetwork": geonetwork.pages,
    "csw": csw.pages,
    "seanoe": seanoe.pages,
}


def harvest(
    url: str,
    output: str | Path,
    kind: str = "geonetwork",
    conditions: Mapping[str, str] | None = None,
    since: str | None = None,
    full: bool = False,
    page_size: int = 50,
    pause: float = 0.2,
    dry_run: bool = False,
) -> Report:
    """Bring the records of another catalogue into a reviewable file.

    Parameters
    ----------
    url : str
        `.../srv/api` of a GeoNetwork 4, the address of a CSW 2.0.2, or `https://www.seanoe.org/api`.
    output : str or Path
        The catalogue file, made or brought up to date; beside it, `NAME.harvest.json` keeps what the source
        said. What a hand corrected in the file stays.
    kind : {"geonetwork", "csw", "seanoe"}
    conditions : mapping of str to str, optional
        Which records: `query` (free text); of GeoNetwork `data_centre`, `odatis_variable`, `platform`,
        `theme` or a field of its index; of CSW a queryable, and `schema` (gmd, mdb); of Seanoe `id`.
    since : str, optional
        Only records changed then or later. Without it, those changed since the last harvest of the same
        source and conditions, if there was one.
    full : bool
        Ask for all records, and tell which entries are gone from the source.
    page_size : int
        Records a request.
    pause : float
        Seconds between requests.
    dry_run : bool
        Write nothing; report what would change.

    Returns
    -------
    Report

    Raises
    ------
    CatalogError
        The server does not answer, or a file beside is not one of ours; names the file and the field. What
        came before a failure is kept: the next call goes on from there.

    Examples
    --------
    >>> from odatis_vre.catalog.harvest import harvest
    >>> harvest(
    ...     "https://www.seanoe.org/api", "argo.yaml", "seanoe", {"id": "10.17882/42182"}
    ... )  # doctest: +SKIP
    """
    output = Path(output)
    conditions = {str(name): str(value) for name, value in (conditions or {}).items()}
    if kind not in KINDS:
        raise CatalogError(tr("harvest.no_kind", kind=kind), tr("catalog.there_are", names=", ".join(KINDS)))
    if urlsplit(url).scheme not in ("http", "https"):
        raise CatalogError(tr("harvest.no_url", url=public_url(url)), tr("harvest.no_url_hint"))
    if output.suffix not in (".yaml", ".yml"):
        raise CatalogError(tr("harvest.no_yaml", file=output.name), tr("harvest.no_yaml_hint"))
    state = State(output)
    asked = {} if kind == "seanoe" else dict(sorted(conditions.items()))  # one dataset after the other
    source = {"kind": kind, "url": public_url(url), "conditions": asked}
    if state.source and state.source != source:
        raise CatalogError(
            tr("harvest.other_source", file=output.name, source=state.source.get("url", "?")),
            tr("harvest.other_source_hint"),
        )
    state.source = source
    whole = kind != "seanoe" and (full or not state.until)
    if since is None and not full and kind != "seanoe":
        since = state.until
    text = _catalogue_text(output, title=urlsplit(url).hostname or "")
    report = Report(public_url(url), str(output), dry_run)
    partial = Partial(output, {**source, "asked": conditions, "since": since}, kept=not dry_run)
    records = _records(partial, KINDS[kind], Asker(pause=pause), url, conditions, since, page_size, report)
    _review(records, text, state, report)
    if whole and since is None:  # all of the source came: what did not is there no more
        for uuid in sorted(set(state.records) - set(records)):
            for one in state.records[uuid]["entries"]:
                report.note("gone", one["name"])
    if not dry_run:
        # the file first: after a failure between the two, the next harvest finds the same values in both
        write_whole(output, text.text)
        write_whole(state.path, state.text)
        partial.forget()
        keep_for_all(output)
    return report


def _records(
    partial: Partial, pages, asker, url, conditions, since, size, report: Report
) -> dict[str, Record]:
    """All records by their uuid; pages are kept as they come."""
    records: dict[str, Record] = {}
    before = partial.read()
    for page in before:
        _take(page, records, report)
    start = before[-1].following if before else None
    if not before or start is not None:
        for page in pages(asker, url, conditions, since, start, size):
            partial.add(page)
            _take(page, records, report)
    report.records = len(records)
    return dict(sorted(records.items()))


def _take(page: Page, records: dict[str, Record], report: Report) -> None:
    records |= {record.uuid: record for record in page.records}
    for uuid, code, values in page.refused:
        report.add([Finding(uuid, "refused", code, "", values)])


def _review(records: dict[str, Record], text: CatalogText, state: State, report: Report) -> None:
    taken = state.names | set(text.entries)
    new: dict[str, dict[str, Any]] = {}
    for uuid, record in records.items():
        try:
            draft = Draft(record)
        except Hostile as error:
            report.add([Finding(uuid, "refused", error.code, "", error.values)])
            continue
        state.note_date(record.changed)
        report.add(draft.findings)
        if not draft.entries:
            report.note("without_access", uuid)
            continue
        known = state.records.get(uuid, {}).get("entries", [])
        same = paired(known, [entry for _, entry in draft.entries])
        kept = []
        for (part, entry), before in zip(draft.entries, same, strict=True):
            if before is None:
                where = " ".join(sorted(map(" ".join, addresses(entry)))) if part else ""
                name = entry_name(draft.title, f"{uuid}{where}", taken, part)
                taken.add(name)
                new[name] = entry
            else:
                name = before["name"]
                _bring_up_to_date(name, before["entry"], entry, text, report)
            kept.append({"name": name, "entry": entry})
        for one in known:
            if not any(one is other for other in same):
                report.note("gone", one["name"])
                kept.append(one)
        state.records[uuid] = {"changed": record.changed, "entries": kept}
    for name in sorted(new):
        text.put(name, new[name])
        report.note("added", name)


def _bring_up_to_date(name: str, base: Any, theirs: Any, text: CatalogText, report: Report) -> None:
    mine = text.entries.get(name, ABSENT)
    if mine is ABSENT:
        report.note("removed_by_hand", name)
        return
    value, conflicts = merged(base, mine, theirs)
    for field, by_hand, by_source in conflicts:
        values = {"field": field, "by_hand": _short(by_hand), "by_source": _short(by_source)}
        report.add([Finding(name, "kept", "by_hand", field, values)])
    if value == mine:
        report.note("unchanged", name)
        return
    value, doubts = unvouched(mine, value)
    for code, fields in doubts.items():
        report.add([Finding(name, "again", code, "", {"fields": ", ".join(fields)})])
    text.put(name, value)
    report.note("updated", name)
    report.fields[name] = _changed_fields(mine, value)


def _changed_fields(before: Any, after: Any, field: str = "") -> list[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        found = []
        for key in dict.fromkeys((*before, *after)):
            place = f"{field}.{key}" if field else str(key)
            found += _changed_fields(before.get(key, ABSENT), after.get(key, ABSENT), place)
        return found
    return [] if before == after else [field]


def _short(value: Any) -> str:
    text = repr(value) if value is ABSENT else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 120 else f"{text[:119]}…"


def _catalogue_text(path: Path, title: str) -> CatalogText:
    try:
        text = path.read_text("utf-8") if path.exists() else ""
        return CatalogText(text, path.name, title)
    except UnicodeDecodeError as error:
        where, problem = f"byte {error.start}", "UTF-8"
    except BadYaml as error:
        where, problem = error.where, error.problem
    raise CatalogError(
        tr("catalog.bad_field", file=path.name, field=where, problem=problem), tr("catalog.bad_field_hint")
    )
