"""The programs that an embedded VRE needs beside Python: Node and the HTTP proxy."""

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from odatis_vre.errors import StartError
from odatis_vre.i18n import tr

__all__ = ["check_tools", "proxy_command"]

PROXY = "configurable-http-proxy"
MODULES = (
    "jupyterhub",
    "jupyterhub_idle_culler",
    "jupyterlab",
    "dask_gateway_server",
    "distributed",
    "panel",
)


def _node() -> str | None:
    beside = Path(sys.executable).parent / "node"
    return str(beside) if beside.exists() else shutil.which("node")


def proxy_command() -> list[str]:
    """The command of the configurable HTTP proxy: this environment's, else the one on PATH.

    Raises
    ------
    StartError
        Neither is there, or Node is missing.
    """
    own = Path(sys.prefix, "node_modules", PROXY, "bin", PROXY)
    if own.exists():
        if node := _node():
            return [node, str(own)]
        raise StartError(tr("hub.up.missing", name="Node.js"), tr("hub.up.install_hint"))
    if found := shutil.which(PROXY, path=os.environ.get("PATH")):
        return [found]
    raise StartError(tr("hub.up.missing", name=PROXY), tr("hub.up.install_hint"))


def check_tools() -> None:
    """Raise `StartError` for the first program or library that a start would miss."""
    for name in MODULES:
        if find_spec(name) is None:
            raise StartError(tr("hub.up.missing", name=name), tr("hub.up.install_hint"))
    proxy_command()
