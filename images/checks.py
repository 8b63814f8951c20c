"""What holds for every image, checked inside it with its own Python, as a pod would run it.

Assertions say what is wrong: nothing but the image's own packages may be needed here.
"""

import importlib
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

REQUIREMENTS = Path(__file__).parents[1] / "requirements"
BUILD_TOOLS = ("cc", "gcc", "g++", "c++", "ld", "as", "make", "pip", "npm", "uv", "hatchling")


def run(*command: str) -> str:
    """What a command prints; it must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def sound() -> None:
    """The user, the file system, what is left out, and the locale."""
    assert os.getuid() == 1000, os.getuid()
    assert os.environ["LANG"] == "C.UTF-8", os.environ["LANG"]
    assert writable(os.environ["HOME"])
    assert writable("/tmp")
    assert not writable("/opt/odatis")
    tools = build_tools()
    assert not tools, tools
    left = [path for path in ("/build", "/library", "/etc/pip.conf") if Path(path).exists()]
    left += [str(path) for path in Path("/var/lib/apt/lists").glob("*Packages*")]
    assert not left, left
    slow = not_compiled()
    # Templates and code for other versions of Python stay as they are; nothing imports them.
    assert len(slow) < 40, f"{len(slow)} modules are compiled again at each start: {slow[:5]}"


def build_tools() -> list[str]:
    """The programs on the image's PATH that build or install others."""
    return [found for found in map(shutil.which, BUILD_TOOLS) if found]


def not_compiled() -> list[str]:
    """Modules of the image's packages that have no byte code, or one of another source."""
    found = []
    for source in map(str, Path("/opt/odatis/lib").glob("python3*/site-packages/**/*.py")):
        code = Path(importlib.util.cache_from_source(source))
        # Four bytes of version, four of flags, four of the time of the source, four of its size.
        head = code.read_bytes()[:16] if code.exists() else b""
        if not head or int.from_bytes(head[8:12], "little") != int(Path(source).stat().st_mtime):
            found.append(source)
    return found


def writable(folder: str) -> bool:
    """Whether a file can be made there."""
    probe = Path(folder, ".probe")
    try:
        probe.touch()
    except OSError:
        return False
    probe.unlink()
    return True


def unpacked(root: str = "/") -> int:
    """Bytes of the files of an image, without what is mounted into it; one with several names counts once."""
    seen = {}
    for folder, inner, files in os.walk(root):
        inner[:] = [name for name in inner if not Path(folder, name).is_mount()]
        for name in files:
            found = Path(folder, name).lstat()
            seen[found.st_dev, found.st_ino] = found.st_size
    return sum(seen.values())


def locked(name: str, version: str) -> None:
    """The packages are those of the lock, the library is of that version, and nothing else is there."""
    lock = (REQUIREMENTS / f"{name}.txt").read_text("utf-8")
    pins = re.findall(r"^([\w.-]+)(?:\[.*\])?==([^\s;]+)( ;)?", lock, re.M)
    allowed = {(normal(package), found) for package, found, _ in pins}
    there = {normal(found.name): found.version for found in importlib.metadata.distributions()}
    assert there.pop("odatis-vre") == version
    other = there.items() - allowed
    assert not other, other
    # Where a pin has a marker it may be for another system or another Python.
    missing = {normal(package) for package, _, marker in pins if not marker} - there.keys()
    assert not missing, missing


def normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def imports(*names: str) -> None:
    """The modules can be imported, and not compiled anew at each start: their bytecode is there."""
    for name in ("asyncio", "odatis_vre.settings", *names):
        module = importlib.import_module(name)
        assert Path(module.__cached__).exists(), name


def health(image: str) -> list[str]:
    """The command by which an image says how it is, as its Dockerfile has it."""
    lines = Path(__file__).with_name(image).joinpath("Dockerfile").read_text("utf-8").splitlines()
    (said,) = (line for line in lines if line.startswith("HEALTHCHECK"))
    return json.loads(said.removeprefix("HEALTHCHECK CMD "))


def answers(url: str, *command: str, well=(), log=None, seconds: float = 60) -> bytes:
    """What a server started with a command says at an address, once it says something.

    The command `well`, if any, must fail before the server starts and succeed when it answers.
    """
    assert not well or subprocess.run(well, stdout=log, stderr=log).returncode, f"{well} sees no difference"
    server = subprocess.Popen(command, stdout=log, stderr=log)
    patience = time.monotonic() + seconds
    try:
        while server.poll() is None and time.monotonic() < patience:
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:
                    said = answer.read()
            except OSError:
                time.sleep(0.2)
                continue
            if well:
                run(*well)
            return said
        raise AssertionError(f"{command}: no answer at {url}, exit code {server.poll()}")
    finally:
        server.terminate()
        server.wait(30)
