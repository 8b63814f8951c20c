"""What a catalogue file says: the fields of an entry, checked once when the file is read."""

from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from odatis_vre.catalog.request import BBox, Period, read_bbox, read_period
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import language

__all__ = [
    "CHECKABLE",
    "Access",
    "CatalogFile",
    "Licence",
    "Link",
    "Metadata",
    "Source",
    "Text",
    "Variable",
    "schema",
]

Checkable = Literal["address", "doi", "licence", "citation", "bbox", "time", "variables"]
# In the order in which a reader is told.
CHECKABLE: tuple[str, ...] = get_args(Checkable)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)


class Text(_Part):
    """A text in the two languages; one of them may stand for both."""

    en: str = ""
    fr: str = ""

    def __str__(self) -> str:
        return (self.fr or self.en) if language() == "fr" else (self.en or self.fr)

    @property
    def both(self) -> str:
        return f"{self.en} {self.fr}"


def _text(value: Any) -> Any:
    return {"en": value, "fr": value} if isinstance(value, str) else value


class _WithText(_Part):
    @field_validator("title", "description", "note", "name", mode="before", check_fields=False)
    @classmethod
    def _one_or_two_languages(cls, value: Any) -> Any:
        return _text(value)


class Variable(_WithText):
    """A variable or a column: what it measures, in which unit."""

    standard_name: str | None = None
    units: str | None = None
    title: Text = Text()


class Licence(_Part):
    name: str
    url: str | None = None


class Link(_WithText):
    """A page about the dataset, or a service beside its values."""

    url: str
    protocol: str | None = None
    name: Text | None = None


class Access(_WithText):
    """One way to the values; an entry lists its ways in order of preference."""

    protocol: str | None = None
    driver: str
    args: dict[str, Any] = {}
    layout: Literal["map", "series", "cube"] | None = None
    login: Literal["netrc", "keyring", "environment"] | None = None
    note: Text | None = None
    """What one has to know of this way, such as that nobody has verified it."""


def _as_bbox(value: list[float]) -> BBox:
    try:
        return read_bbox(value)
    except CatalogError as error:
        raise ValueError(error.message) from error


def _as_period(value: list[str | None]) -> Period:
    try:
        return read_period(value)
    except CatalogError as error:
        raise ValueError(error.message) from error


class Metadata(_WithText):
    """What is known of a dataset besides its values. Other keys are kept as they are."""

    model_config = ConfigDict(frozen=True, extra="allow", coerce_numbers_to_str=True)

    title: Text = Text()
    description: Text = Text()
    domain: str | None = None
    data_centre: str | None = None
    odatis_variables: list[str] = []
    variables: dict[str, Variable] = {}
    bbox: Annotated[list[float], AfterValidator(_as_bbox)] | None = None
    time: Annotated[list[str | None], AfterValidator(_as_period)] | None = None
    climatology: bool = False
    doi: str | None = None
    uuid: str | None = None
    version: str | None = None
    platforms: list[str] = []
    keywords: list[str] = []
    licence: Licence | None = None
    citation: list[dict[str, Any]] = []
    protocol: str | None = None
    access: list[Access] = []
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    size: int | None = None
    address: Literal["exact", "pattern", "page"] = "exact"
    """Whether `urlpath` opens as it is, is the pattern of a tree of files, or a page that leads to files."""
    links: list[Link] = []
    absent: dict[Checkable, Text] = {}
    """Why a field is not stated, where one would look for it."""
    harvested: bool = False
    """Whether a program brought it from another catalogue, and nobody has reviewed it since."""
    verified: bool | dict[Checkable, bool] = False
    """What was checked against its source: all of it, none of it, or field by field."""

    @field_validator("time", mode="before")
    @classmethod
    def _dates_as_text(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [None if part is None else str(part) for part in value]
        return value

    @field_validator("absent", mode="before")
    @classmethod
    def _reasons_as_texts(cls, value: Any) -> Any:
        return {name: _text(part) for name, part in value.items()} if isinstance(value, dict) else value

    @field_validator("licence", mode="before")
    @classmethod
    def _name_is_enough(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @property
    def standard_names(self) -> list[str]:
        return sorted({v.standard_name for v in self.variables.values() if v.standard_name})

    @property
    def unverified(self) -> list[str]:
        """The fields that the entry states and that nobody has checked, by the names of `CHECKABLE`."""
        if isinstance(self.verified, bool):
            return [] if self.verified else [name for name in CHECKABLE if self._states(name)]
        return [name for name in CHECKABLE if self._states(name) and not self.verified.get(name)]

    @property
    def unknown(self) -> list[str]:
        """The fields that the entry does not state, by the names of `CHECKABLE`."""
        return [name for name in CHECKABLE if not self._states(name)]

    def _states(self, name: str) -> bool:
        return name == "address" or bool(getattr(self, name))


class Source(BaseModel):
    """One entry of an Intake v1 file."""

    model_config = ConfigDict(frozen=True)

    driver: str
    description: str = ""
    args: dict[str, Any] = {}
    metadata: Metadata = Metadata()


class CatalogFile(BaseModel):
    """An Intake v1 file."""

    metadata: Metadata = Metadata()
    sources: dict[str, Source]


def schema() -> dict[str, Any]:
    """The JSON schema of a catalogue file, made from the model; editors check a file by it as it is written.

    Returns
    -------
    dict
        Draft 2020-12. What it cannot say (a box whose south is its north, a driver that is not allowed) is
        checked when the file is read.

    Examples
    --------
    >>> sorted(schema()["$defs"])[:3]
    ['Access', 'Licence', 'Link']
    """
    from odatis_vre.catalog.modelschema import catalog_schema

    return catalog_schema(CatalogFile)
