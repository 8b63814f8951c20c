"""pyftpdlib on the loopback, with transfers and lists that fail as told."""

import contextlib
import logging
import threading
from pathlib import Path

from data_servers import HOST


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
def serve_ftp(folder: Path, user: str | None = None, password: str = "", faults: FtpFaults | None = None):
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
