"""`odatis run`: a notebook as a batch, with its record."""

import json
from pathlib import Path
from typing import Annotated

import typer

from odatis_vre.i18n import LANGUAGES, language, tr, use_language


def register(app: typer.Typer) -> None:
    """Add `odatis run` and `odatis runs`."""
    app.command("run", help=tr("runs.cli_run"))(run)
    app.command("runs", help=tr("runs.cli_runs"))(runs)


def run(
    notebook: Annotated[Path, typer.Argument(help=tr("runs.cli_notebook"), show_default=False)],
    parameters: Annotated[
        list[str] | None,
        typer.Option("--parameters", "-p", metavar="NAME=VALUE", help=tr("runs.cli_parameter")),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help=tr("runs.cli_output"))] = Path("runs"),
    timeout: Annotated[float | None, typer.Option(min=0.001, help=tr("runs.cli_timeout"))] = None,
    lang: Annotated[str | None, typer.Option(help=tr("runs.cli_lang"))] = None,
    batch: Annotated[bool, typer.Option("--batch", help=tr("runs.cli_batch"))] = False,
    profile: Annotated[str | None, typer.Option(help=tr("runs.cli_profile"))] = None,
    as_json: Annotated[bool, typer.Option("--json", help=tr("runs.cli_json"))] = False,
) -> None:
    if lang is not None and lang not in LANGUAGES:
        raise typer.BadParameter(tr("runs.cli_bad_lang", asked=lang) + " " + tr("runs.cli_bad_lang_hint"))
    if profile and not batch:
        raise typer.BadParameter(tr("runs.cli_needs_batch"))
    with use_language(lang or language()):
        _run(notebook, parameters or [], output, as_json, timeout=timeout, batch=batch, profile=profile)


def _run(notebook: Path, parameters: list[str], output: Path, as_json: bool, **options) -> None:
    from odatis_vre import runs
    from odatis_vre.errors import RunError

    try:
        done = runs.run(notebook, parameters, output, **options)
    except runs.ParameterError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    except RunError as error:
        if as_json and hasattr(error, "run"):
            typer.echo(_json(error.run))
        raise
    except KeyboardInterrupt as stop:
        typer.echo(tr("runs.interrupted", folder=getattr(stop, "folder", output)), err=True)
        raise typer.Exit(128 + getattr(stop, "signum", 2)) from None
    if as_json:
        typer.echo(_json(done))
    elif options["batch"]:
        typer.echo(tr("runs.cli_asked", folder=done.folder))
        typer.echo(tr("runs.cli_asked_hint"))
    else:
        typer.echo(tr("runs.cli_done", folder=done.folder))
        typer.echo(tr("runs.cli_report", report=done.report))


def runs(
    folder: Annotated[Path, typer.Argument(help=tr("runs.cli_runs_folder"))] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help=tr("cli.json"))] = False,
) -> None:
    from odatis_vre.runs import Run

    found = [Run(record.parent) for record in folder.glob("*/run.json")]
    found.sort(key=_moment, reverse=True)
    if as_json:
        listed = [{**run.record, "status": run.status, "folder": str(run.folder)} for run in found]
        typer.echo(json.dumps(listed, indent=2, ensure_ascii=False))
    elif not found:
        typer.echo(tr("runs.cli_runs_none", folder=folder))
    else:
        for run in found:
            typer.echo(f"{tr(f'runs.status_{run.status}'):24s} {_moment(run)[:16]}  {run.folder.name}")


def _moment(run) -> str:
    return run.record.get("asked") or run.record["start"]


def _json(done) -> str:
    return json.dumps({**done.record, "folder": str(done.folder)}, indent=2, ensure_ascii=False)
