"""The command of a service that JupyterHub manages: `python -m odatis_vre.dashboards.serve explore`.

It reads what JupyterHub gives such a service in its environment, and starts nowhere else.
"""

import logging
import sys

from odatis_vre.dashboards.server import serve_for_hub
from odatis_vre.errors import OdatisError

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Serve the dashboard that is named, until the hub ends the process.

    Parameters
    ----------
    arguments : list of str, optional
        Default: those of the command line.

    Returns
    -------
    int
        Exit code.
    """
    names = sys.argv[1:] if arguments is None else arguments
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        serve_for_hub(names[0] if names else "explore")
    except OdatisError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
