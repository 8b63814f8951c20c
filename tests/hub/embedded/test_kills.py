"""A VRE of which a part is killed: what is lost comes back, and what was saved is there."""

import os
import signal

import pytest

pytestmark = pytest.mark.hub
USER = "researcher"


def test_after_a_kill_the_next_start_cleans_and_starts(with_work):
    with_work.process.kill()
    with_work.process.wait()
    before = {process.pid for process in with_work.processes()}
    assert len(before) > 6
    assert "processes are left" in with_work.odatis("status", "--state", str(with_work.state)).stdout
    with_work.start()
    assert "Processes that an earlier start had left" in with_work.said()
    assert before & {process.pid for process in with_work.processes()} == set()
    assert all(with_work.answers().values())
    assert with_work.saved() == "field notes"


def test_a_killed_hub_stops_all_and_the_next_start_works(with_work):
    with_work.process_of("jupyterhub_config.py").kill()
    assert with_work.process.wait(60) == 1
    assert "The hub stopped by itself" in with_work.said()
    assert with_work.processes() == []
    with_work.start()
    assert all(with_work.answers().values())
    assert with_work.saved() == "field notes"


def test_a_killed_proxy_or_gateway_comes_back(with_work):
    for times, part in enumerate(["configurable-http-proxy", "dask_gateway_config.py"], start=1):
        os.kill(with_work.process_of(part).pid, signal.SIGKILL)
        with_work.wait_for(
            lambda n=times: with_work.said().count("it runs again") == n, 90, f"word of {part}"
        )
        with_work.wait_for(lambda: all(with_work.answers().values()), 90, f"{part} to come back")
    token = with_work.token(USER)
    notes = with_work.api(token, "GET", f"/user/{USER}/api/contents/notes.txt")
    assert notes.json()["content"] == "field notes"
    assert len(with_work.gateway(token, "GET", "/api/v1/clusters/").json()) == 1
    assert with_work.stop() == 0
    assert with_work.processes() == []
    with_work.start()
    assert all(with_work.answers().values())
