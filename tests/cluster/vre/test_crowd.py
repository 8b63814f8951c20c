"""Fifty people at once: they log in, start servers, compute, and stop, on one node of two cores."""

import json
import os
import re
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hub_client import HubClient
from not_run import NOT_RUN
from vre_values import TINY, TRAINEES

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]

CELL = "import numpy\nprint(numpy.arange(101).sum())"
UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "M": 10**6, "G": 10**9, "k": 10**3, "m": 0.001, "": 1}


def quantity(text: str) -> float:
    """A quantity of Kubernetes, as a number."""
    number, unit = re.fullmatch(r"([\d.]+)(\w*)", text).groups()
    return float(number) * UNITS[unit]


def room(release, memory: int) -> int:
    """How many more pods of a size the cluster's nodes take; some stay for what makes volumes."""
    pods = [
        pod
        for pod in json.loads(release.cluster.kubectl("get", "pods", "--all-namespaces", "-o", "json"))[
            "items"
        ]
        if pod["status"]["phase"] in ("Pending", "Running")
    ]
    found = 0
    for node in release.cluster.get("nodes")["items"]:
        here = [pod for pod in pods if pod["spec"].get("nodeName") == node["metadata"]["name"]]
        requests = (
            container.get("resources", {}).get("requests", {}).get("memory", "0")
            for pod in here
            for container in pod["spec"]["containers"]
        )
        has = node["status"]["allocatable"]
        free = quantity(has["memory"]) - sum(map(quantity, requests))
        found += max(0, min(int(free // memory), int(has["pods"]) - len(here) - 5))
    return found


class Trainee:
    """Somebody at a browser: logs in, starts a server, follows its start as the page of a start does."""

    def __init__(self, hub: HubClient, name: str):
        self.hub, self.name = hub, name
        self.token = ""

    def log_in(self) -> float:
        began = time.monotonic()
        self.token = self.hub.token(self.name)
        return time.monotonic() - began

    def start(self) -> float:
        began = time.monotonic()
        server = f"/hub/api/users/{self.name}/server"
        answer = self.hub.api(self.token, "POST", server, json={"profile": "tiny"})
        assert answer.status_code in (201, 202), answer.text
        with self.hub.api(self.token, "GET", f"{server}/progress", stream=True) as told:
            events = [json.loads(line[5:]) for line in told.iter_lines() if line.startswith(b"data:")]
        assert events, told.status_code
        assert events[-1].get("ready"), events[-1]
        assert self.hub.api(self.token, "GET", f"/user/{self.name}/api/status").ok
        return time.monotonic() - began

    def compute(self) -> float:
        """A first cell in a notebook."""
        began = time.monotonic()
        assert self.hub.compute(self.name, self.token, CELL) == "5050\n"
        return time.monotonic() - began

    def stop(self) -> None:
        answer = self.hub.api(self.token, "DELETE", f"/hub/api/users/{self.name}/server")
        assert answer.status_code in (202, 204), answer.text


def resident(release, component: str) -> float:
    """Memory of the processes of a component's pod, in MiB."""
    name = release.pod(component)["metadata"]["name"]
    said = release.kubectl("exec", name, "--", "sh", "-c", "cat /proc/[0-9]*/status")
    return sum(map(int, re.findall(r"VmRSS:\s+(\d+) kB", said))) / 1024


def people_with_servers(release) -> set[str]:
    """Whose server has a pod, also one that is ending."""
    pods = release.get("pods", "-l", "app.kubernetes.io/component=singleuser-server")
    return {pod["metadata"]["annotations"]["hub.jupyter.org/username"] for pod in pods}


def seconds_to_list_users(release) -> float:
    """How long the hub takes to tell an administrator of everybody, a median."""
    admin = HubClient()
    admin.address, admin.password = release.address, release.secret("admin-password")
    token = admin.token("operator")
    times = []
    for _ in range(10):
        answer = admin.api(token, "GET", "/hub/api/users")
        assert len(answer.json()) >= len(TRAINEES)
        times.append(answer.elapsed.total_seconds())
    return statistics.median(times)


def in_words(times: list[float]) -> str:
    return f"median {statistics.median(times):.1f} s, slowest {max(times):.1f} s"


def test_a_crowd_logs_in_computes_and_stops_together(release, pytestconfig):
    hub = HubClient()
    hub.address, hub.password = release.address, release.password
    memory = int(TINY["memory"].removesuffix("M")) * 2**20
    crowd = [Trainee(hub, name) for name in TRAINEES][: room(release, memory)]
    # Another cluster may be smaller; this one has room for a workshop.
    assert len(crowd) == len(TRAINEES) if release.cluster.own else len(crowd) > 1
    names = {trainee.name for trainee in crowd}

    with ThreadPoolExecutor(len(crowd)) as pool:
        logins = list(pool.map(Trainee.log_in, crowd))
        began = time.monotonic()
        starts = list(pool.map(Trainee.start, crowd))
        together = time.monotonic() - began
        cells = list(pool.map(Trainee.compute, crowd))
    assert names <= people_with_servers(release)
    hub_memory, proxy_memory = (resident(release, component) for component in ("hub", "proxy"))
    listing = seconds_to_list_users(release)

    first = crowd[0]
    first.stop()
    release.wait_for(lambda: not hub.servers(first.name, first.token), 120, "the end of one server")
    again = first.start()

    began = time.monotonic()
    with ThreadPoolExecutor(len(crowd)) as pool:
        list(pool.map(Trainee.stop, crowd))
    release.wait_for(lambda: not names & people_with_servers(release), 300, "the end of the crowd's servers")
    stopped = time.monotonic() - began

    pytestconfig.stash[NOT_RUN] += [
        f"a crowd of {len(crowd)} at once on {os.cpu_count()} cores: log in {in_words(logins)};",
        f"  server ready {in_words(starts)}, {len(crowd) / together:.2f} a second;",
        f"  first cell of a notebook {in_words(cells)};",
        f"  one more start beside the others {again:.1f} s; all stopped in {stopped:.0f} s;",
        f"  with all of them the hub takes {hub_memory:.0f} MiB and the proxy {proxy_memory:.0f} MiB,",
        f"  and the list of users {1000 * listing:.0f} ms",
    ]
