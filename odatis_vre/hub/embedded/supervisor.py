"""Start the VRE on one machine, tell what happens, stop all of it."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from odatis_vre.errors import StartError
from odatis_vre.hub.embedded import processes
from odatis_vre.hub.embedded.place import Place, State, environment_path
from odatis_vre.hub.embedded.tools import check_tools
from odatis_vre.i18n import tr
from odatis_vre.settings import Settings
from odatis_vre.settings_file import load
from odatis_vre.shipped import shipped

__all__ = ["down", "up"]

START_SECONDS = 120
STOP_SECONDS = 25
ROOM = 50 << 20  # bytes: databases, logs and copies of templates, with some to spare


class Stopped(Exception):  # noqa: N818 - not an error: somebody asked
    """Somebody asked the VRE to stop."""


def up(
    state: State,
    settings_file: Path | None = None,
    port: int | None = None,
    say: Callable[[str], None] = print,
    verbose: bool = False,
) -> None:
    """Start the VRE and stay until it is asked to stop.

    Parameters
    ----------
    state : State
        The folder in which everything lasting lives.
    settings_file : path, optional
        A `vre.yaml`.
    port : int, optional
        TCP port, instead of the settings' own.
    say : callable
        Gets one line per event that matters.
    verbose : bool
        Show the logs of all processes as well.

    Raises
    ------
    SettingsError
        The settings are wrong; nothing was started.
    StartError
        It cannot start, or the hub stopped by itself; nothing it started is left.
    """
    settings = load(settings_file)
    port = port or settings.hub.port
    with _disk_errors(state):
        state.create()
    with _held(state):
        hub, signals = None, StopSignals()
        try:
            signals.listen()
            with _disk_errors(state):
                _prepare(state, settings, port, say)
                place = state.choose(settings, port)
                state.password()
                hub = _start_hub(state)
            with _log_copy(state.hub_log, verbose) as copy_log:
                _wait_until_ready(state, settings, place, hub, copy_log)
                _greet(state, settings, place, say)
                _follow(state, hub, say, copy_log)
        except Stopped:
            say(tr("hub.up.stopping"))
        finally:
            try:
                signals.ignore()
            finally:
                _stop(state, hub)
        say(tr("hub.up.stopped"))


def down(state: State) -> bool:
    """Stop the VRE of a state folder from anywhere.

    Returns
    -------
    bool
        Whether there was anything to stop.

    Raises
    ------
    StartError
        It does not stop.
    """
    pid = running(state)
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        patience = time.monotonic() + STOP_SECONDS + 20
        while running(state) is not None:
            if time.monotonic() > patience:
                raise StartError(tr("hub.up.will_not_stop", pid=pid))
            time.sleep(0.2)
    return bool(processes.end(str(state.folder))) or pid is not None


def running(state: State) -> int | None:
    """The process id of the `odatis up` that holds a state folder, if one does."""
    try:
        with state.lock.open("r") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read().strip() or 0) or None
    except FileNotFoundError:
        pass
    return None


@contextlib.contextmanager
def _held(state: State) -> Iterator[None]:
    """Hold the state folder; the kernel lets go when this process ends, however it ends."""
    with state.lock.open("a+") as file:
        for last in (False, False, True):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if last:
                    raise StartError(
                        tr("hub.up.already", path=state.folder), tr("hub.up.already_hint")
                    ) from None
                time.sleep(0.3)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


class StopSignals:
    """Ctrl-C, SIGTERM and a closed terminal ask to stop, once; what is ignored (`nohup`) stays ignored."""

    def __init__(self):
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        self.numbers = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]

    def listen(self) -> None:
        """From now on a signal raises `Stopped`; the next ones do nothing."""
        for number in self.numbers:
            signal.signal(number, self._ask)

    def _ask(self, number, frame) -> None:
        self.ignore()
        raise Stopped

    def ignore(self) -> None:
        """From now on nothing cuts the stop short: the process is at its end."""
        for number in self.numbers:
            signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def _disk_errors(state: State) -> Iterator[None]:
    """A folder that cannot be written and a full disk are sentences."""
    try:
        yield
    except OSError as error:
        raise StartError(
            tr("hub.up.unwritable", path=error.filename or state.folder, reason=error.strerror),
            tr("hub.up.unwritable_hint"),
        ) from None


def _prepare(state: State, settings: Settings, port: int, say: Callable[[str], None]) -> None:
    if left := processes.end(str(state.folder)):
        say(tr("hub.up.cleaned", count=left))
    check_tools()
    _port_is_free(settings.hub.address, port)
    if shutil.disk_usage(state.folder).free < ROOM:
        raise StartError(tr("hub.up.full", path=state.folder, megabytes=ROOM >> 20), tr("hub.up.full_hint"))
    for name in ("templates", "gallery", "workshops"):
        state.share(name, getattr(settings.notebooks, name) or shipped("notebooks", name))
    shutil.rmtree(state.folder / "clusters", ignore_errors=True)
    for name in ("gateway.sqlite", "proxy.pid"):
        (state.folder / name).unlink(missing_ok=True)
    state.events.write_text("")
    if state.hub_log.exists():
        state.hub_log.replace(state.hub_log.with_suffix(".log.1"))


def _port_is_free(address: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((address, port))
        except OSError as error:
            raise StartError(
                tr("hub.up.port", address=address, port=port, reason=error.strerror), tr("hub.up.port_hint")
            ) from None


def _start_hub(state: State) -> subprocess.Popen:
    environment = processes.mark(str(state.folder))
    environment["PATH"] = environment_path()
    config = Path(__file__).with_name("jupyterhub_config.py")
    descriptor = os.open(state.hub_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", str(config)],
            cwd=state.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _answers(url: str) -> bool:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        sock.settimeout(1)
        return sock.connect_ex(("127.0.0.1", port)) == 0


def reachable(settings: Settings, place: Place) -> dict[str, bool]:
    """Which parts answer now.

    Returns
    -------
    dict
        Name of the part -> whether it answers.
    """
    base = base_url(settings, place)
    parts = {
        "hub": _answers(f"{base}/hub/health"),
        "dask-gateway": _answers(f"{base}/services/dask-gateway/api/health"),
    }
    if settings.dashboards["explore"].enabled if "explore" in settings.dashboards else False:
        parts["explore"] = _listens(place.explore_port)
    return parts


def base_url(settings: Settings, place: Place) -> str:
    """The address that people open."""
    address = settings.hub.address
    if address in ("0.0.0.0", "::"):
        address = "127.0.0.1"
    return f"http://[{address}]:{place.port}" if ":" in address else f"http://{address}:{place.port}"


def _wait_until_ready(
    state: State, settings: Settings, place: Place, hub: subprocess.Popen, copy_log: Callable[[], None]
) -> None:
    patience = time.monotonic() + START_SECONDS
    while True:
        copy_log()
        _check_alive(state, hub)
        parts = reachable(settings, place)
        if all(parts.values()):
            return
        if time.monotonic() > patience:
            missing = ", ".join(name for name, answers in parts.items() if not answers)
            raise StartError(
                tr("hub.up.slow", seconds=START_SECONDS, parts=missing),
                tr("hub.up.log_hint", path=state.hub_log),
            )
        time.sleep(0.2)


def _check_alive(state: State, hub: subprocess.Popen) -> None:
    if hub.poll() is not None:
        raise StartError(
            tr("hub.up.hub_stopped", code=hub.returncode), tr("hub.up.log_hint", path=state.hub_log)
        )


def _greet(state: State, settings: Settings, place: Place, say: Callable[[str], None]) -> None:
    say(
        tr(
            "hub.up.ready",
            address=base_url(settings, place),
            users=", ".join(settings.auth.users),
            password=state.password(),
            file=state.password_file,
        )
    )


def _follow(state: State, hub: subprocess.Popen, say: Callable[[str], None], copy_log) -> None:
    proxy = _proxy_pid(state)
    started = {"gateway"}  # its first start is part of the VRE's
    with state.events.open(encoding="utf-8") as events:
        while True:
            for line in events:
                kind, sentence = _told(line)
                if kind in started:
                    started.discard(kind)
                elif sentence:
                    say(_clock() + sentence)
            if (now := _proxy_pid(state)) != proxy and now is not None:
                proxy = now
                say(_clock() + tr("hub.events.proxy"))
            copy_log()
            _check_alive(state, hub)
            time.sleep(0.25)


def _told(line: str) -> tuple[str | None, str | None]:
    """Kind and sentence of an event; nothing for a line that a full disk cut short."""
    try:
        event = json.loads(line)
        kind = event.pop("kind")
        return kind, tr(f"hub.events.{kind}", **event)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, None


def _clock() -> str:
    return time.strftime("%H:%M:%S  ")


def _proxy_pid(state: State) -> int | None:
    try:
        return int((state.folder / "proxy.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


@contextlib.contextmanager
def _log_copy(path: Path, verbose: bool) -> Iterator[Callable[[], None]]:
    """Copies what is new in the log to standard error, when asked."""
    if not verbose:
        yield lambda: None
        return
    with path.open(encoding="utf-8", errors="replace") as log:
        yield lambda: sys.stderr.write(log.read())


def _stop(state: State, hub: subprocess.Popen | None) -> None:
    if hub is not None and hub.poll() is None:
        hub.terminate()
        try:
            hub.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            psutil.Process(hub.pid).kill()
            hub.wait()
    processes.end(str(state.folder))
