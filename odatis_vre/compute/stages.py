"""What a start is waiting for: a line a stage, and one time limit for all of them."""

import sys
import threading
import time
from collections.abc import Callable

from odatis_vre.errors import ClusterError
from odatis_vre.i18n import tr


def print_line(text: str) -> None:
    """Write a line to standard output, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Stages:
    """The stages of one start.

    Parameters
    ----------
    timeout : float
        Seconds for the whole start.
    say : callable
        Receives one line of text per stage.
    """

    def __init__(self, timeout: float, say: Callable[[str], None]):
        self.timeout = timeout
        self.say = say
        self._end = time.monotonic() + timeout
        self._waiting_for = ""

    @property
    def left(self) -> float:
        """Seconds left."""
        return self._end - time.monotonic()

    def enter(self, waiting_for: str, line: str | None = None) -> None:
        """Begin a stage: what is waited for (for the error), and the line to show if any."""
        self._waiting_for = waiting_for
        if line:
            self.say(line)

    def check(self) -> None:
        """Raise `ClusterError` with what was waited for when no time is left."""
        if self.left <= 0:
            raise ClusterError(
                tr("compute.timed_out", seconds=round(self.timeout), what=self._waiting_for),
                tr("compute.timed_out_hint"),
            )

    def call(self, function: Callable, *args, **kwargs):
        """Call a function that may hang; past the time limit, raise and leave it behind."""
        result, failure = bounded(self.left, function, *args, **kwargs)
        if isinstance(failure, Unfinished):
            self.check()
        if failure is not None:
            raise failure
        return result


class Unfinished(Exception):  # noqa: N818 - not an error of the called function
    """The time allowed to a call is over."""


def bounded(seconds: float, function: Callable, *args, **kwargs) -> tuple[object, BaseException | None]:
    """Run a function in a thread for at most some seconds.

    Returns
    -------
    result : object
    failure : exception or None
        What the function raised, or `Unfinished`.
    """
    outcome: list = [None, Unfinished()]

    def run() -> None:
        try:
            outcome[:] = [function(*args, **kwargs), None]
        except BaseException as error:
            outcome[:] = [None, error]

    thread = threading.Thread(target=run, daemon=True, name="odatis-cluster-call")
    thread.start()
    thread.join(max(seconds, 0.01))
    return outcome[0], outcome[1]
