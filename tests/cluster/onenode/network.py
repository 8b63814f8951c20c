"""The machine's network: what the cluster adds to it, what must not leave it, and how it is put back."""

import contextlib
import ipaddress
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import OneNodeError
from .folders import State
from .processes import run

# The node has an address of its own that only this machine sees: nothing of the cluster listens outside.
DEVICE = "onenode0"
NODE = "10.21.0.1"
PODS = "10.22.0.0/16"
SERVICES = "10.23.0.0/16"
API_SERVICE = "10.23.0.1"
DNS_SERVICE = "10.23.0.10"
GUARD = "onenode_guard"
# Links of Cilium, of the node and of the tests' outside worlds.
OURS = re.compile(r"^(lxc|cilium_|onenode)")
RULES = re.compile(r"CILIUM_|KUBE-")
# What Cilium and the kubelet set in the kernel. Interfaces come last: `ip_forward` resets theirs.
SETTINGS = (
    "net/core/bpf_*",
    "net/ipv4/*",
    "net/ipv4/conf/*/*",
    "net/ipv6/conf/*/*",
    "kernel/keys/root_max*",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/timer_migration",
    "kernel/unprivileged_bpf_disabled",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
)
# Folders that the cluster's programs make outside its state folder.
PINS = ("/sys/fs/bpf/cilium", "/sys/fs/bpf/tc")
TRACES = (*PINS, "/run/cilium", "/var/lib/cni", "/var/lib/kubelet", "/var/log/containers")


def links() -> list[str]:
    """List the machine's network interfaces."""
    return sorted(link.name for link in Path("/sys/class/net").iterdir())


def remember(state: State) -> None:
    """Write down the network as it is before the cluster."""
    if state.before.exists():
        return
    before = {
        "links": links(),
        "tables": _nft_tables(),
        "settings": _settings(),
        "mounts": mounts(),
        "folders": [folder for folder in TRACES if Path(folder).exists()],
    }
    state.run.mkdir(parents=True, exist_ok=True)
    draft = state.before.with_suffix(".draft")
    draft.write_text(json.dumps(before), "utf-8")
    draft.rename(state.before)


def check_free() -> None:
    """Refuse a machine whose own routes the cluster's would cover."""
    ours = [ipaddress.ip_network(text) for text in (f"{NODE}/32", PODS, SERVICES)]
    for route in json.loads(run("ip", "-j", "-4", "route", "show", "table", "all")):
        destination = route["dst"].split()[-1]
        if destination == "default" or route.get("type") == "unreachable":
            continue
        if route.get("dev", "").startswith(("cilium_", "onenode")):
            continue
        there = ipaddress.ip_network(destination, strict=False)
        if taken := next((network for network in ours if network.overlaps(there)), None):
            raise OneNodeError(
                f"This machine has a route to {there} and the test cluster wants {taken}:"
                " name a cluster of yours with KUBECONFIG.",
                f"Cette machine a une route vers {there} et le cluster de test veut {taken} :"
                " désignez un cluster à vous par KUBECONFIG.",
            )


def add_node() -> None:
    """Give the node its interface."""
    # A pair is there where a kernel has no dummy interfaces, and has a carrier.
    run("ip", "link", "add", DEVICE, "type", "veth", "peer", "name", f"{DEVICE}-peer")
    run("ip", "link", "set", f"{DEVICE}-peer", "up")
    run("ip", "address", "add", f"{NODE}/32", "dev", DEVICE)
    run("ip", "link", "set", DEVICE, "up")


def guard(state: State) -> None:
    """Drop and count what pods send to an interface that was there before the cluster."""
    before = json.loads(state.before.read_text("utf-8"))["links"]
    names = [json.dumps(name) for name in before if name != "lo" and not OURS.match(name)]
    elements = f"elements = {{ {', '.join(names)} }}" if names else ""
    # Before address translation, which would hide that it comes from a pod.
    run(
        "nft",
        "-f",
        "-",
        given=f"""table ip {GUARD} {{
  counter dropped {{ }}
  set outward {{ type ifname; {elements} }}
  chain leaving {{
    type filter hook postrouting priority -300; policy accept;
    oifname @outward ip saddr {PODS} counter name "dropped" drop
  }}
}}
""",
    )
    # A pod or a service that is gone is no address of somebody else's: nobody is asked for it outside.
    for addresses in (PODS, SERVICES):
        run("ip", "route", "replace", "unreachable", addresses)


