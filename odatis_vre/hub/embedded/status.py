"""What runs now, for `odatis status`."""

from odatis_vre.hub.embedded import processes
from odatis_vre.hub.embedded.place import State
from odatis_vre.hub.embedded.supervisor import base_url, reachable, running
from odatis_vre.i18n import tr

__all__ = ["describe", "sentences"]

# What marks the command line of each part.
PARTS = {
    "hub": "jupyterhub_config.py",
    "proxy": "configurable-http-proxy",
    "dask-gateway": "dask_gateway_config.py",
    "dask-gateway-proxy": "dask-gateway-proxy",
    "idle-culler": "jupyterhub_idle_culler",
    "dashboard": "odatis_vre.dashboards.serve",
    "server": "jupyterhub.singleuser",
    "run": "odatis_vre.runs.serve",
    "dask-scheduler": "dask scheduler",
    "dask-worker": "dask worker",
    "kernel": "ipykernel",
}


def describe(state: State) -> dict:
    """The state of a VRE.

    Parameters
    ----------
    state : State

    Returns
    -------
    dict
        `running`, `state`, `address`, `user` (the first), `users`, `password_file`, `log`, `services`
        (name -> whether it answers) and `pids` (part -> process ids). The password itself is never in it.
    """
    pid = running(state)
    found = {"running": pid is not None, "state": str(state.folder), "log": str(state.hub_log)}
    pids = {"odatis": [pid]} if pid else {}
    for process in processes.find(str(state.folder)):
        pids.setdefault(_part(process), []).append(process.pid)
    if pid is not None:
        try:
            place, settings = state.place(), state.settings()
        except (OSError, ValueError, TypeError):  # a start that has not come that far
            return {**found, "services": {}, "pids": pids}
        found |= {
            "address": base_url(settings, place),
            "user": settings.auth.users[0],
            "users": settings.auth.users,
            "password_file": str(state.password_file),
            "services": reachable(settings, place),
        }
    return {**found, "pids": {part: sorted(found_pids) for part, found_pids in pids.items()}}


def _part(process) -> str:
    try:
        line = " ".join(process.cmdline())
    except Exception:
        return "other"
    return next((part for part, sign in PARTS.items() if sign in line), "other")


def sentences(found: dict) -> str:
    """A status as people read it."""
    if not found["running"]:
        key = "hub.status.left" if found["pids"] else "hub.status.stopped"
        return tr(key, path=found["state"], count=sum(map(len, found["pids"].values())))
    if "address" not in found:
        return tr("hub.status.starting", path=found["state"])
    lines = [tr("hub.status.running", address=found["address"], users=", ".join(found["users"]))]
    lines.append(tr("hub.status.password", file=found["password_file"]))
    for name, answers in found["services"].items():
        lines.append(f"  {name:16s} {tr('hub.status.answers' if answers else 'hub.status.silent')}")
    servers = len(found["pids"].get("server", []))
    workers = len(found["pids"].get("dask-worker", []))
    lines.append(tr("hub.status.counts", servers=servers, workers=workers))
    return "\n".join(lines)
