"""`odatis dashboard explore` says what is wrong in a sentence."""

import os
import socket
import subprocess
import sys

import pytest

from odatis_vre.dashboards import DASHBOARDS, serve
from odatis_vre.errors import OdatisError

ODATIS = [sys.executable, "-c", "from odatis_vre.cli import main; main()"]


def test_a_port_that_is_taken_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*ODATIS, "dashboard", "explore", "--port", port, "--no-browser"],
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "ODATIS_LANG": "en"},
        )
    assert done.returncode == 1
    assert f"Port {port} is taken" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_dashboard_gets_the_names_of_all(monkeypatch):
    monkeypatch.setenv("ODATIS_LANG", "en")
    with pytest.raises(OdatisError, match="There are: explore"):
        serve("explorer")
    assert "explore" in DASHBOARDS
