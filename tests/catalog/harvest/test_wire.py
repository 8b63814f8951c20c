"""Where a harvest asks next: redirections, pages, their end; against servers that lead astray."""

import os
import ssl
import subprocess
import sys

import pytest
from certificate import certificate
from csw_stand_in import CswStandIn
from geonetwork_stand_in import GeoNetworkStandIn, record
from iso_records import gmd

from odatis_vre.catalog import open_catalog
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import use_language

SEARCH = "/geonetwork/srv/api/search/records/_search"


class Redirecting(GeoNetworkStandIn):
    """Sends to `location` whoever asks at an address below `/old`, or `times` times whoever asks."""

    times = 0

    @property
    def old(self) -> str:
        return f"{self.address}/old/srv/api"

    def answer(self, method, path, body):
        if path.startswith("/old") or self.times > 0:
            self.times -= 1
            return 302, b""
        return super().answer(method, path, body)


@pytest.fixture
def redirecting():
    with Redirecting([record(f"u{number}") for number in range(7)]) as server:
        yield server


@pytest.mark.parametrize("location", [SEARCH, "../../../../../.." + SEARCH, "{address}" + SEARCH])
def test_a_service_that_moved_on_its_server_is_followed_with_the_question(redirecting, bring, location):
    redirecting.location = location.format(address=redirecting.address)
    assert len(bring(redirecting.old, page_size=3).changes["added"]) == 7
    followed = [(method, body["from"]) for method, path, body in redirecting.asked if path == SEARCH]
    assert followed == [("POST", 0), ("POST", 3), ("POST", 6)]


def test_redirections_end(redirecting, bring, output):
    redirecting.location = SEARCH
    redirecting.times = 4
    assert len(bring(redirecting.api, dry_run=True).changes["added"]) == 7
    redirecting.asked.clear()
    redirecting.times = 1000
    with pytest.raises(CatalogError, match="redirects without end") as caught:
        bring(redirecting.api)
    assert caught.value.hint
    assert len(redirecting.asked) == 5
    assert not output.exists()


@pytest.mark.parametrize(
    "location",
    [
        "http://localhost:{port}" + SEARCH,
        "//localhost:{port}" + SEARCH,
        "http://127.0.0.1@localhost:{port}" + SEARCH,
        "http://127.0.0.2:{port}" + SEARCH,
        "http://2130706433:{port}" + SEARCH,
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/",
        "http://[::1]:{port}/",
        "https://other.example.org/",
        "ftp://127.0.0.1/records",
        "file:///etc/passwd",
        "http://[oops/",
    ],
)
def test_a_redirection_to_another_server_is_told_and_nobody_there_is_asked(
    redirecting, bring, output, location
):
    with GeoNetworkStandIn([record("u")]) as other:
        redirecting.location = location.format(port=other.address.rpartition(":")[2])
        with pytest.raises(CatalogError, match="redirects to another server") as caught:
            bring(redirecting.old)
        assert other.asked == []
    assert len(redirecting.asked) == 1  # and it is not asked again
    assert "127.0.0.1@" not in caught.value.message
    assert not output.exists()


class Secret(GeoNetworkStandIn):
    """Over https, and sends whoever asks to `location`."""

    def __init__(self, path):
        super().__init__([])
        self.path = path

    def __enter__(self):
        super().__enter__()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        return self

    def answer(self, method, path, body):
        return 302, b""


