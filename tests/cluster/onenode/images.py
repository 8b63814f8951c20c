"""Container images: archives made of a few files, and archives put into the cluster's containerd."""

import fcntl
import hashlib
import io
import json
import tarfile
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from . import programs
from .errors import MissingError, OneNodeError
from .folders import State, cache, forget_old, use
from .processes import run

BUSYBOX = "onenode.test/busybox:1"
PROBE = "onenode.test/probe:1"
DATABASE = "onenode.test/database:1"
SHELL = ("sh", "sleep", "mkdir", "rm", "chmod")


def scratch(
    name: str,
    files: dict[str, Path],
    command: Iterable[str],
    links: dict[str, str] | None = None,
    *,
    key: str = "Cmd",
) -> Path:
    """Make the archive of an image that holds a few files and nothing else.

    Parameters
    ----------
    name : str
        The image's name and tag.
    files : dict of str to pathlib.Path
        The programs in it, by their path in it without the first slash.
    command : iterable of str
        What it runs.
    links : dict of str to str, optional
        Links in it, by their path, to where they lead.
    key : {"Cmd", "Entrypoint"}
        Whether a pod's arguments replace the command, or follow it.

    Returns
    -------
    pathlib.Path
        A docker archive, kept by content.
    """
    recipe = hashlib.sha256(json.dumps([name, key, list(command), sorted((links or {}).items())]).encode())
    for path, file in sorted(files.items()):
        recipe.update(path.encode())
        with file.open("rb") as content:
            recipe.update(hashlib.file_digest(content, "sha256").digest())
    target = cache() / "images" / f"{name.rsplit('/', 1)[-1].replace(':', '-')}-{recipe.hexdigest()[:16]}.tar"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as beside:
            layer = Path(beside, "root.tar")
            with tarfile.open(layer, "w") as tar:
                for path, file in sorted(files.items()):
                    entry = tarfile.TarInfo(path)
                    entry.mode, entry.size = 0o755, file.stat().st_size
                    with file.open("rb") as content:
                        tar.addfile(entry, content)
                for path, to in sorted((links or {}).items()):
                    entry = tarfile.TarInfo(path)
                    entry.type, entry.linkname = tarfile.SYMTYPE, to
                    tar.addfile(entry)
            archive(name, layer, command, target, key=key)
        forget_old(target.parent, f"{target.stem[:-16]}{'?' * 16}.tar")
    use(target)
    return target


