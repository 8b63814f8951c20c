"""One cluster for several processes of tests: the first brings it up, the last takes it down."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# Which others wait for, one at a time.
_MOMENT, _USERS = "sharing", "users"


def keeper() -> int:
    """The process whose end is the end of the tests: the one that hands them out, where there is one."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()


@contextmanager
def shared(folder: Path, first: Callable[[], None], last: Callable[[], None]) -> Iterator[None]:
    """Use what several processes use; a process that is killed counts no longer.

    Parameters
    ----------
    folder : pathlib.Path
        Of the files that say who is there.
    first : callable
        Called by who comes when nobody is there; the others wait for it.
    last : callable
        Called by who goes last.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _USERS).open("w") as users:
        with _moment(folder):
            if _nobody_else(users):
                first()
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield
        finally:
            with _moment(folder):
                if _nobody_else(users):
                    last()


@contextmanager
def _moment(folder: Path) -> Iterator[None]:
    with (folder / _MOMENT).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _nobody_else(users) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
