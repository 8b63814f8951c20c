"""What images/build.sh asks of an image that was built, and the checks that it runs inside."""

import importlib.util
import os
import subprocess
from pathlib import Path

import pytest

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


def build(folder: Path, wrong: str) -> subprocess.CompletedProcess:
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
    }
    command = ["sh", str(ROOT / "images" / "build.sh")]
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
