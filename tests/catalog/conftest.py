"""Small catalogues and the shipped one."""

from pathlib import Path

import pytest

from odatis_vre.catalog import open_catalog
from odatis_vre.i18n import use_language

CATALOGS = Path(__file__).parents[2] / "catalogs"


@pytest.fixture(autouse=True)
def _english(monkeypatch):
    monkeypatch.delenv("ODATIS_CATALOG", raising=False)
    monkeypatch.delenv("ODATIS_OPENED", raising=False)
    with use_language("en"):
        yield


@pytest.fixture(scope="session")
def site():
    """The catalogue that comes with the library."""
    return open_catalog(CATALOGS / "odatis.yaml")


@pytest.fixture
def climatology(site):
    return site["sample/ocean_climatology"]


@pytest.fixture
def eggs(site):
    return site["sample/mackerel_eggs_1992"]


@pytest.fixture
def write_catalog(tmp_path):
    """Write a catalogue file, return its path."""

    def write(text: str, name: str = "catalog.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return write
