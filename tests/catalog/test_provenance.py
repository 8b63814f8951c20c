"""What a process has opened."""

import json

import pytest

from odatis_vre.catalog import opened
from odatis_vre.errors import DataNotFound


def test_what_was_opened_is_listed_once(climatology, eggs):
    climatology.to_xarray()
    climatology.to_xarray(variables="sst")
    eggs.to_pandas()
    entries = [record["entry"] for record in opened()]
    assert entries.count(climatology.id) == entries.count(eggs.id) == 1
    facts = next(record for record in opened() if record["entry"] == eggs.id)
    assert facts["sha256"] == eggs.metadata.sha256
    assert facts["citation"] == eggs.cite()
    assert facts["urlpath"].endswith("mackerel_eggs_1992.csv")


def test_what_was_opened_is_told_to_a_parent_process(eggs, tmp_path, monkeypatch):
    monkeypatch.setenv("ODATIS_OPENED", str(tmp_path / "opened.jsonl"))
    eggs.to_pandas()
    eggs.to_pandas()
    lines = (tmp_path / "opened.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["entry"] for line in lines] == [eggs.id, eggs.id]


def test_a_refused_request_is_no_opening(eggs, tmp_path, monkeypatch):
    monkeypatch.setenv("ODATIS_OPENED", str(tmp_path / "opened.jsonl"))
    with pytest.raises(DataNotFound):
        eggs.to_pandas(bbox=(150, 0, 160, 10))
    assert not (tmp_path / "opened.jsonl").exists()
