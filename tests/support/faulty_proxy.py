"""A proxy of ours that stands before a real server and breaks its answers as told."""

import contextlib
import re
import socket
import threading
from urllib.parse import urlsplit

from data_servers import HOST


class FaultyProxy:
    """A proxy of ours before a real HTTP server: forwards, and fails as told.

    `faults` is a list of (pattern of the request line, kind), used up one by one: "500", "401", "403", "429",
    "half" (the head of the whole answer, half of its body), "stop" (nothing at all), "slow" (half a body,
    then silence), "lie" (half of the body, announced as if it were whole), "lie whole" (so, where it is no
    part of a file), "page" (a login form). Headers in `hidden` are left out of all answers.
    """

    def __init__(self, target: str, hidden: tuple[str, ...] = ()):
        self.target, self.hidden = urlsplit(target), hidden
        self.faults: list[tuple[str, str]] = []
        self.requests: list[str] = []
        self.heads: list[str] = []
        self.lock = threading.Lock()
        self.sock = socket.create_server((HOST, 0))
        self.address = f"http://{HOST}:{self.sock.getsockname()[1]}"
        self.ended = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def always(self, pattern: str, kind: str) -> None:
        self.faults += [(pattern, kind)] * 1000

    def close(self) -> None:
        self.ended.set()
        self.sock.close()

    def _accept(self) -> None:
        while not self.ended.is_set():
            try:
                client, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _fault(self, line: str) -> str | None:
        with self.lock:
            self.requests.append(line)
            for place, (pattern, kind) in enumerate(self.faults):
                if re.search(pattern, line):
                    del self.faults[place]
                    return kind
        return None

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            head = _head(client)
            if not head:
                return
            line = head.split(b"\r\n")[0].decode("latin-1")
            with self.lock:
                self.heads.append(head.decode("latin-1"))
            fault = self._fault(line)
            if fault and fault.isdigit():
                body = "" if line.startswith("HEAD ") else "sorry"
                reply = (
                    f"HTTP/1.1 {fault} No\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
                )
                client.sendall(reply.encode())
                return
            if fault == "page":
                body = b"<!DOCTYPE html><html><form>Log in</form></html>"
                client.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body
                )
                return
            if fault == "stop":
                return
            answer = self._forward(head)
            top, _, body = answer.partition(b"\r\n\r\n")
            for name in self.hidden:
                top = re.sub(rb"(?i)\r\n%s:[^\r]*" % name.encode(), b"", top)
            if fault == "lie whole":
                fault = "lie" if b" 200 " in top.split(b"\r\n")[0] else None
            if fault in ("half", "slow", "lie"):
                body = body[: len(body) // 2]
            if fault == "lie":
                top = re.sub(rb"(?i)\r\n(content-length|transfer-encoding):[^\r]*", b"", top)
                top += b"\r\nContent-Length: %d" % len(body)
            client.sendall(top + b"\r\n\r\n" + body)
            if fault == "slow":
                self.ended.wait(3)

    def _forward(self, head: bytes) -> bytes:
        head = re.sub(rb"(?i)\r\nconnection:[^\r]*", b"", head)
        head = head[:-4] + b"\r\nConnection: close\r\n\r\n"
        received = bytearray()
        with socket.create_connection((self.target.hostname, self.target.port), 30) as server:
            server.sendall(head)
            while block := server.recv(2**16):
                received += block
        return _whole(bytes(received))


def _whole(answer: bytes) -> bytes:
    """An answer in chunks as one with its length."""
    top, _, body = answer.partition(b"\r\n\r\n")
    if not re.search(rb"(?i)\r\ntransfer-encoding: *chunked", top):
        return answer
    joined = bytearray()
    while body:
        size, _, body = body.partition(b"\r\n")
        count = int(size.split(b";")[0], 16)
        joined += body[:count]
        body = body[count + 2 :]
    top = re.sub(rb"(?i)\r\ntransfer-encoding:[^\r]*", b"", top)
    return top + b"\r\nContent-Length: %d\r\n\r\n" % len(joined) + bytes(joined)


def _head(client: socket.socket) -> bytes:
    received = bytearray()
    while b"\r\n\r\n" not in received:
        block = client.recv(2**14)
        if not block:
            return b""
        received += block
    return bytes(received)
