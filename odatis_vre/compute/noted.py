"""The names of the clusters that a run makes, in a file: who outlives its kernel can stop what is left."""

import os
from contextlib import suppress
from pathlib import Path

__all__ = ["note", "stop_noted"]

_STOP_SECONDS = 15


def note(name: str) -> None:
    """Add a cluster's name to the file that `ODATIS_CLUSTERS` names, if it does."""
    if path := os.environ.get("ODATIS_CLUSTERS"):
        # A full disk must not cost the cluster.
        with suppress(OSError), Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")


def stop_noted(path: Path) -> None:
    """Stop the clusters that a file names and that still run; the file goes.

    A kernel that was killed stops none itself. What cannot be stopped now ends when it has been idle.

    Parameters
    ----------
    path : Path
    """
    from odatis_vre.compute.gateway import gateway_address
    from odatis_vre.compute.stages import bounded

    if not path.exists():
        return
    names = set(path.read_text("utf-8").split())
    with suppress(OSError):
        path.unlink()
    if names and (address := gateway_address()):
        bounded(_STOP_SECONDS, lambda: _stop(address, names))


def _stop(address: str, names: set[str]) -> None:
    from dask_gateway import Gateway

    from odatis_vre.compute.gateway import auth_kind

    with Gateway(address=address, auth=auth_kind()) as gateway:
        for cluster in gateway.list_clusters():
            if cluster.name in names:
                gateway.stop_cluster(cluster.name)
