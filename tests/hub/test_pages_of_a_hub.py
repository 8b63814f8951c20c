"""The hub's pages, asked from a real hub on this machine in both languages."""

import re
import secrets
import time
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from jupyterhub._data import DATA_FILES_PATH
from real_hub import real_hub

from odatis_vre.hub import page_language, pages
from odatis_vre.i18n import LANGUAGES, tr

HERE = Path(__file__).parent
UPSTREAM = Path(DATA_FILES_PATH) / "templates"


@pytest.fixture(scope="module")
def hub(tmp_path_factory, proxy_command, free_ports):
    folder, ports = tmp_path_factory.mktemp("hub"), free_ports(4)
    facts = {"HUB_PASSWORD": secrets.token_hex(), "HUB_ADMIN_PASSWORD": secrets.token_hex(24)}
    ready = {"/hub/login": 200}
    with real_hub(HERE / "hub_of_pages.py", folder, ports, proxy_command, ready, **facts) as log:
        url = f"http://127.0.0.1:{ports[0]}"
        yield SimpleNamespace(url=url, password=facts["HUB_PASSWORD"], log=log)


def until(condition, seconds: float, said=lambda: ""):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, said()
        time.sleep(0.2)


def visitor(lang: str | None) -> requests.Session:
    session = requests.Session()
    session.headers["Accept-Language"] = {"fr": "fr-FR,fr;q=0.9,en;q=0.5", "en": "en-GB", None: None}[lang]
    # JupyterHub names no charset in the header: the page does.
    session.hooks["response"].append(lambda answer, **_: setattr(answer, "encoding", "utf-8"))
    return session


def logged_in(hub, lang: str, name: str) -> requests.Session:
    session = visitor(lang)
    session.get(f"{hub.url}/hub/login")
    answer = session.post(
        f"{hub.url}/hub/login",
        data={"username": name, "password": hub.password, "_xsrf": session.cookies["_xsrf"]},
    )
    assert answer.url.endswith("/hub/home"), answer.text
    return session


def api(hub, session, method: str, path: str, **options) -> requests.Response:
    headers = {"X-XSRFToken": session.cookies["_xsrf"], "Referer": f"{hub.url}/hub/home"}
    return session.request(method, f"{hub.url}/hub/api/{path}", headers=headers, **options)


def start(hub, session, profile: str, **options) -> requests.Response:
    session.get(f"{hub.url}/hub/spawn")
    return session.post(
        f"{hub.url}/hub/spawn?_xsrf={session.cookies['_xsrf']}", data={"profile": profile, **options}
    )


class Reader(HTMLParser):
    """What a person reads: text and labels, without scripts and without parts in another language."""

    SILENT = ("script", "style", "template")
    VOID = ("input", "meta", "link", "img", "br")

    def __init__(self, lang: str):
        super().__init__()
        self.lang, self.said, self.open = lang, [], []

    def handle_starttag(self, tag, attributes):
        facts = dict(attributes)
        hidden = tag in self.SILENT or facts.get("lang", self.lang) != self.lang
        if not self._hidden() and not hidden:
            self.said += [
                facts[key] for key in ("alt", "title", "placeholder", "aria-label") if facts.get(key)
            ]
        if tag not in self.VOID:
            self.open.append(hidden)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            self.open.pop()

    def handle_data(self, data):
        if data.strip() and not self._hidden():
            self.said.append(" ".join(data.split()))

    def _hidden(self):
        return any(self.open)


def read(html: str, lang: str) -> str:
    reader = Reader(lang)
    reader.feed(html)
    return "\n".join(reader.said)


def upstream_phrases() -> set[str]:
    """The English sentences of JupyterHub's own templates: two words and more, between tags."""
    phrases = set()
    for path in UPSTREAM.glob("*.html"):
        text = re.sub(r"<script.*?</script>", "", path.read_text("utf-8"), flags=re.DOTALL)
        for piece in re.split(r"<[^>]*>|{%.*?%}|{{.*?}}|{#.*?#}", text, flags=re.DOTALL):
            words = " ".join(piece.split())
            if len(re.findall(r"[A-Za-z]{3,}", words)) >= 2:
                phrases.add(words)
    assert "Your server is starting up." in phrases
    return phrases


def check(answer: requests.Response, lang: str, title: str) -> None:
    assert f'<html lang="{lang}">' in answer.text
    assert re.search(r"<h1[^>]*>\s*(.*?)\s*</h1>", answer.text, re.DOTALL)[1].replace("&#39;", "'") == title
    text = read(answer.text, lang)
    assert "hub.pages." not in text
    if lang == "fr":
        assert [phrase for phrase in upstream_phrases() if phrase in text] == []


