"""Two users at once: neither reaches the other's server, files, clusters or account over HTTP."""

import time

import pytest
import requests

pytestmark = pytest.mark.hub
USERS = ("researcher", "trainee")


@pytest.fixture(scope="module")
def both(vre):
    """Both users with a server, a Dask cluster, a file, a token, and their server's own token."""
    found = {}
    for user in USERS:
        token = vre.token(user)
        vre.start_server(user, token, profile="small")
        own = next(
            process.environ()["JUPYTERHUB_API_TOKEN"]
            for process, command in vre.commands()
            if "jupyterhub.singleuser" in command and process.environ().get("JUPYTERHUB_USER") == user
        )
        note = {"type": "file", "format": "text", "content": f"private words of {user}"}
        vre.api(token, "PUT", f"/user/{user}/api/contents/note.txt", json=note).raise_for_status()
        answer = vre.gateway(own, "POST", "/api/v1/clusters/", json={"cluster_options": {}})
        assert answer.status_code == 201, answer.text
        name = answer.json()["name"]
        found[user] = {"tokens": [token, own], "cluster": name}
    for user in USERS:
        token, name = found[user]["tokens"][0], found[user]["cluster"]
        vre.wait_for(lambda t=token, n=name: status_of(vre, t, n) == "RUNNING", 60, f"{user}'s cluster")
    yield found
    for user in USERS:
        token = found[user]["tokens"][0]
        vre.gateway(token, "DELETE", f"/api/v1/clusters/{found[user]['cluster']}")
        vre.stop_server(user, token)


def status_of(vre, token: str, name: str) -> str:
    return vre.gateway(token, "GET", f"/api/v1/clusters/{name}").json().get("status")


@pytest.mark.parametrize(("me", "other"), [USERS, USERS[::-1]])
@pytest.mark.parametrize("kind", ["user", "server"])
class TestTheOther:
    @pytest.fixture
    def token(self, both, me, kind):
        return both[me]["tokens"][kind == "server"]

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/user/{other}/api/contents/note.txt"),
            ("GET", "/user/{other}/files/note.txt"),
            ("PUT", "/user/{other}/api/contents/note.txt"),
            ("GET", "/user/{other}/api/kernels"),
            ("POST", "/user/{other}/api/kernels"),
            ("GET", "/user/{other}/api/terminals"),
            ("GET", "/user/{other}/lab"),
            ("GET", "/hub/api/users/{other}"),
            ("GET", "/hub/api/users/{other}/tokens"),
            ("POST", "/hub/api/users/{other}/tokens"),
            ("POST", "/hub/api/users/{other}/server"),
            ("DELETE", "/hub/api/users/{other}/server"),
            ("POST", "/hub/api/users/{other}/servers/run-0a1b2c3d4e5f"),
            ("DELETE", "/hub/api/users/{other}/servers/run-0a1b2c3d4e5f"),
            ("POST", "/hub/api/users/{other}/servers/dashboard"),
            ("POST", "/hub/api/users/{other}/activity"),
            ("PATCH", "/hub/api/users/{other}"),
            ("DELETE", "/hub/api/users/{other}"),
            ("GET", "/hub/api/proxy"),
            ("POST", "/hub/api/shutdown"),
        ],
    )
    def test_hub_and_server_refuse(self, vre, token, me, other, method, path):
        body = (
            {"json": {"type": "file", "format": "text", "content": "overwritten"}} if method == "PUT" else {}
        )
        answer = vre.api(token, method, path.format(other=other), allow_redirects=False, **body)
        assert answer.status_code in (302, 403, 404), (answer.status_code, answer.text[:200])
        assert f"private words of {other}" not in answer.text

    def test_the_list_of_users_has_at_most_oneself(self, vre, token, me, other):
        answer = vre.api(token, "GET", "/hub/api/users")
        assert answer.status_code == 403 or {user["name"] for user in answer.json()} <= {me}

    def test_the_gateway_lists_only_ones_own_clusters(self, vre, both, token, me, other):
        assert set(vre.gateway(token, "GET", "/api/v1/clusters/").json()) == {both[me]["cluster"]}

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/api/v1/clusters/{name}"),
            ("DELETE", "/api/v1/clusters/{name}"),
            ("POST", "/api/v1/clusters/{name}/scale"),
            ("POST", "/api/v1/clusters/{name}/adapt"),
        ],
    )
    def test_the_gateway_refuses_the_others_cluster(self, vre, both, token, me, other, method, path):
        name = both[other]["cluster"]
        body = {"json": {"count": 1}} if method == "POST" else {}
        assert vre.gateway(token, method, path.format(name=name), **body).status_code == 403
        assert status_of(vre, both[other]["tokens"][0], name) == "RUNNING"

    @pytest.mark.parametrize("path", ["/clusters/{name}/status", "/clusters/{name}/info/main/workers.html"])
    def test_no_scheduler_page_is_served(self, vre, both, token, me, other, path):
        name = both[other]["cluster"]
        assert vre.gateway(token, "GET", path.format(name=name)).status_code == 404

    def test_the_others_file_is_as_it_was(self, vre, both, token, me, other):
        theirs = both[other]["tokens"][0]
        content = vre.api(theirs, "GET", f"/user/{other}/api/contents/note.txt").json()["content"]
        assert content == f"private words of {other}"


def test_an_invented_token_opens_no_cluster_list(vre):
    answer = vre.gateway("invented", "GET", "/api/v1/clusters/")
    assert answer.status_code >= 400
    assert set(answer.json()) == {"error"}


def test_a_token_without_the_gateways_scope_opens_no_cluster_list(vre):
    narrow = vre.token(USERS[0], scopes=["read:users!user"])
    assert vre.gateway(narrow, "GET", "/api/v1/clusters/").status_code == 401


def test_a_name_that_is_not_listed_cannot_log_in(vre):
    with pytest.raises(requests.HTTPError, match="403"):
        vre.login("intruder")


def test_the_password_stands_in_no_log(vre):
    time.sleep(0.3)
    texts = [
        path.read_text("utf-8", errors="replace")
        for path in (vre.state / "logs").rglob("*")
        if path.is_file()
    ]
    assert all(vre.password not in text for text in [*texts, (vre.state / "events.jsonl").read_text("utf-8")])
