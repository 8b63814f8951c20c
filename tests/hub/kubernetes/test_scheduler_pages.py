"""Who sees a scheduler's pages: asked as Traefik asks, of a real hub and Dask Gateway's own API."""

import secrets
from pathlib import Path

import pytest
import requests
from real_hub import real_hub

HERE = Path(__file__).parents[2] / "support"
PREFIX = "/services/dask-gateway"
PAGE = f"{PREFIX}/clusters/ocean.0123456789abcdef/status"


class Hub:
    """A hub with its proxy, in whose name people log in."""

    def __init__(self, port: int, password: str):
        self.address = f"http://127.0.0.1:{port}"
        self.password = password

    def visitor(self, user: str | None = None, lang: str = "en") -> requests.Session:
        session = requests.Session()
        session.headers["Accept-Language"] = lang
        if user:
            session.get(f"{self.address}/hub/login", timeout=20)
            form = {"username": user, "password": self.password, "_xsrf": session.cookies["_xsrf"]}
            session.post(f"{self.address}/hub/login", data=form, timeout=20).raise_for_status()
        return session

    def ask(self, session: requests.Session, page: str = PAGE, **headers: str) -> requests.Response:
        """What Traefik asks before it lets a request for a page through."""
        asked = {"X-Forwarded-Uri": page, "X-Forwarded-Method": "GET", **headers}
        url = f"{self.address}{PREFIX}/allowed"
        return session.get(url, headers=asked, timeout=20, allow_redirects=False)

    def log_in_to_pages(self, session: requests.Session) -> requests.Response:
        """Go where the first answer sends, up to the page itself."""
        answer = self.ask(session)
        while "Location" in answer.headers:
            target = requests.compat.urljoin(answer.url, answer.headers["Location"])
            if target.endswith(PAGE):
                return answer
            answer = session.get(target, timeout=20, allow_redirects=False)
        return answer


@pytest.fixture(scope="module")
def hub(tmp_path_factory, proxy_command, free_ports):
    folder, ports = tmp_path_factory.mktemp("hub"), free_ports(5)
    facts = {"HUB_PASSWORD": secrets.token_hex(), "PYTHONPATH": str(HERE)}
    ready = {"/hub/login": 200, f"{PREFIX}/allowed": 403}
    with real_hub(HERE / "hub_of_scheduler_pages.py", folder, ports, proxy_command, ready, **facts):
        yield Hub(ports[0], facts["HUB_PASSWORD"])


@pytest.fixture
def ana(hub):
    session = hub.visitor("ana")
    assert hub.log_in_to_pages(session).headers["Location"] == PAGE
    return session


def test_who_is_not_logged_in_goes_to_the_hubs_login(hub):
    answer = hub.ask(hub.visitor())
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/hub/api/oauth2/authorize")


def test_the_owner_is_let_through_after_the_login(hub, ana):
    assert hub.ask(ana).status_code == 200


def test_the_owners_websocket_is_let_through(hub, ana):
    host = hub.address.removeprefix("http://")
    headers = {"Sec-Fetch-Mode": "websocket", "Origin": hub.address, "X-Forwarded-Host": host}
    assert hub.ask(ana, PAGE + "/ws", **headers).status_code == 200


def test_another_sites_websocket_is_not(hub, ana):
    headers = {"Sec-Fetch-Mode": "websocket", "Origin": "http://evil.example"}
    assert hub.ask(ana, PAGE + "/ws", **headers).status_code == 403


def test_a_file_without_login_is_refused_and_not_sent_to_the_login(hub):
    assert hub.ask(hub.visitor(), **{"Sec-Fetch-Mode": "no-cors"}).status_code == 403


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "This Dask cluster is not yours"), ("fr", "Ce cluster Dask n&#x27;est pas le")]
)
def test_another_user_is_refused_in_words(hub, lang, words):
    session = hub.visitor("bo", lang)
    hub.log_in_to_pages(session)
    answer = hub.ask(session)
    assert answer.status_code == 403
    assert words in answer.text
    assert f'<html lang="{lang}">' in answer.text


def test_who_may_not_use_dask_is_refused(hub):
    session = hub.visitor("stranger")
    hub.log_in_to_pages(session)
    assert hub.ask(session).status_code != 200


@pytest.mark.parametrize(
    "page",
    [
        f"{PREFIX}/clusters/ocean.ffffffffffffffff/status",
        f"{PREFIX}/clusters/ocean.0123456789abcdef/../ocean.ffffffffffffffff/status",
        f"{PREFIX}/clusters/ocean.0123456789abcdef/%2e%2e/ocean.ffffffffffffffff/status",
        f"{PREFIX}/clusters/ocean.0123456789abcdef/..%2Focean.ffffffffffffffff/status",
        f"{PREFIX}/clusters/ocean.0123456789abcdef//status",
        "/services/other",
        "",
    ],
)
def test_the_owner_of_one_cluster_sees_no_other_page(hub, ana, page):
    assert hub.ask(ana, page).status_code == 403


def test_nothing_is_sent_to_a_page(hub, ana):
    assert hub.ask(ana, **{"X-Forwarded-Method": "POST"}).status_code == 403
