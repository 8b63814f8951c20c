"""The journey on a real cluster, from `helm install` alone: the same steps and the same numbers."""

import json
import re
import subprocess
import sys

import pytest
import requests
from journey import Journey

pytestmark = [pytest.mark.cluster, pytest.mark.browser, pytest.mark.timeout(1500)]
READ_OPTIMUM = "import pathlib; print(pathlib.Path('niche_output/optimum.json').read_text())"


@pytest.fixture(scope="module")
def numbers_of_one_machine(tmp_path_factory):
    """The optimum that the same notebook gives on this machine alone; it runs while the journey begins."""
    runs = tmp_path_factory.mktemp("runs")
    notebook = "notebooks/templates/optimal_niche.ipynb"
    odatis = [sys.executable, "-m", "odatis_vre.cli", "run", notebook, "-o", str(runs)]
    running = subprocess.Popen(odatis)

    def numbers() -> dict:
        assert running.wait(300) == 0
        return json.loads(next(runs.glob("*/outputs/niche_output/optimum.json")).read_text("utf-8"))

    yield numbers
    running.kill()
    running.wait()


@pytest.mark.parametrize(("user", "lang"), [("reader", "en"), ("lectrice", "fr")])
def test_from_login_to_a_run_that_anyone_can_repeat(
    release, new_page, keep, numbers_of_one_machine, user, lang
):
    page = new_page(lang, 1280, 960)
    journey = Journey(page, release, user, lang, keep, patience=2)
    journey.log_in()
    journey.start_server("medium")
    journey.open_fresh_copy()
    journey.run_all_and_see_the_map()
    journey.see_what_the_search_found()
    journey.save()
    journey.explore()

    server = release.pod("singleuser-server", user)
    assert json.loads(release.run_in(server, READ_OPTIMUM)) == numbers_of_one_machine()
    clusters = release.get("daskclusters.gateway.dask.org")
    assert user in {cluster["spec"]["username"] for cluster in clusters}

    token = release.token(user)
    journey.see_the_own_map(token)
    folder = journey.run_as_a_batch(token)
    page.goto(f"{release.address}/hub/spawn")
    assert page.locator("input[name=profile][value=medium]").is_checked()
    release.wait_for(lambda: release.clusters(user) == [], 60, "the end of the user's Dask clusters")
    journey.finds_the_run_in_the_home(token, folder)
    release.stop_server(user, token)


def test_the_command_of_the_notes_reaches_the_hub(release, free_ports):
    (port,) = free_ports(1)
    notes = release.cluster.helm("get", "notes", release.name, "--namespace", release.namespace)
    words, there = re.search(r"kubectl (-n \S+ port-forward \S+) 8000:(\d+)", notes).groups()
    forwarding = release.cluster.start(*words.split(), f"{port}:{there}")

    def answers() -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{port}/hub/health", timeout=5).ok
        except requests.RequestException:
            return False

    try:
        release.wait_for(answers, 60, "the hub behind the command of the notes")
    finally:
        forwarding.kill()
        forwarding.wait()
