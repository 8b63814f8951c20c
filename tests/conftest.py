"""The embedded VRE and the browser, for every test that needs the real ones."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from hub_client import HubClient
from not_run import Summary
from troubles import Troubles

from odatis_vre.errors import StartError
from odatis_vre.hub.embedded import tools

ROOT = Path(__file__).parents[1]
# Messages in tests are English unless a test says otherwise, whoever runs them.
os.environ["LC_ALL"] = "C.UTF-8"
os.environ.pop("ODATIS_LANG", None)

BROWSER_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_addoption(parser, pluginmanager):
    pluginmanager.register(Summary())
    parser.addoption("--screenshots", metavar="FOLDER", help="keep pictures of the journey in this folder")


def _missing(what: str, how: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing: {how}")
    pytest.skip(f"{what} is missing: {how}")


def _free_ports(count: int = 1) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [sock.getsockname()[1] for sock in sockets]
    finally:
        for sock in sockets:
            sock.close()


@pytest.fixture(scope="session")
def free_ports():
    """Find some ports that are free on this machine."""
    return _free_ports


class RunningVRE(HubClient):
    """An `odatis up` of its own, and what a client of it needs."""

    def __init__(self, folder: Path, settings: str, lang: str = "en"):
        self.state = folder / "state"
        self.settings = folder / "vre.yaml"
        self.settings.write_text(settings, "utf-8")
        self.output = folder / "up.txt"
        (self.port,) = _free_ports()
        self.lang = lang
        self.process = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def password(self) -> str:
        return (self.state / "password").read_text("utf-8").strip()

    def odatis(self, *words: str, **kwargs) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "odatis_vre.cli", *words]
        environment = {**os.environ, "ODATIS_LANG": self.lang}
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, **kwargs)

    def start(self, ignored: int | None = None) -> "RunningVRE":
        """Start; with the signals as a terminal leaves them, or with one that `nohup` ignores."""

        def signals() -> None:
            for number in (signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN if number == ignored else signal.SIG_DFL)

        command = [sys.executable, "-m", "odatis_vre.cli", "up", str(self.settings)]
        command += ["--state", str(self.state), "--port", str(self.port)]
        with self.output.open("w") as out:
            self.process = subprocess.Popen(
                command,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, "ODATIS_LANG": self.lang, "PYTHONUNBUFFERED": "1"},
                preexec_fn=signals,
            )
        self.wait_for(lambda: self.address in self.said(), 120, "the greeting")
        return self

    def said(self) -> str:
        return self.output.read_text("utf-8")

    def ended(self) -> str | None:
        return self.state_in_words() if self.process.poll() is not None else None

    def answers(self) -> dict:
        """Which of its services answer, as `odatis status` says."""
        told = self.odatis("status", "--state", str(self.state), "--json").stdout
        return json.loads(told).get("services", {})

    def saved(self, user: str = "researcher", name: str = "notes.txt") -> str:
        return (self.state / "homes" / user / name).read_text("utf-8")

    def state_in_words(self) -> str:
        return f"{self.said()}\n{self.log()}"

    def log(self) -> str:
        log = self.state / "logs" / "hub.log"
        return log.read_text("utf-8", errors="replace")[-6000:] if log.exists() else ""

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(60)

    def processes(self) -> list[psutil.Process]:
        return [process for process, _ in self.commands()]

    def commands(self) -> list[tuple[psutil.Process, str]]:
        """Its processes that live, each with its command line: one that ends meanwhile is left out."""
        found = []
        for process in psutil.process_iter():
            try:
                ours = process.environ().get("ODATIS_VRE_STATE") == str(self.state.resolve())
                if ours and process.status() != psutil.STATUS_ZOMBIE:
                    found.append((process, " ".join(process.cmdline())))
            except (psutil.Error, OSError):
                continue
        return found

    def process_of(self, sign: str) -> psutil.Process:
        return next(process for process, command in self.commands() if sign in command)


@pytest.fixture(scope="session")
def proxy_command() -> list[str]:
    """The command of the hub's HTTP proxy."""
    try:
        return tools.proxy_command()
    except StartError as error:
        _missing("configurable-http-proxy", str(error))


TWO_USERS = """
auth: {users: [researcher, trainee]}
compute: {worker_memory: 512M, max_workers: 2}
"""


@pytest.fixture(scope="session")
def missing():
    """Say that a tool is missing: a failure in CI; elsewhere the test is skipped and says what to install."""
    return _missing


@pytest.fixture
def new_vre(tmp_path, proxy_command):
    """Make a VRE in a folder of its own; everything it started is ended afterwards."""
    made = []

    def make(settings: str = TWO_USERS, lang: str = "en") -> RunningVRE:
        folder = tmp_path / f"vre{len(made)}"
        folder.mkdir()
        made.append(RunningVRE(folder, settings, lang))
        return made[-1]

    yield make
    for vre in made:
        if vre.process is not None:
            vre.stop()
        for process in vre.processes():
            process.kill()


@pytest.fixture(scope="session")
def vre(tmp_path_factory, proxy_command):
    """One VRE for all tests that leave it as they found it."""
    running = RunningVRE(tmp_path_factory.mktemp("vre"), TWO_USERS).start()
    yield running
    running.stop()
    left = running.processes()
    for process in left:
        process.kill()
    assert left == []


@pytest.fixture
def chromium():
    """A headless Chromium of the system, for one test: Playwright's loop would block asynchronous ones."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        _missing("Chromium", "apt-get install chromium, or your system's package")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=BROWSER_ARGS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium, request):
    """Open pages in a language; each that fails leaves a picture under test-results/ and its troubles."""
    watched = []

    def make(lang: str = "en", width: int = 1280, height: int = 800):
        locale = {"en": "en-GB", "fr": "fr-FR"}[lang]
        context = chromium.new_context(locale=locale, viewport={"width": width, "height": height})
        page = context.new_page()
        watched.append((context, page, Troubles(page)))
        return page

    yield make
    failed = getattr(request.node, "failed", False)
    for number, (context, page, troubles) in enumerate(watched):
        if failed:
            print(troubles)  # noqa: T201
            name = re.sub(r"\W+", "-", request.node.nodeid)
            folder = ROOT / "test-results"
            folder.mkdir(exist_ok=True)
            page.screenshot(path=folder / f"{name}-{number}.png", full_page=True)
        context.close()


@pytest.fixture
def keep(request):
    """Keep a picture of a page where `--screenshots FOLDER` asks for it."""
    folder = request.config.getoption("--screenshots")

    def shoot(page, name: str) -> None:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(folder) / f"{name}.png")

    return shoot


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        item.failed = True
    return report
