"""What `benchmarks/catalogue.py` measures is what it says."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from odatis_vre.catalog import open_catalog

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "catalogue.py"


@pytest.fixture
def bench() -> dict:
    return runpy.run_path(str(BENCHMARK))


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    """A small run of it, as a reader starts it."""
    done = subprocess.run(
        [sys.executable, str(BENCHMARK), "--sizes", "100", "--json"],
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_each_line_is_measured(rows):
    assert [(row["who"], row["opening"]) for row in rows] == [
        ("ours", "first"),
        ("ours", "again"),
        ("ours", "for all"),
        ("intake", "each time"),
    ]
    for row in rows:
        assert row["records"] == 100
        assert row["peak"] > row["bare"] > 0
        assert 0 < row["search"] <= row["slowest"]
        assert row["open"] > 0
        assert ("index" in row) == (row["who"] == "ours")
        assert "given_up_after" not in row


def test_the_generated_catalogue_is_read_whole_and_is_always_the_same(bench, tmp_path):
    for name in ("a.yaml", "b.yaml"):
        bench["write_catalogue"](tmp_path / name, 60)
    assert (tmp_path / "a.yaml").read_bytes() == (tmp_path / "b.yaml").read_bytes()
    cat = open_catalog(tmp_path / "a.yaml")
    assert len(cat) == 60
    assert any(bench["INTAKE_QUESTION"] in entry.title.lower() for entry in cat)


def test_an_opening_that_was_measured_stays_when_the_searches_take_too_long(bench, tmp_path, capsys):
    slow = tmp_path / "slow.py"
    slow.write_text(
        'import time\nprint(\'{"open": 2.5, "open_cpu": 2.0, "peak": 9.0}\', flush=True)\ntime.sleep(60)\n'
    )
    bench["measure"].__globals__.update(PATIENCE=3, __file__=str(slow))
    row = bench["measure"]("intake", tmp_path / "a.yaml", tmp_path)
    assert row == {"open": 2.5, "open_cpu": 2.0, "peak": 9.0, "given_up_after": 3}
    named = {"records": 1, "file_mb": 0.1, "who": "intake", "opening": "each time"}
    bench["print_row"](named | row, head=False)
    bench["print_row"](named | {"given_up_after": 3}, head=False)
    opened, nothing = capsys.readouterr().out.splitlines()
    assert "2500.0" in opened
    assert "given up after" in opened
    assert "given up after" in nothing
