"""Run a notebook as a batch: parameters checked, a folder of its own, a record of how it ended."""

import os
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from odatis_vre.compute import stop_noted
from odatis_vre.errors import RunError
from odatis_vre.i18n import tr
from odatis_vre.runs import record as records
from odatis_vre.runs.interruption import stop_signals
from odatis_vre.runs.preparation import checked, prepare, start
from odatis_vre.runs.result import Run
from odatis_vre.runs.secrets import Redactor

__all__ = ["execute", "run"]

_OPENED = ".opened.jsonl"
_CLUSTERS = ".clusters"
_KEPT_LOG = 4000  # bytes


def run(
    notebook: str | Path,
    parameters: Mapping[str, Any] | list[str] | None = None,
    output: str | Path = "runs/",
    *,
    timeout: float | None = None,
    lang: str | None = None,
    progress: bool | None = None,
    batch: bool = False,
    profile: str | None = None,
) -> Run:
    """Run a notebook with parameters, and keep the evidence in a folder of its own.

    The folder holds the executed notebook (`notebook.ipynb`), a report without code
    (`report.html`), what the notebook wrote (`outputs/`, its working directory) and the record
    (`run.json`). A run that fails or is interrupted leaves the same.

    Parameters
    ----------
    notebook : str or Path
        A notebook; its parameters are the names in the cell tagged `parameters`.
    parameters : mapping or list of str, optional
        Values by name, or `"name=value"` texts.
    output : str or Path
        Where the run's folder is made.
    timeout : float, optional
        Seconds for the whole run; past it the run has failed.
    lang : {"en", "fr"}, optional
        Language of the report and of the notebook's messages; default: the one in force.
    progress : bool, optional
        Show a progress bar; default: in a terminal and in a notebook, not when piped.
    batch : bool
        In the VRE: ask for a server of its own and return at once; the run outlives this server, and
        `Run.wait()` waits for its end. The folder must be in your home.
    profile : str, optional
        Size of that server, by the name of a profile of the VRE; default: the first.

    Returns
    -------
    Run
        With `batch`, one that waits for its server.

    Raises
    ------
    ParameterError
        Unknown name, wrong type or a secret; before any kernel starts.
    RunError
        The notebook cannot be read, or a cell failed; then the error's `run` is the `Run`.
    HubError
        With `batch`: there is no hub, or it refuses: too many runs, an unknown profile.

    Examples
    --------
    >>> import odatis_vre as ov
    >>> done = ov.run("mean.ipynb", parameters={"year": 1992})  # doctest: +SKIP
    >>> done.status  # doctest: +SKIP
    'completed'
    """
    path = Path(notebook)
    nb, known, given = checked(path, parameters)
    if batch:
        from odatis_vre.runs.batch import submit

        return submit(path, nb, known, given, Path(output), timeout, lang, profile)
    with stop_signals() as stop:
        folder, record = prepare(path, known, given, Path(output), lang)
        done = execute(folder, nb, given, record, stop, timeout, progress)
    if done.status == "failed":
        raise _failure(done, path, record["language"])
    return done


def execute(folder: Path, nb, given: dict, record: dict, stop, timeout=None, progress=None) -> Run:
    """Run a prepared notebook in its folder; the record tells how it ended.

    Parameters
    ----------
    folder : Path
    nb : nbformat.NotebookNode
    given : dict
        Checked values of parameters.
    record : dict
        As `prepare` makes it; completed here.
    stop
        What `stop_signals` yields.
    timeout : float, optional
        Seconds.
    progress : bool, optional

    Returns
    -------
    Run
        Completed or failed.

    Raises
    ------
    KeyboardInterrupt
        It was asked to stop; the record says so.
    """
    start(nb, record)
    records.write(folder, Redactor()(record))
    path = Path(record["notebook"]["path"])
    interruption = _carry_out(path, nb, given, folder, record, timeout, progress)
    stop.shielded = True  # the kernel is gone; what remains takes a second or two
    _finish(folder, record)
    stop_noted(folder / _CLUSTERS)
    if interruption is not None:
        interruption.folder = folder
        raise interruption
    return Run(folder)


def _carry_out(path, nb, given, folder: Path, record: dict, timeout, progress) -> KeyboardInterrupt | None:
    """Execute the notebook; put status, error and end into the record."""
    began = time.monotonic()
    interruption = None
    # What the kernel's process writes itself says why it died; anything else of it is an echo.
    with tempfile.TemporaryFile() as log:
        try:
            _papermill(path, nb, given, folder, record, timeout, progress, log)
        except KeyboardInterrupt as error:
            interruption = error
            record.update(status="interrupted", error=_outside_error(nb, error))
        except Exception as error:  # a dead kernel, a time-out, a full disk: whatever it was, the run failed
            record.update(status="failed", error=_outside_error(nb, error, timeout, record["language"]))
            log.seek(0)
            record["kernel_log"] = log.read()[-_KEPT_LOG:].decode("utf-8", "replace")
        else:
            error = _cell_error(nb)
            record.update(status="failed" if error else "completed", error=error)
    record.update(end=records.now(), seconds=round(time.monotonic() - began, 3))
    return interruption