def word(key: str, lang: str, **values) -> str:
    return tr(f"hub.pages.{key}", lang=lang, **values)


@pytest.mark.hub
@pytest.mark.parametrize("lang", LANGUAGES)
class TestPagesOfAHub:
    def test_login(self, hub, lang):
        answer = visitor(lang).get(f"{hub.url}/hub/login")
        check(answer, lang, word("login.title", lang))
        assert {"en": "It is in the terminal.", "fr": "Il est dans le terminal."}[lang] in answer.text

    def test_wrong_password(self, hub, lang):
        session = visitor(lang)
        session.get(f"{hub.url}/hub/login")
        data = {"username": "anne", "password": "no", "_xsrf": session.cookies["_xsrf"]}
        answer = session.post(f"{hub.url}/hub/login", data=data)
        assert answer.status_code == 403
        check(answer, lang, word("login.title", lang))
        assert word("login.wrong", lang) in read(answer.text, lang)

    def test_home_form_and_tokens(self, hub, lang):
        session = logged_in(hub, lang, f"reader-{lang}")
        home = session.get(f"{hub.url}/hub/home")
        check(home, lang, word("home.title", lang))
        assert 'user-redirect/odatis/"' in home.text
        assert {"en": "Catalogue explorer", "fr": "Explorateur du catalogue"}[lang] in home.text
        form = session.get(f"{hub.url}/hub/spawn")
        check(form, lang, word("spawn.title", lang))
        assert 'value="quick" required checked' in form.text
        assert api(hub, session, "POST", f"users/reader-{lang}/tokens", json={"note": "a"}).status_code == 201
        check(session.get(f"{hub.url}/hub/token"), lang, word("token.title", lang))

    def test_permission_to_an_application(self, hub, lang):
        session = logged_in(hub, lang, f"allower-{lang}")
        answer = session.get(
            f"{hub.url}/hub/api/oauth2/authorize",
            params={
                "client_id": "service-explore",
                "redirect_uri": f"{hub.url}/services/explore/oauth_callback",
                "response_type": "code",
            },
        )
        check(answer, lang, word("oauth.title", lang))
        assert {"en": "Catalogue explorer", "fr": "Explorateur du catalogue"}[lang] in read(answer.text, lang)

    def test_invitation(self, hub, lang):
        owner = logged_in(hub, lang, f"owner-{lang}")
        start(hub, owner, "quick")
        code = api(hub, owner, "POST", f"share-codes/owner-{lang}/").json()["code"]
        guest = logged_in(hub, lang, f"guest-{lang}")
        answer = guest.get(f"{hub.url}/hub/accept-share", params={"code": code})
        check(answer, lang, word("share.title", lang))

    def test_server_that_is_not_running(self, hub, lang):
        answer = logged_in(hub, lang, f"idle-{lang}").get(f"{hub.url}/hub/user/idle-{lang}/lab")
        assert answer.status_code == 424
        check(answer, lang, word("not_running.title", lang))

    def test_server_that_starts(self, hub, lang):
        session = logged_in(hub, lang, f"slow-{lang}")
        answer = start(hub, session, "slow")
        check(answer, lang, word("pending.title", lang))
        for step in pages.START_STEPS:
            assert word(f"pending.steps.{step}", lang) in read(answer.text, lang)
        assert '<noscript><meta http-equiv="refresh"' in answer.text
        home = session.get(f"{hub.url}/hub/home")
        assert word("home.starting", lang) in read(home.text, lang)
        api(hub, session, "DELETE", f"users/slow-{lang}/server")

    def test_server_that_fails(self, hub, lang):
        session = logged_in(hub, lang, f"broken-{lang}")
        start(hub, session, "broken")
        pending = f"{hub.url}/hub/spawn-pending/broken-{lang}"
        until(lambda: session.get(pending).status_code == 500, 20)
        answer = session.get(pending)
        check(answer, lang, word("failed.title", lang))
        assert word("failed.todo", lang) in read(answer.text, lang)

    def test_server_that_stops(self, hub, lang):
        session = logged_in(hub, lang, f"stopper-{lang}")
        start(hub, session, "quick", stop="slow")
        until(lambda: api(hub, session, "GET", f"users/stopper-{lang}").json().get("server"), 30)
        api(hub, session, "DELETE", f"users/stopper-{lang}/server")
        answer = session.get(f"{hub.url}/hub/spawn-pending/stopper-{lang}")
        check(answer, lang, word("stopping.title", lang))

    @pytest.mark.parametrize(("path", "status"), [("nowhere", 404), ("error/503", 503), ("admin", 403)])
    def test_error(self, hub, lang, path, status):
        answer = logged_in(hub, lang, f"lost-{lang}").get(f"{hub.url}/hub/{path}")
        check(answer, lang, word(f"errors.{status}.title", lang))
        assert word(f"errors.{status}.todo", lang) in read(answer.text, lang)


