"""What a fresh machine lacks is installed before anything is refused for it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def apt_without_a_network(tmp_path):
    """A stand-in for `apt-get` on a machine that has none of the packages and reaches no archive."""
    program = tmp_path / "apt-get"
    program.write_text("#!/bin/sh\necho 'no archive is reached' >&2\nexit 100\n")
    program.chmod(0o755)
    (tmp_path / "env").symlink_to("/usr/bin/env")
    return tmp_path


@pytest.mark.skipif(os.geteuid() != 0, reason="root installs packages")
def test_prepare_asks_for_missing_packages_and_tells_why_they_do_not_come(apt_without_a_network):
    environment = {key: value for key, value in os.environ.items() if key != "KUBECONFIG"}
    environment |= {"PATH": str(apt_without_a_network), "PYTHONPATH": "tests/cluster"}
    done = subprocess.run(
        [sys.executable, "-m", "onenode", "prepare"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "Installing for the test cluster / Installation pour le cluster de test : " in done.stderr
    assert "apt-get update failed: no archive is reached" in done.stderr
