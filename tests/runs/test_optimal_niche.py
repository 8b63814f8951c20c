"""The template as a batch run: the same numbers twice, others with other parameters."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "notebooks" / "templates" / "optimal_niche.ipynb"


@pytest.fixture(scope="module")
def odatis_run(tmp_path_factory):
    """Run the template with `odatis run` and give its record and its optima."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTERHUB")}

    def run(*parameters: str):
        words = [word for parameter in parameters for word in ("-p", parameter)]
        told = subprocess.run(
            [
                sys.executable,
                "-m",
                "odatis_vre.cli",
                "run",
                str(TEMPLATE),
                *words,
                "-o",
                str(tmp_path_factory.mktemp("runs")),
                "--json",
            ],
            capture_output=True,
            text=True,
            env=outside,
        )
        assert told.returncode == 0, told.stderr
        record = json.loads(told.stdout)
        table = Path(record["folder"]) / "outputs" / "niche_output" / "optimum.json"
        return record, {row["variable"]: row["optimum"] for row in json.loads(table.read_text("utf-8"))}

    return run


@pytest.fixture(scope="module")
def default_run(odatis_run):
    return odatis_run()


def test_the_optima_are_the_same_twice(odatis_run, default_run):
    assert odatis_run()[1] == default_run[1]


def test_another_parameter_gives_other_optima(odatis_run, default_run):
    assert odatis_run("top_percent=40")[1] != default_run[1]


def test_the_record_names_the_data_by_checksum(default_run):
    entries = {entry["entry"]: entry["sha256"] for entry in default_run[0]["entries"]}
    assert set(entries) == {"sample/ocean_climatology", "sample/mackerel_eggs_1992"}
    assert all(len(checksum) == 64 for checksum in entries.values())
