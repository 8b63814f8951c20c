"""The processes of an embedded VRE: each inherits a mark in its environment, whoever started it.

So a later start finds what an earlier one left, whether or not their parents still live.
"""

import os

import psutil

__all__ = ["MARKER", "end", "find"]

MARKER = "ODATIS_VRE_STATE"


def find(state: str) -> list[psutil.Process]:
    """Every process that bears the mark of a state folder, but for this one and its ancestors.

    Parameters
    ----------
    state : str
        Absolute path of the state folder.
    """
    me = psutil.Process()
    spared = {me.pid, *(parent.pid for parent in me.parents())}
    found = []
    for process in psutil.process_iter():
        if process.pid in spared:
            continue
        try:
            if process.environ().get(MARKER) == state and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def end(state: str, patience: float = 5.0) -> int:
    """End every process of a state folder; ask first, then force.

    Parameters
    ----------
    state : str
        Absolute path of the state folder.
    patience : float
        Seconds between asking and forcing.

    Returns
    -------
    int
        How many there were.
    """
    ended = set()
    for force in (False, True, True):
        processes = find(state)
        if not processes:
            break
        ended.update(process.pid for process in processes)
        for process in processes:
            try:
                process.kill() if force else process.terminate()
            except psutil.Error:
                continue
        psutil.wait_procs(processes, timeout=patience)
    return len(ended)


def mark(state: str) -> dict[str, str]:
    """This process's environment with the mark."""
    return {**os.environ, MARKER: state}
