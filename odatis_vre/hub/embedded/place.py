"""The folder of an embedded VRE: its paths, ports and secrets."""

import json
import os
import secrets
import shutil
import socket
import stat
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs

from odatis_vre.errors import StartError
from odatis_vre.hub.embedded.processes import MARKER
from odatis_vre.i18n import tr
from odatis_vre.settings import Settings

__all__ = ["Place", "State"]

# Letters and digits that are not mistaken for each other when read from a terminal.
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Place:
    """What the processes of one start share: where the state is and who listens where.

    `port` is the one that people open; the others were free on 127.0.0.1 when the start began.
    """

    state: str
    port: int
    hub_port: int
    proxy_api_port: int
    gateway_port: int
    gateway_proxy_port: int
    explore_port: int

    @classmethod
    def current(cls) -> "Place":
        """The place of the VRE that this process belongs to."""
        return State(Path(os.environ[MARKER])).place()


class State:
    """A state folder.

    Parameters
    ----------
    folder : path, optional
        Default: the user's data folder.
    """

    def __init__(self, folder: str | Path | None = None):
        chosen = Path(folder) if folder else platformdirs.user_data_path("odatis-vre")
        self.folder = chosen.expanduser().resolve()
        self.logs = self.folder / "logs"
        self.homes = self.folder / "homes"
        self.shared = self.folder / "shared"
        self.lock = self.folder / "lock"
        self.events = self.folder / "events.jsonl"
        self.password_file = self.folder / "password"
        self.hub_log = self.logs / "hub.log"
        self.sign = self.folder / ".odatis-vre"

    def create(self) -> None:
        """Make the folder, readable by its owner only.

        Raises
        ------
        StartError
            It holds something that is not a VRE's: nothing in it is touched.
        OSError
            It cannot be made.
        """
        if self.folder.is_dir() and not self.sign.exists() and any(self.folder.iterdir()):
            raise StartError(tr("hub.up.not_ours", path=self.folder), tr("hub.up.unwritable_hint"))
        for folder in (self.folder, self.logs, self.homes, self.shared, self.folder / "secrets"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        self.sign.touch()

    def secret(self, name: str, make) -> str:
        """A secret made once and kept with mode 0600."""
        path = self.password_file if name == "password" else self.folder / "secrets" / name
        if path.exists():
            path.chmod(stat.S_IRUSR | stat.S_IWUSR)
            if value := path.read_text("utf-8").strip():
                return value
        value = make()
        write_private(path, value + "\n")
        return value

    def password(self) -> str:
        """The password of this VRE, made at first start."""
        groups = ("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
        return self.secret("password", lambda: "-".join(groups))

    def place(self) -> Place:
        """What the last start wrote down."""
        return Place(**json.loads((self.folder / "place.json").read_text("utf-8")))

    def settings(self) -> Settings:
        """The settings of the last start: a file that is edited meanwhile counts from the next one."""
        return Settings.model_validate_json((self.folder / "settings.json").read_text("utf-8"))

    def choose(self, settings: Settings, port: int) -> Place:
        """Find free ports for a new start; write them and the settings down."""
        place = Place(str(self.folder), port, *_free_ports(5))
        write_private(self.folder / "settings.json", settings.model_dump_json(indent=2) + "\n")
        write_private(self.folder / "place.json", json.dumps(asdict(place), indent=2) + "\n")
        return place

    def share(self, name: str, source: Path) -> Path:
        """A read-only copy of a shipped folder, replaced as a whole."""
        target, fresh = self.shared / name, self.shared / f".{name}.new"
        for old in (fresh, self.shared / f".{name}.old"):
            _remove(old)
        shutil.copytree(source, fresh, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
        for path in fresh.rglob("*"):
            path.chmod(0o555 if path.is_dir() else 0o444)
        if target.exists():
            target.rename(self.shared / f".{name}.old")
        fresh.rename(target)
        target.chmod(0o555)
        _remove(self.shared / f".{name}.old")
        return target


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _remove(folder: Path) -> None:
    if folder.exists():
        for path in (folder, *folder.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o700)
        shutil.rmtree(folder)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]
    finally:
        for sock in sockets:
            sock.close()


def environment_path() -> str:
    """PATH with this environment's programs first."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
