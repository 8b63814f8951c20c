"""A VRE installed from its chart on a real cluster, and what a client of it needs."""

import base64
import contextlib
import json
import socket
import subprocess
from pathlib import Path

import yaml
from hub_client import HubClient
from ways_in import PortForward, Relay

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "odatis-vre"
RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}


def merged(first: dict, second: dict) -> dict:
    """The second over the first, as Helm merges values."""
    both = dict(first)
    for key, value in second.items():
        inner = isinstance(value, dict) and isinstance(both.get(key), dict)
        both[key] = merged(both[key], value) if inner else value
    return both


class ChartRelease(HubClient):
    """A release named `vre` in a namespace where Pod Security "restricted" is enforced.

    Parameters
    ----------
    cluster
        The fixture `cluster`.
    folder : Path
        For the values file and logs.
    values : dict
        Values of the release.
    namespace : str
    """

    name = "vre"

    def __init__(self, cluster, folder: Path, values: dict, namespace: str = "vre"):
        self.cluster, self.folder, self.values, self.namespace = cluster, folder, values, namespace
        self._way_in = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def password(self) -> str:
        return self.secret("password")

    def secret(self, key: str) -> str:
        data = json.loads(self.kubectl("get", "secret", self.name, "-o", "json"))["data"]
        return base64.b64decode(data[key]).decode()

    def kubectl(self, *words: str, **kwargs) -> str:
        return self.cluster.kubectl("--namespace", self.namespace, *words, **kwargs)

    def get(self, *words: str) -> list[dict]:
        return json.loads(self.kubectl("get", *words, "-o", "json"))["items"]

    def pods(self, component: str) -> list[dict]:
        """The pods of a component that are not being deleted."""
        found = self.get("pods", "-l", f"app.kubernetes.io/component={component}")
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def pod(self, component: str, user: str | None = None) -> dict:
        found = self.pods(component)
        if user is not None:
            found = [p for p in found if p["metadata"]["annotations"].get("hub.jupyter.org/username") == user]
        assert len(found) == 1, [pod["metadata"]["name"] for pod in found]
        return found[0]

    def run_in(self, pod: dict, code: str, *words: str) -> str:
        """What a Python program prints inside a pod."""
        return self.kubectl("exec", "-i", pod["metadata"]["name"], "--", "python", "-", *words, input=code)

    @contextlib.contextmanager
    def conversation(self, pod: dict, code: str):
        """A Python program inside a pod that goes on: say a line to it, and have its answer, a line too."""
        words = ("exec", "-i", pod["metadata"]["name"], "--", "python", "-u", "-c", code)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        process = self.cluster.start("--namespace", self.namespace, *words, **pipes)

        def say(line: str) -> str:
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        try:
            yield say
        finally:
            process.stdin.close()
            process.kill()
            process.wait()

    def change(self, **changes) -> Path:
        """Change values in the file that the next install reads."""
        self.values = merged(self.values, changes)
        path = self.folder / "values.yaml"
        path.write_text(yaml.safe_dump(self.values), "utf-8")
        return path

    def install(self, **changes) -> None:
        """Install or upgrade, and wait until everything is ready."""
        path = self.change(**changes)
        found = json.loads(self.cluster.kubectl("get", "namespaces", "-o", "json"))["items"]
        if self.namespace not in {item["metadata"]["name"] for item in found}:
            self.cluster.kubectl("create", "namespace", self.namespace)
            labels = [f"{key}={value}" for key, value in RESTRICTED.items()]
            self.cluster.kubectl("label", "namespace", self.namespace, *labels)
        self.cluster.helm(
            *("upgrade", "--install", self.name, str(CHART), "--namespace", self.namespace),
            *("--values", str(path), "--wait", "--timeout", "5m"),
        )
        self.connect()

    def connect(self) -> None:
        """Reach the proxy without an ingress."""
        self.disconnect()
        if self.cluster.state:
            service = json.loads(self.kubectl("get", "service", "proxy-public", "-o", "json"))["spec"]
            (port,) = (port["port"] for port in service["ports"] if port["name"] == "http")
            self._way_in = Relay(self.port, service["clusterIP"], port)
        else:
            self._way_in = PortForward(self._forward)
        self.wait_for(self._answers, 60, "the hub behind the proxy")

    def _forward(self) -> subprocess.Popen:
        words = ("port-forward", "service/proxy-public", f"{self.port}:http")
        with (self.folder / "port-forward.txt").open("a") as log:
            return self.cluster.start("--namespace", self.namespace, *words, stdout=log, stderr=log)

    def disconnect(self) -> None:
        if self._way_in is not None:
            self._way_in.close()
            self._way_in = None

    def _answers(self) -> bool:
        import requests

        with contextlib.suppress(requests.RequestException):
            return requests.get(f"{self.address}/hub/health", timeout=5).ok
        return False

    def state_in_words(self) -> str:
        """The pods, what happened to them, and the last that the hub said."""
        pods = self.kubectl("get", "pods", "-o", "wide", check=False)
        events = self.kubectl("get", "events", "--sort-by=.lastTimestamp", check=False)
        hub = self.kubectl("logs", "deployment/hub", "--timestamps", "--tail=200", check=False)
        return f"{pods}\n{events[-8000:]}\n{hub}"

    def clusters(self, user: str | None = None) -> list[dict]:
        """The Dask clusters that are not stopped, as the API server knows them."""
        found = self.get("daskclusters.gateway.dask.org")
        active = [c for c in found if c["spec"].get("active", True) and not c["status"].get("completionTime")]
        return [c for c in active if user in (None, c["spec"]["username"])]
