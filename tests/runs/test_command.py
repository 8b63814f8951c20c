"""`odatis run` ends with the right code, and leaves no kernel behind when it is killed."""

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from odatis_vre.runs import Run

ODATIS = [sys.executable, "-c", "from odatis_vre.cli import main; main()", "run"]
ENV = {**os.environ, "ODATIS_LANG": "en"}
SLOW = "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(120)"


def odatis(*words):
    return subprocess.run([*ODATIS, *map(str, words)], capture_output=True, text=True, env=ENV, timeout=120)


@pytest.fixture
def started(notebook, tmp_path):
    """A run in the middle of its only cell: the process, its folder, its kernel."""
    path = notebook(SLOW, "1", parameters=None)
    process = subprocess.Popen(
        [*ODATIS, path, "-o", tmp_path / "runs"],
        env=ENV,
        stderr=subprocess.PIPE,
        text=True,
        # As a terminal leaves it: a shell's background job, which a test run may be, ignores it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    pids = tmp_path / "runs"
    try:
        pid = _wait_for(lambda: _first_pid(process, pids))
        yield process, next(pids.iterdir()), psutil.Process(int(pid))
    finally:
        process.kill()
        process.wait()


def _first_pid(process, runs):
    assert process.poll() is None, process.stderr.read()
    return next((path.read_text() for path in runs.glob("*/outputs/pid")), None)


def _wait_for(answer, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := answer():
            return value
        time.sleep(0.1)
    raise AssertionError(f"nothing after {seconds} s")


def _gone(process):
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_completed_run_prints_its_record_and_no_progress_when_piped(notebook, tmp_path):
    done = odatis(notebook("1"), "-p", "year=2001", "-p", "bands=[7]", "-o", tmp_path / "runs", "--json")
    assert done.returncode == 0
    record = json.loads(done.stdout)
    assert record["parameters"]["year"] == 2001
    assert record["parameters"]["bands"] == [7]
    assert Run(record["folder"]).status == "completed"
    assert done.stderr == ""


def test_a_failed_run_exits_with_1_and_two_lines(notebook, tmp_path):
    done = odatis(notebook("1 / 0"), "-o", tmp_path / "runs")
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "Cell 2 of survey.ipynb failed: ZeroDivisionError: division by zero"
    assert len(done.stderr.splitlines()) == 2


def test_a_wrong_parameter_exits_with_2(notebook, tmp_path):
    done = odatis(notebook("1"), "-p", "yaer=2", "-o", tmp_path / "runs")
    assert done.returncode == 2
    assert 'Did you mean "year"?' in done.stderr
    assert not (tmp_path / "runs").exists()


def test_the_language_option_reaches_report_and_notebook(notebook, tmp_path):
    path = notebook("import os; open('lang', 'w').write(os.environ['ODATIS_LANG'])")
    done = odatis(path, "-o", tmp_path / "runs", "--lang", "fr")
    assert "Exécution terminée" in done.stdout
    [folder] = (tmp_path / "runs").iterdir()
    assert (folder / "outputs" / "lang").read_text() == "fr"


def test_a_language_we_do_not_have_is_named(notebook):
    done = odatis(notebook("1"), "--lang", "de")
    assert done.returncode == 2
    assert '"de" is not a language' in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_that_ignores_the_end_of_its_terminal_goes_on(notebook, tmp_path):
    path = notebook(
        "import pathlib, time\npathlib.Path('began').touch()\n"
        "while not pathlib.Path('go').exists(): time.sleep(0.05)",
        parameters=None,
    )
    process = subprocess.Popen(
        [*ODATIS, path, "-o", tmp_path / "runs"],
        env=ENV,
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),  # as nohup does
    )
    try:
        began = _wait_for(lambda: next((tmp_path / "runs").glob("*/outputs/began"), None))
        process.send_signal(signal.SIGHUP)
        began.with_name("go").touch()
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
    assert Run(began.parents[1]).status == "completed"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_leaves_an_interrupted_run_and_no_kernel(started, number):
    process, folder, kernel = started
    process.send_signal(number)
    assert process.wait(timeout=60) == 128 + number
    assert Run(folder).status == "interrupted"
    assert Run(folder).record["end"]
    assert _gone(kernel)
    assert "Interrupted" in process.stderr.read()


def test_a_killed_run_never_looks_finished_and_its_kernel_ends_by_itself(started):
    process, folder, kernel = started
    process.kill()
    process.wait()
    record = json.loads((folder / "run.json").read_text())
    assert record["status"] == "running"
    assert record["process"]["pid"] == process.pid
    assert Run(folder).status == "killed"
    _wait_for(lambda: _gone(kernel), seconds=20)


def test_a_run_under_way_says_running(started):
    _, folder, _ = started
    assert Run(folder).status == "running"
