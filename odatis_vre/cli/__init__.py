"""The command line: `odatis <noun> <verb>`."""

from odatis_vre.cli.app import main

__all__ = ["main"]
