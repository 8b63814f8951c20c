"""`odatis catalog`: list, search, show, open, check, harvest, cite."""

import json
from pathlib import Path as File
from typing import TYPE_CHECKING, Annotated, Any

import typer

from odatis_vre.i18n import tr

if TYPE_CHECKING:
    from odatis_vre.catalog import Catalog, Entry

__all__ = ["register"]

catalog_app = typer.Typer(no_args_is_help=True, help=tr("catalog.cli.help"))

Name = Annotated[str, typer.Argument(help=tr("catalog.cli.name"))]
Names = Annotated[list[str] | None, typer.Argument(help=tr("catalog.cli.names"), show_default=False)]
Path = Annotated[str | None, typer.Option("--path", metavar="PATH", help=tr("catalog.cli.path"))]
Json = Annotated[bool, typer.Option("--json", help=tr("catalog.cli.json"))]
DryRun = Annotated[bool, typer.Option("--dry-run", help=tr("catalog.cli.dry_run"))]
Box = Annotated[
    tuple[float, float, float, float] | None, typer.Option(metavar="W S E N", help=tr("catalog.cli.bbox"))
]
Time = Annotated[tuple[str, str] | None, typer.Option(metavar="START END", help=tr("catalog.cli.time"))]
Variables = Annotated[
    list[str] | None, typer.Option("--variables", metavar="NAME", help=tr("catalog.cli.variables"))
]
Depth = Annotated[str | None, typer.Option(metavar="M|TOP,BOTTOM", help=tr("catalog.cli.depth"))]
Units = Annotated[
    list[str] | None, typer.Option("--units", metavar="NAME=UNIT", help=tr("catalog.cli.units"))
]


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
    bbox: Box = None,
    time: Time = None,
    data_centre: Annotated[str | None, typer.Option("--data-centre", help=tr("catalog.cli.facet"))] = None,
    platform: Annotated[str | None, typer.Option(help=tr("catalog.cli.facet"))] = None,
    protocol: Annotated[str | None, typer.Option(help=tr("catalog.cli.facet"))] = None,
    licence: Annotated[str | None, typer.Option(help=tr("catalog.cli.facet"))] = None,
    path: Path = None,
    as_json: Json = False,
) -> None:
    from odatis_vre.catalog import open_catalog

    facets = {"data_centre": data_centre, "platform": platform, "protocol": protocol, "licence": licence}
    hits = open_catalog(path).search(text, domain, variable, bbox, time, **facets)
    if not as_json and (said := str(hits.understood)):
        typer.echo(said)
    _print(hits, as_json)


@catalog_app.command(help=tr("catalog.cli.show"))
def show(name: Name, path: Path = None, as_json: Json = False) -> None:
    from odatis_vre.catalog import Catalog, open_catalog
    from odatis_vre.catalog.check import status_of

    found = open_catalog(path)[name]
    if isinstance(found, Catalog):
        _print(found, as_json)
    elif as_json:
        status = status_of(found)
        _print_json(found.to_dict() | {"check": status.to_dict() if status else None})
    else:
        _show(found)


@catalog_app.command("open", help=tr("catalog.cli.open"))
def open_dataset(
    name: Name,
    variables: Variables = None,
    bbox: Box = None,
    time: Time = None,
    depth: Depth = None,
    units: Units = None,
    raw: Annotated[bool, typer.Option("--raw", help=tr("catalog.cli.raw"))] = False,
    estimate: Annotated[bool, typer.Option("--estimate", help=tr("catalog.cli.estimate"))] = False,
    output: Annotated[File | None, typer.Option(help=tr("catalog.cli.output"))] = None,
    path: Path = None,
    as_json: Json = False,
    dry_run: DryRun = False,
) -> None:
    from odatis_vre.catalog.saved import described, save_as, suffix_of

    entry = _entry(name, path)
    if output is not None:
        suffix_of(output, entry)  # a wrong name is told before anything is read
    of_grids: dict[str, Any] = {"depth": _depth(depth), "units": _pairs(units)}
    if entry.is_table and (given := [name for name, value in of_grids.items() if value is not None]):
        raise typer.BadParameter(tr("catalog.cli.grids_only", names=", ".join(f"--{name}" for name in given)))
    if estimate:
        told = entry.estimate(variables, bbox, time, of_grids["depth"])
        return _print_json(told._asdict()) if as_json else typer.echo(str(told))
    where = {"bbox": bbox, "time": time, "variables": variables, "clean": not raw}
    data = entry.to_pandas(**where) if entry.is_table else entry.to_xarray(**where, **of_grids)
    if output is not None and not dry_run:
        save_as(output, data)
    if as_json:
        return _print_json(described(data) | {"output": str(output) if output and not dry_run else None})
    typer.echo(str(data))
    if output is not None:
        typer.echo(tr("catalog.cli.would_write" if dry_run else "catalog.cli.written", path=output))
    return None


