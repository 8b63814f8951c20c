"""A person at a browser, in a pod: logs in at the provider, and works on a server, by HTTPS only.

It is piped into the pod: `python - enter VRE USER`, `python - compute VRE USER TOKEN`.
"""

import html
import json
import re
import ssl
import sys
from urllib.parse import urljoin, urlsplit

import requests
import websocket

AUTHORITY = "/etc/institute/ca.crt"
PASSWORD = "from the sea"


def enter(vre: str, user: str) -> dict:
    """Log in; tell where that leads, who one is there, and whether a dashboard opens."""
    session = requests.Session()
    session.verify = AUTHORITY
    form = session.get(f"{vre}/hub/oauth_login", timeout=30)
    action = urljoin(form.url, html.unescape(re.search(r'<form[^>]* action="([^"]+)"', form.text)[1]))
    data = {"login": f"{user}@institute.example", "password": PASSWORD}
    answer = session.post(action, data=data, timeout=30)
    found = {"provider": urlsplit(form.url).netloc, "status": answer.status_code, "url": answer.url}
    if answer.status_code != 200:
        return found
    cookies = {cookie.name: cookie for cookie in session.cookies if cookie.path == "/hub/"}
    made = session.post(
        f"{vre}/hub/api/users/{user}/tokens",
        json={"note": "test"},
        headers={"X-XSRFToken": cookies["_xsrf"].value},
        timeout=30,
    )
    token = made.json()["token"]
    account = session.get(f"{vre}/hub/api/user", headers={"Authorization": f"token {token}"}, timeout=30)
    return {
        **found,
        "token": token,
        "account": account.json(),
        "secure": all(cookie.secure for cookie in cookies.values() if cookie.name != "_xsrf"),
        "dashboard": session.get(f"{vre}/services/explore/", timeout=60).status_code,
    }


def compute(vre: str, user: str, token: str) -> dict:
    """Start a kernel on the user's server, and have it add 20 and 22, over a WebSocket."""
    headers = {"Authorization": f"token {token}"}
    server = f"{vre}/user/{user}"
    kernels = f"{server}/api/kernels"
    kernel = requests.post(kernels, headers=headers, verify=AUTHORITY, timeout=60)
    kernel.raise_for_status()
    address = f"wss{server.removeprefix('https')}/api/kernels/{kernel.json()['id']}/channels"
    channel = websocket.create_connection(
        address, header=headers, sslopt={"cert_reqs": ssl.CERT_REQUIRED, "ca_certs": AUTHORITY}, timeout=60
    )
    header = {
        "msg_id": "1",
        "msg_type": "execute_request",
        "username": user,
        "session": "1",
        "version": "5.3",
    }
    content = {"code": "print(20 + 22)", "silent": False}
    channel.send(
        json.dumps(
            {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        )
    )
    while (said := json.loads(channel.recv()))["header"]["msg_type"] != "stream":
        pass
    channel.close()
    requests.delete(f"{kernels}/{kernel.json()['id']}", headers=headers, verify=AUTHORITY, timeout=60)
    return {"said": said["content"]["text"].strip()}


if __name__ == "__main__":
    verb, *words = sys.argv[1:]
    print(json.dumps({"enter": enter, "compute": compute}[verb](*words)))  # noqa: T201
