"""etcd, the API server, the controller manager and the scheduler."""

import socket
import ssl
import urllib.request
from pathlib import Path

from . import network, programs
from .authority import Authority
from .folders import State
from .processes import run, start, wait_for

SERVER = f"https://{network.NODE}:6443"
NODE_NAME = "node1"
ADMINS = ("system:masters",)
API_NAMES = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost")


def sign(state: State) -> None:
    """Make the certificates and the kubeconfigs of all that speaks to the API server."""
    authority = Authority(state.certificates)
    authority.sign("apiserver", "kube-apiserver", hosts=(*API_NAMES, network.API_SERVICE, network.NODE))
    authority.sign("apiserver-kubelet", "kube-apiserver-kubelet")
    authority.sign("kubelet", f"system:node:{NODE_NAME}", ("system:nodes",), (NODE_NAME, network.NODE))
    authority.sign("controller-manager", "system:kube-controller-manager")
    authority.sign("scheduler", "system:kube-scheduler")
    for name in ("admin", "cilium", "local-path-provisioner"):
        authority.sign(name, name, ADMINS)
    for name in ("kubelet", "controller-manager", "scheduler", "cilium", "local-path-provisioner"):
        authority.kubeconfig(name, SERVER, state.run / f"{name}.kubeconfig")
    authority.kubeconfig("admin", SERVER, state.kubeconfig)


def program(name: str) -> Path:
    """Find one of Kubernetes' own programs."""
    return programs.build("kubernetes") / name


def kubectl(state: State, *words: object, **kwargs) -> str:
    """Run the real kubectl as the cluster's administrator."""
    return run(program("kubectl"), "--kubeconfig", state.kubeconfig, *words, **kwargs)


def bring_up(state: State) -> None:
    """Start the control plane and wait until the API server is ready."""
    store = _free_port()
    certificates = state.certificates
    _start_etcd(state, store)
    start(
        state,
        "kube-apiserver",
        [
            program("kube-apiserver"),
            f"--etcd-servers=http://127.0.0.1:{store}",
            f"--advertise-address={network.NODE}",
            f"--bind-address={network.NODE}",
            "--secure-port=6443",
            f"--service-cluster-ip-range={network.SERVICES}",
            f"--client-ca-file={certificates}/ca.crt",
            f"--tls-cert-file={certificates}/apiserver.crt",
            f"--tls-private-key-file={certificates}/apiserver.key",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--anonymous-auth=true",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={certificates}/service-accounts.pub",
            f"--service-account-signing-key-file={certificates}/service-accounts.key",
            f"--kubelet-client-certificate={certificates}/apiserver-kubelet.crt",
            f"--kubelet-client-key={certificates}/apiserver-kubelet.key",
            f"--kubelet-certificate-authority={certificates}/ca.crt",
            "--kubelet-preferred-address-types=InternalIP",
            "--allow-privileged=true",
        ],
    )
    wait_for(state, "the API server", lambda: _ready(certificates / "ca.crt"), 90, "kube-apiserver")
    start(
        state,
        "kube-controller-manager",
        [
            program("kube-controller-manager"),
            f"--kubeconfig={state.run}/controller-manager.kubeconfig",
            f"--bind-address={network.NODE}",
            "--allocate-node-cidrs=true",
            f"--cluster-cidr={network.PODS}",
            "--node-cidr-mask-size=24",
            f"--service-cluster-ip-range={network.SERVICES}",
            f"--root-ca-file={certificates}/ca.crt",
            f"--service-account-private-key-file={certificates}/service-accounts.key",
            "--use-service-account-credentials=true",
            "--leader-elect=false",
            f"--flex-volume-plugin-dir={state.run}/volume-plugins",
        ],
    )
    start(
        state,
        "kube-scheduler",
        [
            program("kube-scheduler"),
            f"--kubeconfig={state.run}/scheduler.kubeconfig",
            f"--bind-address={network.NODE}",
            "--leader-elect=false",
        ],
    )


def _start_etcd(state: State, port: int) -> None:
    # Its own traffic is on loopback: a pod that gets past every policy still does not reach it.
    here, peers = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{_free_port()}"
    start(
        state,
        "etcd",
        [
            "etcd",
            f"--data-dir={state.run}/etcd",
            f"--listen-client-urls={here}",
            f"--advertise-client-urls={here}",
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=default={peers}",
            "--unsafe-no-fsync",
        ],
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def _ready(authority: Path) -> bool:
    try:
        context = ssl.create_default_context(cafile=str(authority))
        with urllib.request.urlopen(f"{SERVER}/readyz", context=context, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False
