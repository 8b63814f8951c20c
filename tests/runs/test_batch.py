"""A run that waits in a folder of the home, and what carries it out; tests/hub/test_runs.py has a hub."""

import pytest

import odatis_vre as ov
from odatis_vre.errors import HubError, RunError
from odatis_vre.runs import ParameterError, Run, serve
from odatis_vre.runs import batch as batches
from odatis_vre.runs import record as records

pytestmark = pytest.mark.usefixtures("english")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home, in a server of a hub that never answers."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("JUPYTERHUB_USER", "ana")
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "a-token")
    monkeypatch.setenv("JUPYTERHUB_API_URL", "http://127.0.0.1:9/hub/api")
    return folder


@pytest.fixture
def waiting(home, notebook, monkeypatch):
    """A run that was asked for."""
    asked = []
    monkeypatch.setattr(batches.tasks, "start", lambda *words, **options: asked.append((words, options)))
    path = notebook("open('result.txt', 'w').write(str(year))")
    run = ov.run(path, {"year": 2001}, home / "runs", batch=True, profile="medium", timeout=90)
    return run, asked


def test_a_run_that_waits_is_a_notebook_and_a_record(waiting):
    run, [(words, options)] = waiting
    assert run.record["status"] == "waiting"
    assert words == (run.record["server"], run.folder.name)
    assert options == {"run": f"runs/{run.folder.name}", "profile": "medium"}
    assert run.notebook.exists()


def test_it_is_carried_out_with_the_values_that_were_given(waiting):
    run, _ = waiting
    serve.carry_out(run.folder)
    done = Run(run.folder)
    assert done.status == "completed"
    assert (done.outputs / "result.txt").read_text() == "2001"
    assert done.record["notebook"]["path"].endswith("survey.ipynb")
    assert done.record["asked"] <= done.record["start"]


def test_none_is_carried_out_twice(waiting):
    run, _ = waiting
    records.write(run.folder, {**run.record, "status": "running"})
    with pytest.raises(RunError, match="holds no run that waits"):
        serve.carry_out(run.folder)


def test_a_link_out_of_the_home_is_not_followed(waiting, tmp_path):
    run, _ = waiting
    outside = run.folder.rename(tmp_path / "outside")
    run.folder.symlink_to(outside)
    with pytest.raises(RunError, match="holds no run that waits"):
        serve.carry_out(run.folder)
    assert records.read(outside)["status"] == "waiting"


def test_a_wrong_parameter_is_an_error_before_there_is_a_folder(home, notebook):
    with pytest.raises(ParameterError):
        ov.run(notebook("1"), {"yaer": 1}, home / "runs", batch=True)
    assert not (home / "runs").exists()


def test_a_hub_that_does_not_answer_leaves_no_folder(home, notebook):
    with pytest.raises(HubError, match="does not answer"):
        ov.run(notebook("1"), output=home / "runs", batch=True)
    assert list((home / "runs").iterdir()) == []


def test_outside_a_vre_there_is_no_hub_to_ask(notebook, tmp_path, monkeypatch):
    monkeypatch.delenv("JUPYTERHUB_API_TOKEN", raising=False)
    with pytest.raises(HubError, match="no hub here"):
        ov.run(notebook("1"), output=tmp_path / "runs", batch=True)


def test_a_run_writes_to_the_home_only(home, notebook, tmp_path):
    with pytest.raises(RunError, match="sees your home and the data only"):
        ov.run(notebook("1"), output=tmp_path / "elsewhere", batch=True)
    assert not (tmp_path / "elsewhere").exists()


def test_a_run_in_another_pod_is_killed_when_the_hub_has_no_such_server(waiting, monkeypatch):
    run, _ = waiting
    elsewhere = {"pid": 1, "started": 0.0, "host": "another-pod"}
    records.write(run.folder, {**run.record, "status": "running", "process": elsewhere})
    found = Run(run.folder)
    assert found.status == "running"  # the hub does not answer
    monkeypatch.setattr("odatis_vre.tasks.servers", lambda: {run.record["server"]: {}})
    assert found.status == "running"
    monkeypatch.setattr("odatis_vre.tasks.servers", dict)
    assert found.status == "killed"


def test_a_run_that_ends_while_the_hub_is_asked_is_not_called_killed(waiting, monkeypatch):
    run, _ = waiting

    def gone() -> dict:
        records.write(run.folder, {**run.record, "status": "completed"})
        return {}

    monkeypatch.setattr("odatis_vre.tasks.servers", gone)
    assert run.status == "completed"


def test_a_run_of_this_server_has_no_other_to_stop(notebook, tmp_path):
    done = ov.run(notebook("1"), output=tmp_path / "runs")
    with pytest.raises(RunError, match="no server of its own"):
        done.stop()


@pytest.mark.parametrize(
    ("asked", "most", "seconds"), [(None, "60", 60), (10.0, "60", 10), (90.0, "60", 60), (None, "", None)]
)
def test_a_run_takes_as_long_as_asked_and_no_longer_than_allowed(asked, most, seconds, monkeypatch):
    monkeypatch.setenv("ODATIS_RUN_SECONDS", most or "0")
    assert serve._seconds(asked) == seconds
