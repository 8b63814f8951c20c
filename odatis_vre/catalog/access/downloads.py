"""Whole files into the cache: resumed where they broke off, checked, renamed when complete."""

import contextlib
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from odatis_vre.catalog.access.cache import (
    cache_folder,
    ending,
    known_copy,
    note_copy,
    offline,
    sha256_of,
)
from odatis_vre.catalog.access.failures import ShortRead, on_disk
from odatis_vre.catalog.access.filesystems import filesystem, headers_of
from odatis_vre.catalog.access.heavy import warn_of_download
from odatis_vre.catalog.access.retries import patiently
from odatis_vre.catalog.address import fingerprint, public_url
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["Remote", "cached_file"]

_BLOCK = 2**22


class Remote(NamedTuple):
    """A remote file, and how it may be reached."""

    url: str
    options: dict[str, Any] | None = None
    trusted: bool = True
    login: str | None = None


def cached_file(remote: Remote, entry: str, expected: str | None = None, size: int | None = None) -> Path:
    """Find a whole file in the cache, or bring it there.

    A download that broke off goes on where it stopped, if the file has not changed since. Two processes that
    want one file download it once.

    Parameters
    ----------
    remote : Remote
    entry : str
        Its name, for messages and the progress bar.
    expected : str, optional
        SHA-256: another file is not kept. Without it, a copy is used as long as the server says that the file
        has not changed.
    size : int, optional
        What the server said of it before: a shorter answer is not taken for the whole, whatever it announces.

    Returns
    -------
    pathlib.Path

    Warns
    -----
    HeavyRead
        Before it brings more than the operator's limit.

    Raises
    ------
    CatalogError
        Offline and not in the cache; another file than expected; no room on the disk.
    OSError
        The server's failure, once it lasts.
    """
    folder = cache_folder()
    if expected is not None:
        path = folder / f"{expected}{ending(remote.url)}"
        if path.is_file() and sha256_of(path) == expected:
            return path
    copy = None if expected else known_copy(remote.url)
    if offline():
        if copy:
            return copy["path"]
        raise CatalogError(
            tr("access.offline_missing", entry=entry, path=public_url(remote.url)), tr("access.offline_hint")
        )
    fs, place = filesystem(remote.url, remote.options, remote.trusted, remote.login)
    if copy:
        facts = patiently(fs.info, place)
        if _unchanged(copy, facts):
            return copy["path"]
        size = facts.get("size")
    warn_of_download(remote, entry)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _brought(fs, place, remote, entry, expected, size)
    except OSError as error:
        if not on_disk(error):
            raise
    free = shutil.disk_usage(folder).free if folder.is_dir() else 0
    raise CatalogError(
        tr("access.no_room", entry=entry, folder=folder, free=f"{free / 1e6:.0f}"), tr("access.no_room_hint")
    )


def _unchanged(copy: dict[str, Any], now: dict[str, Any]) -> bool:
    stamps = [(copy.get(key), now.get(key)) for key in ("etag", "modified")]
    known = [(before, after) for before, after in stamps if before or after]
    return copy["size"] == now.get("size") and all(before == after for before, after in known)


def _brought(fs, place: str, remote: Remote, entry: str, expected: str | None, size: int | None) -> Path:
    folder = cache_folder()
    part = folder / f"part-{fingerprint(remote.url)[:24]}"
    with _alone(part) as file:
        if expected:
            path = folder / f"{expected}{ending(remote.url)}"
            if path.is_file() and sha256_of(path) == expected:  # another process brought it meanwhile
                _drop(part)
                return path
        elif (copy := known_copy(remote.url)) and _unchanged(copy, patiently(fs.info, place)):
            _drop(part)
            return copy["path"]
        try:
            facts = patiently(partial(_grown, fs, place, remote, entry, part, file, size))
        except BaseException:
            if not part.stat().st_size:
                _drop(part)
            raise
        file.seek(0)
        found = hashlib.file_digest(file, "sha256").hexdigest()
        if expected and found != expected:
            _drop(part)
            raise CatalogError(
                tr("catalog.other_file", entry=entry, found=found[:12], expected=expected[:12]),
                tr("catalog.other_file_hint", path=public_url(remote.url)),
            )
        path = folder / f"{found}{ending(remote.url)}"
        came = part.stat().st_size
        part.replace(path)
        _drop(part)
    if not expected:
        note_copy(remote.url, found, came, facts.get("etag"), facts.get("modified"))
    return path


