"""A VRE at work, for the tests that stop it or kill a part of it."""

import asyncio
import json
from uuid import uuid4

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

USER = "researcher"
FIELD_NOTES = {"type": "file", "format": "text", "content": "field notes"}


async def begin_cell(vre, token: str, code: str) -> None:
    """Start a kernel in the user's server and a cell in it, and leave it running."""
    kernel = vre.api(token, "POST", f"/user/{USER}/api/kernels", json={}).json()["id"]
    address = f"ws://127.0.0.1:{vre.port}/user/{USER}/api/kernels/{kernel}/channels"
    connection = await websocket_connect(HTTPRequest(address, headers={"Authorization": f"token {token}"}))
    request = {
        "channel": "shell",
        "header": {
            "msg_id": uuid4().hex,
            "msg_type": "execute_request",
            "session": uuid4().hex,
            "version": "5.3",
        },
        "parent_header": {},
        "metadata": {},
        "content": {"code": code, "silent": False},
    }
    await connection.write_message(json.dumps(request))
    await asyncio.sleep(0.5)
    connection.close()


@pytest.fixture
def with_work(new_vre):
    """A VRE with a running server, a saved file, a cell under way and a Dask cluster."""
    vre = new_vre().start()
    token = vre.token(USER)
    vre.start_server(USER, token, profile="small")
    vre.api(token, "PUT", f"/user/{USER}/api/contents/notes.txt", json=FIELD_NOTES).raise_for_status()
    vre.gateway(token, "POST", "/api/v1/clusters/", json={"cluster_options": {}}).raise_for_status()
    counting = (
        "import time\nfor i in range(9999):\n    print(i, file=open('count.txt', 'a')); time.sleep(0.2)"
    )
    asyncio.run(begin_cell(vre, token, counting))
    vre.wait_for((vre.state / "homes" / USER / "count.txt").exists, 30, "the cell")
    vre.wait_for(
        lambda: any("dask scheduler" in command for _, command in vre.commands()), 60, "the scheduler"
    )
    return vre
