"""`odatis dashboard`: dashboards for oneself, on this machine."""

import os
from pathlib import Path
from typing import Annotated

import typer

from odatis_vre.i18n import tr


def register(app: typer.Typer) -> None:
    """Add `odatis dashboard`."""
    noun = typer.Typer(no_args_is_help=True, help=tr("dashboards.cli_noun"))
    noun.command("explore", help=tr("dashboards.cli_explore"))(explore)
    noun.command("show", help=tr("dashboards.cli_show"))(show)
    app.add_typer(noun, name="dashboard")


Port = Annotated[int, typer.Option(min=0, max=65535, help=tr("dashboards.cli_port"))]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help=tr("dashboards.cli_no_browser"))]


def explore(port: Port = 0, no_browser: NoBrowser = False) -> None:
    _serve(port, no_browser)


def show(
    store: Annotated[Path, typer.Argument(help=tr("dashboards.cli_store"), show_default=False)],
    port: Port = 0,
    no_browser: NoBrowser = False,
) -> None:
    from odatis_vre import tasks
    from odatis_vre.catalog.own import catalog_beside, own_store

    if not tasks.in_vre():
        os.environ["ODATIS_CATALOG"] = str(catalog_beside(store).resolve())
        _serve(port, no_browser)
        return
    address = tasks.map_address(tasks.in_home(own_store(store.resolve())))
    typer.echo(tr("dashboards.cli_shown", address=address))


def _serve(port: int, no_browser: bool) -> None:
    from odatis_vre.dashboards import serve

    def say(address: str) -> None:
        typer.echo(tr("dashboards.cli_serving", address=address))

    serve("explore", port=port, browser=not no_browser, say=say)
