"""`odatis catalog`."""

import json

import pytest
import typer
from typer.testing import CliRunner

from odatis_vre.cli.catalog import register
from odatis_vre.errors import DataNotFound


@pytest.fixture
def run():
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)

    def call(*words: str):
        return CliRunner().invoke(app, ["catalog", *words], env={"COLUMNS": "200"})

    return call


def test_list_names_every_dataset(run, site):
    result = run("list")
    assert result.exit_code == 0
    assert all(name in result.output for name in site.names)


def test_search_in_json_is_the_python_search(run):
    result = run(
        "search",
        "salinité",
        "--bbox",
        "-12",
        "43",
        "2",
        "60",
        "--time",
        "1990",
        "2000",
        "--domain",
        "physique",
        "--json",
    )
    assert [hit["id"] for hit in json.loads(result.output)] == ["sample/ocean_climatology"]


def test_show_prints_the_card(run):
    result = run("show", "sample/mackerel_eggs_1992")
    assert "696 stations" in result.output
    assert json.loads(run("show", "sample/mackerel_eggs_1992", "--json").output)["bbox"] == [
        -14.78,
        44.02,
        -1.28,
        57.75,
    ]


def test_cite_prints_a_style(run):
    assert run("cite", "sample/ocean_climatology", "--style", "bibtex").output.startswith(
        "@misc{ocean_climatology"
    )


def test_a_wrong_name_is_an_error_with_a_way_out(run):
    result = run("show", "sample/ocean_climatolgy")
    assert result.exit_code == 1
    assert isinstance(result.exception, DataNotFound)
    assert "sample/ocean_climatology" in result.exception.hint


def test_wrong_usage_exits_with_2(run):
    assert run("search", "--bbox", "1", "2").exit_code == 2
