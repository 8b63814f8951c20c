"""What a catalogue file says: the fields of an entry, checked once when the file is read."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from odatis_vre.catalog.request import BBox, Period, read_bbox, read_period
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import language

__all__ = ["CatalogFile", "Licence", "Metadata", "Source", "Text", "Variable"]


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
    @field_validator("title", "description", mode="before", check_fields=False)
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
    licence: Licence | None = None
    citation: list[dict[str, Any]] = []
    protocol: str | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    size: int | None = None
    verified: bool = False

    @field_validator("time", mode="before")
    @classmethod
    def _dates_as_text(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [None if part is None else str(part) for part in value]
        return value

    @field_validator("licence", mode="before")
    @classmethod
    def _name_is_enough(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @property
    def standard_names(self) -> list[str]:
        return sorted({v.standard_name for v in self.variables.values() if v.standard_name})


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
