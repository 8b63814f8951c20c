"""Processes are found by their mark, and ended."""

import os
import subprocess
import sys

import psutil
import pytest

from odatis_vre.hub.embedded import processes


@pytest.fixture
def started(tmp_path):
    """Start a small program with the mark of a folder."""
    made = []

    def start(code: str = "import time; print('up', flush=True); time.sleep(60)", folder=tmp_path):
        program = subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, processes.MARKER: str(folder)},
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        made.append(program)
        program.stdout.readline()
        return program

    yield start
    for program in made:
        program.kill()
        program.wait()
        program.stdout.close()


def test_a_marked_process_is_found(started, tmp_path):
    program = started()
    assert [process.pid for process in processes.find(str(tmp_path))] == [program.pid]


def test_another_folders_process_is_not(started, tmp_path):
    started(folder=tmp_path / "other")
    assert processes.find(str(tmp_path)) == []


def test_a_process_ends_when_asked(started, tmp_path):
    program = started()
    assert processes.end(str(tmp_path)) == 1
    assert not psutil.pid_exists(program.pid)


def test_a_process_that_will_not_listen_is_forced(started, tmp_path):
    program = started(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('up', flush=True); time.sleep(60)"
    )
    assert processes.end(str(tmp_path), patience=0.5) == 1
    assert not psutil.pid_exists(program.pid)


def test_a_grandchild_whose_parent_is_gone_is_found(started, tmp_path):
    program = started(
        "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'],"
        " start_new_session=True, stdout=subprocess.DEVNULL); print(p.pid, flush=True)"
    )
    program.wait(10)
    assert processes.end(str(tmp_path)) == 1


def test_nothing_to_end_is_none(tmp_path):
    assert processes.end(str(tmp_path)) == 0
