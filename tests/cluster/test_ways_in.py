"""The tests' own ways to a service: what is sent comes back, and a way that breaks is open again."""

import contextlib
import socket
import subprocess
import sys
import threading
import time

import pytest
from ways_in import PortForward, Relay

ECHO = """
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
client, _ = server.accept()
client.sendall(client.recv(100))
"""


@pytest.fixture
def echo():
    """The port of a server that sends back what it is sent, until the other side has ended."""
    server = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            with client:
                while data := client.recv(2**16):
                    client.sendall(data)

    threading.Thread(target=answer, daemon=True).start()
    yield server.getsockname()[1]
    server.close()


def said_back(port: int, text: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        sending = threading.Thread(target=_send, args=(client, text))
        sending.start()
        parts = list(iter(lambda: client.recv(2**16), b""))
        sending.join()
    return b"".join(parts)


def _send(client: socket.socket, text: bytes) -> None:
    with contextlib.suppress(OSError):  # nobody is there any more; what came back tells
        client.sendall(text)
        client.shutdown(socket.SHUT_WR)


def nothing_comes_back(port: int) -> bool:
    try:
        return said_back(port, b"anyone?") == b""
    except OSError:
        return True


def test_a_relay_carries_all_that_is_said_both_ways(echo, free_ports):
    (port,) = free_ports(1)
    relay = Relay(port, "127.0.0.1", echo)
    text = bytes(range(256)) * 20_000
    assert said_back(port, text) == text
    assert said_back(port, b"again") == b"again"
    relay.close()
    assert nothing_comes_back(port)


def test_a_relay_to_nobody_ends_the_connection_and_stays_open(free_ports):
    port, nobody = free_ports(2)
    relay = Relay(port, "127.0.0.1", nobody)
    assert nothing_comes_back(port)
    assert nothing_comes_back(port)
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        relay.close()


def test_a_port_forward_that_ends_is_begun_again(free_ports):
    (port,) = free_ports(1)
    way = PortForward(lambda: subprocess.Popen([sys.executable, "-c", ECHO, str(port)]))
    for text in (b"first", b"second"):
        end = time.monotonic() + 20
        while True:
            assert time.monotonic() < end
            try:
                found = said_back(port, text)
                break
            except OSError:
                time.sleep(0.05)
        assert found == text
    way.close()