def _grown(fs, place: str, remote: Remote, entry: str, part: Path, file, size: int | None) -> dict[str, Any]:
    """Add to the part until it is whole; returns the file's validators."""
    from tqdm.auto import tqdm

    if "http" in fs.protocol:
        from fsspec.asyn import get_loop, sync

        validator = sync(get_loop(), _over_http, remote, entry, part, file)
        if size is not None and (came := part.stat().st_size) < size:
            raise ShortRead(came, size)
        return validator
    facts = fs.info(place)
    size = facts["size"]
    validator = {
        "etag": facts.get("ETag"),
        "modified": str(facts.get("modify") or facts.get("LastModified") or ""),
    }
    done = file.seek(0, 2)
    if done and _validator(part) != validator:
        file.truncate(0)
        done = 0
    _note_validator(part, validator)
    with (
        fs.open(place, "rb", block_size=_BLOCK) as source,
        tqdm(desc=entry, initial=done, total=size, unit="B", unit_scale=True, disable=None) as bar,
    ):
        source.seek(done)
        while done < size:
            block = source.read(min(_BLOCK, size - done))
            if not block:
                raise ShortRead(done, size)
            done += file.write(block)
            bar.update(len(block))
    file.flush()
    return validator


async def _over_http(remote: Remote, entry: str, part: Path, file) -> dict[str, Any]:
    from odatis_vre.catalog.access.session import http_session

    session = await http_session(trusted=remote.trusted, login=remote.login, whole=False)
    async with session:
        validator = await _rest_over_http(session, remote, entry, part, file)
        if validator is None:  # what is here is of another file, or cannot be continued
            file.truncate(0)
            validator = await _rest_over_http(session, remote, entry, part, file)
    if validator is None:
        raise ShortRead(0, 1)
    return validator


async def _rest_over_http(session, remote: Remote, entry: str, part: Path, file) -> dict[str, Any] | None:
    """Add what is missing; None where the part that is here does not belong to what the server has."""
    from tqdm.auto import tqdm

    known, done = _validator(part), file.seek(0, 2)
    headers = headers_of(remote.options) | {"Accept-Encoding": "identity"}
    stamp = known.get("etag") or known.get("modified")
    if done and stamp and not stamp.startswith("W/"):
        headers |= {"Range": f"bytes={done}-", "If-Range": stamp}
    async with session.get(remote.url, headers=headers) as response:
        if response.status == 404:
            raise FileNotFoundError(public_url(remote.url))
        validator = {"etag": response.headers.get("ETag"), "modified": response.headers.get("Last-Modified")}
        first, total = _range_of(response)
        if response.status == 416 and done:
            # nothing is missing: the last attempt ended after the last byte
            return known if total == done and _agree(known, validator) else None
        response.raise_for_status()
        if response.status == 206 and (first != done or not _agree(known, validator)):
            return None
        if response.status != 206 and done:
            file.truncate(0)
            done = 0
        length = response.content_length
        size = total if response.status == 206 else length
        _check_room(part, length)
        _note_validator(part, validator)
        file.seek(0, 2)
        with tqdm(desc=entry, initial=done, total=size, unit="B", unit_scale=True, disable=None) as bar:
            try:
                async for block in response.content.iter_chunked(2**18):
                    done += file.write(block)
                    bar.update(len(block))
            finally:
                file.flush()
    if size is not None and done < size:
        raise ShortRead(done, size)
    return validator


def _range_of(response) -> tuple[int | None, int | None]:
    """The first byte that came, and how many the file has: of `bytes 10-19/20`, of `bytes */20`."""
    found = re.match(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", response.headers.get("Content-Range", ""))
    first, total = found.groups() if found else (None, None)
    return first and int(first), int(total) if total and total.isdigit() else None


def _agree(known: dict[str, Any], now: dict[str, Any]) -> bool:
    return all(known.get(key) == now[key] for key in ("etag", "modified") if known.get(key) and now[key])


def _check_room(part: Path, length: int | None) -> None:
    import errno

    if length and length > shutil.disk_usage(part.parent).free:
        raise OSError(errno.ENOSPC, "no room")


@contextlib.contextmanager
def _alone(part: Path) -> Iterator[Any]:
    """The part, open and locked; whoever waited finds the path anew, it may have been renamed meanwhile."""
    import fcntl

    while True:
        with part.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                same = part.stat().st_ino == _inode(file)
            except FileNotFoundError:
                same = False
            if same:
                yield file
                return


def _inode(file) -> int:
    import os

    return os.fstat(file.fileno()).st_ino


def _sidecar(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _validator(part: Path) -> dict[str, Any]:
    try:
        found = json.loads(_sidecar(part).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _note_validator(part: Path, validator: dict[str, Any]) -> None:
    _sidecar(part).write_text(json.dumps(validator), "utf-8")


def _drop(part: Path) -> None:
    part.unlink(missing_ok=True)
    _sidecar(part).unlink(missing_ok=True)
