"""Log in with GitHub at a real hub: who is named or in an organization comes in, and nobody else.

GitHub itself is a stand-in on loopback, reached by the setting that a GitHub Enterprise needs.
"""

import json
from pathlib import Path

import pytest
import requests
from github_stand_in import GitHubStandIn
from real_hub import real_hub

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
    facts = {"HUB_VALUES": json.dumps(values), "OAUTH_CLIENT_SECRET": SECRET}
    ready = {"/hub/health": 200}
    with real_hub(HERE / "hub_of_github.py", folder, ports, proxy_command, ready, **facts) as log:
        yield f"http://127.0.0.1:{ports[0]}"
        assert SECRET not in log.read_text()


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
