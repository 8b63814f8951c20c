"""The file that a checksum means: what is checked is what is opened."""

from pathlib import Path

from odatis_vre.catalog.access.cache import cache_folder, sha256_of
from odatis_vre.catalog.access.downloads import Remote, cached_file
from odatis_vre.catalog.access.failures import reason
from odatis_vre.catalog.address import is_local, public_url
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["cache_folder", "checked_file"]


def checked_file(entry: str, remote: Remote, expected: str) -> str:
    """Find the file that a checksum means.

    A local file is read once as long as it does not change. A remote one is downloaded once, whole, into
    `cache_folder()`, under its checksum.

    Parameters
    ----------
    entry : str
        Its name, for messages.
    remote : Remote
        Path or URL, and how it may be reached.
    expected : str
        SHA-256, in hexadecimal.

    Returns
    -------
    str
        The path to open.

    Raises
    ------
    CatalogError
        The file is missing, cannot be read, or is another one.
    """
    local = is_local(remote.url)
    path = public_url(remote.url)
    try:
        if not local:
            return str(cached_file(remote, entry, expected))
        from fsspec.implementations.local import LocalFileSystem

        file = Path(LocalFileSystem._strip_protocol(remote.url))
        found = sha256_of(file)
    except CatalogError:
        raise
    except FileNotFoundError:
        problem, hint = tr("catalog.data_missing", entry=entry, path=path), tr("catalog.data_missing_hint")
    except Exception as error:  # a protocol's library raises errors of its own classes
        told = type(error).__name__ if local else reason(error)
        problem, hint = (
            tr("catalog.unopened", entry=entry, path=path, reason=told),
            tr("catalog.unopened_hint"),
        )
    else:
        if found == expected:
            return str(file)
        problem = tr("catalog.other_file", entry=entry, found=found[:12], expected=expected[:12])
        hint = tr("catalog.other_file_hint", path=path)
    # outside of `except`: the error of a library may hold the whole address
    raise CatalogError(problem, hint)
