"""The extension in a real Jupyter server with JupyterLab, asked over HTTP and in a browser."""

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from websocket import create_connection

from odatis_vre.i18n import tr
from odatis_vre.lab.extension import set_lab_defaults

NOTEBOOK = {
    "cells": [{"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Optimal niche"}],
    "metadata": {"odatis": {"title": {"en": "Optimal niche", "fr": "Niche optimale"}}},
    "nbformat": 4,
    "nbformat_minor": 5,
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A server whose language is French, with a template, a workshop and a user's own settings folder."""
    folder = tmp_path_factory.mktemp("lab")
    home, templates, workshop = folder / "home", folder / "templates", folder / "workshops" / "eggs"
    gallery = folder / "gallery"
    for made in (home, templates, gallery, workshop):
        made.mkdir(parents=True)
    (templates / "niche.ipynb").write_text(json.dumps(NOTEBOOK), "utf-8")
    (gallery / "01_eggs.ipynb").write_text(json.dumps(NOTEBOOK), "utf-8")
    (workshop / "01-open.ipynb").write_text(json.dumps(NOTEBOOK), "utf-8")
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    token = secrets.token_hex()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    command += [f"--ServerApp.root_dir={home}", "--ServerApp.base_url=/user/anne/"]
    command += ["--ServerApp.jpserver_extensions=odatis_vre.lab=True"]
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("JUPYTER", "ODATIS"))},
        "JUPYTER_TOKEN": token,
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "ODATIS_TEMPLATES": str(templates),
        "ODATIS_GALLERY": str(gallery),
        "ODATIS_WORKSHOPS": str(workshop.parent),
        "ODATIS_LANG": "fr",
        # A server of a hub that never answers.
        "JUPYTERHUB_API_URL": "http://127.0.0.1:9/hub/api",
        "JUPYTERHUB_API_TOKEN": "a-token",
        "JUPYTERHUB_USER": "anne",
        "SHELL": "/bin/sh",
        "PATH": f"{folder}/own-programs:{os.environ['PATH']}",
    }
    log = folder / "lab.log"
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=out)
    url = f"http://127.0.0.1:{port}/user/anne"
    try:
        end = time.monotonic() + 60
        while not answers(f"{url}/api", token):
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.2)
        yield SimpleNamespace(url=url, token=token, home=home, templates=templates, folder=folder)
    finally:
        process.terminate()
        process.wait(30)


def answers(url: str, token: str) -> bool:
    try:
        return requests.get(url, headers={"Authorization": f"token {token}"}, timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.fixture
def contents(lab):
    def ask(method: str, path: str, **options) -> requests.Response:
        headers = {"Authorization": f"token {lab.token}"}
        return requests.request(method, f"{lab.url}/api/contents/{path}", headers=headers, **options)

    return ask


@pytest.fixture
def browser(lab):
    """A browser's cookies after login; its requests carry no token."""
    session = requests.Session()
    session.get(f"{lab.url}/odatis/", params={"token": lab.token}).raise_for_status()
    return session


def fresh(lab, session, path: str, **options) -> requests.Response:
    page = session.get(f"{lab.url}/odatis/").text
    xsrf = re.search(r'name="_xsrf" value="([^"]+)"', page)[1]
    data = {"path": path, "_xsrf": xsrf} | options.pop("data", {})
    return session.post(f"{lab.url}/odatis/fresh", data=data, allow_redirects=False, **options)


def test_home_shows_the_stores(contents):
    names = {entry["name"] for entry in contents("GET", "").json()["content"]}
    assert {"templates", "gallery", "workshops"} <= names
    assert contents("GET", "templates/niche.ipynb").json()["writable"] is False


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "templates/niche.ipynb", {"type": "notebook", "content": NOTEBOOK, "format": "json"}),
        ("PUT", "templates/new.txt", {"type": "file", "content": "x", "format": "text"}),
        ("PUT", "workshops/eggs/new", {"type": "directory"}),
        ("POST", "workshops/eggs", {"type": "notebook"}),
        ("POST", "templates", {"copy_from": "workshops/eggs/01-open.ipynb"}),
        ("POST", "templates", {"copy_from": "workshops/eggs"}),
        ("POST", "templates/niche.ipynb/checkpoints", None),
        ("PATCH", "templates/niche.ipynb", {"path": "taken.ipynb"}),
        ("PATCH", "templates", {"path": "mine"}),
        ("DELETE", "templates/niche.ipynb", None),
        ("DELETE", "gallery/01_eggs.ipynb", None),
        ("DELETE", "templates", None),
        ("DELETE", "workshops/eggs", None),
    ],
)
def test_stores_cannot_be_changed_even_by_root(lab, contents, method, path, body):
    answer = contents(method, path, json=body)
    assert answer.status_code == 403
    assert "copie neuve" in answer.json()["message"]
    assert sorted(path.name for path in lab.templates.iterdir()) == ["niche.ipynb"]
    assert json.loads((lab.templates / "niche.ipynb").read_text("utf-8")) == NOTEBOOK
    assert (lab.home / "templates").is_symlink()


