"""Where things are: the cache of programs and images, and the folders of one cluster's state."""

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

CLUSTER_TESTS = Path(__file__).parents[1]


def cache() -> Path:
    """Find the folder of what is kept between clusters: programs and images, by content."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "odatis-vre"


def use(kept: Path) -> None:
    """Say that something of the cache is used now."""
    os.utime(kept)


def forget_old(folder: Path, pattern: str, keep: int = 3) -> None:
    """Remove what was not used today, but for the few used last, which other checkouts may use.

    Parameters
    ----------
    folder : pathlib.Path
    pattern : str
        Names of the contents of one thing.
    keep : int
        How many stay at least.
    """
    day = time.time() - 86400
    found = sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in found[keep:]:
        if path.stat().st_mtime < day:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    # What a killed build began.
    for path in folder.glob(f".{pattern}-*"):
        if path.is_dir() and path.stat().st_mtime < day:
            shutil.rmtree(path)


@dataclass(frozen=True)
class State:
    """The folders of one cluster.

    `store` (containerd's images), `logs`, `dropped` stay after the cluster is down; `run`, `volumes` go.
    """

    root: Path

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def store(self) -> Path:
        return self.root / "store"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def volumes(self) -> Path:
        return self.root / "volumes"

    @property
    def kubeconfig(self) -> Path:
        return self.root / "kubeconfig"

    @property
    def certificates(self) -> Path:
        return self.run / "certificates"

    @property
    def containerd_socket(self) -> Path:
        return self.run / "containerd.sock"

    @property
    def before(self) -> Path:
        """What the machine's network was before the cluster came up."""
        return self.run / "before.json"

    @property
    def dropped(self) -> Path:
        """How many packets of pods were kept from leaving the machine, written down when the cluster goes."""
        return self.root / "dropped"

    @property
    def ready(self) -> Path:
        return self.run / "ready"
