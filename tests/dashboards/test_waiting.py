"""The page that asks for patience while a dashboard's libraries load."""

import asyncio
import threading

import pytest
import requests
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from odatis_vre.dashboards.waiting import waiting_page


@pytest.fixture
def listening():
    (found,) = bind_sockets(0, "127.0.0.1")
    yield found
    found.close()


@pytest.mark.parametrize(
    ("headers", "lang", "words"),
    [
        ({"Accept-Language": "en-GB"}, "en", "The dashboard is starting"),
        ({"Accept-Language": "fr"}, "fr", "Le tableau de bord démarre"),
        ({"Accept-Language": "en-GB", "Cookie": "odatis-lang=fr"}, "fr", "Le tableau de bord démarre"),
        ({"Cookie": "odatis-lang=<script>"}, "en", "The dashboard is starting"),
    ],
)
def test_it_speaks_the_readers_language_and_asks_again_by_itself(listening, headers, lang, words):
    with waiting_page(listening):
        answer = requests.get(f"{_address(listening)}services/explore/", headers=headers, timeout=5)
    assert answer.ok
    assert f'<html lang="{lang}">' in answer.text
    assert words in answer.text
    assert 'http-equiv="refresh"' in answer.text
    assert "script" not in answer.text


def test_nobody_meets_a_closed_door_before_the_dashboard_answers(listening):
    answers, enough = [], threading.Event()

    def visit() -> None:
        while not enough.is_set():
            answers.append(requests.get(_address(listening), timeout=5).text)

    class Dashboard(RequestHandler):
        def get(self):
            self.write("the dashboard")

    async def answer() -> None:
        HTTPServer(Application([("/", Dashboard)])).add_sockets([listening])
        await asyncio.sleep(0.3)

    visitors = [threading.Thread(target=visit) for _ in range(3)]
    with waiting_page(listening):
        for visitor in visitors:
            visitor.start()
        enough.wait(0.3)
    enough.wait(0.3)  # nobody accepts: they wait
    asyncio.run(_and_then(answer(), enough))
    for visitor in visitors:
        visitor.join()
    assert "The dashboard is starting" in answers[0]
    assert answers[-1] == "the dashboard"


async def _and_then(answering, enough: threading.Event) -> None:
    await answering
    enough.set()
    await asyncio.sleep(0.5)


def _address(listening) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}/"
