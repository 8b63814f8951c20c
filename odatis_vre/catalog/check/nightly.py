"""The check that a site runs each night: `python -m odatis_vre.catalog.check.nightly STATUS [--remote]`.

What is known is read from `ODATIS_CATALOG_STATUS`, which may be read-only; all of it, with what is found, is
written to STATUS. An entry that differs is a finding, no failure of the check: it ends with 0.
"""

import argparse
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from odatis_vre.catalog import open_catalog, site_catalog
from odatis_vre.catalog.check.checking import check_catalog, summary
from odatis_vre.catalog.check.status import keep, status_of, status_path
from odatis_vre.errors import OdatisError

if TYPE_CHECKING:
    from odatis_vre.catalog import Entry

__all__ = ["check_by_night"]


def check_by_night(status: Path, remote: bool = False, hours: float = 4) -> str:
    """Check the site's catalogue, first what was never or longest not checked, until the time is over.

    Parameters
    ----------
    status : pathlib.Path
        Where all that is known is written.
    remote : bool
        Also open what is elsewhere.
    hours : float
        No entry is begun after them: its turn comes the next night.

    Returns
    -------
    str
        How many entries are as said, differ, do not open, were left out.
    """
    known = status_path(site_catalog())
    if known.exists() and not (status.exists() and known.samefile(status)):
        status.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(known, status)
    entries = _until(time.monotonic() + hours * 3600, sorted(open_catalog(), key=_last_checked))
    found = check_catalog(entries, remote, lambda checked: _say(f"{checked.entry}: {checked}"))
    keep(status, found)
    return summary([checked for _, checked in found])


def _last_checked(entry: "Entry") -> str:
    checked = status_of(entry)
    return "" if checked is None or checked.stale else checked.checked_at


def _until(end: float, entries: Iterable["Entry"]) -> Iterator["Entry"]:
    for entry in entries:
        if time.monotonic() >= end:
            return
        yield entry


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _main() -> None:
    parser = argparse.ArgumentParser(prog="odatis_vre.catalog.check.nightly")
    parser.add_argument("status", type=Path)
    parser.add_argument("--remote", action="store_true")
    parser.add_argument("--hours", type=float, default=4)
    asked = parser.parse_args()
    try:
        _say(check_by_night(asked.status, asked.remote, asked.hours))
    except OdatisError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    _main()