def dropped() -> int:
    """Count the packets that the guard kept from leaving the machine."""
    said = json.loads(run("nft", "-j", "list", "counter", "ip", GUARD, "dropped"))
    return next(item["counter"]["packets"] for item in said["nftables"] if "counter" in item)


def guarded() -> list[str]:
    """List the interfaces that the guard lets no pod send to."""
    said = json.loads(run("nft", "-j", "list", "set", "ip", GUARD, "outward"))
    return next(item["set"].get("elem", []) for item in said["nftables"] if "set" in item)


@contextmanager
def also_guarded(device: str) -> Iterator[None]:
    """Guard one more interface for a while; what it drops meanwhile is not counted in the end."""
    run("nft", "add", "element", "ip", GUARD, "outward", f'{{ "{device}" }}')
    try:
        yield
    finally:
        run("nft", "delete", "element", "ip", GUARD, "outward", f'{{ "{device}" }}')
        run("nft", "reset", "counter", "ip", GUARD, "dropped")


def restore(state: State) -> None:
    """Put the network back to what it was before the cluster."""
    before = json.loads(state.before.read_text("utf-8")) if state.before.exists() else None
    known = set(before["links"]) if before else set()
    with contextlib.suppress(OneNodeError):
        state.dropped.write_text(f"{dropped()}", "utf-8")
    for name in links():
        if OURS.match(name) and name not in known:
            # One end of a pair takes the other with it.
            run("ip", "link", "del", name, check=False)
    for folder in TRACES:
        if before and folder not in before["folders"]:
            shutil.rmtree(folder, ignore_errors=True)
    for addresses in (PODS, SERVICES):
        run("ip", "route", "del", "unreachable", addresses, check=False)
    run("nft", "delete", "table", "ip", GUARD, check=False)
    _drop_rules(set(map(tuple, before["tables"])) if before else None)
    for name in run("ipset", "list", "-name", check=False).split():
        if name.startswith("cilium_"):
            run("ipset", "destroy", name, check=False)
    if before:
        for path, value in before["settings"].items():
            _set(Path(path), value)


def unpin() -> None:
    """Let go of the kernel's programs that Cilium put on the interfaces."""
    for folder in PINS:
        shutil.rmtree(folder, ignore_errors=True)


def _drop_rules(known: set[tuple[str, str]] | None) -> None:
    for family in ("iptables", "ip6tables"):
        if not shutil.which(f"{family}-save"):
            continue
        rules = run(f"{family}-save", check=False)
        if RULES.search(rules):
            kept = "\n".join(line for line in rules.splitlines() if not RULES.search(line))
            run(f"{family}-restore", given=f"{kept}\n")
    if known is None:
        return
    for family, name in _nft_tables():
        listing = run("nft", "list", "table", family, name, check=False)
        if (family, name) not in known and not re.search(
            r"\b(accept|drop|jump|return|counter)\b", _rules(listing)
        ):
            run("nft", "delete", "table", family, name, check=False)


def _rules(listing: str) -> str:
    return "\n".join(line for line in listing.splitlines() if "policy accept;" not in line)


def _nft_tables() -> list[tuple[str, str]]:
    said = json.loads(run("nft", "-j", "list", "tables"))
    return [(item["table"]["family"], item["table"]["name"]) for item in said["nftables"] if "table" in item]


def _settings() -> dict[str, str]:
    """Read what can be set in the kernel and does not change by itself."""
    found = {}
    for pattern in SETTINGS:
        for path in sorted(Path("/proc/sys").glob(pattern)):
            with contextlib.suppress(OSError, UnicodeDecodeError):
                if path.is_file() and path.stat().st_mode & 0o200:
                    found[str(path)] = path.read_text("utf-8")
    return found


def _set(path: Path, value: str) -> None:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if path.read_text("utf-8") != value:
            path.write_text(value, "utf-8")


def mounts() -> list[str]:
    """List what is mounted, in the order of mounting."""
    lines = Path("/proc/self/mounts").read_text("utf-8").splitlines()
    return [line.split()[1].replace("\\040", " ") for line in lines]
