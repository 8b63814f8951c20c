"""Before a run: the notebook read, its parameters checked, a folder of its own, the record begun."""

import re
import secrets
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from odatis_vre.errors import RunError
from odatis_vre.i18n import language, tr
from odatis_vre.runs import parameters as params
from odatis_vre.runs import record as records
from odatis_vre.runs.secrets import looks_secret

__all__ = ["checked", "load", "prepare", "start"]


def checked(notebook: str | Path, parameters: Mapping[str, Any] | list[str] | None):
    """A notebook, its parameters and the values given, all of it fit to run; nothing is written.

    Parameters
    ----------
    notebook : str or Path
    parameters : mapping or list of str, optional

    Returns
    -------
    nb : nbformat.NotebookNode
    known : dict of str to Parameter
    given : dict

    Raises
    ------
    ParameterError
        Unknown name, wrong type or a secret.
    RunError
        The notebook cannot be read.
    """
    nb = load(Path(notebook))
    known = params.declared(nb)
    given = params.parse(parameters, known) if isinstance(parameters, list) else dict(parameters or {})
    return nb, known, params.check(given, known)


def prepare(path: Path, known: dict, given: dict, output: Path, lang: str | None) -> tuple[Path, dict]:
    """Make a run's folder, and the record of a run that waits.

    Parameters
    ----------
    path : Path
        The notebook.
    known, given : dict
        As `checked` returns them.
    output : Path
        Where the folder is made.
    lang : {"en", "fr"} or None
        Default: the one in force.

    Returns
    -------
    folder : Path
    record : dict
        Not written yet.
    """
    folder = _new_folder(output, path.stem)
    defaults = {key: parameter.default for key, parameter in known.items() if not looks_secret(key)}
    return folder, {
        "schema": records.SCHEMA,
        "id": folder.name,
        "status": "waiting",
        "notebook": {"path": str(path.resolve()), "sha256": records.sha256(path)},
        "parameters": {**defaults, **given},
        "given": sorted(given),
        "language": lang or language(),
        "asked": records.now(),
        "start": None,
        "end": None,
        "seconds": None,
        "server": None,
        "process": None,
        "kernel": None,
        "versions": {},
        "git": records.git_state(path.resolve()),
        "code": None,
        "entries": [],
        "outputs": [],
        "error": None,
    }


def start(nb, record: dict) -> None:
    """Put into a record what is known where the run begins: process, kernel, versions."""
    from odatis_vre.runs import kernel

    name, kernel_language, python = kernel.choose(nb)
    record.update(
        status="running",
        start=records.now(),
        process=records.process(),
        kernel={"name": name, "language": kernel_language},
        versions=records.versions(python if kernel_language == "python" else sys.executable),
        code=records.code_state(),
    )


def load(path: Path):
    """A notebook, with the kernel that will run it.

    Raises
    ------
    RunError
        It is not there, or cannot be read.
    """
    from papermill.iorw import load_notebook_node

    from odatis_vre.runs import kernel

    if not path.is_file():
        raise RunError(tr("runs.no_notebook", path=path), _nearby(path))
    try:
        nb = load_notebook_node(str(path))
    except Exception as error:  # nbformat's, json's, or what a file that is no notebook makes of them
        raise RunError(tr("runs.not_a_notebook", path=path), tr("runs.not_a_notebook_hint")) from error
    name, kernel_language = kernel.choose(nb)[:2]
    shown = nb.metadata.get("kernelspec", {}).get("display_name", name)
    nb.metadata["kernelspec"] = {"name": name, "language": kernel_language, "display_name": shown}
    return nb


def _nearby(path: Path) -> str:
    from difflib import get_close_matches

    beside = [str(p) for p in sorted(path.parent.glob("*.ipynb"))] if path.parent.is_dir() else []
    near = get_close_matches(str(path), beside, n=1, cutoff=0.5)
    return tr("runs.did_you_mean_file", near=near[0]) if near else tr("runs.no_notebook_hint")


def _new_folder(output: Path, stem: str) -> Path:
    name = re.sub(r"[^\w.-]+", "-", stem).strip("-.") or "run"
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = (output / f"{name}-{moment}-{secrets.token_hex(3)}").resolve()
    try:
        (folder / "outputs").mkdir(parents=True)
    except OSError as error:
        message = tr("runs.cannot_write", folder=output, reason=error.strerror)
        raise RunError(message, tr("runs.cannot_write_hint")) from error
    return folder
