"""What the check found reaches its ConfigMap: a request of Kubernetes' client, to a server on loopback."""

import base64

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from kubernetes_asyncio.client import ApiClient, ApiException, Configuration, CoreV1Api

from odatis_vre.errors import OdatisError
from odatis_vre.hub.kubernetes import catalog_status
from odatis_vre.hub.kubernetes.release import Release

PATH = "/api/v1/namespaces/ocean/configmaps/catalog-status"


@pytest.fixture
async def kubernetes():
    """What is asked of the API; `answers` are given one a request, then 200."""

    async def answer(request: web.Request) -> web.Response:
        asked.append((request.method, request.path, request.content_type, await request.json()))
        code = asked.answers.pop(0) if asked.answers else 200
        if code is None:
            request.transport.abort()
        return web.json_response({"kind": "ConfigMap"}, status=code or 200)

    class Asked(list):
        api, answers = None, ()

    asked, app = Asked(), web.Application()
    asked.answers = []
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        client = ApiClient(Configuration(host=str(server.make_url("")).rstrip("/")))
        asked.api = CoreV1Api(client)
        yield asked
        await client.close()


@pytest.fixture
def status(tmp_path):
    (file := tmp_path / "status.json.gz").write_bytes(b"\x1f\x8bwhat was found")
    return file


async def test_only_the_one_key_of_the_one_map_is_changed(kubernetes, status):
    await catalog_status.publish(kubernetes.api, Release(namespace="ocean"), status)
    ((method, path, content_type, body),) = kubernetes
    assert (method, path) == ("PATCH", PATH)
    assert content_type in ("application/strategic-merge-patch+json", "application/merge-patch+json")
    assert body.keys() == {"binaryData"}
    assert body["binaryData"].keys() == {"status.json.gz"}
    assert base64.b64decode(body["binaryData"]["status.json.gz"]) == status.read_bytes()


async def test_an_api_that_is_not_reached_yet_is_asked_again(kubernetes, status):
    kubernetes.answers = [None, None]
    await catalog_status.publish(kubernetes.api, Release(namespace="ocean"), status, pause=0)
    assert len(kubernetes) == 3


async def test_a_right_that_is_missing_is_an_error_at_once(kubernetes, status):
    kubernetes.answers = [403]
    with pytest.raises(ApiException, match="403"):
        await catalog_status.publish(kubernetes.api, Release(namespace="ocean"), status, pause=60)
    assert len(kubernetes) == 1


async def test_what_a_map_cannot_hold_is_refused_in_words(kubernetes, tmp_path):
    (file := tmp_path / "status.json.gz").write_bytes(b"\0" * (catalog_status.MOST + 1))
    with pytest.raises(OdatisError, match="1048577 bytes, at most 1048576"):
        await catalog_status.publish(kubernetes.api, Release(namespace="ocean"), file)
    assert kubernetes == []
