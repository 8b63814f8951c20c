"""Catalogue files: where the site's is, and how one is read."""

import hashlib
import os
import re
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from pydantic import BaseModel

from odatis_vre.catalog.address import is_local, kept_url, public_url
from odatis_vre.catalog.allowed import NESTED, driver_name, refusals, without_keys
from odatis_vre.catalog.keptsources import LARGE, keep_sources, plain_value, recall_sources
from odatis_vre.catalog.manyobjects import many_objects
from odatis_vre.catalog.model import CatalogFile, Metadata, Source
from odatis_vre.catalog.safeyaml import BadYaml, read_yaml
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr
from odatis_vre.shipped import shipped

__all__ = ["Leaf", "Tree", "is_trusted", "read_tree", "site_catalog"]

_DEEPEST = 10
_CATALOG_DIR = re.compile(r"\{\{\s*CATALOG_DIR\s*\}\}")


class Leaf:
    """An entry as a file gives it: its place, its driver and arguments, what is known of it.

    Parameters
    ----------
    id : str
        The names that lead to it, joined by "/".
    source : Source or bytes
        As read from the file, or as JSON kept of a file that was found right: read when asked for.
    file : str
        Where it is written.
    """

    __slots__ = ("_source", "file", "id")

    def __init__(self, id: str, source: Source | bytes, file: str):  # noqa: A002 - the word of the API
        self.id, self._source, self.file = id, source, file

    @property
    def source(self) -> Source:
        """Driver, arguments, metadata."""
        if isinstance(self._source, bytes):
            name = self.id.rpartition("/")[2]
            self._source = _checked(name, plain_value(self._source), self.file)
        return self._source


class Tree(NamedTuple):
    """A catalogue file and those it names."""

    metadata: Metadata
    leaves: list[Leaf]
    folders: dict[str, Metadata]
    digest: str
    """Of all the files."""


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


def read_tree(path: str) -> Tree:
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
    digest : str
        SHA-256 of the contents of the files.

    Raises
    ------
    CatalogError
        A file cannot be read, is no YAML, or has a wrong field; names the file and the field.
    """
    leaves: list[Leaf] = []
    folders: dict[str, Metadata] = {}
    digest = hashlib.sha256()
    path = kept_url(path, again=True) if "://" in path else path
    metadata = _collect(path, "", leaves, folders, (path,), digest)
    return Tree(metadata, leaves, folders, digest.hexdigest())


def is_trusted(source: Source, path: str) -> bool:
    """Whether an entry may name what it likes: its file is of this machine, and no harvest wrote it there."""
    return is_local(path) and not getattr(source.metadata, "harvested", False)


def _collect(path, prefix, leaves, folders, seen, digest, trusted=True) -> Metadata:
    metadata, sources = _read(path, prefix, digest, trusted)
    for name, source in sources.items():
        place = f"{prefix}{name}"
        if isinstance(source, bytes) or source.driver != NESTED:
            leaves.append(Leaf(place, source, path))
            continue
        nested = source.args["path"]
        if nested in seen or len(seen) > _DEEPEST:
            raise _bad(path, f"sources.{name}.args.path", tr("catalog.loop", nested=public_url(nested)))
        folders[place] = source.metadata
        _collect(nested, f"{place}/", leaves, folders, (*seen, nested), digest, is_trusted(source, path))
    return metadata


def _read(path: str, prefix: str, digest, trusted: bool) -> tuple[Metadata, dict[str, Source | bytes]]:
    """The sources of a file; those of a large one that was read before come as JSON."""
    content = _content(path, trusted)
    file = Path(path.removeprefix("file://")) if is_local(path) else None
    checksum = hashlib.sha256(content).hexdigest()
    digest.update(f"{prefix}\n{checksum}\n".encode())
    with many_objects():
        if len(content) < LARGE:
            return _parse(path, content)[:2]
        if (found := recall_sources(checksum, file)) is not None:
            metadata, kept = found
            sources = {
                name: _checked(name, plain_value(line), path) if nested else line
                for name, nested, line in kept
            }
            return Metadata.model_validate(metadata), sources
        metadata, sources, tree = _parse(path, content)
    nested = {name for name, source in sources.items() if source.driver == NESTED}
    keep_sources(checksum, tree, nested, file)
    return metadata, sources


def _parse(path: str, content: bytes) -> tuple[Metadata, dict[str, Source], dict[str, Any]]:
    try:
        tree = read_yaml(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _bad(path, f"byte {error.start}", "UTF-8") from None
    except BadYaml as error:
        raise _bad(path, error.where, error.problem) from None
    if not isinstance(tree, dict):
        raise _bad(path, "sources", tr("catalog.field_missing"))
    file = _validated(CatalogFile, tree, path, "")
    sources = {name: _allowed(name, source, path) for name, source in file.sources.items()}
    return file.metadata, sources, tree


def _checked(name: str, raw: Any, path: str) -> Source:
    return _allowed(name, _validated(Source, raw, path, f"sources.{name}."), path)


def _validated(model: type[BaseModel], tree: Any, path: str, field: str) -> Any:
    from pydantic import ValidationError

    try:
        return model.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        missing = first["type"] == "missing"
        problem = tr("catalog.field_missing") if missing else first["msg"].removeprefix("Value error, ")
        raise _bad(path, field + ".".join(str(part) for part in first["loc"]), problem) from None


def _allowed(name: str, source: Source, path: str) -> Source:
    args = _render(source.args, path, f"sources.{name}.args")
    source = source.model_copy(update={"args": args, "driver": driver_name(source.driver)})
    source = without_keys(_rendered_access(source, path, f"sources.{name}.metadata.access"))
    for field, problem in refusals(source, trusted=is_trusted(source, path)):
        raise _bad(path, f"sources.{name}.{field}", problem)
    return source


def _content(path: str, trusted: bool) -> bytes:
    from odatis_vre.catalog.access.failures import reason

    try:
        if is_local(path):
            return Path(path.removeprefix("file://")).read_bytes()
        from odatis_vre.catalog.access.filesystems import read_bytes

        return read_bytes(path, trusted=trusted)
    except FileNotFoundError:
        problem = CatalogError(tr("catalog.no_file", path=public_url(path)), tr("catalog.no_file_hint"))
    except Exception as error:  # a protocol's library raises errors of its own classes
        told = tr("catalog.unreadable", path=public_url(path), reason=reason(error))
        problem = CatalogError(told, tr("catalog.no_file_hint"))
    # outside of `except`: the library's error may show the whole address
    raise problem


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


def _rendered_access(source: Source, path: str, field: str) -> Source:
    ways = [
        way.model_copy(update={"args": _render(way.args, path, f"{field}.{number}.args")})
        for number, way in enumerate(source.metadata.access)
    ]
    return source.model_copy(update={"metadata": source.metadata.model_copy(update={"access": ways})})


def _folder(path: str) -> str:
    if "://" in path:
        return path.rpartition("/")[0]
    return str(PurePosixPath(Path(path).resolve().parent))


def _bad(path: str, field: str, problem: str) -> CatalogError:
    return CatalogError(
        tr("catalog.bad_field", file=public_url(path), field=field, problem=problem),
        tr("catalog.bad_field_hint"),
    )
