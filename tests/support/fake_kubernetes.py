"""A stand-in for the Kubernetes API, at its edge: DaskClusters and pods in two dictionaries."""

import asyncio
import json


class _Answer:
    def __init__(self, body: dict):
        self.body = body

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        pass

    async def read(self) -> bytes:
        return json.dumps(self.body).encode()


class FakeApi:
    """Keeps what it is given; each call lets others run, as a request over the network does.

    Attributes
    ----------
    clusters : dict of str to dict
        DaskClusters by name.
    pods : list of dict
    """

    def __init__(self, namespace: str):
        self.namespace = namespace
        self.clusters: dict[str, dict] = {}
        self.pods: list[dict] = []

    async def create_namespaced_custom_object(self, group, version, namespace, plural, body):
        await asyncio.sleep(0)
        assert namespace == self.namespace
        self.clusters[body["metadata"]["name"]] = json.loads(json.dumps(body)) | {
            "metadata": {**body["metadata"], "namespace": namespace},
            "status": {"phase": "Running"},
        }

    async def list_namespaced_custom_object(self, group, version, namespace, plural, label_selector=""):
        await asyncio.sleep(0)
        assert namespace == self.namespace
        return {"items": json.loads(json.dumps(list(self.clusters.values())))}

    async def patch_namespaced_custom_object(self, group, version, namespace, plural, name, patch):
        await asyncio.sleep(0)
        assert namespace == self.namespace
        for change in patch:
            self.clusters[name]["spec"][change["path"].removeprefix("/spec/")] = change["value"]

    async def list_namespaced_pod(self, namespace, label_selector, _preload_content):
        await asyncio.sleep(0)
        assert namespace == self.namespace
        selected = [pod for pod in self.pods if _matches(pod["metadata"]["labels"], label_selector)]
        return _Answer({"items": selected})


def _matches(labels: dict, selector: str) -> bool:
    wanted = dict(part.split("=") for part in selector.split(",") if "=" in part)
    return all(labels.get(name) == value for name, value in wanted.items())
