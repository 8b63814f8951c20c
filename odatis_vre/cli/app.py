"""The `odatis` command: one file per noun, one readable sentence per error.

A noun's file defines `register(app)`, which adds its verbs.
"""

import sys
from importlib import import_module
from typing import Annotated

import typer

from odatis_vre.errors import OdatisError
from odatis_vre.i18n import tr

NOUNS = ("vre", "hub", "catalog", "run", "dashboard")

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help=tr("cli.help"),
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def options(
    version: Annotated[bool, typer.Option("--version", help=tr("cli.version"))] = False,
    debug: Annotated[bool, typer.Option("--debug", help=tr("cli.debug"))] = False,  # read by main()
) -> None:
    if version:
        import odatis_vre

        typer.echo(f"odatis {odatis_vre.__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command; an error ends as its message and exit code 1, wrong usage as 2."""
    for noun in NOUNS:
        import_module(f"odatis_vre.cli.{noun}").register(app)
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        known = isinstance(error, OdatisError)
        text = str(error) if known else tr("cli.unexpected", kind=type(error).__name__, message=error)
        typer.secho(text, err=True, fg=typer.colors.RED if sys.stderr.isatty() else None)
        sys.exit(1)
