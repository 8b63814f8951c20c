"""`odatis catalog`: list, search, show, cite."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from odatis_vre.i18n import tr

if TYPE_CHECKING:
    from odatis_vre.catalog import Catalog

__all__ = ["register"]

catalog_app = typer.Typer(no_args_is_help=True, help=tr("catalog.cli.help"))

Name = Annotated[str, typer.Argument(help=tr("catalog.cli.name"))]
Path = Annotated[str | None, typer.Option("--path", metavar="PATH", help=tr("catalog.cli.path"))]
Json = Annotated[bool, typer.Option("--json", help=tr("catalog.cli.json"))]


def register(app: typer.Typer) -> None:
    """Add the noun to the `odatis` command."""
    app.add_typer(catalog_app, name="catalog")


@catalog_app.command("list", help=tr("catalog.cli.list"))
def list_datasets(path: Path = None, as_json: Json = False) -> None:
    from odatis_vre.catalog import open_catalog

    _print(open_catalog(path), as_json)


@catalog_app.command(help=tr("catalog.cli.search"))
def search(
    text: Annotated[str, typer.Argument(help=tr("catalog.cli.text"))] = "",
    domain: Annotated[str | None, typer.Option(help=tr("catalog.cli.domain"))] = None,
    variable: Annotated[str | None, typer.Option(help=tr("catalog.cli.variable"))] = None,
    bbox: Annotated[
        tuple[float, float, float, float] | None,
        typer.Option(metavar="W S E N", help=tr("catalog.cli.bbox")),
    ] = None,
    time: Annotated[
        tuple[str, str] | None, typer.Option(metavar="START END", help=tr("catalog.cli.time"))
    ] = None,
    path: Path = None,
    as_json: Json = False,
) -> None:
    from odatis_vre.catalog import open_catalog

    _print(open_catalog(path).search(text, domain, variable, bbox, time), as_json)


@catalog_app.command(help=tr("catalog.cli.show"))
def show(name: Name, path: Path = None, as_json: Json = False) -> None:
    from odatis_vre.catalog import Catalog, open_catalog

    found = open_catalog(path)[name]
    if isinstance(found, Catalog):
        _print(found, as_json)
    elif as_json:
        _print_json(found.to_dict())
    else:
        _show(found)


@catalog_app.command(help=tr("catalog.cli.cite"))
def cite(
    name: Name,
    style: Annotated[str, typer.Option(help=tr("catalog.cli.style"))] = "text",
    path: Path = None,
) -> None:
    from odatis_vre.catalog import Entry, open_catalog
    from odatis_vre.errors import CatalogError

    found = open_catalog(path)[name]
    if not isinstance(found, Entry):
        raise CatalogError(
            tr("catalog.no_citation", entry=name), tr("catalog.there_are", names=", ".join(found.names))
        )
    typer.echo(found.cite(style))


def _print(catalog: "Catalog", as_json: bool) -> None:
    if as_json:
        _print_json([entry.to_dict() for entry in catalog])
        return
    from rich.console import Console
    from rich.table import Table

    from odatis_vre.catalog.card import period_label

    table = Table(title=catalog.title, title_justify="left")
    table.add_column(tr("catalog.label.name"), no_wrap=True)
    for label in ("title", "extent", "period"):
        table.add_column(tr(f"catalog.label.{label}"))
    for entry in catalog:
        table.add_row(entry.id, entry.title, str(entry.bbox or ""), period_label(entry))
    Console().print(table)


def _show(entry) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from odatis_vre.catalog.card import facts

    console = Console()
    console.print(Text(entry.title, style="bold"))
    console.print(Text(entry.description))
    grid = Table.grid(padding=(0, 2))
    for label, text in facts(entry).items():
        grid.add_row(Text(label, style="dim"), Text(text))
    console.print(grid)
    console.print(Text(entry.call))


def _print_json(value) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
