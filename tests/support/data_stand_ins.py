"""Stand-ins for data servers: answers as of tabledap or a WFS over a table of ours, or as a function says."""

import contextlib
import csv
import io
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from data_servers import HOST


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
