"""A run on a server of its own: asked for here, carried out by `odatis_vre.runs.serve`.

What passes between the two is the run's folder in the home: the notebook as it was when it was asked for,
and a record that waits.
"""

import secrets
from pathlib import Path

from odatis_vre import tasks
from odatis_vre.errors import HubError, RunError
from odatis_vre.i18n import tr
from odatis_vre.runs import record as records
from odatis_vre.runs.preparation import prepare
from odatis_vre.runs.result import Run
from odatis_vre.runs.secrets import Redactor

__all__ = ["submit"]


def submit(path: Path, nb, known: dict, given: dict, output: Path, timeout, lang, profile) -> Run:
    """Leave a prepared run in the home, and ask the hub for the server that carries it out.

    Parameters
    ----------
    path : Path
        The notebook.
    nb : nbformat.NotebookNode
    known, given : dict
        As `odatis_vre.runs.preparation.checked` returns them.
    output : Path
    timeout : float or None
    lang, profile : str or None

    Returns
    -------
    Run

    Raises
    ------
    HubError
        There is no hub, or it refuses; the run's folder is gone again.
    RunError
        The folder is outside the home.
    """
    import nbformat

    if not tasks.in_vre():
        raise HubError(tr("tasks.no_hub"), tr("tasks.no_hub_hint"))
    if tasks.in_home(output / "run") is None:
        raise RunError(tr("runs.not_in_home", folder=output), tr("runs.not_in_home_hint"))
    folder, record = prepare(path, known, given, output, lang)
    record.update(server=f"run-{secrets.token_hex(6)}", timeout=timeout)
    nbformat.write(nb, folder / "notebook.ipynb")
    records.write(folder, Redactor()(record))
    try:
        tasks.start(record["server"], folder.name, run=tasks.in_home(folder), profile=profile)
    except HubError:
        _forget(folder)
        raise
    return Run(folder)


def _forget(folder: Path) -> None:
    """Remove a run that never began, and nothing that somebody else put there meanwhile."""
    for path in (folder / "notebook.ipynb", folder / records.RECORD):
        path.unlink(missing_ok=True)
    for place in (folder / "outputs", folder):
        place.rmdir()
