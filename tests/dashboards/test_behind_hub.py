"""As a service of a real JupyterHub: nothing of the dashboard is seen without the hub's login."""

import asyncio
import base64
import os
import re
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest
import requests
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from odatis_vre.i18n import COOKIE

pytestmark = [pytest.mark.hub, pytest.mark.timeout(180)]

PREFIX = "/services/explore/"
TESTER = "a-token-of-the-test-alone-0123456789"
CONFIG = """
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.ConfigurableHTTPProxy.command = {proxy!r}
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allowed_users = {{"marie", "paul"}}
c.JupyterHub.services = [
    {{
        "name": "explore",
        "url": "http://127.0.0.1:{service}",
        "command": [{python!r}, "-m", "odatis_vre.dashboards.serve", "explore"],
        "oauth_no_confirm": True,
        "environment": {{"ODATIS_LOGIN_SECONDS": "1"}},
    }},
    {{"name": "tester", "api_token": {tester!r}}},
]
c.JupyterHub.load_roles = [
    {{"name": "explorers", "scopes": ["access:services!service=explore"], "users": ["marie"]}},
    {{"name": "tester", "scopes": ["tokens", "admin:users"], "services": ["tester"]}},
]
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory, proxy_command, free_ports):
    """The address of a hub whose service `explore` answers."""
    folder = tmp_path_factory.mktemp("hub")
    port, hub_port, api, service = free_ports(4)
    (folder / "jupyterhub_config.py").write_text(
        CONFIG.format(
            port=port,
            hub=hub_port,
            api=api,
            service=service,
            proxy=proxy_command,
            python=sys.executable,
            tester=TESTER,
        )
    )
    log = (folder / "log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterhub"], cwd=folder, stdout=log, stderr=subprocess.STDOUT
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline, seen = time.monotonic() + 90, 0
        while seen != 302:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.05)
            try:
                found = requests.get(address + PREFIX, allow_redirects=False, timeout=5).status_code
            except requests.ConnectionError:
                continue
            # Between the waiting page and the dashboard nobody meets a closed door.
            assert seen != 200 or found in (200, 302)
            seen = found
        yield address
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()


def login(hub: str, name: str) -> requests.Session:
    session = requests.Session()
    page = session.get(hub + "/hub/login", timeout=20)
    xsrf = re.search(r'name="_xsrf" value="([^"]+)"', page.text)[1]
    answer = session.post(
        hub + "/hub/login?next=%2Fhub%2Ftoken",
        data={"username": name, "password": "", "_xsrf": xsrf},
        timeout=20,
    )
    assert answer.ok
    return session


@pytest.fixture(scope="module")
def marie(hub):
    """Logged in, with the scope of the service."""
    session = login(hub, "marie")
    session.page = session.get(hub + PREFIX, timeout=30)
    return session


def _made_token(hub: str, name: str) -> dict:
    answer = requests.post(
        f"{hub}/hub/api/users/{name}/tokens",
        headers={"Authorization": f"token {TESTER}"},
        json={},
        timeout=20,
    )
    answer.raise_for_status()
    return answer.json()


def token_of(hub: str, name: str) -> str:
    return _made_token(hub, name)["token"]


def session_token(page: str) -> str:
    """What the page opens its websocket with."""
    return re.search(r'"token":\s*"([^"]+)"', page)[1]


async def _connected(hub: str, page: str, headers: dict):
    request = HTTPRequest(hub.replace("http", "ws", 1) + PREFIX + "ws", headers={"Origin": hub, **headers})
    return await websocket_connect(request, subprotocols=["bokeh", session_token(page)])


async def open_socket(hub: str, page: str, **headers: str) -> str:
    """The first message of a websocket."""
    connection = await _connected(hub, page, headers)
    first = await asyncio.wait_for(connection.read_message(), 20)
    connection.close()
    return str(first)


def cookie_header(session: requests.Session) -> str:
    return "; ".join(f"{c.name}={c.value}" for c in session.cookies if PREFIX.startswith(c.path))


@pytest.mark.parametrize(
    "path", ["", "?entry=sample/ocean_climatology", "autoload.js", "metadata", "favicon.ico", "no/such/page"]
)
def test_without_login_a_page_leads_to_the_hub_and_shows_nothing(hub, path):
    answer = requests.get(hub + PREFIX + path, allow_redirects=False, timeout=20)
    assert answer.status_code == 302
    where = urlsplit(answer.headers["Location"])
    assert where.path == "/hub/api/oauth2/authorize"
    assert "state=" in where.query
    assert answer.text == ""


@pytest.mark.parametrize(
    "path",
    [
        "static/js/bokeh.min.js",
        "static/extensions/panel/panel.min.js",
        "static/extensions/panel-material-ui/panel-material-ui.bundle.js",
    ],
)
def test_without_login_no_file_is_given(hub, marie, path):
    page = {"Sec-Fetch-Mode": "no-cors"}
    assert requests.get(hub + PREFIX + path, headers=page, timeout=20).status_code == 403
    assert marie.get(hub + PREFIX + path, headers=page, timeout=20).status_code == 200


def test_without_login_nothing_can_be_posted(hub):
    assert requests.post(hub + PREFIX, allow_redirects=False, timeout=20).status_code == 403


def test_a_user_with_the_scope_sees_the_page(marie):
    assert marie.page.status_code == 200
    assert "bokeh" in marie.page.text
    assert urlsplit(marie.page.url).path == PREFIX


@pytest.mark.browser
def test_a_user_with_the_scope_sees_the_map_and_can_change_it(hub, marie, new_page):
    page = new_page(height=900)
    names = ("name", "value", "domain", "path")
    page.context.add_cookies([{key: getattr(c, key) for key in names} for c in marie.cookies])
    page.goto(hub + PREFIX + "?lang=en")
    page.wait_for_function("window.Bokeh?.documents?.[0]?.is_idle")
    page.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowRight")
    page.get_by_text("Sea surface temperature (°C) · February").wait_for()
    page.get_by_text("Français").click()
    page.get_by_text("Température de surface de la mer (°C) · février").wait_for()
    assert urlsplit(page.url).path == PREFIX


def test_the_language_chosen_at_the_hub_counts_before_the_browsers(hub, marie):
    headers = {"Accept-Language": "en-GB", "Cookie": f"{cookie_header(marie)}; {COOKIE}=fr"}
    page = requests.get(hub + PREFIX, headers=headers, timeout=30).text
    assert '<html lang="fr"' in page
    assert_no_cookie(marie, page)


def assert_no_cookie(session: requests.Session, page: str) -> None:
    """None of a login's cookies is in a page, nor in the token it holds."""
    token = session_token(page).split(".")[0]
    text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    assert session.cookies
    for cookie in session.cookies:
        assert cookie.value.strip('"') not in page
        assert cookie.value.strip('"').encode() not in text