def test_a_redirection_is_no_way_out_of_https(tmp_path):
    certificate(tmp_path / "cert.pem")
    program = "import sys; from odatis_vre.catalog.harvest import harvest; harvest(*sys.argv[1:], pause=0)"
    with GeoNetworkStandIn([record("u")]) as clear, Secret(tmp_path / "cert.pem") as secret:
        secret.location = clear.address + SEARCH
        url = secret.address.replace("http:", "https:")
        done = subprocess.run(
            [sys.executable, "-c", program, f"{url}/srv/api", str(tmp_path / "harvested.yaml")],
            env=os.environ | {"SSL_CERT_FILE": str(tmp_path / "cert.pem"), "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
        )
        assert f"redirects to another server, {clear.address}" in done.stderr
        assert len(secret.asked) == 1
        assert clear.asked == []


class Capped(GeoNetworkStandIn):
    """Gives fewer records a page than asked."""

    def answer(self, method, path, body):
        return super().answer(method, path, {**body, "size": min(body["size"], 2)})


def test_a_server_that_gives_fewer_records_a_page_than_asked_is_read_to_its_end(bring):
    with Capped([record(f"u{number}") for number in range(7)]) as server:
        assert len(bring(server.api, page_size=50).changes["added"]) == 7
        assert [body["from"] for _, _, body in server.asked] == [0, 2, 4, 6]


class Uncounted(GeoNetworkStandIn):
    def answer(self, method, path, body):
        status, answer = super().answer(method, path, body)
        answer["hits"]["total"] = {"value": 3, "relation": "gte"}
        return status, answer


@pytest.mark.parametrize(("number", "asked"), [(6, [0, 3, 6]), (7, [0, 3, 6])])
def test_where_a_server_does_not_count_the_last_page_is_the_one_that_is_not_full(bring, number, asked):
    with Uncounted([record(f"u{number}") for number in range(number)]) as server:
        assert bring(server.api, page_size=3).records == number
        assert [body["from"] for _, _, body in server.asked] == asked


def test_a_count_that_is_not_reached_does_not_ask_for_ever(bring):
    class Boasting(GeoNetworkStandIn):
        def answer(self, method, path, body):
            status, answer = super().answer(method, path, body)
            answer["hits"]["total"]["value"] = 10**9
            return status, answer

    with Boasting([record(f"u{number}") for number in range(6)]) as server:
        assert bring(server.api, page_size=3).records == 6
        assert len(server.asked) == 3


class Repeating(GeoNetworkStandIn):
    """Gives its first page, wherever it is asked to begin."""

    def answer(self, method, path, body):
        return super().answer(method, path, {**body, "from": 0})


def test_a_server_that_repeats_its_page_for_ever_is_told(bring, output):
    with Repeating([record(f"u{number}") for number in range(7)]) as server:
        with pytest.raises(CatalogError, match="the same page of records again and again") as caught:
            bring(server.api, page_size=3)
        assert len(server.asked) == 2
        with use_language("fr"), pytest.raises(CatalogError, match="toujours la même page"):
            bring(server.api, page_size=3)
    assert "page_size" in caught.value.hint
    assert not output.exists()


class Csw(CswStandIn):
    """Says of its pages what `changed` makes of them."""

    def __init__(self, changed, *records):
        super().__init__(*records)
        self.changed = changed

    def answer(self, method, path, body):
        first = int(body.split('startPosition="')[1].split('"')[0])
        return self.changed(first, lambda at: super(Csw, self).answer(method, path, asked_at(body, at))[1])


def asked_at(body: str, at: int) -> str:
    before, _, rest = body.partition('startPosition="')
    return f'{before}startPosition="{at}"{rest[rest.index(chr(34)) :]}'


def following(content: bytes, number: int) -> bytes:
    before, _, rest = content.partition(b'nextRecord="')
    return before + b'nextRecord="%d"' % number + rest[rest.index(b'"') + 1 :]


RECORDS = [gmd(f"u{number}") for number in range(7)]


def test_a_csw_that_repeats_its_page_for_ever_is_told(bring, output):
    def first_page(first, page):  # with the same `nextRecord`
        return 200, page(1)

    def first_page_that_moves_on(first, page):
        return 200, following(page(1), first + 3).replace(b'Matched="7"', b'Matched="1000000"')

    for changed in (first_page, first_page_that_moves_on):
        with Csw(changed, *RECORDS) as server:
            with pytest.raises(CatalogError, match="the same page of records again and again"):
                bring(server.address, kind="csw", page_size=3)
            assert len(server.asked) == 2
    assert not output.exists()


@pytest.mark.parametrize("last", [0, 7, 8])
def test_a_csw_ends_with_its_last_page_however_it_says_so(bring, output, last):
    def answer(first, page):
        content = page(first)
        return 200, following(content, last) if first == 7 else content

    with Csw(answer, *RECORDS) as server:
        assert bring(server.address, kind="csw", page_size=3).records == 7
        assert len(server.asked) == 3
    assert len(open_catalog(output).names) == 7
