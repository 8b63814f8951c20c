"""Fresh copies: a notebook or a workshop's folder, copied into the home under a free name.

A copy is written beside its place under a hidden name and then takes its name in one step: what is
there is never written over, and a killed server or a full disk leaves nothing half.
"""

import errno
import os
import shutil
import stat
import tempfile
import time
from itertools import count
from pathlib import Path

from odatis_vre.i18n import tr
from odatis_vre.lab.stores import Store, StoreError

__all__ = ["fresh_copy", "sweep"]

PREFIX = ".odatis-copy-"
_DAY = 86400


def fresh_copy(source: Path, home: Path, store: Store, lang: str | None = None) -> Path:
    """Copy a notebook, or a folder with notebooks, into a home.

    Parameters
    ----------
    source : Path
        Inside the store, as `odatis_vre.lab.stores.locate` gives it.
    home : Path
        Where the copy goes.
    store : Store
        Links in a folder may point inside it, and not out of it.
    lang : {"en", "fr"}, optional
        Of an error's text.

    Returns
    -------
    Path
        The copy: `name`, else `name-2`, `name-3`, ...

    Raises
    ------
    StoreError
        The folder holds a link that leaves the store or something that is not a file; the disk is full
        or the home cannot be written.
    """
    if source.is_dir():
        _check_folder(source, store, lang)
    draft = None
    try:
        draft = Path(tempfile.mkdtemp(prefix=PREFIX, dir=home))
        copy = draft / source.name
        if source.is_dir():
            shutil.copytree(source, copy, ignore=_hidden, copy_function=shutil.copyfile)
        else:
            shutil.copyfile(source, copy)
        _make_writable(copy)
        return _take_name(copy, home)
    except OSError as error:
        key = "lab.disk_full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "lab.not_copied"
        raise StoreError(
            tr(key, lang=lang, name=source.name), hint=tr(f"{key}_hint", lang=lang, reason=error.strerror)
        ) from error
    finally:
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)


def sweep(home: Path, now: float | None = None) -> None:
    """Remove the drafts, a day old or more, of servers that were killed while they copied.

    Parameters
    ----------
    home : Path
    now : float, optional
        Seconds since the epoch.
    """
    now = time.time() if now is None else now
    for draft in home.glob(f"{PREFIX}*"):
        if draft.is_dir() and not draft.is_symlink() and now - draft.stat().st_mtime > _DAY:
            shutil.rmtree(draft, ignore_errors=True)


def _hidden(_folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name.startswith(".")}


def _check_folder(folder: Path, store: Store, lang: str | None) -> None:
    for parent, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(parent, name)
            inside = store.holds(path) and not (path.is_symlink() and path.is_dir())
            if not inside or not (path.is_dir() or path.is_file()):
                raise StoreError(
                    tr("lab.strange_file", lang=lang, path=path.relative_to(folder)),
                    hint=tr("lab.strange_file_hint", lang=lang),
                )


def _make_writable(path: Path) -> None:
    for each in [path, *path.rglob("*")]:
        wanted = stat.S_IRWXU if each.is_dir() else stat.S_IRUSR | stat.S_IWUSR
        each.chmod(stat.S_IMODE(each.stat().st_mode) | wanted)
        if not each.is_dir():
            _flush(each)


def _flush(file: Path) -> None:
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _take_name(copy: Path, home: Path) -> Path:
    for number in count(1):
        name = copy.name if number == 1 else f"{copy.stem}-{number}{copy.suffix}"
        place = home / name
        if os.path.lexists(place):
            continue
        try:
            if copy.is_dir():
                # Where a folder appeared since, renaming fails unless it is empty: nothing is lost.
                copy.rename(place)
            else:
                _link_or_rename(copy, place)
        except (FileExistsError, NotADirectoryError):
            continue
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
            continue
        return place
    raise AssertionError("numbers do not end")


def _link_or_rename(copy: Path, place: Path) -> None:
    try:
        os.link(copy, place)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        # No hard links on this file system: the name is taken by an empty file, then replaced.
        os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        copy.replace(place)
