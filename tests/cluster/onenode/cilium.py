"""Cilium: the pods' network, their services, and the policies between them."""

import json
import os
import shutil
import urllib.request
from pathlib import Path

from . import network, programs
from .control_plane import NODE_NAME, SERVER, kubectl
from .errors import MissingError
from .folders import State
from .processes import start, wait_for

# Cilium's own default, and no other: what else listens here is another Cilium.
HEALTH = "http://127.0.0.1:9879/healthz"
PLUGIN = {"cniVersion": "0.3.1", "name": "cilium", "plugins": [{"type": "cilium-cni"}]}


def define(state: State) -> None:
    """Give the API server Cilium's kinds."""
    kinds = programs.build("cilium") / "crds"
    kubectl(state, "apply", "--server-side", "-R", "-f", kinds)


def bring_up(state: State) -> None:
    """Start Cilium's agent and wait until pods can be joined to the network."""
    built = programs.build("cilium")
    library = state.run / "cilium"
    shutil.copytree(built / "bpf", library / "bpf", dirs_exist_ok=True)
    compilers = library / "bin"
    compilers.mkdir(exist_ok=True)
    for name in ("clang", "llc"):
        found = shutil.which(f"{name}-19")
        if found is None:
            raise MissingError(f"{name}-19")
        (compilers / name).unlink(missing_ok=True)
        (compilers / name).symlink_to(found)
    start(
        state,
        "cilium-agent",
        [
            built / "cilium-agent",
            f"--k8s-kubeconfig-path={state.run}/cilium.kubeconfig",
            f"--k8s-api-server-urls={SERVER}",
            "--enable-ipv4",
            "--enable-ipv6=false",
            "--ipam=kubernetes",
            "--routing-mode=native",
            f"--ipv4-native-routing-cidr={network.PODS}",
            "--enable-ipv4-masquerade",
            # Through the kernel's own path, where the guard sees every packet.
            "--enable-host-legacy-routing",
            "--kube-proxy-replacement=true",
            "--bpf-lb-sock=false",
            "--enable-l7-proxy=false",
            "--enable-hubble=false",
            "--identity-allocation-mode=crd",
            "--enable-endpoint-health-checking=false",
            "--enable-health-checking=false",
            f"--devices={network.DEVICE}",
            f"--lib-dir={library}",
        ],
        K8S_NODE_NAME=NODE_NAME,
        PATH=f"{compilers}{os.pathsep}{os.environ['PATH']}",
    )
    wait_for(state, "Cilium", _ready, 120, "cilium-agent")
    configuration = Path(state.run, "cni", "conf", "05-cilium.conflist")
    configuration.write_text(json.dumps(PLUGIN), "utf-8")


def _ready() -> bool:
    try:
        request = urllib.request.Request(HEALTH, headers={"brief": "true"})
        with urllib.request.urlopen(request, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False
