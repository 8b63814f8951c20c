"""Runs and maps on servers of their own, on a real hub: who may, how they end, what is left."""

import json
import re
import time

import nbformat
import psutil
import pytest
from nbformat import v4

pytestmark = [pytest.mark.hub, pytest.mark.timeout(400)]
USER, OTHER = "researcher", "trainee"
WAITS = "import pathlib, time\nwhile not pathlib.Path('go').exists(): time.sleep(0.1)"


class Desk:
    """The user's notebook server, and a terminal of it."""

    def __init__(self, vre):
        self.vre, self.token = vre, vre.token(USER)
        vre.start_server(USER, self.token, profile="small")
        self.home = vre.state / "homes" / USER

    def notebook(self, name: str, source: str) -> str:
        parameters = v4.new_code_cell("year: int = 1992", metadata={"tags": ["parameters"]})
        nbformat.write(v4.new_notebook(cells=[parameters, v4.new_code_cell(source)]), self.home / name)
        return name

    def odatis(self, words: str) -> str:
        return self.vre.type_in_terminal(USER, self.token, f"odatis {words}", 90)

    def run(self, source: str, words: str = "") -> dict:
        """Ask for a run, and wait until its notebook is under way or over."""
        asked = json.loads(self.odatis(f"run {self.notebook('work.ipynb', source)} --batch --json {words}"))
        folder = self.home / "runs" / asked["id"]
        self.vre.wait_for(lambda: self.record(folder)["status"] != "waiting", 90, "the run")
        return asked | {"folder": folder}

    def servers(self) -> dict:
        return self.vre.servers(USER, self.token)

    def record(self, folder) -> dict:
        return json.loads((folder / "run.json").read_text("utf-8"))

    def is_left_alone(self, seconds: float = 60) -> None:
        self.vre.wait_for(lambda: set(self.servers()) <= {""}, seconds, "the end of the servers")


@pytest.fixture(scope="module")
def desk(vre):
    made = Desk(vre)
    yield made
    for name in named(made):
        vre.api(made.token, "DELETE", f"/hub/api/users/{USER}/servers/{name}", json={"remove": True})
    made.is_left_alone()
    vre.stop_server(USER, made.token)


def named(desk) -> list[str]:
    return [name for name in desk.servers() if name]


def listed(desk) -> dict:
    """The user's servers as the hub has them, ended ones too."""
    path = f"/hub/api/users/{USER}?include_stopped_servers=1"
    return desk.vre.api(desk.token, "GET", path).json()["servers"]


def test_a_wrong_parameter_is_told_before_anything_starts(desk):
    name = desk.notebook("wrong.ipynb", "1")
    said = desk.vre.type_in_terminal(
        USER, desk.token, f"odatis run {name} -p yaer=2 --batch && exit 3; ls runs 2>&1 | grep wrong; true"
    )
    assert 'Did you mean "year"?' in said
    assert named(desk) == []
    assert not list(desk.home.glob("runs/wrong-*"))


def test_a_run_that_fails_says_so_and_leaves_no_server(desk):
    run = desk.run("raise ValueError('too cold')", "-p year=2001")
    desk.is_left_alone()
    record = desk.record(run["folder"])
    assert (record["status"], record["error"]["evalue"]) == ("failed", "too cold")
    assert record["parameters"] == {"year": 2001}
    assert (run["folder"] / "report.html").exists()
    assert run["server"] not in listed(desk)
    assert "failed" in desk.odatis("runs")


def test_what_was_asked_for_runs_though_the_notebook_changes_meanwhile(desk):
    """The server takes seconds to start; by then the notebook is another."""
    desk.notebook("work.ipynb", "open('which', 'w').write('asked')")
    said = desk.vre.type_in_terminal(
        USER, desk.token, "odatis run work.ipynb --batch --json; echo broken > work.ipynb", 90
    )
    desk.is_left_alone(90)
    outputs = desk.home / "runs" / json.loads(said)["id"] / "outputs"
    assert (outputs / "which").read_text() == "asked"


def test_a_run_that_is_stopped_is_interrupted_and_its_kernel_gone(desk):
    run = desk.run(f"import os; open('pid', 'w').write(str(os.getpid()))\n{WAITS}")
    written = run["folder"] / "outputs" / "pid"
    desk.vre.wait_for(lambda: written.exists() and written.read_text(), 60, "the cell")
    path = f"/hub/api/users/{USER}/servers/{run['server']}"
    assert desk.vre.api(desk.token, "DELETE", path, json={"remove": True}).status_code in (202, 204)
    desk.is_left_alone()
    assert desk.record(run["folder"])["status"] == "interrupted"
    assert not psutil.pid_exists(int(written.read_text()))
    assert run["server"] not in listed(desk)


