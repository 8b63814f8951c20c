"""What the cluster needs from the system: Debian packages, and root."""

import os
import shutil
import subprocess
from pathlib import Path

from .errors import OneNodeError

# A program or file that shows that a package is there.
PACKAGES = {
    "etcd-server": "etcd",
    "containerd": "containerd",
    "runc": "runc",
    "containernetworking-plugins": "/usr/lib/cni/loopback",
    "clang-19": "clang-19",
    "llvm-19": "llc-19",
    "iptables": "iptables",
    "nftables": "nft",
    "busybox-static": "busybox",
    "iproute2": "ip",
    "ipset": "ipset",
    "buildah": "buildah",
    "mmdebstrap": "mmdebstrap",
}


def missing() -> list[str]:
    """Name the packages that are not installed."""
    return [package for package, sign in PACKAGES.items() if not _there(sign)]


def _there(sign: str) -> bool:
    # Debian's programs for root are not on everybody's PATH.
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
    return Path(sign).exists() if sign.startswith("/") else shutil.which(sign, path=path) is not None


def check() -> None:
    """Refuse where a cluster cannot be brought up."""
    require_root()
    if wanted := missing():
        command = f"`apt-get install {' '.join(wanted)}`"
        raise OneNodeError(
            f"The cluster needs {', '.join(wanted)}: run {command}.",
            f"Il faut {', '.join(wanted)} au cluster : lancez {command}.",
        )


def require_root() -> None:
    """Refuse who may not change the machine's network."""
    if os.geteuid():
        raise OneNodeError(
            "The test cluster needs root: run it with sudo, or name a cluster of yours with KUBECONFIG.",
            "Le cluster de test demande root : lancez-le avec sudo, ou désignez un cluster par KUBECONFIG.",
        )


def install(say=lambda line: None) -> None:
    """Install what is missing where this user may, or say the command that does."""
    wanted = missing()
    if not wanted:
        return
    become = []
    if os.geteuid():
        become = ["sudo", "-n"]
        may = (
            shutil.which("sudo")
            and not subprocess.run([*become, "true"], capture_output=True, check=False).returncode
        )
        if not may:
            command = f"sudo apt-get install {' '.join(wanted)}"
            raise OneNodeError(
                f"For the test cluster run first: {command}",
                f"Pour le cluster de test, lancez d'abord : {command}",
            )
    if not shutil.which("apt-get"):
        raise OneNodeError(
            f"For the test cluster install with your system's packages: {', '.join(wanted)}.",
            f"Pour le cluster de test, installez avec les paquets de votre système : {', '.join(wanted)}.",
        )
    say(f"Installing for the test cluster / Installation pour le cluster de test : {' '.join(wanted)}")
    _apt(become, "update")
    _apt(become, "install", "--yes", "--no-install-recommends", *wanted)


def _apt(become: list[str], *words: str) -> None:
    command = [*become, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        why = said[-1] if said else done.returncode
        raise OneNodeError(f"apt-get {words[0]} failed: {why}", f"apt-get {words[0]} a échoué : {why}")
