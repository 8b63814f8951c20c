"""Secrets of the environment are blanked; what only sounds like one stays."""

import pytest

from odatis_vre.runs.secrets import Redactor


def test_a_secret_is_blanked_wherever_it_stands():
    redact = Redactor({"API_TOKEN": "s3cr3t-s3cr3t"})
    assert redact({"a": ["x s3cr3t-s3cr3t y"]}) == {"a": ["x *** y"]}


def test_the_longest_secret_goes_first():
    redact = Redactor({"A_TOKEN": "s3cr3t-s3cr3t", "B_TOKEN": "s3cr3t-s3cr3t-more"})
    assert redact("s3cr3t-s3cr3t-more") == "***"


@pytest.mark.parametrize("name", ["PWD", "OLDPWD", "TOKEN_FILE"])
def test_a_path_is_no_secret(tmp_path, name):
    assert Redactor({name: str(tmp_path)})(f"{tmp_path}/notebook.ipynb") == f"{tmp_path}/notebook.ipynb"


def test_a_short_value_would_blank_ordinary_text():
    assert Redactor({"API_TOKEN": "on"})("once upon a time") == "once upon a time"
