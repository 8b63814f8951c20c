"""All of this machine that a cluster changes, to compare before and after."""

import json
import re
from pathlib import Path

import psutil
from onenode import network, node, processes
from onenode.processes import run

COUNTERS = re.compile(r"packets \d+ bytes \d+|\[\d+:\d+\]|^#.*$", re.MULTILINE)


def machine() -> dict[str, object]:
    """Look at all of this machine that a cluster changes."""

    def told(*words: str) -> str:
        return COUNTERS.sub("", run(*words, check=False)).strip()

    def listed(*words: str) -> list:
        return sorted(json.dumps(item, sort_keys=True) for item in json.loads(run("ip", "-j", *words)))

    mounts = [
        mount for mount in network.mounts() if "onenode" in mount or mount.startswith(("/run/", "/sys/"))
    ]
    return {
        "links": network.links(),
        "routes": listed("-4", "route", "show", "table", "all"),
        "rules": listed("rule"),
        "traffic control": told("tc", "qdisc"),
        "iptables": told("iptables-save"),
        "nftables": told("nft", "list", "ruleset"),
        "address sets": told("ipset", "list", "-name"),
        "forwarding": Path("/proc/sys/net/ipv4/ip_forward").read_text("utf-8"),
        "mounts": mounts,
        "cgroups": [str(group) for group in node.cgroups() if group.exists()],
        "namespaces": told("ip", "netns"),
        "loop devices": [
            line for line in told("losetup", "--list", "--noheadings").splitlines() if "onenode" in line
        ],
        "folders": [folder for folder in network.TRACES if Path(folder).exists()],
        "processes": ours(),
    }


def ours() -> list[str]:
    """Name the processes of test clusters that live."""
    found = []
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
            if process.environ().get(processes.MARK) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(command[:3]))
        except psutil.Error:
            continue
    return sorted(found)
