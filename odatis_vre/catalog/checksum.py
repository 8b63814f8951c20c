"""The file that a checksum means: what is checked is what is opened."""

import hashlib
import os
import re
import tempfile
from pathlib import Path

from odatis_vre.catalog.address import is_local, public_url
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["cache_folder", "checked_file"]

_sums: dict[tuple, str] = {}
_ENDING = re.compile(r"(?:\.[A-Za-z0-9]{1,8}){1,2}$")


def cache_folder() -> Path:
    """Where checked copies of remote files are: `ODATIS_CACHE`, else the user's cache."""
    if folder := os.environ.get("ODATIS_CACHE"):
        return Path(folder)
    import platformdirs

    return platformdirs.user_cache_path("odatis-vre")


def checked_file(entry: str, url: str, expected: str, storage_options: dict | None = None) -> str:
    """Find the file that a checksum means.

    A local file is read once as long as it does not change. A remote one is downloaded once, whole, into
    `cache_folder()`, under its checksum.

    Parameters
    ----------
    entry : str
        Its name, for messages.
    url : str
        Path or URL.
    expected : str
        SHA-256, in hexadecimal.
    storage_options : dict, optional
        Of fsspec.

    Returns
    -------
    str
        The path to open.

    Raises
    ------
    CatalogError
        The file is missing, cannot be read, or is another one.
    """
    local = is_local(url)
    try:
        if local:
            from fsspec.implementations.local import LocalFileSystem

            path = Path(LocalFileSystem._strip_protocol(url))
            found = _sha256(path)
        else:
            path = cache_folder() / f"{expected}{_ending(url)}"
            found = _sha256(path) if path.is_file() else None
            if found != expected:
                found = _download(entry, url, path, expected, storage_options or {})
    except FileNotFoundError:
        raise CatalogError(
            tr("catalog.data_missing", entry=entry, path=public_url(url)), tr("catalog.data_missing_hint")
        ) from None
    except Exception as error:  # a protocol's library raises errors of its own classes
        raise CatalogError(
            tr("catalog.unopened", entry=entry, path=public_url(url), reason=type(error).__name__),
            tr("catalog.unopened_hint"),
        ) from (error if local else None)  # the inner error may show the whole URL
    if found != expected:
        raise CatalogError(
            tr("catalog.other_file", entry=entry, found=found[:12], expected=expected[:12]),
            tr("catalog.other_file_hint", path=public_url(url)),
        )
    return str(path)


def _sha256(path: Path) -> str:
    status = path.stat()
    key = (str(path), status.st_size, status.st_mtime_ns)
    if key not in _sums:
        with path.open("rb") as file:
            _sums[key] = hashlib.file_digest(file, "sha256").hexdigest()
    return _sums[key]


def _download(entry: str, url: str, path: Path, expected: str, storage_options: dict) -> str:
    """Copy beside, and rename only the right file: a cut or wrong download is never opened."""
    import fsspec
    from tqdm.auto import tqdm

    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix="part-", delete=False) as part:
        try:
            with (
                fsspec.open(url, "rb", **storage_options) as source,
                tqdm(
                    desc=entry, total=getattr(source, "size", None), unit="B", unit_scale=True, disable=None
                ) as bar,
            ):
                while block := source.read(1 << 20):
                    digest.update(block)
                    bar.update(part.write(block))
            part.flush()
            found = digest.hexdigest()
            if found == expected:
                Path(part.name).replace(path)
        finally:
            Path(part.name).unlink(missing_ok=True)
    return found


def _ending(url: str) -> str:
    """The file's ending, by which readers know gzip and the like."""
    found = _ENDING.search(re.split(r"[?#]|::", url)[0])
    return found[0] if found else ""
