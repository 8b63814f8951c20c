"""A real hub of its own on this machine, of a configuration that the tests bring."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import requests

PATIENCE = 90


@contextlib.contextmanager
def real_hub(
    configuration: Path, folder: Path, ports: list[int], proxy: list[str], ready: dict[str, int], **facts: str
) -> Iterator[Path]:
    """Start a hub, wait until it answers, and stop it.

    Parameters
    ----------
    configuration : Path
        Reads the facts from variables, and `HUB_PORTS` and `HUB_PROXY`.
    folder : Path
        The hub's own.
    ports : list of int
        The first is the one that people use.
    proxy : list of str
        The command of its proxy.
    ready : dict of str to int
        Paths, and the status of their answer once the hub is there.

    Yields
    ------
    Path
        Its log.
    """
    log = folder / "hub.log"
    given = {"HUB_PORTS": json.dumps(ports), "HUB_PROXY": json.dumps(proxy), **facts}
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", str(configuration)],
            cwd=folder,
            env=os.environ | given,
            stdout=file,
            stderr=file,
        )
    try:
        end = time.monotonic() + PATIENCE
        while not all(_status(f"http://127.0.0.1:{ports[0]}{path}") == ready[path] for path in ready):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.2)
        yield log
    finally:
        process.terminate()
        process.wait(30)


def _status(url: str) -> int | None:
    try:
        return requests.get(url, timeout=5).status_code
    except requests.ConnectionError:
        return None
