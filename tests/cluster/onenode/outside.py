"""The world outside the cluster, made on this machine: addresses that answer, in a network of their own.

What a policy refuses is so proved against something that would answer, and a broken policy harms nobody.
"""

import fcntl
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from . import network
from .processes import run

NAMESPACE = "onenode-outside"
NAMESPACES = Path("/run/netns")
LOCK = Path("/run/lock/odatis-onenode-outside")
HERE, THERE = "198.51.100.1", "198.51.100.2"
INTERNET, PRIVATE, METADATA = "203.0.113.10", "172.30.0.9", "169.254.169.254"
SERVER = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        said = ("outside " + self.connection.getsockname()[0]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *words):
        pass

server = ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Answer)
print("ready", flush=True)
server.serve_forever()
"""


@contextmanager
def outside(addresses: Iterable[str] = (INTERNET, PRIVATE, METADATA), port: int = 80) -> Iterator[None]:
    """Make a network namespace whose addresses answer HTTP, and routes of this machine that lead there.

    There is one at a time: another process waits for its end.

    Parameters
    ----------
    addresses : iterable of str
        The addresses; `http://ADDRESS/` says `outside ADDRESS`.
    port : int
        Where they answer.
    """
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield from _outside(addresses, port)


def _outside(addresses: Iterable[str], port: int) -> Iterator[None]:
    remove()
    server = None
    try:
        run("ip", "netns", "add", NAMESPACE)
        run("ip", "link", "add", "onenode-out", "type", "veth", "peer", "name", "eth0", "netns", NAMESPACE)
        run("ip", "address", "add", f"{HERE}/30", "dev", "onenode-out")
        run("ip", "link", "set", "onenode-out", "up")
        for words in (
            ("link", "set", "lo", "up"),
            ("link", "set", "eth0", "up"),
            ("address", "add", f"{THERE}/30", "dev", "eth0"),
            # A pod's own address comes back the way it came.
            ("route", "add", network.PODS, "via", HERE),
            *(("address", "add", f"{address}/32", "dev", "lo") for address in addresses),
        ):
            run("ip", "-n", NAMESPACE, *words)
        for address in addresses:
            run("ip", "route", "add", f"{address}/32", "via", THERE, "dev", "onenode-out")
        command = ["ip", "netns", "exec", NAMESPACE, sys.executable, "-c", SERVER, str(port)]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        server.stdout.readline()
        yield
    finally:
        if server:
            server.kill()
            server.wait()
        remove()


def remove() -> None:
    """Take the outside away, with what runs in it."""
    for pid in run("ip", "netns", "pids", NAMESPACE, check=False).split():
        run("kill", "-9", pid, check=False)
    run("ip", "link", "del", "onenode-out", check=False)
    run("ip", "netns", "del", NAMESPACE, check=False)
    # `ip netns` mounts its folder over itself, and leaves it so.
    with suppress(OSError):
        if not any(NAMESPACES.iterdir()):
            if str(NAMESPACES) in network.mounts():
                run("umount", NAMESPACES, check=False)
            NAMESPACES.rmdir()
