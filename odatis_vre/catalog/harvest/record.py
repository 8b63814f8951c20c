"""A record of another catalogue, in the same words whatever it came from."""

import re
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from odatis_vre.catalog.address import public_url

__all__ = ["LONGEST", "LONGEST_URL", "Link", "Record", "instant", "without_accounts"]

# Characters of a text and of an address that are let in; a longer one is refused, and need not be kept whole.
LONGEST, LONGEST_URL = 100_000, 2000

Texts = dict[str, str]
# Every pattern here is bounded: a text made to keep it busy must not.
_ADDRESS = re.compile(r"://[^\s<>\"']{1,2000}")
_HIDDEN = re.compile(r"(?<=[?&;])[^=&;?]+=\*\*\*(?:[&;]|$)")


@dataclass
class Link:
    """An online resource as the record gives it; nothing of it is trusted, and no account is kept."""

    url: str
    protocol: str = ""
    name: str = ""
    description: str = ""
    size: int | None = None
    sha256: str | None = None
    open_access: bool = True
    stripped: bool = False
    """Whether an account or a key was taken out of the address."""

    def __post_init__(self):
        if len(self.url) > LONGEST_URL:
            self.url = "x" * (LONGEST_URL + 1)
        public = _public(self.url)
        self.stripped = self.stripped or public != self.url
        self.url = public


@dataclass
class Record:
    """What a record says, before anything is cleaned.

    Parameters
    ----------
    uuid : str
    title, description : dict
        `"en"` and `"fr"`; `""` for a text of unknown language.
    changed : str
        When the record was changed, ISO.
    boxes : list of [west, south, east, north]
        Degrees.
    period : [start, end] or None
        ISO dates as they are written, in their order; None is open.
    constraints : list of str
        What the record says of its licence, the field meant for it first.
    notes : list of (code, values)
        What was odd in how it is written; see `harvest.json` of the locales.
    """

    uuid: str
    title: Texts = field(default_factory=dict)
    description: Texts = field(default_factory=dict)
    changed: str = ""
    boxes: list[list[float]] = field(default_factory=list)
    period: list[str | None] | None = None
    data_centre: str = ""
    publisher: str = ""
    authors: list[str] = field(default_factory=list)
    issued: str = ""
    odatis_variables: list[str] = field(default_factory=list)
    platforms: list[str] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    says_open: bool | None = None
    identifiers: list[str] = field(default_factory=list)
    version: str = ""
    links: list[Link] = field(default_factory=list)
    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def changed_at(self) -> datetime | None:
        """When it was changed, if that is a date, and not one to come."""
        return instant(self.changed)

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return without_accounts(asdict(self))

    @classmethod
    def from_dict(cls, known: dict[str, Any]) -> "Record":
        """The inverse of `to_dict`."""
        links = [Link(**link) for link in known["links"]]
        notes = [(code, values) for code, values in known["notes"]]
        return cls(**{**known, "links": links, "notes": notes})


def instant(text: str) -> datetime | None:
    """An ISO date that has been; a text that is none, or a date to come, is nothing to go by.

    Examples
    --------
    >>> instant("2024-01-02T01:00:00+01:00").isoformat(), instant("9999-12-31")
    ('2024-01-02T00:00:00+00:00', None)
    """
    if not re.match(r"\d{4}-\d\d-\d\d(?:T|$)", text):
        return None
    try:
        date = datetime.fromisoformat(text)
        date = date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return date if date <= datetime.now(UTC) else None


def without_accounts(value: Any) -> Any:
    """A value whose texts tell no account or key of an address, none of them longer than need be.

    Examples
    --------
    >>> without_accounts(["see https://me:secret@host.org/a?token=abc&v=1"])
    ['see https://host.org/a?v=1']
    """
    if isinstance(value, str):
        return _ADDRESS.sub(lambda found: _public(found[0]), value[: LONGEST + 1])
    if isinstance(value, dict):
        return {key: without_accounts(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [without_accounts(part) for part in value]
    return value


def _public(url: str) -> str:
    public = public_url(url)
    return url if public == url else _HIDDEN.sub("", public).rstrip("?&;")
