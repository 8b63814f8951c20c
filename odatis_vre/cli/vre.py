"""`odatis up`, `odatis status`, `odatis down`: the VRE on this machine."""

import json
from pathlib import Path
from typing import Annotated

import typer

from odatis_vre.i18n import tr

StateOption = Annotated[Path | None, typer.Option("--state", help=tr("cli.vre.state"))]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command(help=tr("cli.vre.up"))(up)
    app.command(help=tr("cli.vre.status"))(status)
    app.command(help=tr("cli.vre.down"))(down)


def up(
    settings: Annotated[Path | None, typer.Argument(help=tr("cli.vre.settings"), show_default=False)] = None,
    state: StateOption = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help=tr("cli.vre.port"))] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help=tr("cli.vre.verbose"))] = False,
) -> None:
    from odatis_vre.hub.embedded import supervisor
    from odatis_vre.hub.embedded.place import State

    if settings is None and Path("vre.yaml").exists():
        settings = Path("vre.yaml")
    typer.echo(tr("hub.up.starting"))
    supervisor.up(State(state), settings, port, say=typer.echo, verbose=verbose)


def status(
    state: StateOption = None,
    as_json: Annotated[bool, typer.Option("--json", help=tr("cli.json"))] = False,
) -> None:
    from odatis_vre.hub.embedded.place import State
    from odatis_vre.hub.embedded.status import describe, sentences

    found = describe(State(state))
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False) if as_json else sentences(found))
    raise typer.Exit(0 if found["running"] else 1)


def down(state: StateOption = None) -> None:
    from odatis_vre.hub.embedded import supervisor
    from odatis_vre.hub.embedded.place import State

    typer.echo(tr("hub.up.stopped" if supervisor.down(State(state)) else "hub.up.nothing"))
