"""Catalogue files: where the site's is, and how one is read."""

import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

from odatis_vre.catalog.address import public_url
from odatis_vre.catalog.allowed import NESTED, driver_name, refusals
from odatis_vre.catalog.model import CatalogFile, Metadata, Source
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr
from odatis_vre.shipped import shipped

__all__ = ["Leaf", "read_tree", "site_catalog"]

_DEEPEST = 10
_CATALOG_DIR = re.compile(r"\{\{\s*CATALOG_DIR\s*\}\}")


class Leaf:
    """An entry as a file gives it: its place, its driver and arguments, what is known of it."""

    __slots__ = ("file", "id", "source")

    def __init__(self, id: str, source: Source, file: str):  # noqa: A002 - the word of the API
        self.id, self.source, self.file = id, source, file


def site_catalog() -> str:
    """Where the site's catalogue is.

    Returns
    -------
    str
        `ODATIS_CATALOG` if set (a path or a URL), else the catalogue that comes with the library.

    Examples
    --------
    >>> site_catalog().endswith("odatis.yaml")
    True
    """
    return os.environ.get("ODATIS_CATALOG") or str(shipped("catalogs", "odatis.yaml"))


def read_tree(path: str) -> tuple[Metadata, list[Leaf], dict[str, Metadata]]:
    """Read a catalogue file and those it names.

    Parameters
    ----------
    path : str
        Path or URL.

    Returns
    -------
    metadata : Metadata
        Of the file itself.
    leaves : list of Leaf
        The entries, in the order of the files; `id` joins the nested names with "/".
    folders : dict of str to Metadata
        The nested catalogues by their id.

    Raises
    ------
    CatalogError
        A file cannot be read, is no YAML, or has a wrong field; names the file and the field.
    """
    leaves: list[Leaf] = []
    folders: dict[str, Metadata] = {}
    content = _read(path)
    _collect(content, path, "", leaves, folders, seen=(path,))
    return content.metadata, leaves, folders


def _collect(content, path, prefix, leaves, folders, seen) -> None:
    for name, source in content.sources.items():
        place = f"{prefix}{name}"
        args = _render(source.args, path, f"sources.{name}.args")
        source = source.model_copy(update={"args": args, "driver": driver_name(source.driver)})
        for field, problem in refusals(source):
            raise _bad(path, f"sources.{name}.{field}", problem)
        if source.driver != NESTED:
            leaves.append(Leaf(place, source, path))
            continue
        nested = source.args["path"]
        if nested in seen or len(seen) > _DEEPEST:
            raise _bad(path, f"sources.{name}.args.path", tr("catalog.loop", nested=public_url(nested)))
        folders[place] = source.metadata
        _collect(_read(nested), nested, f"{place}/", leaves, folders, (*seen, nested))


def _read(path: str) -> CatalogFile:
    import yaml
    from pydantic import ValidationError

    try:
        tree = yaml.safe_load(_text(path))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = tr("catalog.line", line=mark.line + 1) if mark else "-"
        raise _bad(path, where, getattr(error, "problem", None) or type(error).__name__) from None
    if not isinstance(tree, dict):
        raise _bad(path, "sources", tr("catalog.field_missing"))
    try:
        return CatalogFile.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        missing = first["type"] == "missing"
        problem = tr("catalog.field_missing") if missing else first["msg"].removeprefix("Value error, ")
        raise _bad(path, ".".join(str(part) for part in first["loc"]), problem) from None


def _text(path: str) -> str:
    import fsspec

    try:
        with fsspec.open(path, "rt", encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        raise CatalogError(tr("catalog.no_file", path=public_url(path)), tr("catalog.no_file_hint")) from None
    except UnicodeDecodeError as error:
        raise _bad(path, f"byte {error.start}", "UTF-8") from None
    except Exception as error:  # a protocol's library raises errors of its own classes
        raise CatalogError(
            tr("catalog.unreadable", path=public_url(path), reason=type(error).__name__),
            tr("catalog.no_file_hint"),
        ) from None  # the inner error may show the whole URL


def _render(value: Any, path: str, field: str) -> Any:
    """Fill in CATALOG_DIR; nothing else is evaluated: a catalogue from elsewhere reads no environment."""
    if isinstance(value, dict):
        return {key: _render(part, path, f"{field}.{key}") for key, part in value.items()}
    if isinstance(value, list):
        return [_render(part, path, field) for part in value]
    if not isinstance(value, str):
        return value
    if "{{" in _CATALOG_DIR.sub("", value) or "{%" in value:
        raise _bad(path, field, tr("catalog.only_catalog_dir", name="{{ CATALOG_DIR }}"))
    return _CATALOG_DIR.sub(lambda _: _folder(path), value)


def _folder(path: str) -> str:
    if "://" in path:
        return path.rpartition("/")[0]
    return str(PurePosixPath(Path(path).resolve().parent))


def _bad(path: str, field: str, problem: str) -> CatalogError:
    return CatalogError(
        tr("catalog.bad_field", file=public_url(path), field=field, problem=problem),
        tr("catalog.bad_field_hint"),
    )
