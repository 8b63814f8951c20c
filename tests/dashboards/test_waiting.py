"""The page that asks for patience while a dashboard's libraries load."""

import socket

import pytest
import requests

from odatis_vre.dashboards.waiting import waiting_page


@pytest.mark.parametrize(
    ("headers", "lang", "words"),
    [
        ({"Accept-Language": "en-GB"}, "en", "The dashboard is starting"),
        ({"Accept-Language": "fr"}, "fr", "Le tableau de bord démarre"),
        ({"Accept-Language": "en-GB", "Cookie": "odatis-lang=fr"}, "fr", "Le tableau de bord démarre"),
        ({"Cookie": "odatis-lang=<script>"}, "en", "The dashboard is starting"),
    ],
)
def test_it_speaks_the_readers_language_and_asks_again_by_itself(free_ports, headers, lang, words):
    (port,) = free_ports(1)
    with waiting_page("127.0.0.1", port):
        answer = requests.get(f"http://127.0.0.1:{port}/services/explore/", headers=headers, timeout=5)
    assert answer.ok
    assert f'<html lang="{lang}">' in answer.text
    assert words in answer.text
    assert 'http-equiv="refresh"' in answer.text
    assert "script" not in answer.text


def test_it_leaves_the_port_to_the_dashboard(free_ports):
    (port,) = free_ports(1)
    with waiting_page("127.0.0.1", port):
        requests.get(f"http://127.0.0.1:{port}/", timeout=5)
    with socket.create_server(("127.0.0.1", port)):
        pass
