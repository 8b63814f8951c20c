"""Harvests in a folder of their own, that do not wait."""

import pytest

from odatis_vre.catalog.harvest import harvest


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setenv("ODATIS_RETRY_PAUSE", "0.001")
    monkeypatch.setenv("ODATIS_TIMEOUT", "2")
    monkeypatch.delenv("ODATIS_ALLOWED_HOSTS", raising=False)


@pytest.fixture
def output(tmp_path):
    return tmp_path / "harvested.yaml"


@pytest.fixture
def bring(output):
    """Harvest into `output`, without pauses."""

    def run(url: str, **asked):
        return harvest(url, output, pause=0, **asked)

    return run


def codes(report, sort=None):
    """The codes of the findings of a sort."""
    return {finding.code for finding in report.findings if sort in (None, finding.sort)}


@pytest.fixture(name="codes")
def _codes():
    return codes
