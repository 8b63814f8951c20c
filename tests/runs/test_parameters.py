"""Parameters are checked before any kernel starts."""

import numpy as np
import pytest
from papermill.iorw import load_notebook_node

from odatis_vre.runs import ParameterError, run
from odatis_vre.runs.parameters import check, declared, parse

pytestmark = pytest.mark.usefixtures("english")


@pytest.fixture
def known(notebook):
    nb = load_notebook_node(str(notebook("1")))
    nb.metadata["kernelspec"] = {"name": "python3", "language": "python"}
    return declared(nb)


def test_the_cell_tagged_parameters_is_read_with_types_and_descriptions(known):
    assert {name: p.default for name, p in known.items()} == {
        "year": 1992,
        "factor": 0.5,
        "name": "a=b",
        "bands": [1, 2],
        "flag": True,
    }
    assert known["year"].kind is int
    assert known["year"].description == "the survey"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("year=2001", 2001),
        ("factor=2", 2.0),
        ("factor=1e-3", 1e-3),
        ("name=2001", "2001"),
        ("name=x=y", "x=y"),
        ("name=", ""),
        ("bands=[3, 4]", [3, 4]),
        ("flag=false", False),
    ],
)
def test_a_text_becomes_a_value_of_the_defaults_type(known, text, value):
    name = text.partition("=")[0]
    checked = check(parse([text], known), known)[name]
    assert checked == value
    assert type(checked) is type(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("year=1992.5", "a whole number"),
        ("year=spring", "a whole number"),
        ("year=true", "a whole number"),
        ("factor=high", "a number"),
        ("bands=3", "a list"),
        ("flag=1", "true or false"),
        ("year=", "a whole number"),
    ],
)
def test_a_value_of_another_type_is_refused_with_the_type_wanted(known, text, words):
    with pytest.raises(ParameterError, match=f"expects {words}"):
        check(parse([text], known), known)


def test_numpy_values_become_plain_ones(known):
    assert check({"year": np.int64(3), "bands": np.array([1, 2])}, known) == {"year": 3, "bands": [1, 2]}


def test_an_unknown_name_gets_the_nearest_and_all_names(notebook, tmp_path):
    with pytest.raises(ParameterError) as caught:
        run(notebook("1"), {"yaer": 2000}, tmp_path / "runs")
    assert 'Did you mean "year"?' in str(caught.value)
    assert "year, factor, name, bands, flag" in str(caught.value)
    assert not (tmp_path / "runs").exists()


def test_a_notebook_without_parameters_says_how_to_have_some(notebook, tmp_path):
    with pytest.raises(ParameterError, match='tag the cell that sets them with "parameters"'):
        run(notebook("1", parameters=None), {"year": 2000}, tmp_path / "runs")


@pytest.mark.parametrize("name", ["password", "api_key", "AWS_SECRET", "accessToken", "mot_de_passe"])
def test_a_parameter_that_looks_like_a_secret_is_refused(notebook, tmp_path, name):
    path = notebook("1", parameters=f"{name} = ''")
    with pytest.raises(ParameterError, match="environment variable or the keyring"):
        run(path, {name: "x"}, tmp_path / "runs")


@pytest.mark.parametrize("name", ["author", "keyword", "high_pass", "tokenizer_size"])
def test_a_name_that_only_resembles_a_secret_is_accepted(notebook, name):
    nb = load_notebook_node(str(notebook("1", parameters=f"{name} = ''")))
    nb.metadata["kernelspec"] = {"name": "python3", "language": "python"}
    assert check({name: "x"}, declared(nb)) == {name: "x"}


def test_a_secret_of_the_environment_is_refused_as_a_value(known, monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "0123456789abcdef")
    with pytest.raises(ParameterError):
        check({"name": "Bearer 0123456789abcdef"}, known)


@pytest.mark.parametrize(("text", "words"), [("year", "not a parameter"), ("bands=[1", "cannot be read")])
def test_what_cannot_be_parsed_is_named(known, text, words):
    with pytest.raises(ParameterError, match=words):
        parse([text], known)
