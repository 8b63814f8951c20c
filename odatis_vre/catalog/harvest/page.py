"""A page of another catalogue: its records, those refused, and where to go on."""

from dataclasses import dataclass, field
from typing import Any

from odatis_vre.catalog.harvest.record import Record

__all__ = ["Page"]


@dataclass
class Page:
    """Records in the order of the server.

    Parameters
    ----------
    records : list of Record
    refused : list of (uuid, code, values)
        Records that could not be read.
    following : any JSON value
        Where the next page starts; None after the last.
    """

    records: list[Record] = field(default_factory=list)
    refused: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    following: Any = None