def test_the_page_holds_no_cookie_of_the_login(marie):
    assert_no_cookie(marie, marie.page.text)


async def test_a_websocket_needs_the_login(hub, marie):
    with pytest.raises(HTTPClientError) as caught:
        await open_socket(hub, marie.page.text)
    assert caught.value.code == 403
    assert "ACK" in await open_socket(hub, marie.page.text, Cookie=cookie_header(marie))


async def test_a_websocket_of_another_site_is_refused(hub, marie):
    with pytest.raises(HTTPClientError) as caught:
        await open_socket(
            hub, marie.page.text, Cookie=cookie_header(marie), Origin="https://elsewhere.example"
        )
    assert caught.value.code == 403


def test_a_user_without_the_scope_is_refused_by_the_hub_and_by_the_service(hub):
    assert login(hub, "paul").get(hub + PREFIX, timeout=20).status_code == 403
    headers = {"Authorization": f"token {token_of(hub, 'paul')}"}
    answer = requests.get(hub + PREFIX, headers=headers, timeout=20)
    assert answer.status_code == 403
    assert "bokeh" not in answer.text


async def test_a_websocket_without_the_scope_is_refused(hub, marie):
    token = token_of(hub, "paul")
    with pytest.raises(HTTPClientError) as caught:
        await open_socket(hub, marie.page.text, Authorization=f"token {token}")
    assert caught.value.code == 403


async def test_an_open_websocket_ends_when_its_token_is_revoked(hub, marie):
    made = _made_token(hub, "marie")
    connection = await _connected(hub, marie.page.text, {"Authorization": f"token {made['token']}"})
    assert "ACK" in str(await asyncio.wait_for(connection.read_message(), 20))
    requests.delete(
        f"{hub}/hub/api/users/marie/tokens/{made['id']}",
        headers={"Authorization": f"token {TESTER}"},
        timeout=20,
    ).raise_for_status()
    await asyncio.sleep(1.5)
    await connection.write_message("anything")
    while await asyncio.wait_for(connection.read_message(), 20) is not None:
        pass
    assert connection.close_code == 4403


def test_a_forged_cookie_leads_to_the_login(hub):
    cookies = {"service-explore": "2|1:0|10:1700000000|15:service-explore|4:YWJj|" + "0" * 64}
    answer = requests.get(hub + PREFIX, cookies=cookies, allow_redirects=False, timeout=20)
    assert answer.status_code == 302


@pytest.mark.parametrize("query", ["?code=abc", "?code=abc&state=abc", ""])
def test_a_login_that_the_service_did_not_begin_is_refused(hub, query):
    answer = requests.get(hub + PREFIX + "oauth_callback" + query, allow_redirects=False, timeout=20)
    assert answer.status_code in (400, 403)


def test_a_login_leads_only_back_to_the_service(hub):
    session = login(hub, "marie")
    answer = session.get(hub + PREFIX + "?entry=//elsewhere.example/", timeout=30)
    assert urlsplit(answer.url).netloc == urlsplit(hub).netloc


def test_after_logging_out_of_the_hub_the_page_asks_again(hub):
    session = login(hub, "marie")
    assert session.get(hub + PREFIX, timeout=30).status_code == 200
    session.get(hub + "/hub/logout", timeout=20)
    answer = session.get(hub + PREFIX, allow_redirects=False, timeout=20)
    assert answer.status_code == 302


def test_outside_a_hub_the_service_does_not_start():
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JUPYTERHUB_")}
    done = subprocess.run(
        [sys.executable, "-m", "odatis_vre.dashboards.serve", "explore"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**environment, "ODATIS_LANG": "en"},
    )
    assert done.returncode == 1
    assert "JUPYTERHUB_SERVICE_URL" in done.stderr
    assert "Traceback" not in done.stderr
