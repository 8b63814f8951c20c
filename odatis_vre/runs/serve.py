"""What a run's own server executes: `python -m odatis_vre.runs.serve FOLDER`, started by the hub.

It answers where the hub expects a server, says that it works so that it is not called idle, and has the hub
remove it when the run is over.
"""

import contextlib
import logging
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, urlsplit

from odatis_vre import tasks
from odatis_vre.errors import HubError, OdatisError, RunError
from odatis_vre.i18n import tr, use_language
from odatis_vre.runs import record as records
from odatis_vre.runs.execution import execute
from odatis_vre.runs.interruption import stop_signals
from odatis_vre.runs.preparation import load

__all__ = ["carry_out", "main"]

_log = logging.getLogger(__name__)


def main(arguments: list[str] | None = None) -> int:
    """Carry out the run that is named, and leave.

    Parameters
    ----------
    arguments : list of str, optional
        Default: those of the command line.

    Returns
    -------
    int
        Exit code: 0 once the record tells how the run ended, however that was.
    """
    [folder] = sys.argv[1:] if arguments is None else arguments
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    name = os.environ["JUPYTERHUB_SERVER_NAME"]
    # Interrupted: the hub stops this server, because somebody asked or because the run is over.
    with _answering(Path(folder).parent), _active(name), contextlib.suppress(KeyboardInterrupt):
        try:
            carry_out(Path.home() / folder)
        except OdatisError as error:
            _log.error("%s", error)
        _leave(name)
    return 0


def carry_out(folder: Path) -> None:
    """Execute a run that waits in a folder of the home.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    RunError
        The folder is outside the home, or holds no run that waits: none is carried out twice.
    KeyboardInterrupt
        It was stopped.
    """
    with stop_signals() as stop:
        try:
            record = records.read(folder) if tasks.in_home(folder) else {}
        except (OSError, ValueError):
            record = {}
        if record.get("status") != "waiting":
            raise RunError(tr("runs.nothing_waits", folder=folder), tr("runs.nothing_waits_hint"))
        given = {name: record["parameters"][name] for name in record["given"]}
        with use_language(record["language"]):
            nb = load(folder / "notebook.ipynb")
            execute(folder, nb, given, record, stop, _seconds(record.get("timeout")), progress=False)


def _seconds(asked: float | None) -> float | None:
    most = float(os.environ.get("ODATIS_RUN_SECONDS", 0)) or None
    return min(filter(None, (asked, most)), default=None)


class _Answers(BaseHTTPRequestHandler):
    """Leads whoever opens the server to the runs' folder, in the notebook server; says nothing itself."""

    place = "/"

    def do_GET(self):
        self.send_response(302)
        self.send_header("Location", self.place)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815 - the name that http.server calls

    def log_message(self, *words):
        """Say nothing."""


@contextlib.contextmanager
def _answering(runs: Path):
    where = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    hub = os.environ.get("JUPYTERHUB_BASE_URL", "/")
    place = f"{hub}hub/user-redirect/lab/tree/{quote(runs.as_posix())}"
    handler = type("Answers", (_Answers,), {"place": place})
    server = ThreadingHTTPServer((where.hostname or "127.0.0.1", where.port or 80), handler)
    threading.Thread(target=server.serve_forever, daemon=True, name="odatis-run-answers").start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def _active(name: str):
    """Tell the hub, now and then, that this server works."""
    over = threading.Event()
    every = float(os.environ.get("JUPYTERHUB_ACTIVITY_INTERVAL", 300))

    def tell() -> None:
        while not over.wait(every):
            try:
                tasks.note_activity(name)
            except HubError as error:  # it restarts: told next time
                _log.warning("%s", error.message)

    threading.Thread(target=tell, daemon=True, name="odatis-run-activity").start()
    try:
        yield
    finally:
        over.set()


def _leave(name: str) -> None:
    """Have the hub stop and forget this server; while the hub restarts, ask again."""
    end = time.monotonic() + 600
    while time.monotonic() < end:
        with contextlib.suppress(HubError):
            # A start that is not over yet would be counted as one that failed.
            server = tasks.servers().get(name)
            if server is None:
                return
            if server["ready"]:
                tasks.remove(name)
                return
        time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
