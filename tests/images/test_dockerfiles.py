"""What a Dockerfile must say, read without building it; each image's own test.py runs inside the image."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILES = sorted(ROOT.glob("images/*/Dockerfile"))
LABELS = {"title", "version", "revision", "source", "licenses", "base.name"}


@pytest.fixture(params=DOCKERFILES, ids=lambda path: path.parent.name)
def dockerfile(request):
    return request.param


def instructions(path: Path) -> list[str]:
    """The instructions, each on a line."""
    lines = path.read_text("utf-8").replace("\\\n", " ").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_the_four_images_have_one():
    assert [path.parent.name for path in DOCKERFILES] == ["gateway", "hub", "notebook", "proxy"]


def test_the_base_is_a_choice_and_no_registry_is_named(dockerfile):
    said = instructions(dockerfile)
    assert said[0] == "ARG BASE=python:3.11-slim-bookworm"
    stages = [line.split()[1] for line in said if line.startswith("FROM")]
    assert set(stages) <= {"${BASE}", "locked"}
    addresses = re.findall(r"https?://(?!127\.0\.0\.1:)\S+", dockerfile.read_text("utf-8"))
    assert addresses == []


def test_packages_come_from_hashed_locks_as_wheels(dockerfile):
    installs = [line for line in instructions(dockerfile) if "--requirement" in line]
    assert installs
    for line in installs:
        assert "--require-hashes" in line
        assert "--only-binary :all:" in line


def test_what_it_copies_is_there_and_not_ignored(dockerfile):
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[0] == "!"}
    copied = [line.split()[1:-1] for line in instructions(dockerfile) if line.startswith("COPY ")]
    sources = [source for found in copied if not found[0].startswith("--") for source in found]
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert {source.split("/")[0] for source in sources} <= kept


def test_it_runs_as_user_1000_under_tini_and_says_how_it_is(dockerfile):
    said = instructions(dockerfile)
    last = max(number for number, line in enumerate(said) if line.startswith("FROM"))
    users = [line for line in said if line.startswith("USER")]
    assert users == ["USER 1000:1000"]
    assert 'ENTRYPOINT ["tini", "--"]' in said[last:]
    (health,) = (line for line in said if line.startswith("HEALTHCHECK"))
    assert json.loads(health.removeprefix("HEALTHCHECK CMD "))


def test_a_pip_of_the_base_does_not_stay(dockerfile):
    said = instructions(dockerfile)
    last = max(number for number, line in enumerate(said) if line.startswith("FROM"))
    (removal,) = (line for line in said[last:] if "rm -rf /usr/local/bin/pip*" in line)
    assert "/usr/local/lib/python3*/site-packages/pip*" in removal


def test_it_carries_the_labels(dockerfile):
    (labels,) = (line for line in instructions(dockerfile) if line.startswith("LABEL"))
    assert set(re.findall(r"org\.opencontainers\.image\.([\w.]+)=", labels)) == LABELS
