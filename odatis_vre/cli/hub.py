"""`odatis hub check`: validate the settings of a VRE."""

from pathlib import Path
from typing import Annotated

import typer

from odatis_vre.i18n import tr


def register(app: typer.Typer) -> None:
    """Add the noun."""
    hub = typer.Typer(help=tr("cli.hub.help"), no_args_is_help=True)
    app.add_typer(hub, name="hub")

    @hub.callback()
    def noun() -> None:
        """Keeps `check` a verb of its own while it is the only one."""

    hub.command(help=tr("cli.hub.check"))(check)


def check(
    settings: Annotated[Path, typer.Argument(help=tr("cli.vre.settings"))],
    as_json: Annotated[bool, typer.Option("--json", help=tr("cli.json"))] = False,
) -> None:
    from odatis_vre.settings_file import load

    found = load(settings)
    typer.echo(found.model_dump_json(indent=2) if as_json else tr("cli.hub.good", path=settings))
