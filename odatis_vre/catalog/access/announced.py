"""What whole files take, from the sizes that are announced: nothing is downloaded to tell."""

from pathlib import Path

from odatis_vre.catalog.access.cache import cache_folder, ending, known_copy, offline
from odatis_vre.catalog.access.downloads import Remote, cached_file
from odatis_vre.catalog.access.filesystems import filesystem
from odatis_vre.catalog.access.grids import begins_as_hdf5, listed
from odatis_vre.catalog.access.methods import Method, Origin
from odatis_vre.catalog.access.retries import patiently
from odatis_vre.catalog.address import is_local
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["announced", "copied", "is_here"]


def announced(origin: Origin, method: Method, said: int | None) -> int | None:
    """The bytes that a method brings before anything can be selected.

    Parameters
    ----------
    origin : Origin
    method : Method
    said : int, optional
        The size that the entry states, for servers that announce none.

    Returns
    -------
    int or None
        None where it reads by parts, or the files are here.

    Raises
    ------
    CatalogError
        Nobody says how much it is.
    """
    table = method.driver == "csv"
    if not table and (method.driver != "netcdf" or method.is_local):
        if method.driver in ("tabledap", "wfs"):
            raise _unsaid(origin)
        return None
    urls = [found for url in method.urls for found in listed(origin, method, url)]
    total = 0
    for url in urls:
        remote = Remote(url, method.args.get("storage_options"), origin.trusted, method.login)
        size = _size(origin, remote, table)
        if size is None:
            return None
        size = said if size < 0 and len(urls) == 1 else size
        if size is None or size < 0:
            raise _unsaid(origin)
        total += size
    return total


def _size(origin: Origin, remote: Remote, table: bool) -> int | None:
    """Of one file; -1 where the server does not say, None where it need not come whole."""
    if is_local(remote.url):
        return Path(remote.url.removeprefix("file://")).stat().st_size
    if offline() or is_here(origin, remote.url):
        return cached_file(remote, origin.entry, origin.sha256).stat().st_size if table else None
    fs, path = filesystem(*remote)
    facts = patiently(fs.info, path)
    if not table and not origin.sha256 and begins_as_hdf5(fs, path, facts):
        return None
    return -1 if facts.get("size") is None else int(facts["size"])


def is_here(origin: Origin, url: str) -> bool:
    """Whether the cache has the file of an address."""
    if origin.sha256:
        return (cache_folder() / f"{origin.sha256}{ending(url)}").is_file()
    return known_copy(url) is not None


def copied(origin: Origin, method: Method) -> bool:
    """Whether a method read from copies of remote files."""
    if method.driver != "netcdf" or method.is_local:
        return False
    return all(is_local(url) or is_here(origin, url) for url in method.urls)


def _unsaid(origin: Origin) -> CatalogError:
    return CatalogError(tr("access.estimate.unsaid", entry=origin.entry), tr("access.estimate.unsaid_hint"))
