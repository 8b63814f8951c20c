"""`Run`: a run's folder as an object."""

import html
import socket
import time
from pathlib import Path

from odatis_vre import tasks
from odatis_vre.errors import HubError, RunError
from odatis_vre.i18n import tr
from odatis_vre.runs import record as records

__all__ = ["Run"]

_UNDER_WAY = ("waiting", "running")
_EVERY = 1.0  # second between two looks at a run that is awaited
_CELL = "text-align:left;vertical-align:top;padding:2px 0"


class Run:
    """One run: its folder, and what its record says.

    Parameters
    ----------
    folder : str or Path
        A folder that holds a `run.json`.

    Raises
    ------
    RunError
        The folder holds no readable record.

    Examples
    --------
    `Run("runs/optimal_niche-20260101T120000Z-1a2b3c").status` is `"completed"`.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        try:
            self.record = records.read(self.folder)
        except (OSError, ValueError) as error:
            raise RunError(tr("runs.no_record", folder=folder), tr("runs.no_record_hint")) from error

    @property
    def status(self) -> str:
        """`waiting`, `running`, `completed`, `failed`, `interrupted`; `killed`: not over, but gone."""
        if self.record["status"] in _UNDER_WAY:
            gone = self._is_gone()
            # Read after the question: what ended meanwhile has said how.
            self.record = records.read(self.folder)
            if gone and self.record["status"] in _UNDER_WAY:
                return "killed"
        return self.record["status"]

    def wait(self, timeout: float | None = None) -> "Run":
        """Wait until the run is over, however it ends.

        Parameters
        ----------
        timeout : float, optional
            Seconds.

        Raises
        ------
        RunError
            It is not over by then; it goes on.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while self.status in _UNDER_WAY:
            if end is not None and time.monotonic() > end:
                raise RunError(
                    tr("runs.not_over", folder=self.folder.name, seconds=f"{timeout:g}"),
                    tr("runs.not_over_hint"),
                )
            time.sleep(_EVERY)
        return self

    def stop(self) -> None:
        """Stop a run that has a server of its own; it is then `interrupted`.

        Raises
        ------
        RunError
            It has no such server.
        HubError
            The hub does not know the server any more, or does not answer.
        """
        if self.record["server"] is None:
            raise RunError(tr("runs.no_server", folder=self.folder.name), tr("runs.no_server_hint"))
        tasks.remove(self.record["server"])

    def _is_gone(self) -> bool:
        process, server = self.record["process"], self.record.get("server")
        if process and process["host"] == socket.gethostname():
            return _is_dead(process)
        # Another pod's processes are not seen from here; the hub knows which servers there are.
        if server is None or not tasks.in_vre():
            return False
        try:
            return server not in tasks.servers()
        except HubError:
            return False

    @property
    def parameters(self) -> dict:
        """Every parameter of the notebook with the value it had."""
        return self.record["parameters"]

    @property
    def notebook(self) -> Path:
        """The executed notebook."""
        return self.folder / "notebook.ipynb"

    @property
    def report(self) -> Path | None:
        """The report without code; None when the run stopped before there was one."""
        path = self.folder / "report.html"
        return path if path.exists() else None

    @property
    def outputs(self) -> Path:
        """The folder the notebook worked in: what it wrote is here."""
        return self.folder / "outputs"

    def __repr__(self) -> str:
        return f"<Run {self.folder.name}: {tr(f'runs.status_{self.status}')}, {self.folder}>"

    def _repr_html_(self) -> str:
        text = html.escape
        colour = {"completed": "#1b5e20", "running": "#0d47a1"}.get(self.status, "#b71c1c")
        rows = [
            (tr("runs.card_notebook"), text(Path(self.record["notebook"]["path"]).name)),
            (tr("runs.card_start"), text(self.record["start"] or "")),
        ]
        if self.record["seconds"] is not None:
            rows.append((tr("runs.card_duration"), f"{self.record['seconds']:.1f} s"))
        given = ", ".join(f"{name} = {value!r}" for name, value in self.parameters.items())
        if given:
            rows.append((tr("runs.card_parameters"), text(given)))
        if error := self.record["error"]:
            rows.append((tr("runs.card_error"), text(f"{error['ename']}: {error['evalue']}")))
        if self.record["entries"]:
            names = ", ".join(str(entry.get("entry")) for entry in self.record["entries"])
            rows.append((tr("runs.card_data"), text(names)))
        rows.append((tr("runs.card_folder"), f"<code>{text(str(self.folder))}</code>"))
        body = "".join(
            f"<tr><th scope='row' style='{_CELL};padding-right:12px'>{name}</th>"
            f"<td style='{_CELL}'>{value}</td></tr>"
            for name, value in rows
        )
        return (
            "<div style='border:1px solid #90a4ae;border-radius:6px;padding:10px 14px;max-width:46em'>"
            f"<strong>{text(self.folder.name)}</strong> "
            f"<span style='color:{colour};background:#fff;border:1px solid {colour};border-radius:10px;"
            f"padding:1px 8px;margin-left:6px'>{tr(f'runs.status_{self.status}')}</span>"
            f"<table style='margin-top:6px;border-collapse:collapse'>{body}</table></div>"
        )


def _is_dead(process: dict) -> bool:
    import psutil

    try:
        found = psutil.Process(process["pid"])
        if found.status() == psutil.STATUS_ZOMBIE:  # ended, and its parent has not looked yet
            return True
        started = found.create_time()
    except psutil.NoSuchProcess:
        return True
    return abs(started - process["started"]) > 1  # another process took the number
