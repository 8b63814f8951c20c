"""The folders of templates, gallery and workshops: where they are, and their links in a user's home."""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from odatis_vre.errors import OdatisError
from odatis_vre.i18n import tr

__all__ = ["Store", "StoreError", "link_stores", "locate", "stores_from_environment"]

# In the order of the page that offers them.
VARIABLES = {
    "templates": "ODATIS_TEMPLATES",
    "gallery": "ODATIS_GALLERY",
    "workshops": "ODATIS_WORKSHOPS",
}


class StoreError(OdatisError):
    """What is asked for is not in the templates, gallery or workshops."""


@dataclass(frozen=True)
class Store:
    """A read-only folder of notebooks.

    Parameters
    ----------
    name : {"templates", "gallery", "workshops"}
        First part of the paths that people share.
    folder : Path
        The real folder, without symbolic links.
    """

    name: str
    folder: Path

    def holds(self, path: str | os.PathLike) -> bool:
        """Whether a path of the file system, once its links are followed, is in this store."""
        return Path(os.path.realpath(path)).is_relative_to(self.folder)


def stores_from_environment(environment=os.environ) -> list[Store]:
    """The stores that the environment names and that exist.

    Parameters
    ----------
    environment : mapping, optional

    Returns
    -------
    list of Store
    """
    return [
        Store(name, Path(os.path.realpath(folder)))
        for name, variable in VARIABLES.items()
        if (folder := environment.get(variable)) and Path(folder).is_dir()
    ]


def _links_made(record: Path) -> dict:
    try:
        made = json.loads(record.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return made if isinstance(made, dict) else {}


def _put_link(place: Path, target: Path) -> None:
    """Make or replace a symbolic link in one step, so that no reader finds it missing."""
    new = place.with_name(f".{place.name}-{os.getpid()}")
    with suppress(FileNotFoundError):
        new.unlink()
    new.symlink_to(target, target_is_directory=True)
    try:
        new.replace(place)
    except OSError:
        new.unlink()
        raise


def _link(store: Store, home: Path, made: dict) -> Path | None:
    for name in (store.name, f"{store.name}-vre"):
        place = home / name
        target = str(place.readlink()) if place.is_symlink() else None
        if target == str(store.folder):
            return place
        ours = target is not None and target == made.get(str(place))
        if ours or not os.path.lexists(place):
            _put_link(place, store.folder)
            return place
    return None


def link_stores(stores: list[Store], home: Path, record: Path) -> dict[str, Path]:
    """Show the stores in a home as symbolic links `templates`, `gallery` and `workshops`.

    A link is made when it is missing and made again when it points elsewhere than it should. What this
    function did not make is never touched: where a user has a `templates` of their own, the link is
    `templates-vre`.

    Parameters
    ----------
    stores : list of Store
    home : Path
        The folder that the notebook server shows.
    record : Path
        File that remembers which links were made.

    Returns
    -------
    dict of str to Path
        The link of each store that has one.

    Raises
    ------
    OSError
        The home cannot be written.
    """
    made = _links_made(record)
    links = {store.name: place for store in stores if (place := _link(store, home, made))}
    targets = made | {str(links[store.name]): str(store.folder) for store in stores if store.name in links}
    if targets != made:
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps(targets, indent=1), "utf-8")
    return links


def locate(stores: list[Store], path: str, lang: str | None = None) -> Path:
    """The notebook, or the folder of notebooks, that a shared path names.

    Parameters
    ----------
    stores : list of Store
    path : str
        As in links: `"templates/optimal_niche.ipynb"`, `"workshops/mackerel"`.
    lang : {"en", "fr"}, optional
        Of the error's text.

    Returns
    -------
    Path
        Inside its store, without symbolic links.

    Raises
    ------
    StoreError
        The path leaves the stores, names nothing, or names something without a notebook.
    """
    name, _, rest = path.partition("/")
    parts = rest.rstrip("/").split("/")
    store = next((store for store in stores if store.name == name), None)
    plain = all(part and not part.startswith(".") and "\\" not in part and "\0" not in part for part in parts)
    if store is not None and plain:
        found = Path(os.path.realpath(store.folder.joinpath(*parts)))
        if found != store.folder and store.holds(found) and _has_notebooks(found):
            return found
    raise StoreError(tr("lab.not_found", lang=lang, path=path), hint=tr("lab.not_found_hint", lang=lang))


def _has_notebooks(path: Path) -> bool:
    if path.is_dir():
        return any(found.is_file() for found in path.rglob("*.ipynb"))
    return path.suffix == ".ipynb" and path.is_file()
