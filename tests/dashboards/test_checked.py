"""What the last check found of a dataset is said beside it, as soon as it is there."""

import json

import pytest

from odatis_vre.catalog import open_catalog
from odatis_vre.catalog.check.nightly import check_by_night
from odatis_vre.dashboards.about import about_html
from odatis_vre.dashboards.captions import Speaker
from odatis_vre.dashboards.dataset import Dataset


@pytest.fixture
def said(tmp_path, monkeypatch):
    """A function: what the explorer says of the mackerel eggs, in a language."""
    monkeypatch.delenv("ODATIS_CATALOG", raising=False)
    monkeypatch.setenv("ODATIS_CATALOG_STATUS", str(tmp_path / "status.json"))
    dataset = Dataset(open_catalog()["sample/mackerel_eggs_1992"], "en")
    return lambda lang: about_html(Speaker(lang), dataset, "egg_density", {}, None)


def test_nothing_is_said_of_what_was_never_checked(said):
    assert "Checked on" not in said("en")


def test_an_open_dashboard_says_what_is_found_meanwhile(said, tmp_path):
    before = said("en")
    check_by_night(tmp_path / "status.json")
    assert "it opens, and holds what is said here." in said("en")
    assert "Contrôlé le" in said("fr")
    assert before != said("en")


def test_what_differs_is_named(said, tmp_path):
    check_by_night(status := tmp_path / "status.json")
    known = json.loads(status.read_text("utf-8"))
    for facts in known["entries"].values():
        facts["state"] = "differs"
        facts["differences"] = [{"code": "no_variable", "values": {"name": "<egg>"}}]
    status.write_text(json.dumps(known), "utf-8")
    assert "The variable &lt;egg&gt; is not there." in said("en")
