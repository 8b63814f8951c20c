"""Where the files that ship beside the code are: catalogues, notebooks, the proxy's package list."""

from importlib.resources import files
from pathlib import Path

from odatis_vre.errors import OdatisError
from odatis_vre.i18n import tr

__all__ = ["shipped"]


def shipped(*parts: str) -> Path:
    """The path of a shipped folder or file, in a wheel as in a checkout.

    Parameters
    ----------
    *parts : str
        As in `shipped("notebooks", "templates")`.

    Raises
    ------
    OdatisError
        The installation lacks it.
    """
    package = Path(str(files("odatis_vre")))
    for root in (package / "share", package.parent):
        if (path := root.joinpath(*parts)).exists():
            return path
    raise OdatisError(tr("words.not_shipped", path="/".join(parts)))
