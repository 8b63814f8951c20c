"""Log in with GitHub at a real hub: who is named or in an organization comes in, and nobody else.

GitHub itself is a stand-in on loopback, reached by the setting that a GitHub Enterprise needs.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from github_stand_in import GitHubStandIn

pytestmark = pytest.mark.hub
HERE = Path(__file__).parents[2] / "support"
SECRET = "the-clients-secret-of-the-test"


@pytest.fixture(scope="module")
def github():
    with GitHubStandIn("vre", SECRET, {"odatis/members/marie", "sea/teams/divers/members/jacques"}) as server:
        yield server


@pytest.fixture(scope="module")
def hub(github, tmp_path_factory, proxy_command, free_ports):
    folder, ports = tmp_path_factory.mktemp("hub"), free_ports(3)
    organizations = ["odatis", "sea:divers"]
    auth = {"kind": "github", "github": {"client_id": "vre", "organizations": organizations}}
    values = {
        "vre": {"auth": {**auth, "users": ["ana"], "admins": ["operator"]}},
        "hub": {
            "clientSecret": {"name": "github", "key": "secret"},
            "config": {"GitHubOAuthenticator": {"github_url": github.address}},
        },
    }
    facts = {
        "HUB_PORTS": json.dumps(ports),
        "HUB_PROXY": json.dumps(proxy_command),
        "HUB_VALUES": json.dumps(values),
        "OAUTH_CLIENT_SECRET": SECRET,
    }
    with (folder / "hub.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", str(HERE / "hub_of_github.py")],
            cwd=folder,
            env=os.environ | facts,
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{ports[0]}"
    try:
        end = time.monotonic() + 90
        while not _answers(address):
            assert process.poll() is None, (folder / "hub.log").read_text()
            assert time.monotonic() < end, (folder / "hub.log").read_text()
            time.sleep(0.2)
        yield address
        assert SECRET not in (folder / "hub.log").read_text()
    finally:
        process.terminate()
        process.wait(30)


def _answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/hub/health", timeout=5).ok
    except requests.ConnectionError:
        return False


def log_in(hub: str, github: GitHubStandIn, name: str) -> requests.Response:
    github.visitor = name
    return requests.Session().get(f"{hub}/hub/oauth_login?next=%2Fhub%2Fhome", timeout=20)


@pytest.mark.parametrize("name", ["ana", "operator", "marie", "jacques"])
def test_who_is_named_or_in_an_organization_or_team_comes_in(hub, github, name):
    answer = log_in(hub, github, name)
    assert (answer.status_code, answer.url) == (200, f"{hub}/hub/home")
    assert name in answer.text
    assert github.scopes[-1] == "read:org"


def test_anybody_else_does_not(hub, github):
    answer = log_in(hub, github, "stranger")
    assert answer.status_code == 403
    assert answer.url.startswith(f"{hub}/hub/oauth_callback")
    assert {path for _, path, _ in github.asked if "stranger" in path} == {
        "/api/v3/orgs/odatis/members/stranger",
        "/api/v3/orgs/sea/teams/divers/members/stranger",
    }


def test_a_github_that_fails_is_no_login(hub, github):
    github.faults += [None, 500]
    assert log_in(hub, github, "ana").status_code >= 400
