"""What a client of a running hub asks it, on one machine and on a cluster alike."""

import json
import re
import time
from uuid import uuid4

import requests
from websocket import create_connection

PATIENCE = 120  # seconds for an answer: fifty people may share two slow cores


class HubClient:
    """A hub at an address, and its shared password."""

    address: str
    password: str

    def wait_for(self, true, seconds: float, what: str):
        patience = time.monotonic() + seconds
        while not (found := true()):
            if reason := self.ended():
                raise AssertionError(f"ended before {what}:\n{reason}")
            if time.monotonic() > patience:
                raise AssertionError(f"waited {seconds} s for {what}:\n{self.state_in_words()}")
            time.sleep(0.1)
        return found

    def ended(self) -> str | None:
        """Why there is nothing to wait for any more."""

    def state_in_words(self) -> str:
        return ""

    def login(self, user: str) -> requests.Session:
        session = requests.Session()
        session.get(f"{self.address}/hub/login", timeout=PATIENCE).raise_for_status()
        form = {"username": user, "password": self.password, "_xsrf": session.cookies["_xsrf"]}
        session.post(f"{self.address}/hub/login", data=form, timeout=PATIENCE).raise_for_status()
        return session

    def token(self, user: str, **request) -> str:
        """A token with all that its user may do, or with the scopes of the request."""
        session = self.login(user)
        cookies = {cookie.name: cookie.value for cookie in session.cookies if cookie.path == "/hub/"}
        answer = session.post(
            f"{self.address}/hub/api/users/{user}/tokens",
            json={"note": "test", **request},
            headers={"X-XSRFToken": cookies["_xsrf"]},
            timeout=PATIENCE,
        )
        assert answer.status_code == 201, answer.text
        return answer.json()["token"]

    def api(self, token: str, method: str, path: str, **kwargs) -> requests.Response:
        headers = {"Authorization": f"token {token}"}
        return requests.request(method, self.address + path, headers=headers, timeout=PATIENCE, **kwargs)

    def gateway(self, token: str, method: str, path: str, **kwargs) -> requests.Response:
        headers = {"Authorization": f"jupyterhub {token}"}
        url = f"{self.address}/services/dask-gateway{path}"
        return requests.request(method, url, headers=headers, timeout=PATIENCE, **kwargs)

    def servers(self, user: str, token: str) -> dict:
        return self.api(token, "GET", f"/hub/api/users/{user}").json().get("servers", {})

    def start_server(self, user: str, token: str, seconds: float = 240, **options) -> None:
        answer = self.api(token, "POST", f"/hub/api/users/{user}/server", json=options)
        assert answer.status_code in (201, 202), answer.text
        self.wait_for(lambda: self.servers(user, token).get("", {}).get("ready"), seconds, f"{user}'s server")

    def saved_file(self, user: str, token: str, path: str, format: str = "text") -> str:  # noqa: A002
        """A file of the user's home, as the notebook server shows it."""
        query = f"type=file&format={format}&content=1"
        answer = self.api(token, "GET", f"/user/{user}/api/contents/{path}?{query}")
        assert answer.status_code == 200, answer.text
        return answer.json()["content"]

    def type_in_terminal(self, user: str, token: str, command: str, seconds: float = 60) -> str:
        """What a command says in a terminal of the user's notebook server; it must end well."""
        terminals = f"/user/{user}/api/terminals"
        name = self.api(token, "POST", terminals).json()["name"]
        address = f"{self.address.replace('http', 'ws', 1)}/user/{user}/terminals/websocket/{name}"
        said, end = "", time.monotonic() + seconds
        connection = create_connection(
            address, header=[f"Authorization: token {token}"], timeout=seconds, enable_multithread=False
        )
        try:
            # The marks are not in the echo of the line itself; nothing is broken at the edge of a screen.
            line = f"stty cols 4000; echo BEG''IN; {command}; echo END''$?"
            connection.send(json.dumps(["stdin", f"{line}\r"]))
            while not (found := re.search(r"BEGIN\r?\n(.*)END(\d+)", said, re.DOTALL)):
                assert time.monotonic() < end, f"no end of {command}:\n{said}"
                kind, *text = json.loads(connection.recv())
                said += text[0] if kind == "stdout" else ""
        finally:
            connection.close()
            self.api(token, "DELETE", f"{terminals}/{name}")
        assert found[2] == "0", found[1]
        return found[1].replace("\r\n", "\n")

    def compute(self, user: str, token: str, code: str) -> str:
        """What code prints in a kernel of its own on the user's notebook server; it must not fail."""
        kernels = f"/user/{user}/api/kernels"
        answer = self.api(token, "POST", kernels, json={"name": "python3"})
        assert answer.status_code == 201, answer.text
        kernel = f"{kernels}/{answer.json()['id']}"
        connection = create_connection(
            f"{self.address.replace('http', 'ws', 1)}{kernel}/channels",
            header=[f"Authorization: token {token}"],
            timeout=PATIENCE,
        )
        request = {"msg_id": uuid4().hex, "msg_type": "execute_request", "session": uuid4().hex}
        request |= {"username": user, "version": "5.3"}
        content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
        message = {"header": request, "parent_header": {}, "metadata": {}, "content": content}
        try:
            connection.send(json.dumps({**message, "channel": "shell"}))
            said = ""
            while True:
                told = json.loads(connection.recv())
                if told["parent_header"].get("msg_id") != request["msg_id"]:
                    continue
                said += told["content"].get("text", "") if told["msg_type"] == "stream" else ""
                assert told["msg_type"] != "error", told["content"]
                if told["msg_type"] == "status" and told["content"]["execution_state"] == "idle":
                    return said
        finally:
            connection.close()
            self.api(token, "DELETE", kernel)

    def stop_server(self, user: str, token: str) -> None:
        self.api(token, "DELETE", f"/hub/api/users/{user}/server")
        self.wait_for(lambda: "" not in self.servers(user, token), PATIENCE, f"the end of {user}'s server")
