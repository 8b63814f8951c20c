"""The cluster's processes on this machine: started apart from ours, found again, ended."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

from .errors import MissingError, OneNodeError
from .folders import State

# Every process of a cluster carries its state folder here, the containers' shims too.
MARK = "ODATIS_ONENODE_STATE"


def start(state: State, name: str, command: Iterable[object], **environment: str) -> None:
    """Start a program of the cluster in a session of its own, its output in `logs/NAME.log`."""
    state.logs.mkdir(parents=True, exist_ok=True)
    with (state.logs / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, MARK: str(state.root), **environment},
        )
    record(state, name, process.pid)


def record(state: State, name: str, pid: int) -> None:
    """Write down which process a name is."""
    pids = state.run / "pids"
    pids.mkdir(parents=True, exist_ok=True)
    (pids / name).write_text(f"{pid} {psutil.Process(pid).create_time()}", "utf-8")


def named(state: State, name: str) -> psutil.Process | None:
    """Find a program that `start` started, if it still runs."""
    try:
        pid, born = (state.run / "pids" / name).read_text("utf-8").split()
        process = psutil.Process(int(pid))
        # A number is used again: only the same birth is the same process.
        if abs(process.create_time() - float(born)) < 1 and _lives(process):
            return process
    except (OSError, ValueError, psutil.Error):
        pass
    return None


def marked(state: State) -> list[psutil.Process]:
    """Find all processes of a cluster but this one and those that wait for this one."""
    ours = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid in ours or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if process.environ().get(MARK) == str(state.root):
                found.append(process)
    return found


def stop(state: State, name: str, seconds: float) -> None:
    """Ask a program to end; after some seconds end it."""
    if process := named(state, name):
        end([process], seconds)


def end(processes: list[psutil.Process], seconds: float = 0) -> None:
    """End processes: by SIGTERM if there is patience for it, then by SIGKILL."""
    if seconds:
        _signal(processes, signal.SIGTERM)
        processes = _outlast(processes, seconds)
    _signal(processes, signal.SIGKILL)
    _outlast(processes, 10)


def _outlast(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait for processes to end, and return those that do not."""
    patience = time.monotonic() + seconds
    while (
        processes := [process for process in processes if _lives(process)]
    ) and time.monotonic() < patience:
        time.sleep(0.05)
    return processes


def _lives(process: psutil.Process) -> bool:
    # The first process of the machine may take its time to bury what ended.
    with contextlib.suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _signal(processes: list[psutil.Process], number: int) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)


def wait_for(
    state: State, what: str, true: Callable[[], object], seconds: float = 60, needs: str = ""
) -> None:
    """Wait until something is true, as long as the program that it needs runs."""
    patience = time.monotonic() + seconds
    while not true():
        if needs and named(state, needs) is None:
            why = last_words(state.logs / f"{needs}.log")
            raise OneNodeError(
                f"{needs} ended before {what}: {why}", f"{needs} s'est arrêté avant {what} : {why}"
            )
        if time.monotonic() > patience:
            where = f" ({state.logs / f'{needs}.log'})" if needs else ""
            raise OneNodeError(
                f"Waited {seconds:.0f} s for {what}, in vain{where}.",
                f"{seconds:.0f} s d'attente de {what}, en vain{where}.",
            )
        time.sleep(0.1)


def last_words(log: Path) -> str:
    """Read the last line of a log."""
    lines = log.read_text("utf-8", errors="replace").splitlines() if log.exists() else []
    return f"{lines[-1] if lines else 'it said nothing'} ({log})"


def run(*command: object, given: str | None = None, seconds: float = 60, check: bool = True) -> str:
    """Run a short command and return what it says; its failure is one sentence."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words, input=given, capture_output=True, text=True, timeout=seconds, check=False, errors="replace"
        )
    except subprocess.TimeoutExpired:
        said = " ".join(words)
        raise OneNodeError(
            f"`{said}` did not end in {seconds:.0f} s.", f"`{said}` n'a pas fini en {seconds:.0f} s."
        ) from None
    except FileNotFoundError:
        raise MissingError(words[0]) from None
    if check and done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        why = said[-1] if said else done.returncode
        raise OneNodeError(f"`{' '.join(words)}` failed: {why}", f"`{' '.join(words)}` a échoué : {why}")
    return done.stdout
