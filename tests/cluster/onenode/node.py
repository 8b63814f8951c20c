"""containerd and the kubelet: the node that pods run on."""

import contextlib
import json
import os
import shutil
from pathlib import Path

import yaml

from . import images, network, programs
from .control_plane import NODE_NAME, kubectl, program
from .errors import MissingError
from .folders import State
from .processes import run, start, wait_for

CGROUP = "onenode"
CGROUPS = Path("/sys/fs/cgroup")
SANDBOX = images.BUSYBOX


def cgroups() -> list[Path]:
    """List the cgroup that holds all pods, in each hierarchy of this machine."""
    if (CGROUPS / "cgroup.controllers").exists():
        return [CGROUPS / CGROUP]
    return [folder / CGROUP for folder in sorted(CGROUPS.iterdir()) if folder.is_dir()]


def bring_up(state: State) -> None:
    """Start containerd and the kubelet, and wait until the node is known."""
    _start_containerd(state)
    images.load(state, [images.busybox()])
    _start_kubelet(state)
    wait_for(
        state,
        "the node's pod addresses",
        lambda: kubectl(
            state, "get", "node", NODE_NAME, "--ignore-not-found", "-o", "jsonpath={.spec.podCIDR}"
        ),
        60,
        "kubelet",
    )


def wait_until_ready(state: State) -> None:
    """Wait until pods can run on the node."""
    kubectl(state, "wait", "--for=condition=Ready", f"node/{NODE_NAME}", "--timeout=90s", seconds=100)


def _start_containerd(state: State) -> None:
    plugins = state.run / "cni" / "bin"
    plugins.mkdir(parents=True, exist_ok=True)
    (state.run / "cni" / "conf").mkdir(exist_ok=True)
    loopback = Path("/usr/lib/cni/loopback")
    if not loopback.exists():
        raise MissingError(str(loopback))
    shutil.copy(loopback, plugins)
    shutil.copy(programs.build("cilium") / "cilium-cni", plugins)
    state.store.mkdir(parents=True, exist_ok=True)
    settings = state.run / "containerd.toml"
    settings.write_text(
        f"""version = 2
root = "{state.store}"
state = "{state.run}/containerd"
[grpc]
  address = "{state.containerd_socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{state.run}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{SANDBOX}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{plugins}"
    conf_dir = "{state.run}/cni/conf"
""",
        "utf-8",
    )
    # An image that was not loaded is missed at once: nothing is asked of a registry, nor of a name server.
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:1")
    start(state, "containerd", ["containerd", "--config", settings], NO_PROXY="", no_proxy="", **nowhere)
    wait_for(state, "containerd", lambda: _answers(state), 60, "containerd")
    # What a cluster that was killed left in the store would come back as pods that nobody asked for.
    for container in images.ctr(state, "containers", "ls", "-q").split():
        images.ctr(state, "containers", "rm", container, check=False)


def _answers(state: State) -> bool:
    if not images.ctr(state, "version", check=False, seconds=10) or not state.containerd_socket.exists():
        return False
    # While it recovers what an earlier cluster left, the kubelet would take its answer for a refusal.
    return "Start streaming server" in (state.logs / "containerd.log").read_text("utf-8", errors="replace")


def _start_kubelet(state: State) -> None:
    for cgroup in cgroups():
        cgroup.mkdir(exist_ok=True)
    # Pods get no name server but the cluster's.
    (state.run / "resolv.conf").write_text("", "utf-8")
    settings = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": network.NODE,
        "healthzBindAddress": network.NODE,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{state.certificates}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{state.certificates}/kubelet.crt",
        "tlsPrivateKeyFile": f"{state.certificates}/kubelet.key",
        "clusterDomain": "cluster.local",
        "clusterDNS": [network.DNS_SERVICE],
        "resolvConf": f"{state.run}/resolv.conf",
        "containerRuntimeEndpoint": f"unix://{state.containerd_socket}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{CGROUP}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,
        "makeIPTablesUtilChains": False,
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
        "serializeImagePulls": False,
        "podLogsDir": f"{state.run}/pod-logs",
        "volumePluginDir": f"{state.run}/volume-plugins",
    }
    path = state.run / "kubelet.yaml"
    path.write_text(yaml.safe_dump(settings), "utf-8")
    start(
        state,
        "kubelet",
        [
            program("kubelet"),
            f"--config={path}",
            f"--kubeconfig={state.run}/kubelet.kubeconfig",
            f"--root-dir={state.run}/kubelet",
            f"--hostname-override={NODE_NAME}",
            f"--node-ip={network.NODE}",
        ],
    )


def end_pods(state: State) -> None:
    """End every process of a pod, and take away the pods' cgroups and what their shims listened on."""
    for address in state.run.glob("containerd/io.containerd.runtime.v2.task/k8s.io/*/address"):
        Path(address.read_text("utf-8").removeprefix("unix://")).unlink(missing_ok=True)
    for top in cgroups():
        for folder in sorted((Path(found[0]) for found in os.walk(top)), key=lambda path: -len(path.parts)):
            _empty(folder)


def _empty(cgroup: Path) -> None:
    with contextlib.suppress(OSError):
        for pid in (cgroup / "cgroup.procs").read_text("utf-8").split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), 9)
    with contextlib.suppress(OSError, TimeoutError):
        _remove(cgroup)


def _remove(cgroup: Path) -> None:
    run(
        "timeout",
        "5",
        "sh",
        "-c",
        'until rmdir "$1" 2>/dev/null || [ ! -d "$1" ]; do sleep 0.05; done',
        "-",
        cgroup,
    )


def pods(state: State) -> list[str]:
    """List the pods that the API server knows."""
    return [
        item["metadata"]["name"]
        for item in json.loads(kubectl(state, "get", "pods", "-A", "-o", "json"))["items"]
    ]
