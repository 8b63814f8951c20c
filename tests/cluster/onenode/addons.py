"""What every cluster has beside Kubernetes itself: names and volumes."""

import json
from pathlib import Path

from . import images, network, programs
from .control_plane import kubectl
from .folders import State
from .processes import start

MANIFESTS = Path(__file__).parent / "manifests"


def bring_up(state: State) -> None:
    """Define the classes and accounts, run CoreDNS as pods, and provision volumes from beside the cluster."""
    archive = images.of_program("coredns")
    (coredns,) = images.load(state, [archive])
    text = (MANIFESTS / "coredns.yaml").read_text("utf-8")
    name(state, {})
    for word, value in {
        "IMAGE": coredns,
        "ADDRESS": network.DNS_SERVICE,
        "NAMES": f"{state.run}/names",
    }.items():
        text = text.replace(word, value)
    kubectl(state, "apply", "-f", "-", given=text)
    kubectl(state, "apply", "-f", MANIFESTS / "rights.yaml", "-f", MANIFESTS / "storage.yaml")
    _start_provisioner(state)


def wait_until_ready(state: State) -> None:
    """Wait until names are answered."""
    kubectl(
        state, "-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=60s", seconds=70
    )


def name(state: State, addresses: dict[str, str]) -> None:
    """Let names outside the cluster lead to addresses, in place of those before; known in a second."""
    lines = (f"{address} {host}\n" for host, address in addresses.items())
    names = state.run / "names"
    names.mkdir(exist_ok=True)
    (names / "outside").write_text("".join(lines), "utf-8")


def _start_provisioner(state: State) -> None:
    state.volumes.mkdir(parents=True, exist_ok=True)
    settings = {"nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": [str(state.volumes)]}]}
    path = state.run / "local-path.json"
    path.write_text(json.dumps(settings), "utf-8")
    start(
        state,
        "local-path-provisioner",
        [
            programs.paths("local-path-provisioner")[0],
            "start",
            f"--kubeconfig={state.run}/local-path-provisioner.kubeconfig",
            f"--config={path}",
            "--service-account-name=default",
            f"--helper-image={images.BUSYBOX}",
            f"--helper-pod-file={MANIFESTS / 'volume-helper.yaml'}",
        ],
    )
