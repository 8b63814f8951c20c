"""`odatis dashboard`: dashboards for oneself, on this machine."""

from typing import Annotated

import typer

from odatis_vre.i18n import tr


def register(app: typer.Typer) -> None:
    """Add `odatis dashboard`."""
    noun = typer.Typer(no_args_is_help=True, help=tr("dashboards.cli_noun"))
    noun.callback()(_noun)
    noun.command("explore", help=tr("dashboards.cli_explore"))(explore)
    app.add_typer(noun, name="dashboard")


def _noun() -> None:
    # With one command only, typer would leave out its name.
    pass


def explore(
    port: Annotated[int, typer.Option(min=0, max=65535, help=tr("dashboards.cli_port"))] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help=tr("dashboards.cli_no_browser"))] = False,
) -> None:
    from odatis_vre.dashboards import serve

    def say(address: str) -> None:
        typer.echo(tr("dashboards.cli_serving", address=address))

    serve("explore", port=port, browser=not no_browser, say=say)
