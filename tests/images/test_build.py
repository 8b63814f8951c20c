"""What images/build.sh asks of an image that was built, and the checks that it runs inside."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from stand_in import StandIn

ROOT = Path(__file__).parents[2]
# Builds nothing; tells of the image the labels that it was asked for, but for one.
ENGINE = """#!/bin/sh
case $1 in
build) for word in "$@"; do echo "$word"; done >"$ASKED" ;;
inspect) sed -n 's/^VERSION=/version=/p; s/^REVISION=/revision=/p; s/^SOURCE=/source=/p' "$ASKED" |
    sed "s/^$WRONG=.*/$WRONG=another/" |
    sed 's/^\\(.*\\)=\\(.*\\)$/"org.opencontainers.image.\\1": "\\2",/' ;;
*) exit 9 ;;
esac
"""


class Pages(StandIn):
    """A server that is well at one path."""

    def __init__(self, path: str | None):
        super().__init__()
        self.path = path

    def answer(self, method, path, body):
        return (200 if path == self.path else 404), b"well"


def build(folder: Path, wrong: str, checkout: Path = ROOT, **more: str) -> subprocess.CompletedProcess:
    (folder / "bin").mkdir()
    (engine := folder / "bin" / "docker").write_text(ENGINE, "utf-8")
    engine.chmod(0o755)
    variables = {
        "PATH": f"{engine.parent}:/usr/bin:/bin",
        "HOME": str(folder),
        "ENGINE": "docker",
        "ASKED": str(folder / "asked"),
        "WRONG": wrong,
        "IMAGES": "proxy",
        "BASE": "scratch",
        "SOURCE": "https://example.org/odatis/vre",
        **more,
    }
    command = ["sh", str(checkout / "images" / "build.sh")]
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("label", ["version", "revision", "source"])
def test_an_image_with_another_label_is_refused(tmp_path, label):
    done = build(tmp_path, label)
    assert done.returncode == 1
    assert f"has not the label {label}=" in done.stderr


def test_the_labels_are_those_that_were_asked_for(tmp_path):
    done = build(tmp_path, "none")
    assert "has not the label" not in done.stderr
    assert done.returncode == 9, "the image's own test comes next, and this engine runs none"


@pytest.fixture
def source(tmp_path):
    """The label that says where the source is, and what is told, of a checkout with a remote."""

    def label(remote: str | None, urls: str = "") -> tuple[str, str]:
        checkout = tmp_path / "checkout"
        shutil.copytree(ROOT / "images" / "proxy", checkout / "images" / "proxy")
        shutil.copy(ROOT / "images" / "build.sh", checkout / "images")
        (checkout / "pyproject.toml").write_text(f'[project]\nversion = "1"\n{urls}', "utf-8")
        subprocess.run(["git", "init", "--quiet", checkout], check=True)
        if remote:
            subprocess.run(["git", "-C", checkout, "remote", "add", "origin", remote], check=True)
        done = build(tmp_path, "none", checkout, SOURCE="")
        assert done.returncode == 9, done.stderr
        return re.search(r"^SOURCE=(.*)$", (tmp_path / "asked").read_text("utf-8"), re.M)[1], done.stderr

    return label


@pytest.mark.parametrize(
    "remote",
    [
        "https://example.org/odatis/vre.git",
        "https://ana@example.org/odatis/vre.git",
        "https://ana:hush@example.org/odatis/vre.git",
        "https://ana:hu@sh@example.org/odatis/vre.git",
        "git@example.org:odatis/vre.git",
        "example.org:odatis/vre.git",
        "git@example.org:/odatis/vre.git",
        "ssh://git@example.org/odatis/vre.git",
        "ssh://git:hush@example.org:2222/odatis/vre.git",
        "ssh://example.org/odatis/vre.git",
    ],
)
def test_the_source_is_the_remote_as_an_https_address_without_a_name(source, remote):
    label, said = source(remote)
    assert label == "https://example.org/odatis/vre.git"
    assert "No label says" not in said


@pytest.mark.parametrize("remote", [None, "/srv/git/vre.git", "../vre.git", "file:///srv/git/vre.git"])
def test_without_a_server_the_source_is_the_projects_own_address(source, remote):
    urls = (
        '\n[project.urls]\nRepository = "https://example.org/vre"\n\n[tool.x]\na = "https://example.org/b"\n'
    )
    assert source(remote, urls)[0] == "https://example.org/vre"


def test_where_nothing_says_the_source_it_is_told(source):
    label, said = source(None)
    assert label == ""
    assert "No label says where the source is published" in said
    assert "Aucune étiquette ne dit où la source est publiée" in said


@pytest.fixture
def checks():
    spec = importlib.util.spec_from_file_location("image_checks", ROOT / "images" / "checks.py")
    spec.loader.exec_module(module := importlib.util.module_from_spec(spec))
    return module


def test_the_size_of_an_image_counts_each_file_once(checks, tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "a").write_bytes(b"x" * 1000)
    os.link(tmp_path / "lib" / "a", tmp_path / "again")
    (tmp_path / "b").write_bytes(b"x" * 234)
    (tmp_path / "folder").symlink_to(tmp_path / "lib")
    assert checks.unpacked(str(tmp_path)) == 1234


def test_what_is_mounted_into_an_image_is_not_counted(checks, tmp_path, monkeypatch):
    for name in ("own", "mounted"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"x" * 100)
    monkeypatch.setattr(Path, "is_mount", lambda path: path.name == "mounted")
    assert checks.unpacked(str(tmp_path)) == 100


@pytest.mark.parametrize("folder", ["usr/local/bin", "usr/bin"])
def test_what_builds_programs_is_found_wherever_the_images_path_leads(checks, tmp_path, monkeypatch, folder):
    (tool := tmp_path / folder / "pip").parent.mkdir(parents=True)
    tool.touch(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{tool.parent}")
    assert checks.build_tools() == [str(tool)]


SERVER = (sys.executable, "-m", "http.server", "--bind", "127.0.0.1")


def asks(port: int, path: str = "") -> list[str]:
    return [sys.executable, "-c", f"import urllib.request as r; r.urlopen('http://127.0.0.1:{port}/{path}')"]


def test_a_server_says_that_it_is_well_when_it_answers_and_not_before(checks, free_ports):
    (port,) = free_ports()
    url = f"http://127.0.0.1:{port}/"
    assert checks.answers(url, *SERVER, str(port), well=asks(port))
    with pytest.raises(AssertionError, match="404"):
        checks.answers(url, *SERVER, str(port), well=asks(port, "nowhere"))
    with pytest.raises(AssertionError, match="sees no difference"):
        checks.answers(url, *SERVER, str(port), well=("true",))


@pytest.mark.parametrize(
    ("image", "port", "path"),
    [
        ("gateway", 8000, "/api/health"),
        ("hub", 8081, "/hub/health"),
        ("notebook", 8888, None),
        ("proxy", 8000, "/_chp_healthz"),
    ],
)
def test_an_image_says_how_it_is(checks, free_ports, missing, image, port, path):
    """The command of its Dockerfile, with a stand-in for its server; two are tried inside the image too."""
    command = checks.health(image)
    if (program := {"python": sys.executable}.get(command[0]) or shutil.which(command[0])) is None:
        missing(command[0], "run: make install")
    with Pages(path) as server:
        there = server.address.rsplit(":", 1)[1]

        def well(port_asked: str) -> bool:
            environment = {**os.environ, "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{port_asked}/user/ana/"}
            said = command[-1].replace(f":{port}/", f":{port_asked}/")
            asked = [program, *command[1:-1], said]
            return not subprocess.run(asked, env=environment, capture_output=True, timeout=60).returncode

        assert well(there)
        assert not well(str(free_ports()[0]))
        if path:
            server.faults = [503]
            assert not well(there)
            assert {asked for _, asked, _ in server.asked} == {path}


def test_a_notebook_image_that_is_no_server_is_well(checks):
    command = [sys.executable, *checks.health("notebook")[1:]]
    environment = {key: value for key, value in os.environ.items() if key != "JUPYTERHUB_SERVICE_URL"}
    assert subprocess.run(command, env=environment, timeout=60).returncode == 0
