"""French and English: the same keys, the same fields, the right choice."""

import re
from inspect import signature
from pathlib import Path

import pytest

from odatis_vre import i18n
from odatis_vre.i18n import choose_language, language, language_from_header, tr, use_language

PACKAGE = Path(i18n.__file__).parent
FIELD = re.compile(r"\{(\w+)")


def test_both_languages_hold_the_same_keys():
    assert i18n._messages("en").keys() == i18n._messages("fr").keys()


@pytest.mark.parametrize("key", sorted(i18n._messages("en")))
def test_a_message_has_the_same_fields_in_both_languages(key):
    assert set(FIELD.findall(tr(key, lang="en"))) == set(FIELD.findall(tr(key, lang="fr")))


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_no_message_has_a_field_that_is_an_argument_of_tr(lang):
    taken = {p.name for p in signature(tr).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD}
    assert taken == {"lang"}  # `key` is positional only: a field may have its name
    assert [key for key, text in i18n._messages(lang).items() if taken & set(FIELD.findall(text))] == []


def test_every_key_that_the_code_names_exists():
    named = set()
    for path in [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.html")]:
        named |= set(re.findall(r"""\btr\(\s*["']([a-z_]+(?:\.\w+)+)["']""", path.read_text("utf-8")))
    assert named - i18n._messages("en").keys() == set()


def test_the_environment_chooses_the_language(monkeypatch):
    monkeypatch.setenv("ODATIS_LANG", "fr")
    assert language() == "fr"


def test_a_block_chooses_the_language_over_the_environment(monkeypatch):
    monkeypatch.setenv("ODATIS_LANG", "fr")
    with use_language("en"):
        assert language() == "en"


def test_an_unknown_locale_reads_english(monkeypatch):
    for name in ("ODATIS_LANG", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "pt_BR.UTF-8")
    monkeypatch.setattr("locale.getlocale", lambda: ("pt_BR", "UTF-8"))
    assert language() == "en"


def test_the_locale_of_programs_is_english(monkeypatch):
    monkeypatch.delenv("ODATIS_LANG", raising=False)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("LANG", "fr_FR.UTF-8")
    assert language() == "en"


@pytest.mark.parametrize(
    ("header", "lang"),
    [
        (None, "en"),
        ("fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        ("en-GB,en;q=0.9,fr;q=0.8", "en"),
        ("de,fr;q=0.3,en;q=0.2", "fr"),
        ("en;q=broken,fr;q=0.1", "fr"),
        ("de", "en"),
    ],
)
def test_the_browser_chooses_the_best_language_we_have(header, lang):
    assert language_from_header(header) == lang


@pytest.mark.parametrize(
    ("candidates", "header", "lang"),
    [
        (("fr", "en"), "en", "fr"),
        ((None, "fr"), "en", "fr"),
        (("de", ""), "fr", "fr"),
        ((), None, "en"),
    ],
)
def test_a_readers_choice_counts_before_the_browser(candidates, header, lang):
    assert choose_language(*candidates, accept_language=header) == lang


def test_an_unknown_key_is_a_mistake_of_ours():
    with pytest.raises(KeyError):
        tr("words.absent")