def _papermill(path, nb, given, folder: Path, record: dict, timeout, progress, log) -> None:
    from papermill.engines import papermill_engines
    from papermill.execute import prepare_notebook_metadata, remove_error_markers
    from papermill.parameterize import parameterize_notebook

    from odatis_vre.runs.kernel import ENGINE

    kernel, lang = record["kernel"], record["language"]
    if given:
        filled = parameterize_notebook(
            nb, given, kernel_name=kernel["name"], language=kernel["language"], engine_name=ENGINE
        )
        nb.cells = filled.cells
    remove_error_markers(prepare_notebook_metadata(nb, path.name, "notebook.ipynb"))
    if progress is None:
        progress = sys.stderr.isatty() or _in_notebook()
    words = {"desc": tr("runs.progress", lang=lang), "unit": tr("runs.progress_unit", lang=lang)}
    papermill_engines.execute_notebook_with_engine(
        ENGINE,
        nb,
        kernel_name=kernel["name"],
        output_path=str(folder / "notebook.ipynb"),
        progress_bar=words if progress else False,
        redact=Redactor(),
        deadline=None if timeout is None else time.monotonic() + timeout,
        folder=folder / "outputs",
        log=log,
        env={
            **os.environ,
            "ODATIS_OPENED": str(folder / _OPENED),
            "ODATIS_CLUSTERS": str(folder / _CLUSTERS),
            "ODATIS_LANG": lang,
        },
    )


def _in_notebook() -> bool:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return hasattr(shell, "kernel")


def _cell_error(nb) -> dict | None:
    """The first cell that failed; None without one. `sys.exit(0)` is a quiet end."""
    for index, cell in enumerate(nb.cells):
        if cell.metadata.get("papermill", {}).get("exception") is not True:
            continue
        raised = [output for output in cell.get("outputs", ()) if output.output_type == "error"]
        ename, evalue = (raised[0].ename, raised[0].evalue) if raised else ("CellExecutionError", "")
        if ename == "SystemExit" and evalue in ("", "0"):
            return None
        return _located(nb, index, ename, evalue)
    return None


def _outside_error(nb, error: BaseException, timeout=None, lang=None) -> dict:
    """What stopped a run from outside its cells, with the code cell that was running."""
    from nbclient.exceptions import CellTimeoutError

    started = [n for n, cell in enumerate(nb.cells) if cell.metadata.get("papermill", {}).get("start_time")]
    index = started[-1] if started and nb.cells[started[-1]].cell_type == "code" else None
    ename, evalue = type(error).__name__, str(error)
    if isinstance(error, CellTimeoutError):
        ename, evalue = "Timeout", tr("runs.timeout", lang=lang, seconds=f"{timeout:g}")
    return _located(nb, index, ename, evalue)


def _located(nb, index: int | None, ename: str, evalue: str) -> dict:
    """An error with its cell: position in the executed notebook, number in the one that was given."""
    if index is None:
        return {"cell": None, "number": None, "source": None, "ename": ename, "evalue": evalue}
    own = ["injected-parameters" not in cell.metadata.get("tags", ()) for cell in nb.cells[:index]]
    return {
        "cell": index,
        "number": 1 + sum(own),
        "source": nb.cells[index].source,
        "ename": ename,
        "evalue": evalue,
    }


def _finish(folder: Path, record: dict) -> None:
    """Complete the record, write the report; `run.json` last, so that a finished look is a true one."""
    from odatis_vre.runs import report

    opened = folder / _OPENED
    record["entries"] = records.opened_entries(opened)
    record["outputs"] = records.outputs(folder / "outputs")
    clean = Redactor()(record)
    if clean["status"] != "completed":
        records.write(folder, clean)
    notebook = folder / "notebook.ipynb"
    if notebook.exists():
        try:
            report.write(notebook, clean, folder / "report.html")
        except Exception as error:  # an output nbconvert cannot draw must not hide how the run ended
            clean["report_error"] = Redactor()(f"{type(error).__name__}: {error}")
    records.write(folder, clean)
    with suppress(OSError):
        opened.unlink(missing_ok=True)


def _failure(done: Run, path: Path, lang: str) -> RunError:
    error = done.record["error"]
    first = (error["evalue"] or "").strip().split("\n")[0]
    what = f"{error['ename']}: {first}" if first else error["ename"]
    hint = tr("runs.failed_hint", lang=lang, folder=done.folder)
    key = "runs.failed" if error["number"] else "runs.failed_before"
    failure = RunError(tr(key, lang=lang, number=error["number"], notebook=path.name, error=what), hint)
    failure.run = done
    return failure