def test_listing_checkpoints_writes_nothing(lab, contents):
    assert contents("GET", "templates/niche.ipynb/checkpoints").json() == []
    assert not (lab.templates / ".ipynb_checkpoints").exists()


def test_a_link_of_the_users_own_does_not_get_around_it(lab, contents):
    (lab.home / "shortcut").symlink_to(lab.templates)
    body = {"type": "notebook", "content": NOTEBOOK, "format": "json"}
    assert contents("PUT", "shortcut/niche.ipynb", json=body).status_code == 403
    (lab.home / "shortcut").unlink()


def test_the_users_own_files_are_saved_renamed_copied_and_deleted(contents):
    body = {"type": "file", "content": "x", "format": "text"}
    assert contents("PUT", "own.txt", json=body).status_code == 201
    assert contents("POST", "own.txt/checkpoints").status_code == 201
    assert contents("PATCH", "own.txt", json={"path": "mine.txt"}).status_code == 200
    assert contents("POST", "", json={"copy_from": "mine.txt"}).status_code == 201
    for name in ("mine.txt", "mine-Copy1.txt"):
        assert contents("DELETE", name).status_code == 204


@pytest.mark.parametrize(("lang", "title"), [("fr", "Niche optimale"), ("en", "Optimal niche")])
def test_start_page_in_both_languages(lab, browser, lang, title):
    page = browser.get(f"{lab.url}/odatis/", params={"lang": lang}).text
    assert f'<html lang="{lang}">' in page
    assert title in page
    assert tr("lab.fresh", lang=lang) in page
    shelves = [tr(f"lab.{name}", lang=lang) for name in ("templates", "gallery", "workshops")]
    assert re.findall(r"<h2[^>]*>([^<]*)</h2>", page) == shelves
    assert f'<html lang="{lang}">' in browser.get(f"{lab.url}/odatis/").text
    assert "http" not in re.sub(r'href="[^"]*"', "", page)


def test_start_page_speaks_the_servers_language(lab, browser):
    assert '<html lang="fr">' in browser.get(f"{lab.url}/odatis", headers={"Accept-Language": "en"}).text


def test_pages_need_login(lab):
    for path in ("odatis/", "odatis/fresh?path=templates/niche.ipynb"):
        answer = requests.get(f"{lab.url}/{path}", allow_redirects=False)
        assert answer.status_code == 302
        assert "/login" in answer.headers["Location"]


def test_fresh_copy_of_a_notebook_opens(lab, browser):
    answers = [fresh(lab, browser, "templates/niche.ipynb") for _ in range(2)]
    assert [answer.headers["Location"] for answer in answers] == [
        "/user/anne/lab/tree/niche.ipynb",
        "/user/anne/lab/tree/niche-2.ipynb",
    ]
    assert (lab.home / "niche-2.ipynb").read_bytes() == (lab.templates / "niche.ipynb").read_bytes()


def test_fresh_copy_of_a_workshop_opens_its_first_notebook(lab, browser):
    answer = fresh(lab, browser, "workshops/eggs")
    assert answer.headers["Location"] == "/user/anne/lab/tree/eggs/01-open.ipynb"


def test_a_shared_link_asks_before_it_copies(lab, browser):
    before = sorted(lab.home.iterdir())
    link = f"{lab.url}/odatis/fresh?path=templates/niche.ipynb"
    answer = browser.get(link, headers={"Referer": "https://example.org/course"})
    assert answer.status_code == 200
    assert "Niche optimale" in answer.text
    assert answer.text.count("<button") == 1
    assert sorted(lab.home.iterdir()) == before


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://example.org"}])
def test_another_site_cannot_make_copies(lab, browser, headers):
    before = sorted(lab.home.iterdir())
    answer = browser.post(f"{lab.url}/odatis/fresh", data={"path": "templates/niche.ipynb"}, headers=headers)
    assert answer.status_code in (403, 404)
    assert sorted(lab.home.iterdir()) == before


@pytest.mark.parametrize(
    "path", ["", "../config", "templates/../../config", "/etc/passwd", "templates", "other/x.ipynb"]
)
def test_paths_outside_are_refused_in_words(lab, browser, path):
    before = sorted(lab.home.iterdir())
    for answer in (
        browser.get(f"{lab.url}/odatis/fresh", params={"path": path}),
        fresh(lab, browser, path),
    ):
        assert answer.status_code == 404
        assert tr("lab.not_found_hint", lang="fr") in answer.text
    assert sorted(lab.home.iterdir()) == before


