"""What a named server may be: the options of the wire are refused or become a command of ours."""

import pytest
from tornado.web import HTTPError

from odatis_vre.hub.profiles import profile_setter
from odatis_vre.settings import Settings

RUN = "run-0a1b2c3d4e5f"
JUPYTERLAB = ["jupyterhub-singleuser"]


class Server:
    """A spawner's attributes that the hook reads and sets."""

    def __init__(self, name: str):
        self.name, self.environment, self.cmd, self.args = name, {}, JUPYTERLAB, []


def applied(name: str, options: dict) -> Server:
    server = Server(name)
    profile_setter(Settings(), python="python")(server, options)
    return server


def refused(name: str, options: dict) -> str:
    server = Server(name)
    with pytest.raises(HTTPError) as caught:
        profile_setter(Settings(), python="python")(server, options)
    assert caught.value.status_code == 400
    assert server.cmd == JUPYTERLAB
    return caught.value.log_message


def test_the_notebook_server_stays_one_whatever_is_sent():
    server = applied("", {"run": "runs/a", "cmd": ["sh"]})
    assert (server.cmd, server.args) == (JUPYTERLAB, [])


def test_a_run_is_our_command_and_a_folder():
    server = applied(RUN, {"run": "runs/optimal_niche-20260101T120000Z-1a2b3c"})
    assert server.cmd == ["python", "-m", "odatis_vre.runs.serve"]
    assert server.args == ["runs/optimal_niche-20260101T120000Z-1a2b3c"]


@pytest.mark.parametrize("folder", ["runs/a", "été 2026/runs/niche-1", "a", "work@sea/runs/x.y+z"])
def test_a_folder_of_the_home_is_accepted(folder):
    assert applied(RUN, {"run": folder}).args == [folder]


@pytest.mark.parametrize(
    "folder",
    [
        None,
        "",
        "/etc",
        "../other/runs/a",
        "runs/../../other",
        "runs//a",
        "runs/a/",
        "~/runs",
        "-c",
        "--help",
        "runs/{username}",
        "runs/a;id",
        "runs/a\nb",
        "runs/$(id)",
        "runs/a\0",
        ["runs/a"],
        {"run": 1},
        "a" * 500,
    ],
)
def test_what_is_no_folder_below_the_home_is_refused(folder):
    assert "below the home" in refused(RUN, {"run": folder})


@pytest.mark.parametrize("name", ["mine", "run", "run-", "run-UP", "run-a", "dashboard2", "lab"])
def test_a_server_by_another_name_is_refused(name):
    assert name in refused(name, {"run": "runs/a"})


def test_a_size_that_does_not_exist_is_refused():
    assert "small, medium" in refused(RUN, {"run": "runs/a", "profile": "huge"})


def test_a_refusal_speaks_both_languages():
    french, english = refused("mine", {}).split(" / ")
    assert "serveur" in french
    assert "server" in english


def test_a_run_has_the_memory_of_its_size():
    assert applied(RUN, {"run": "runs/a", "profile": "medium"}).mem_limit == 4 * 2**30


def test_a_run_knows_how_long_it_may_take():
    assert applied(RUN, {"run": "runs/a"}).environment["ODATIS_RUN_SECONDS"] == "86400"


def test_the_own_dashboard_takes_nothing_from_the_wire():
    server = applied("dashboard", {"run": "runs/a", "cmd": ["sh"]})
    assert (server.cmd, server.args) == (["python", "-m", "odatis_vre.dashboards.serve"], ["own"])
