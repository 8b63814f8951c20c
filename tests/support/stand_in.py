"""A small HTTP server on loopback for stand-ins, which can also behave badly."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["StandIn"]


class StandIn:
    """Start with `with`; `address` is where it answers, `asked` what it was asked.

    `faults` are played one a request before the server answers well: a status (500), `"cut"` (half of the
    answer, then the end), bytes (an answer of its own), None (none). `location` is where a redirection leads.
    """

    def __init__(self):
        self.asked: list[tuple[str, str, Any]] = []
        self.faults: list[int | str | bytes | None] = []
        self.location = ""

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Status and JSON, or bytes."""
        raise NotImplementedError

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def _reply(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                try:
                    body = json.loads(content) if content else None
                except ValueError:
                    body = content.decode()
                stand_in.asked.append((self.command, self.path, body))
                fault = stand_in.faults.pop(0) if stand_in.faults else None
                if isinstance(fault, int):
                    self.send_error(fault)
                    return
                status, answer = (
                    (200, fault)
                    if isinstance(fault, bytes)
                    else stand_in.answer(self.command, self.path, body)
                )
                answer = (
                    answer if isinstance(answer, bytes) else json.dumps(answer, ensure_ascii=False).encode()
                )
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                if status == 302:
                    self.send_header("Location", stand_in.location)
                self.end_headers()
                self.wfile.write(answer[: len(answer) // 2] if fault == "cut" else answer)

            do_GET = do_POST = _reply  # noqa: N815 - http.server's names

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
