"""Secrets of the environment are blanked; what only sounds like one stays."""

import pytest

from odatis_vre.runs.secrets import Redactor, looks_secret


def test_a_secret_is_blanked_wherever_it_stands():
    redact = Redactor({"API_TOKEN": "s3cr3t-s3cr3t"})
    assert redact({"a": ["x s3cr3t-s3cr3t y"]}) == {"a": ["x *** y"]}


def test_the_longest_secret_goes_first():
    redact = Redactor({"A_TOKEN": "s3cr3t-s3cr3t", "B_TOKEN": "s3cr3t-s3cr3t-more"})
    assert redact("s3cr3t-s3cr3t-more") == "***"


@pytest.mark.parametrize("name", ["PWD", "OLDPWD", "TOKEN_FILE", "SECRETS_PATH"])
def test_a_variable_that_names_a_place_holds_no_secret(name):
    path = "/gone/notebook.ipynb"
    assert Redactor({name: "/gone/notebook"})(path) == path


def test_a_secret_that_happens_to_be_a_path_is_blanked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mackerel").write_text("x")
    assert Redactor({"DB_PASSWORD": "mackerel"})("it is mackerel") == "it is ***"


@pytest.mark.parametrize("name", ["SMTP_PASS", "GITHUB_PAT"])
def test_a_short_word_for_a_secret_counts_at_the_end_of_a_name(name):
    assert Redactor({name: "s3cr3t-s3cr3t"})("s3cr3t-s3cr3t") == "***"


@pytest.mark.parametrize("name", ["low_pass", "PATH", "COMPASS"])
def test_a_name_that_only_resembles_one_is_no_secret(name):
    assert not looks_secret(name)


@pytest.mark.parametrize(
    ("name", "url", "shown"),
    [
        ("HTTPS_PROXY", "http://marie:s3cr3t-s3cr3t@proxy:3128", "http://***@proxy:3128"),
        ("DATABASE_URL", "postgresql+psycopg://u:p@ss@db/eggs?x=@", "postgresql+psycopg://***@db/eggs?x=@"),
        ("CELERY", "redis://:s3cr3t-s3cr3t@cache/0", "redis://***@cache/0"),
    ],
)
def test_the_account_in_a_url_is_blanked(name, url, shown):
    assert Redactor({name: url})(f"used {url}") == f"used {shown}"


def test_the_password_of_a_url_is_blanked_alone_and_decoded():
    redact = Redactor({"HTTPS_PROXY": "http://marie:s3cr3t%2Fs3cr3t@proxy"})
    assert redact("s3cr3t%2Fs3cr3t or s3cr3t/s3cr3t") == "*** or ***"


@pytest.mark.parametrize("url", ["http://proxy:3128", "ssh://git@example.org/x", "http://[::1]:80/a@b"])
def test_a_url_without_a_password_stays(url):
    assert Redactor({"ADDRESS": url})(f"{url} git@example.org") == f"{url} git@example.org"


def test_a_short_value_would_blank_ordinary_text():
    assert Redactor({"API_TOKEN": "on"})("once upon a time") == "once upon a time"