@catalog_app.command(help=tr("catalog.cli.check"))
def check(
    names: Names = None,
    remote: Annotated[bool, typer.Option("--remote", help=tr("catalog.cli.remote"))] = False,
    status: Annotated[File | None, typer.Option(help=tr("catalog.cli.status"))] = None,
    path: Path = None,
    as_json: Json = False,
    dry_run: DryRun = False,
) -> None:
    from odatis_vre.catalog import open_catalog, site_catalog
    from odatis_vre.catalog.check.checking import check_catalog, summary
    from odatis_vre.catalog.check.status import keep, status_path
    from odatis_vre.catalog.tree import keep_for_all

    catalog = open_catalog(path)
    kept = None if dry_run else status or status_path(path or site_catalog())
    entries = [entry for name in names or [] for entry in _entries(catalog[name])] or list(catalog)
    told = None if as_json else lambda found: typer.echo(f"{found.entry}: {found}")
    found = check_catalog(entries, remote, told)
    results = [result for _, result in found]
    if kept is not None:
        keep(kept, found)
        keep_for_all(path or site_catalog())
    if as_json:
        _print_json([result.to_dict() for result in results])
    else:
        typer.echo(summary(results))
        if kept is not None:
            typer.echo(tr("check.written", path=kept))
    if any(result.state in ("unopened", "differs") for result in results):
        raise typer.Exit(1)


@catalog_app.command(help=tr("catalog.cli.harvest"))
def harvest(
    url: Annotated[str, typer.Argument(help=tr("catalog.cli.url"))],
    output: Annotated[File, typer.Argument(help=tr("catalog.cli.harvest_output"))],
    kind: Annotated[str, typer.Option(help=tr("catalog.cli.kind"))] = "geonetwork",
    conditions: Annotated[
        list[str] | None,
        typer.Option("--conditions", metavar="NAME=VALUE", help=tr("catalog.cli.conditions")),
    ] = None,
    since: Annotated[str | None, typer.Option(help=tr("catalog.cli.since"))] = None,
    full: Annotated[bool, typer.Option("--full", help=tr("catalog.cli.full"))] = False,
    page_size: Annotated[int, typer.Option(min=1, max=1000, help=tr("catalog.cli.page_size"))] = 50,
    pause: Annotated[float, typer.Option(min=0, help=tr("catalog.cli.pause"))] = 0.2,
    as_json: Json = False,
    dry_run: DryRun = False,
) -> None:
    from odatis_vre.catalog.harvest import harvest as run

    report = run(url, output, kind, _pairs(conditions) or {}, since, full, page_size, pause, dry_run)
    _print_json(report.to_dict()) if as_json else typer.echo(str(report))


@catalog_app.command(help=tr("catalog.cli.cite"))
def cite(
    names: Names = None,
    style: Annotated[str, typer.Option(help=tr("catalog.cli.style"))] = "text",
    opened: Annotated[File | None, typer.Option(help=tr("catalog.cli.opened"))] = None,
    path: Path = None,
    as_json: Json = False,
) -> None:
    from odatis_vre.catalog import citations, open_catalog
    from odatis_vre.catalog.citing import read_opened

    if bool(names) == (opened is not None):
        raise typer.BadParameter(tr("catalog.cli.names_or_opened"))
    if as_json and style not in ("text", "csl-json"):
        raise typer.BadParameter(tr("catalog.cli.json_or_style", style=style))
    style = "csl-json" if as_json else style
    if opened is not None:
        typer.echo(citations(style, records=read_opened(opened)))
        return
    catalog = open_catalog(path)
    typer.echo(citations(style, [entry for name in names or [] for entry in _entries(catalog[name])]))


def _pairs(given: list[str] | None) -> dict[str, str] | None:
    """NAME=VALUE, several times."""
    if not given:
        return None
    found: dict[str, str] = {}
    for pair in given:
        name, mark, value = pair.partition("=")
        if not mark or not name:
            raise typer.BadParameter(tr("catalog.cli.bad_condition", value=pair))
        found[name] = value
    return found


def _depth(text: str | None) -> float | tuple[float, float] | None:
    """Metres; or two of them, parted by a comma."""
    if text is None:
        return None
    try:
        parts = tuple(float(part) for part in text.split(","))
        return (parts[0], parts[1]) if len(parts) == 2 else float(text)
    except ValueError:
        raise typer.BadParameter(tr("catalog.cli.depth")) from None


def _entries(found: "Catalog | Entry") -> "list[Entry]":
    from odatis_vre.catalog import Catalog

    return list(found) if isinstance(found, Catalog) else [found]


def _entry(name: str, path: str | None) -> "Entry":
    from odatis_vre.catalog import Catalog, open_catalog
    from odatis_vre.errors import CatalogError

    found = open_catalog(path)[name]
    if isinstance(found, Catalog):
        there = tr("catalog.there_are", names=", ".join(found.names))
        raise CatalogError(tr("catalog.not_one", name=name), there)
    return found


def _print(catalog: "Catalog", as_json: bool) -> None:
    if as_json:
        _print_json([entry.to_dict() for entry in catalog])
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text as Plain

    from odatis_vre.catalog.card import period_label

    table = Table(title=Plain(catalog.title), title_justify="left")
    table.add_column(tr("catalog.label.name"), no_wrap=True)
    for label in ("title", "extent", "period"):
        table.add_column(tr(f"catalog.label.{label}"))
    for entry in catalog:
        row = (entry.id, entry.title, str(entry.bbox or ""), period_label(entry))
        table.add_row(*map(Plain, row))  # what a catalogue says is no markup
    Console().print(table)


def _show(entry: "Entry") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text as Plain

    from odatis_vre.catalog.card import facts

    console = Console()
    console.print(Plain(entry.title, style="bold"))
    console.print(Plain(entry.description))
    grid = Table.grid(padding=(0, 2))
    for label, text in facts(entry).items():
        grid.add_row(Plain(label, style="dim"), Plain(text))
    console.print(grid)
    if entry.metadata.address == "exact":
        console.print(Plain(entry.call))


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))
