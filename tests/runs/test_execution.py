"""A run leaves the notebook, a report, its outputs and a true record, however it ends."""

import hashlib
import json
import subprocess

import nbformat
import pytest

import odatis_vre as ov
from odatis_vre.errors import RunError
from odatis_vre.runs import Run
from odatis_vre.runs import record as records

pytestmark = pytest.mark.usefixtures("english")


def test_a_run_leaves_notebook_report_outputs_and_record(notebook, tmp_path):
    path = notebook("# A survey", "open('result.txt', 'w').write(str(year * factor))")
    done = ov.run(path, {"year": 2000}, tmp_path / "runs")
    assert done.status == "completed"
    assert (done.folder / "outputs" / "result.txt").read_text() == "1000.0"
    record = json.loads((done.folder / "run.json").read_text())
    assert record["schema"] == 1
    assert record["notebook"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert record["parameters"] == {"year": 2000, "factor": 0.5, "name": "a=b", "bands": [1, 2], "flag": True}
    assert record["given"] == ["year"]
    assert record["start"] < record["end"]
    assert record["versions"]["python"].startswith("3.")
    assert record["versions"]["xarray"]
    assert record["git"] is None
    assert record["outputs"] == [
        {"path": "result.txt", "bytes": 6, "sha256": hashlib.sha256(b"1000.0").hexdigest()}
    ]
    assert record["language"] == "en"
    assert nbformat.read(done.notebook, 4).cells[-1].execution_count == 3


def test_two_runs_never_share_a_folder(notebook, tmp_path):
    path = notebook("1")
    first, second = (ov.run(path, output=tmp_path / "runs") for _ in range(2))
    assert first.folder != second.folder
    assert first.folder.name.startswith("survey-2")


def test_a_notebook_whose_kernel_is_not_installed_runs_on_this_python(notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "none"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "none"))
    path = notebook("import sys; open('python', 'w').write(sys.prefix)", kernel="somewhere-else")
    done = ov.run(path, output=tmp_path / "runs")
    import sys

    assert (done.outputs / "python").read_text() == sys.prefix
    assert done.record["kernel"]["name"] == "python3"


def test_a_failed_run_leaves_the_same_and_names_cell_and_error(notebook, tmp_path):
    path = notebook("open('before.txt', 'w').write('x')", "raise ValueError('too cold\\nby far')", "1")
    with pytest.raises(RunError) as caught:
        ov.run(path, {"year": 1}, tmp_path / "runs")
    lines = str(caught.value).split("\n")
    assert len(lines) == 2
    assert lines[0] == "Cell 3 of survey.ipynb failed: ValueError: too cold"
    failed = caught.value.run
    assert failed.status == "failed"
    assert failed.record["error"]["ename"] == "ValueError"
    assert failed.record["error"]["evalue"] == "too cold\nby far"
    assert failed.record["error"]["source"].startswith("raise ValueError")
    assert nbformat.read(failed.notebook, 4).cells[failed.record["error"]["cell"]].source.startswith("raise")
    assert (failed.outputs / "before.txt").exists()
    assert "The run stopped here, at cell 3:" in failed.report.read_text()
    assert "ValueError: too cold" in failed.report.read_text()


def test_a_kernel_that_dies_is_a_failed_run(notebook, tmp_path):
    with pytest.raises(RunError, match=r"Cell 2 of survey\.ipynb failed: DeadKernelError"):
        ov.run(notebook("import os; os._exit(3)"), output=tmp_path / "runs")


def test_a_run_past_its_time_has_failed(notebook, tmp_path):
    path = notebook("import time; time.sleep(60)")
    with pytest.raises(RunError, match="more than 1 s") as caught:
        ov.run(path, output=tmp_path / "runs", timeout=1)
    assert caught.value.run.record["error"]["cell"] == 1


def test_a_cell_that_may_fail_does_not_stop_the_run(notebook, tmp_path):
    path = notebook("1 / 0", "open('after.txt', 'w').write('x')")
    nb = nbformat.read(path, 4)
    nb.cells[1].metadata["tags"] = ["raises-exception"]
    nbformat.write(nb, path)
    assert (ov.run(path, output=tmp_path / "runs").outputs / "after.txt").exists()


@pytest.fixture
def git(tmp_path):
    """A function that runs git in a new repository."""

    def run(*words):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        return subprocess.run(
            ["git", "-C", str(tmp_path), *identity, *words], check=True, capture_output=True, text=True
        ).stdout.strip()

    run("init", "-q")
    return run