def archive(name: str, layer: Path, command: Iterable[str], target: Path, *, key: str = "Cmd") -> None:
    """Write the docker archive of an image of one layer, which is a tar of its root; begun beside it."""
    with layer.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {key: list(command), "User": "1000:1000", "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }
    text = json.dumps(config).encode()
    config_name = f"{hashlib.sha256(text).hexdigest()}.json"
    manifest = [{"Config": config_name, "RepoTags": [name], "Layers": [f"{digest}/layer.tar"]}]
    draft = layer.with_suffix(".draft")
    with tarfile.open(draft, "w") as tar:
        for file, content in ((config_name, text), ("manifest.json", json.dumps(manifest).encode())):
            entry = tarfile.TarInfo(file)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        tar.add(layer, f"{digest}/layer.tar")
    draft.rename(target)


def busybox() -> Path:
    """Make the image of pods that only wait or run a short script: busybox without a libc."""
    found = next((Path(path) for path in ("/bin/busybox", "/usr/bin/busybox") if Path(path).exists()), None)
    if found is None:
        raise MissingError("busybox")
    links = {f"bin/{name}": "busybox" for name in SHELL}
    return scratch(BUSYBOX, {"bin/busybox": found}, ("sleep", "infinity"), links)


def probe(say=lambda line: None) -> Path:
    """Make the image of pods that ask and answer in tests: a small Debian with Python."""
    return debian(PROBE, "python3", say=say)


def database(say=lambda line: None) -> Path:
    """Make the image of Debian's PostgreSQL, whose cluster of databases a pod makes as user 1000."""
    hooks = (
        # Debian's own would be made in the image.
        '--essential-hook=mkdir "$1/etc/postgresql-common"',
        '--essential-hook=echo create_main_cluster=false > "$1/etc/postgresql-common/createcluster.conf"',
        '--customize-hook=echo database:x:1000:1000::/tmp:/bin/sh >> "$1/etc/passwd"',
    )
    return debian(DATABASE, "postgresql-15", *hooks, say=say)


def debian(name: str, packages: str, *options: str, say=lambda line: None) -> Path:
    """Make the image of a small Debian with some packages, kept for a month."""
    command = ("mmdebstrap", "--quiet", "--variant=minbase", *options, f"--include={packages}", "bookworm")
    recipe = hashlib.sha256(" ".join((*command, time.strftime("%Y-%m"))).encode()).hexdigest()[:16]
    target = cache() / "images" / f"{name.rsplit('/', 1)[-1].split(':')[0]}-{recipe}.tar"
    if not target.exists():
        say(
            f"Making the image {name} of the tests (half a minute, once)."
            f" / Création de l'image {name} des tests (une demi-minute, une fois)."
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as scratch:
            layer = Path(scratch, "root.tar")
            run(*command, layer, seconds=600)
            archive(name, layer, ("sleep", "infinity"), target)
        forget_old(target.parent, f"{target.stem[:-16]}{'?' * 16}.tar")
    use(target)
    return target


def of_program(name: str, say=lambda line: None) -> Path:
    """Make the image `onenode.test/NAME:VERSION` of one of the cluster's programs."""
    file, *others = programs.paths(name, say)
    if others:
        raise OneNodeError(
            f"{name} is several programs, it has no image.",
            f"{name} réunit plusieurs programmes et n'a pas d'image.",
        )
    version = programs.PROGRAMS[name].version()
    return scratch(f"onenode.test/{name}:{version}", {file.name: file}, (f"/{file.name}",), key="Entrypoint")


def ctr(state: State, *words: object, **kwargs) -> str:
    """Run containerd's client where Kubernetes keeps its containers."""
    return run("ctr", "--address", state.containerd_socket, "--namespace", "k8s.io", *words, **kwargs)


def load(state: State, archives: Iterable[Path], say=lambda line: None) -> list[str]:
    """Put archives into containerd, those that it does not hold yet.

    Returns
    -------
    list of str
        The names of the archives' images, as a pod calls them.
    """
    # One at a time: who comes second finds what the first has loaded.
    with (state.store / "loading").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _load(state, archives, say)


def _load(state: State, archives: Iterable[Path], say) -> list[str]:
    record = state.store / "loaded.json"
    loaded = json.loads(record.read_text("utf-8")) if record.exists() else {}
    there = dict(line.split()[0:3:2] for line in ctr(state, "images", "ls").splitlines()[1:] if line.strip())
    found = []
    for file in archives:
        content, tags = _described(Path(file))
        found += tags
        if all(tag in there and loaded.get(tag) == [content, there[tag]] for tag in tags):
            continue
        say(f"Loading / Chargement : {', '.join(tags)}.")
        ctr(state, "images", "import", file, seconds=600)
        there = dict(
            line.split()[0:3:2] for line in ctr(state, "images", "ls").splitlines()[1:] if line.strip()
        )
        loaded |= {tag: [content, there[tag]] for tag in tags if tag in there}
        record.write_text(json.dumps(loaded, indent=1), "utf-8")
    return found


def names(file: Path) -> list[str]:
    """Read the names of an archive's images."""
    return _described(file)[1]


def _described(file: Path) -> tuple[str, list[str]]:
    """Read what an archive's content is, and the names of its images."""
    try:
        with tarfile.open(file) as tar:
            described = json.load(tar.extractfile("manifest.json"))
    except (OSError, KeyError, tarfile.TarError, ValueError):
        how = "`buildah push IMAGE docker-archive:...`"
        raise OneNodeError(
            f"{file} is no docker archive: make one by {how}.",
            f"{file} n'est pas une archive docker : créez-en une par {how}.",
        ) from None
    content = hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()
    return content, [_full_name(tag) for image in described for tag in image.get("RepoTags") or ()]


def _full_name(tag: str) -> str:
    first, *rest = tag.split("/")
    if rest and ("." in first or ":" in first or first == "localhost"):
        return tag
    return f"docker.io/{tag}" if rest else f"docker.io/library/{tag}"
