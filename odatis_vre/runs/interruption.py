"""SIGTERM, SIGHUP and Ctrl-C during a run: the first one ends the run cleanly, the others wait."""

import signal
import threading
from contextlib import contextmanager

__all__ = ["Terminated", "stop_signals"]


class Terminated(KeyboardInterrupt):
    """The process was asked to stop.

    Parameters
    ----------
    signum : int
    """

    def __init__(self, signum: int):
        super().__init__(signal.Signals(signum).name)
        self.signum = signum


class _Stop:
    """`shielded`: what runs now ends soon and must not be cut."""

    shielded = False

    def __call__(self, signum, frame):
        if not self.shielded:
            self.shielded = True  # a second Ctrl-C must not cut the clean-up of the first
            raise Terminated(signum)


@contextmanager
def stop_signals():
    """Turn the first stop signal into `Terminated`, inside a `with` block.

    Outside the main thread, signals stay as they are; so does one that the process was started to
    ignore, as `nohup` does with SIGHUP.
    """
    stop = _Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    found = {getattr(signal, name): signal.getsignal(getattr(signal, name)) for name in names}
    before = {number: handler for number, handler in found.items() if handler is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, stop)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
