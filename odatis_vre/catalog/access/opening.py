"""A dataset's methods tried in their order; when none opens it, each with its reason."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from odatis_vre.catalog.access.failures import reason
from odatis_vre.catalog.access.methods import GRIDS, TABLES, Method, Origin, Request, in_order
from odatis_vre.catalog.address import is_pattern
from odatis_vre.errors import CatalogError, DataNotFound
from odatis_vre.i18n import tr

if TYPE_CHECKING:
    import pandas
    import xarray

__all__ = ["fetch", "open_grid", "open_table", "sized"]


def open_grid(
    origin: Origin, known: list[Method], request: Request, raw: bool = False
) -> tuple["xarray.Dataset", Method]:
    """Open a grid by the first method that does, in the layout that suits the request.

    Parameters
    ----------
    origin : Origin
    known : list of Method
        In order of preference.
    request : Request
        Chooses among layouts, and where a service's arrays are cut; the selection itself is the caller's.
    raw : bool
        Decoded as the catalogue says, for a caller who wants the file as it is; else undecoded.

    Returns
    -------
    ds : xarray.Dataset
    method : Method
        The one that opened it.

    Raises
    ------
    CatalogError
        No method opens it; tells each with its reason.
    """
    from odatis_vre.catalog.access.grids import open_method

    ways = [way for way in in_order(known, request) if way.driver in GRIDS]
    return _first(origin, ways, lambda way: open_method(origin, way, raw, request))


def open_table(origin: Origin, known: list[Method], request: Request) -> tuple["pandas.DataFrame", Method]:
    """Load a table by the first method that does.

    Raises
    ------
    CatalogError
        No method loads it; tells each with its reason.
    DataNotFound
        A service has no row for the request.
    """
    from odatis_vre.catalog.access.tables import open_method

    ways = [way for way in in_order(known, request) if way.driver in TABLES]
    return _first(origin, ways, lambda way: open_method(origin, way, request))


def sized(
    origin: Origin, known: list[Method], request: Request, said: int | None
) -> tuple[int | None, Method]:
    """The announced size of the files that the first method which answers reads whole; None if by parts.

    Raises
    ------
    CatalogError
        No method answers; or nobody says how much it is.
    """
    from odatis_vre.catalog.access.announced import announced

    kind = TABLES if known[0].driver in TABLES else GRIDS
    ways = [way for way in in_order(known, request) if way.driver in kind]
    return _first(origin, ways, lambda way: announced(origin, way, said))


def fetch(origin: Origin, known: list[Method]) -> list[Path]:
    """Bring the whole files of a dataset into the cache, by the first method that has files.

    Raises
    ------
    CatalogError
        The dataset is a service or a store, or no method brings it.
    """
    from odatis_vre.catalog.access.downloads import Remote, cached_file

    def bring(way: Method) -> list[Path]:
        options = way.args.get("storage_options")
        remotes = [Remote(url, options, origin.trusted, way.login) for url in way.urls]
        return [cached_file(remote, origin.entry, origin.sha256) for remote in remotes]

    ways = [way for way in known if way.driver in ("netcdf", "csv") and not any(map(is_pattern, way.urls))]
    if not ways:
        raise CatalogError(tr("access.no_files", entry=origin.entry), tr("access.no_files_hint"))
    if ways[0].is_local:
        return [Path(url.removeprefix("file://")) for url in ways[0].urls]
    return _first(origin, ways, bring)[0]


def _first(origin: Origin, ways: list[Method], opened: Callable[[Method], Any]) -> tuple[Any, Method]:
    failures: list[tuple[Method, Exception]] = []
    for way in ways:
        try:
            return opened(way), way
        except DataNotFound:
            raise
        except Exception as error:  # each engine and protocol has error classes of its own
            failures.append((way, error))
    raise _none(origin, failures)


def _none(origin: Origin, failures: list[tuple[Method, Exception]]) -> CatalogError:
    """Made of our own words: a library's error may hold the whole address."""
    if len(failures) == 1:
        ((way, error),) = failures
        if isinstance(error, CatalogError):
            return CatalogError(error.message, error.hint)
        missing = isinstance(error, FileNotFoundError)
        local = "catalog.data_missing_hint" if missing else "catalog.unopened_hint"
        hint = local if way.is_local else "access.unopened_hint"
        path = way.label.partition(" ")[2]
        return CatalogError(
            tr("catalog.unopened", entry=origin.entry, path=path, reason=reason(error)), tr(hint)
        )
    listed = "\n".join(f"  {way.label}: {reason(error)}" for way, error in failures)
    return CatalogError(
        tr("access.none_opened", entry=origin.entry, number=len(failures), listed=listed),
        tr("access.none_opened_hint"),
    )