def test_a_run_that_is_killed_is_told_and_makes_room_for_the_next(desk):
    run = desk.run(WAITS)
    psutil.Process(desk.record(run["folder"])["process"]["pid"]).kill()
    said = json.loads(desk.odatis("runs --json"))
    assert next(one["status"] for one in said if one["id"] == run["id"]) == "killed"
    desk.is_left_alone()
    desk.run("1")
    desk.is_left_alone()
    assert list(listed(desk)) == [""]


def test_one_user_has_so_many_runs_and_is_told_in_words(desk):
    runs = [desk.run(WAITS) for _ in range(3)]
    name = desk.notebook("more.ipynb", "1")
    said = desk.vre.type_in_terminal(USER, desk.token, f"odatis run {name} --batch && exit 3; true", 90)
    assert "you have 3 runs and maps on servers of their own" in said
    assert not list(desk.home.glob("runs/more-*"))
    for run in runs:
        (run["folder"] / "outputs" / "go").touch()
    desk.is_left_alone(120)


def test_nobody_passes_a_command_to_the_hub(desk):
    path = f"/hub/api/users/{USER}/servers/run-0a1b2c3d4e5f"
    answer = desk.vre.api(desk.token, "POST", path, json={"run": "../trainee/runs/a", "cmd": ["sh"]})
    assert answer.status_code == 400
    assert "below the home" in answer.json()["message"]
    answer = desk.vre.api(desk.token, "POST", f"/hub/api/users/{USER}/servers/mine", json={})
    assert answer.status_code == 400
    assert named(desk) == []


def test_a_folder_that_holds_no_run_ends_the_server_again(desk):
    name = "run-0a1b2c3d4e5f"
    path = f"/hub/api/users/{USER}/servers/{name}"
    assert desk.vre.api(desk.token, "POST", path, json={"run": "runs/nothing"}).status_code in (201, 202)
    desk.is_left_alone()


def test_the_own_map_is_its_owners_alone(desk):
    vre = desk.vre
    zarr = "import xarray as xr; xr.Dataset({'sst': ('lat', [1.0])}).to_zarr('warm/sst.zarr')"
    vre.type_in_terminal(USER, desk.token, f'python -c "{zarr}"', 90)
    said = desk.odatis("dashboard show warm/sst.zarr")
    address = re.search(r"/user/researcher/dashboard/\?store=warm/sst\.zarr|/hub/spawn-pending\S+", said)[0]
    assert "dashboard" in address
    vre.wait_for(lambda: desk.servers()["dashboard"]["ready"], 90, "the map's server")
    page = f"/user/{USER}/dashboard/?store=warm/sst.zarr"
    # Until the map is loaded, a page that knows nothing asks everybody for patience.
    guarded = "Content-Security-Policy"
    vre.wait_for(lambda: guarded in vre.api(desk.token, "GET", page).headers, 90, "the map")
    assert vre.api(desk.token, "GET", page).status_code == 200
    assert vre.api(vre.token(OTHER), "GET", page, allow_redirects=False).status_code == 403
    without = vre.api("invented", "GET", page, allow_redirects=False)
    assert without.status_code == 302
    assert "/hub/api/oauth2/authorize" in without.headers["Location"]
    catalogue = (desk.home / "warm" / "sst.yaml").read_text("utf-8")
    assert "{{ CATALOG_DIR }}/sst.zarr" in catalogue
    vre.api(desk.token, "DELETE", f"/hub/api/users/{USER}/servers/dashboard", json={"remove": True})
    desk.is_left_alone()


def test_the_culler_ends_an_idle_server_and_no_run_at_work(new_vre):
    vre = new_vre("culling: {idle_minutes: 0.2, every_minutes: 0.05}").start()
    desk = Desk(vre)
    run = desk.run(WAITS)
    vre.wait_for(lambda: "" not in desk.servers(), 90, "the culler to end the notebook server")
    # Twice the time that is called idle, with nobody at work but the run.
    time.sleep(24)
    assert desk.servers()[run["server"]]["ready"]
    (run["folder"] / "outputs" / "go").touch()
    desk.is_left_alone()
    assert desk.record(run["folder"])["status"] == "completed"
    assert list(listed(desk)) == [""]