def test_the_record_names_the_commit_and_whether_the_repository_changed(notebook, tmp_path, git):
    path = notebook("1")
    git("add", "survey.ipynb")
    git("commit", "-q", "-m", "survey")
    (tmp_path / ".git" / "info" / "exclude").write_text("runs/\n")
    commit = git("rev-parse", "HEAD")
    record = ov.run(path, output=tmp_path / "runs").record
    assert record["git"] == {"commit": commit, "tracked": True, "dirty": False, "path": "survey.ipynb"}
    (tmp_path / "new.txt").write_text("x")
    assert ov.run(path, output=tmp_path / "runs").record["git"]["dirty"] is True


def test_a_notebook_that_git_ignores_is_not_what_the_commit_holds(notebook, tmp_path, git):
    path = notebook("1", name="[draft].ipynb")
    (tmp_path / ".gitignore").write_text("*.ipynb\n")
    (tmp_path / "d.ipynb").write_text("{}")
    git("add", "-f", ".gitignore", "d.ipynb")
    git("commit", "-q", "-m", "all but the draft")
    state = records.git_state(path)
    assert (state["tracked"], state["dirty"]) == (False, True)


def test_the_record_names_the_commit_of_the_library_in_a_checkout(notebook, tmp_path, git, monkeypatch):
    module = tmp_path / "odatis_vre" / "record.py"
    module.parent.mkdir()
    module.touch()
    monkeypatch.setattr(records, "__file__", str(module))
    assert records.code_state() is None  # installed in an environment inside some repository
    git("add", "odatis_vre")
    git("commit", "-q", "-m", "library")
    expected = {"commit": git("rev-parse", "HEAD"), "dirty": False}
    assert records.code_state() == expected
    path = notebook("1")
    (tmp_path / ".git" / "info" / "exclude").write_text("runs/\n*.ipynb\n")
    assert ov.run(path, output=tmp_path / "runs").record["code"] == expected


def test_what_the_notebook_opened_is_in_the_record(notebook, tmp_path):
    path = notebook("import odatis_vre as ov\nov.open_catalog()['sample/ocean_climatology'].to_xarray()")
    [entry] = ov.run(path, output=tmp_path / "runs").record["entries"]
    assert entry["entry"] == "sample/ocean_climatology"
    assert len(entry["sha256"]) == 64
    assert entry["citation"]


def test_no_token_of_the_environment_lands_in_the_folder(notebook, tmp_path, monkeypatch):
    token = "5f0c0ffee5f0c0ffee"
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", token)
    path = notebook(
        "import os\nprint(os.environ)\nos.environ['JUPYTERHUB_API_TOKEN']",
        "raise RuntimeError(os.environ['JUPYTERHUB_API_TOKEN'])",
    )
    with pytest.raises(RunError) as caught:
        ov.run(path, output=tmp_path / "runs")
    assert token not in str(caught.value)
    files = [item for item in caught.value.run.folder.rglob("*") if item.is_file()]
    assert len(files) == 3
    for item in files:
        assert token.encode() not in item.read_bytes(), item.name


def test_a_report_shows_results_not_code_and_asks_nothing_of_the_network(notebook, tmp_path):
    path = notebook("# Moyenne de l’océan", "print('la ' + 'moyenne')")
    html = ov.run(path, output=tmp_path / "runs", lang="fr").report.read_text("utf-8")
    assert '<html lang="fr">' in html
    assert "<title>Moyenne de l’océan</title>" in html
    assert "la moyenne" in html
    assert "print(" not in html
    assert "terminée" in html
    for fetch in ('src="http', "src='http", 'href="http', "import(", "@import", "url(http"):
        assert fetch not in html


def test_a_run_shows_itself_and_opens_again_from_its_folder(notebook, tmp_path):
    done = ov.run(notebook("1"), {"name": "<b>"}, tmp_path / "runs")
    again = Run(done.folder)
    assert again.record == done.record
    assert repr(again) == f"<Run {done.folder.name}: completed, {done.folder}>"
    assert "&lt;b&gt;" in again._repr_html_()
    assert "<b>" not in again._repr_html_()


def test_a_folder_without_a_record_is_no_run(tmp_path):
    with pytest.raises(RunError, match="holds no record"):
        Run(tmp_path)


def test_a_missing_notebook_gets_the_nearest_one(notebook, tmp_path):
    notebook("1")
    with pytest.raises(RunError, match=r"Did you mean .*survey\.ipynb"):
        ov.run(tmp_path / "survei.ipynb")


def test_what_is_no_notebook_is_refused(tmp_path):
    (tmp_path / "a.ipynb").write_text("{}")
    with pytest.raises(RunError, match="not a notebook"):
        ov.run(tmp_path / "a.ipynb")
