"""A missing program is told before anything starts."""

import sys

import pytest

from odatis_vre.errors import StartError
from odatis_vre.hub.embedded import tools


@pytest.fixture
def empty_environment(tmp_path, monkeypatch):
    """No program on PATH, none in the environment."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    return tmp_path


def program(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_a_missing_proxy_is_named_with_what_to_do(empty_environment):
    with pytest.raises(StartError, match=r"configurable-http-proxy is missing.\n.*make install"):
        tools.check_tools()


def test_a_proxy_without_node_says_node(empty_environment):
    program(empty_environment / "node_modules" / tools.PROXY / "bin" / tools.PROXY)
    with pytest.raises(StartError, match=r"Node.js is missing"):
        tools.check_tools()


def test_the_environments_own_proxy_comes_first(empty_environment):
    own = program(empty_environment / "node_modules" / tools.PROXY / "bin" / tools.PROXY)
    node = program(empty_environment / "node")
    program(empty_environment / tools.PROXY)
    assert tools.proxy_command() == [str(node), str(own)]


def test_nodes_wheel_comes_before_the_machines_node(empty_environment):
    own = program(empty_environment / "node_modules" / tools.PROXY / "bin" / tools.PROXY)
    program(empty_environment / "node")
    wheel = program(empty_environment / "bin" / "node")
    assert tools.proxy_command() == [str(wheel), str(own)]


def test_a_proxy_on_the_path_will_do(empty_environment):
    found = program(empty_environment / tools.PROXY)
    assert tools.proxy_command() == [str(found)]


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setattr(tools, "MODULES", ("absent_library",))
    with pytest.raises(StartError, match="absent_library is missing"):
        tools.check_tools()
