"""A run's output as a catalogue entry: a small catalogue file beside the Zarr store."""

import os
from itertools import islice
from pathlib import Path

from odatis_vre import tasks
from odatis_vre.errors import CatalogError, DataNotFound
from odatis_vre.i18n import LANGUAGES, tr

__all__ = ["catalog_beside", "own_store", "own_stores"]

# A run's results are four folders below the home; a home may hold very many folders.
_DEEPEST, _MOST = 4, 5000
_HEAD = """\
# Written from the store beside it; a correction stays. `open_catalog` and plain Intake read it.
# Écrit d'après les données voisines ; une correction reste. `open_catalog` et Intake le lisent.
"""
_KNOWN_TITLES = {"suitability": "catalog.own.suitability"}


def catalog_beside(store: Path) -> Path:
    """The catalogue file of a Zarr store, written beside it where there is none.

    Parameters
    ----------
    store : Path
        As in `niche_output/suitability.zarr`; the file is then `niche_output/suitability.yaml`, and its
        only entry `suitability`.

    Returns
    -------
    Path

    Raises
    ------
    DataNotFound
        There is no such store.
    CatalogError
        It cannot be read, or the file cannot be written.
    """
    if not _is_store(store):
        raise DataNotFound(tr("catalog.own.no_store", path=store), tr("catalog.own.no_store_hint"))
    path = store.with_suffix(".yaml")
    if path.exists():
        return path
    text = _HEAD + _dumped(_described(store))
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_text(text, "utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise CatalogError(
            tr("catalog.own.not_written", path=path, reason=error.strerror),
            tr("catalog.own.not_written_hint"),
        ) from error
    return path


def own_store(path: str | Path) -> Path:
    """A Zarr store of the user's home.

    Parameters
    ----------
    path : str or Path
        Below the home, or whole.

    Raises
    ------
    DataNotFound
        There is no such store in the home, links followed.
    """
    try:
        store = (Path.home() / path).resolve()
        found = tasks.in_home(store) is not None and _is_store(store)
    except (OSError, ValueError):  # a name that no file can have
        found = False
    if not found:
        raise DataNotFound(tr("catalog.own.no_store", path=path), tr("catalog.own.no_store_hint"))
    return store


def _is_store(path: Path) -> bool:
    return path.suffix == ".zarr" and path.is_dir()


def own_stores(home: Path) -> list[Path]:
    """The Zarr stores in a home, at most four folders deep, the newest first; not hidden ones, not links.

    Parameters
    ----------
    home : Path
    """
    found = []
    for place, folders, _ in islice(os.walk(home), _MOST):
        here = Path(place)
        stores = (here / name for name in folders if name.endswith(".zarr"))
        found += [store for store in stores if not store.is_symlink()]
        deep = len(here.relative_to(home).parts) >= _DEEPEST
        folders[:] = [n for n in folders if not (deep or n.startswith(".") or n.endswith(".zarr"))]
    return sorted(found, key=lambda store: store.stat().st_mtime, reverse=True)


def _described(store: Path) -> dict:
    import xarray as xr

    try:
        with xr.open_dataset(store, engine="zarr", chunks=None, consolidated=False) as dataset:
            variables = {
                str(name): _variable(str(name), data.attrs) for name, data in dataset.data_vars.items()
            }
    except Exception as error:  # whatever xarray and zarr say of a folder that is no store
        raise CatalogError(
            tr("catalog.own.no_zarr", path=store, reason=type(error).__name__),
            tr("catalog.own.no_store_hint"),
        ) from error
    folder = store.parent.name
    names = {lang: _title(store.stem, store.stem, lang) for lang in LANGUAGES}
    title = {lang: f"{name[:1].upper()}{name[1:]} ({folder})" for lang, name in names.items()}
    return {
        "metadata": {"version": 1, "title": title},
        "sources": {
            store.stem: {
                "description": " / ".join(title.values()),
                "driver": "zarr",
                "args": {
                    "urlpath": f"{{{{ CATALOG_DIR }}}}/{store.name}",
                    "chunks": {},
                    "consolidated": False,
                },
                "metadata": {
                    "title": title,
                    "description": {lang: tr("catalog.own.description", lang=lang) for lang in LANGUAGES},
                    "variables": variables,
                },
            }
        },
    }


def _variable(name: str, attrs: dict) -> dict:
    told = str(attrs.get("long_name") or name)
    found = {"title": {lang: _title(name, told, lang) for lang in LANGUAGES}}
    return found | {key: str(attrs[key]) for key in ("standard_name", "units") if attrs.get(key)}


def _title(name: str, told: str, lang: str) -> str:
    return tr(_KNOWN_TITLES[name], lang=lang) if name in _KNOWN_TITLES else told


def _dumped(tree: dict) -> str:
    import yaml

    class Dumper(yaml.SafeDumper):
        """No anchors: what is said twice is written twice."""

        def ignore_aliases(self, data) -> bool:
            return True

    return yaml.dump(tree, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=110)
