"""Pods for tests on a real cluster: accepted under Pod Security `restricted`, with Python in them."""

import json
import time

from onenode.images import PROBE

ANSWER = """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"here")

ThreadingHTTPServer(("", 8000), Answer).serve_forever()
"""
ASK = """
import sys, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=float(sys.argv[2])).read().decode())
except OSError as error:
    print("no answer:", getattr(error, "reason", error))
"""
WAIT = ("sleep", "infinity")


def pod(name: str, *command: str, labels: dict | None = None, **settings) -> dict:
    """Describe a pod of user 1000 that runs a command, or waits."""
    spec = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 0,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "runAsGroup": 1000,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "main",
                "image": PROBE,
                "imagePullPolicy": "IfNotPresent",
                "command": list(command or WAIT),
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                **settings,
            }
        ],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels or {}},
        "spec": spec,
    }


def server(name: str, **labels: str) -> dict:
    """Describe a pod that answers `here` on port 8000, ready when it does."""
    probe = {"httpGet": {"path": "/", "port": 8000}, "periodSeconds": 1}
    return pod(name, "python3", "-c", ANSWER, labels=labels, readinessProbe=probe)


def start(cluster, namespace: str, *objects: dict) -> None:
    """Apply objects, and wait until the pods among them are ready."""
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
    cluster.kubectl("-n", namespace, "apply", "-f", "-", input=text)
    for name in (item["metadata"]["name"] for item in objects if item["kind"] == "Pod"):
        cluster.kubectl(
            "-n", namespace, "wait", "--for=condition=Ready", f"pod/{name}", "--timeout=180s", timeout=190
        )


def address(cluster, namespace: str, name: str) -> str:
    """Read a pod's address."""
    return cluster.get("-n", namespace, "pod", name)["status"]["podIP"]


def ask(cluster, namespace: str, name: str, url: str, seconds: float = 3) -> str:
    """Ask from inside a pod: the answer's text, or `no answer: ...`."""
    return cluster.kubectl("-n", namespace, "exec", name, "--", "python3", "-c", ASK, url, seconds).strip()


def until(true, seconds: float = 60):
    """Wait for what comes about by itself, such as a policy that begins to hold."""
    patience = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < patience:
        time.sleep(0.3)
    return found