@pytest.mark.hub
class TestChoiceOfLanguage:
    def test_it_comes_back_and_is_kept(self, hub):
        session = logged_in(hub, "en", "chooser")
        answer = session.get(f"{hub.url}/hub/?lang=fr&next=/hub/spawn")
        assert answer.url == f"{hub.url}/hub/spawn"
        check(answer, "fr", word("spawn.title", "fr"))
        check(session.get(f"{hub.url}/hub/home"), "fr", word("home.title", "fr"))
        kept = next(cookie for cookie in session.cookies if cookie.name == page_language.COOKIE)
        assert (kept.path, kept.value) == ("/", "fr")

    def test_every_page_links_to_the_other_language(self, hub):
        session = logged_in(hub, "en", "linker")
        links = re.findall(r'href="(/hub/\?lang=fr[^"]*)"', session.get(f"{hub.url}/hub/token").text)
        answer = session.get(hub.url + links[0].replace("&amp;", "&"))
        assert answer.url == f"{hub.url}/hub/token"
        check(answer, "fr", word("token.title", "fr"))

    def test_it_works_before_login(self, hub):
        session = visitor("en")
        check(session.get(f"{hub.url}/hub/login?lang=fr"), "fr", word("login.title", "fr"))
        check(session.get(f"{hub.url}/hub/login"), "fr", word("login.title", "fr"))
        check(session.get(f"{hub.url}/hub/?lang=en&next=/hub/login"), "en", word("login.title", "en"))

    def test_it_does_not_lead_elsewhere(self, hub):
        session = logged_in(hub, "en", "guarded")
        answer = session.get(f"{hub.url}/hub/?lang=fr&next=https://example.org/", allow_redirects=False)
        assert answer.headers["Location"].startswith("/hub/home")

    def test_an_unknown_language_is_ignored(self, hub):
        answer = visitor("fr").get(f"{hub.url}/hub/login?lang=xx")
        check(answer, "fr", word("login.title", "fr"))

    def test_a_page_asked_by_the_proxy_speaks_both(self, hub):
        answer = visitor(None).get(f"{hub.url}/hub/error/503?url=/user/anne/lab")
        for lang in LANGUAGES:
            assert word("errors.503.title", lang) in answer.text
            assert f'<section lang="{lang}">' in answer.text
        assert "next=%2Fuser%2Fanne%2Flab" in answer.text


@pytest.mark.hub
@pytest.mark.browser
def test_waiting_page_says_in_french_where_a_start_is(hub, new_page):
    page, broken = new_page("fr"), []
    page.on("pageerror", lambda error: broken.append(error))
    page.goto(f"{hub.url}/hub/login")
    page.fill("#username_input", "waiter")
    page.fill("#password_input", hub.password)
    page.click("#login_submit")
    page.wait_for_url("**/hub/home")
    page.goto(f"{hub.url}/hub/spawn")
    page.check("#profile-slow")
    page.click("#spawn_form button[type=submit]")
    now = page.locator("#steps li[aria-current=step]")
    now.filter(has_text=word("pending.steps.software", "fr")).wait_for(timeout=20000)
    sentence = word("pending.reports.fetching", "fr")
    page.locator("#progress-message").filter(has_text=sentence).wait_for(timeout=20000)
    assert page.inner_text("#elapsed").startswith("Attente")
    assert "20" in page.inner_text("#expected")
    page.click("#stop-server-btn")
    page.wait_for_url("**/hub/home")
    assert broken == []


@pytest.mark.hub
@pytest.mark.browser
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_start_that_took_too_long_is_told_as_that(hub, new_page, lang, keep):
    page = new_page(lang)
    page.goto(f"{hub.url}/hub/login")
    page.fill("#username_input", f"late-{lang}")
    page.fill("#password_input", hub.password)
    page.click("#login_submit")
    page.wait_for_url("**/hub/home")
    page.goto(f"{hub.url}/hub/spawn/late-{lang}?profile=late")
    page.locator("#failed").wait_for(timeout=60_000)
    assert page.locator("#failed-message").inner_text() == word("failed.no_reason", lang)
    assert page.locator("h1:visible").all_inner_texts() == [word("failed.title", lang)]
    keep(page, f"late-{lang}")
    page.reload()
    assert word("failed.no_reason", lang) in page.locator("main, body").first.inner_text()
