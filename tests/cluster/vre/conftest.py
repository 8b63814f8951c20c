"""A VRE installed from the chart on the tests' cluster, for all tests that leave it as they found it."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from chart_release import ROOT, ChartRelease
from documented import Operator
from onenode import images
from onenode import outside as world
from onenode.folders import cache
from vre_values import values

UNLISTED = "172.30.0.8"
# A cloud's own server for its machines, at a public address: it gives a node what provisioned it.
WIRESERVER = "168.63.129.16"
PROBE = """
apiVersion: v1
kind: Pod
metadata: {{name: anywhere}}
spec:
  automountServiceAccountToken: false
  securityContext: {{runAsNonRoot: true, runAsUser: 1000, seccompProfile: {{type: RuntimeDefault}}}}
  containers:
    - name: probe
      image: {image}
      command: [sleep, infinity]
      securityContext: {{allowPrivilegeEscalation: false, capabilities: {{drop: [ALL]}}}}
"""
_NAMES = """
import sqlite3
database = sqlite3.connect("file:/srv/hub/jupyterhub.sqlite?mode=ro", uri=True)
print(*(row[0] for row in database.execute("select name from users")))
"""


@pytest.fixture(scope="session")
def built_images() -> list[Path]:
    """The archives of the images of this checkout."""
    if not (shutil.which("buildah") or shutil.which("docker")):
        pytest.fail("buildah is missing: apt-get install buildah", pytrace=False)
    done = subprocess.run(
        ["sh", "images/build.sh", "--archive", str(cache() / "images")],
        cwd=ROOT,
        env={"BASE": "local", **os.environ},
        stdout=subprocess.PIPE,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, "images/build.sh failed, its words are above"
    return [Path(line.split()[0]) for line in done.stdout.splitlines()]


@pytest.fixture(scope="session")
def chart_values(cluster, request) -> dict:
    """Values that name the images of this checkout, and sizes for two cores."""
    if cluster.state:
        references = cluster.load(*request.getfixturevalue("built_images"))
    else:
        references = cluster.published("hub")
    chosen = values(next(reference for reference in references if "/hub:" in reference))
    if cluster.state:
        program = images.of_program("traefik")
        (traefik,) = cluster.load(program)
        name, tag = traefik.rsplit(":", 1)
        chosen["traefik"] = {"image": {"name": name, "tag": tag}}
    return chosen


@pytest.fixture(scope="session")
def release(cluster, chart_values, tmp_path_factory):
    """A VRE from `helm install` alone."""
    running = InhabitedRelease(cluster, tmp_path_factory.mktemp("release"), chart_values)
    running.install()
    yield running
    running.disconnect()
    # A cluster of the tests' own goes as a whole, and sooner.
    if not cluster.own:
        cluster.helm("uninstall", running.name, "--namespace", running.namespace, "--wait", check=False)
        cluster.kubectl("delete", "namespace", running.namespace, "--wait=true", timeout=300)


class InhabitedRelease(ChartRelease):
    """A release with users in it."""

    def server_of(self, user: str) -> dict:
        """The pod of the user's server, started if it does not run."""
        token = self.token(user)
        if not self.servers(user, token).get("", {}).get("ready"):
            self.start_server(user, token, 180, profile="small")
        return self.pod("singleuser-server", user)

    def users(self) -> list[str]:
        """The names in the hub's database."""
        return self.run_in(self.pod("hub"), _NAMES).split()


@pytest.fixture(autouse=True)
def told(request):
    """Say of a failure what the cluster knows: it is gone when somebody reads of it."""
    yield
    if getattr(request.node, "failed", False):
        for value in list(request.node.funcargs.values()):
            if isinstance(value, ChartRelease):
                print(value.state_in_words())  # noqa: T201


@pytest.fixture(scope="session")
def operator(release) -> Operator:
    """Somebody who types what docs/operate.md says, in a folder with the chart and the values."""
    (hub,) = {container["image"] for container in release.pod("hub")["spec"]["containers"]}
    return Operator(release, {"registry.example.org/vre/hub:0.1.0": hub})


@dataclass(frozen=True)
class Outside:
    """Addresses outside the cluster; each answers HTTP on port 80."""

    internet: str = world.INTERNET
    private: str = world.PRIVATE
    unlisted: str = UNLISTED
    metadata: str = world.METADATA
    wireserver: str = WIRESERVER


@pytest.fixture(scope="module")
def outside(cluster, leave_out):
    """The world outside the cluster, made on this machine: a data server among it."""
    if not cluster.state:
        leave_out("the world outside is made on its machine")
    addresses = Outside()
    with world.outside(vars(addresses).values()):
        yield addresses


@pytest.fixture(scope="session")
def anywhere(cluster, leave_out):
    """Run a Python program in a pod that no policy holds back."""
    if not cluster.state:
        leave_out("the image of the pod is put on its machine")
    (reference,) = cluster.load(images.probe())
    cluster.kubectl("create", "namespace", "anywhere")
    cluster.kubectl("--namespace", "anywhere", "apply", "-f", "-", input=PROBE.format(image=reference))
    cluster.kubectl("--namespace", "anywhere", "wait", "--for=condition=Ready", "pod/anywhere")

    def run(code: str, *words: str) -> str:
        program = ("exec", "-i", "anywhere", "--", "python3", "-", *words)
        return cluster.kubectl("--namespace", "anywhere", *program, input=code)

    yield run
    cluster.kubectl("delete", "namespace", "anywhere", "--wait=false")


@pytest.fixture
def full_home(cluster, release, leave_out):
    """A user whose home volume has no byte left."""
    if not cluster.state:
        leave_out("the full disk is made on its machine")
    # What is mounted there goes with the cluster, also after a kill.
    place = cluster.state.run / "full-home"
    user, disk, folder = "fullhome", place / "disk", place / "home"
    folder.mkdir(parents=True)
    with disk.open("wb") as file:
        file.truncate(16 * 2**20)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(disk)], check=True)
    subprocess.run(["mount", "-o", "loop", str(disk), str(folder)], check=True)
    try:
        (folder / "odatis").mkdir(mode=0o777)
        folder.chmod(0o777)
        _fill(folder / "everything.bin")
        os.chown(folder / "everything.bin", 1000, 1000)
        release.kubectl("apply", "-f", "-", input=_claim(folder, user))
        yield user
        release.kubectl("delete", "pvc", f"home-{user}", "--wait=false")
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        shutil.rmtree(place)


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        for size in (2**20, 2**10, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


def _claim(folder: Path, user: str) -> str:
    return f"""
apiVersion: v1
kind: PersistentVolume
metadata: {{name: full-home}}
spec:
  capacity: {{storage: 1Gi}}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Delete
  storageClassName: full
  local: {{path: {folder}}}
  nodeAffinity:
    required:
      nodeSelectorTerms:
        - matchExpressions: [{{key: kubernetes.io/os, operator: In, values: [linux]}}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: home-{user}}}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: full
  resources: {{requests: {{storage: 1Gi}}}}
"""
