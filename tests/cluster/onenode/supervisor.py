"""Takes a cluster down when the process that wants it is gone, also after `kill -9`.

`up` runs it as `python -m onenode.supervisor STATE UP KEEPER`: it watches the start, then the keeper.
"""

import os
import select
import sys
from pathlib import Path

from .cluster import down
from .folders import State


def watch(state: State, starter: int, keeper: int) -> None:
    """Wait until the start or the keeper is gone; end when the cluster is down."""
    gone = _outlive(state, starter)
    if gone and state.ready.exists():
        gone = keeper and _outlive(state, keeper)
    if gone and state.run.exists():
        down(state.root, lambda line: print(line, flush=True))  # noqa: T201


def _outlive(state: State, pid: int) -> bool:
    """Wait for a process to end; False where the cluster ended before it."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        while state.run.exists():
            if poll.poll(500):
                return True
        return False
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    watch(State(Path(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3]))