def test_lab_defaults_go_behind_what_is_configured():
    environment = {"JUPYTER_CONFIG_PATH": "/mine", "ODATIS_LANG": "fr"}
    set_lab_defaults(environment)
    set_lab_defaults(environment)
    first, *ours = environment["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert first == "/mine"
    assert [Path(path).name for path in ours] == ["fr", "all"]
    assert all((Path(path) / "labconfig" / "default_setting_overrides.json").is_file() for path in ours)


def test_lab_asks_nothing_of_the_news_feed(lab):
    answer = requests.get(
        f"{lab.url}/lab/api/settings/@jupyterlab/apputils-extension:notification",
        headers={"Authorization": f"token {lab.token}"},
    ).json()["schema"]["properties"]
    assert (answer["fetchNews"]["default"], answer["checkForUpdates"]["default"]) == ("false", False)


@pytest.mark.browser
def test_lab_speaks_french_until_the_user_says_otherwise(lab, new_page):
    page, elsewhere = new_page("en"), []
    page.on("request", lambda request: elsewhere.append(request.url))
    page.goto(f"{lab.url}/lab?token={lab.token}")
    page.get_by_role("menuitem", name="Fichier").wait_for(timeout=60000)
    assert [
        url for url in elsewhere if not url.startswith(("http://127.0.0.1", "ws://127", "data:", "blob:"))
    ] == []
    own = lab.folder / "config" / "lab" / "user-settings" / "@jupyterlab" / "translation-extension"
    own.mkdir(parents=True, exist_ok=True)
    (own / "plugin.jupyterlab-settings").write_text('{"locale": "en"}', "utf-8")
    page.reload()
    page.get_by_role("menuitem", name="File", exact=True).wait_for(timeout=60000)


@pytest.fixture
def result(lab):
    """A Zarr store of the user's, as the page needs it: a folder by that name."""
    store = lab.home / "niche_output" / "suitability.zarr"
    store.mkdir(parents=True, exist_ok=True)
    return store


def ask_for_map(lab, session, path: str) -> requests.Response:
    page = session.get(f"{lab.url}/odatis/").text
    xsrf = re.search(r'name="_xsrf" value="([^"]+)"', page)[1]
    data = {"path": path, "_xsrf": xsrf}
    return session.post(f"{lab.url}/odatis/map", data=data, allow_redirects=False)


def test_the_page_offers_a_map_of_the_users_results(lab, browser, result):
    page = browser.get(f"{lab.url}/odatis/").text
    assert "niche_output/suitability.zarr" in page
    assert tr("lab.map", lang="fr") in page


def test_a_hub_that_does_not_answer_is_told_on_a_page(lab, browser, result):
    answer = ask_for_map(lab, browser, "niche_output/suitability.zarr")
    assert answer.status_code == 409
    assert "Le hub ne répond pas" in answer.text


@pytest.mark.parametrize("path", ["", "..", "/", "/etc", "../suitability.zarr", "nothing.zarr", "templates"])
def test_a_map_is_of_a_store_in_the_home_only(lab, browser, result, path):
    answer = ask_for_map(lab, browser, path)
    assert answer.status_code == 404
    assert "dossier personnel" in answer.text


def test_a_map_is_not_started_by_a_link(lab, browser, result):
    address = f"{lab.url}/odatis/map"
    assert browser.get(address, params={"path": "niche_output/suitability.zarr"}).status_code == 405
    data = {"path": "niche_output/suitability.zarr"}
    assert browser.post(address, data=data, allow_redirects=False).status_code == 403


def test_a_terminal_finds_the_programs_that_the_server_finds(lab):
    """A login shell would read /etc/profile, which sets PATH anew."""
    headers = {"Authorization": f"token {lab.token}"}
    name = requests.post(f"{lab.url}/api/terminals", headers=headers, timeout=10).json()["name"]
    address = f"{lab.url.replace('http', 'ws', 1)}/terminals/websocket/{name}"
    connection = create_connection(address, header=[f"Authorization: token {lab.token}"], timeout=20)
    connection.send(json.dumps(["stdin", "echo PA''TH=$PATH.\r"]))
    said = ""
    while "PATH=" not in said or "." not in said.partition("PATH=")[2]:
        kind, *text = json.loads(connection.recv())
        said += text[0] if kind == "stdout" else ""
    connection.close()
    assert f"{lab.folder}/own-programs" in said.replace("\r\n", "").replace("\r", "")


def test_the_address_of_a_map_that_stopped_leads_to_the_button(lab, browser):
    answer = browser.get(f"{lab.url}/dashboard/?store=a.zarr", allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/user/anne/odatis/")
