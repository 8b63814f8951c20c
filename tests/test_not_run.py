"""What a test run says at its end that it left out: tests/support/not_run.py."""

import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
SUPPORT = Path(__file__).with_name("support")
CONFTEST = """
from not_run import NOT_RUN, Summary

def pytest_addoption(parser, pluginmanager):
    pluginmanager.register(Summary())

def pytest_collection_modifyitems(config):
    config.stash[NOT_RUN].append("Not run: the cluster.")
"""


@pytest.mark.parametrize("processes", ["0", "2"])
def test_what_is_left_out_is_said_once_at_the_end(pytester, processes):
    pytester.makeini(f"[pytest]\npythonpath = {SUPPORT}")
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_one="def test_it(): pass", test_two="def test_it(): pass")
    done = pytester.run(sys.executable, "-m", "pytest", "-n", processes, "-p", "no:cacheprovider")
    assert done.ret == 0
    said = done.outlines
    assert said.count("Not run: the cluster.") == 1
    (told,) = (number for number, line in enumerate(said) if line == "Not run: the cluster.")
    (ended,) = (number for number, line in enumerate(said) if "2 passed" in line)
    assert told < ended
