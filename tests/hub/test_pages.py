"""The hub's pages and the form of profiles, without a hub."""

import re
from pathlib import Path

import pytest
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader
from jupyterhub._data import DATA_FILES_PATH
from jupyterhub.scopes import scope_definitions

from odatis_vre.hub import pages
from odatis_vre.i18n import LANGUAGES, tr
from odatis_vre.settings import Profile

PACKAGE = Path(pages.__file__).parent
UPSTREAM = Path(DATA_FILES_PATH) / "templates"
TEMPLATES = sorted(path.name for path in (PACKAGE / "templates").glob("*.html"))


def source(name: str) -> str:
    return (PACKAGE / "templates" / name).read_text("utf-8")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_key_of_a_template_has_a_text(lang):
    keys = {
        key
        for name in TEMPLATES
        for call in re.findall(r"\btr\(([^)]*)\)", source(name))
        for key in re.findall(r"hub\.pages\.[\w.]+\w(?=[\"'])", call)
    }
    assert len(keys) > 100
    for key in keys:
        assert tr(key, lang=lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_steps_and_units_that_templates_put_together_have_a_text(lang):
    for step in pages.START_STEPS:
        assert tr(f"hub.pages.pending.steps.{step}", lang=lang)
    for unit in ("hour", "day", "week", "month", "year"):
        assert tr(f"hub.pages.token.{unit}", lang=lang)
    assert all(report["step"] in pages.START_STEPS for report in pages.start_reports(lang))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_permission_of_jupyterhub_is_explained(lang):
    for scope in scope_definitions:
        assert tr(f"hub.pages.scopes.{scope}", lang=lang)


def test_page_keeps_jupyterhubs_contract():
    """An upgrade of JupyterHub that changes what page.html gives to scripts and templates fails here."""
    theirs, ours = (UPSTREAM / "page.html").read_text("utf-8"), source("page.html")

    def blocks(text):
        return set(re.findall(r"{%-? block (\w+)", text))

    def paths(text):
        inside = re.search(r"paths: {(.*?)}", text, re.DOTALL)[1]
        return dict(re.findall(r"""['"]?([\w-]+)['"]?: ['"]([^'"]+)['"]""", inside))

    def facts(text):
        inside = re.search(r"window\.jhdata = {(.*?)\n\s*};", text, re.DOTALL)[1]
        return set(re.findall(r"^\s*(?:{%[^%]*%})?\s*(\w+):", inside, re.MULTILINE))

    assert blocks(theirs) <= blocks(ours)
    assert paths(theirs) == paths(ours)
    assert facts(theirs) == facts(ours)
    assert 'id="dark-theme-toggle"' in ours
    assert 'id="error-dialog"' in ours


def test_every_page_of_jupyterhub_has_ours():
    assert {path.name for path in UPSTREAM.glob("*.html")} <= set(TEMPLATES)
    traits = pages.page_traits()
    loader = ChoiceLoader(
        [
            PrefixLoader({"templates": FileSystemLoader(UPSTREAM)}),
            FileSystemLoader([*traits["template_paths"], UPSTREAM]),
        ]
    )
    environment = Environment(loader=loader, autoescape=True, **traits["jinja_environment_options"])
    for name in TEMPLATES:
        assert environment.get_template(name)


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.1."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colours_have_the_contrast_of_wcag_aa(theme):
    css = (PACKAGE / "static" / "vre.css").read_text("utf-8")
    colours = [dict(re.findall(r"--vre-(\S+): (#\w{6})", block)) for block in re.findall(r"{([^}]*)}", css)]
    chosen = colours[theme] | {"white": "#ffffff"}
    pairs = [(ink, paper) for ink in ("text", "soft", "link") for paper in ("page", "card", "chosen")]
    for ink, paper in [*pairs, ("white", "button"), ("white", "button-over")]:
        low, high = sorted((luminance(chosen[ink]), luminance(chosen[paper])))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (ink, paper)


def profile(**changes) -> Profile:
    facts = {
        "name": {"en": "Small", "fr": "Petit"},
        "description": {"en": "To explore.", "fr": "Pour explorer."},
        "memory": 3 * 2**29,
        "cores": 0.5,
    }
    return Profile.model_validate(facts | changes)


def test_profile_form_speaks_french():
    form = pages.profile_form({"small": profile()}, None, "fr")
    for words in ("Petit", "Pour explorer.", "1,5 Go", "0,5 cœur", "JupyterLab"):
        assert words in form


def test_profile_form_selects_the_choice_else_the_first():
    two = {"small": profile(), "large": profile()}
    checked = re.compile(r'value="(\w+)" required checked')
    assert checked.findall(pages.profile_form(two, "large", "en")) == ["large"]
    assert checked.findall(pages.profile_form(two, "gone", "en")) == ["small"]


def test_profile_form_escapes_what_it_is_given():
    form = pages.profile_form({"small": profile(name={"en": "<b>", "fr": "<b>"}, page="/a?b=<")}, None, "en")
    assert "<b>" not in form
    assert "&lt;b&gt;" in form
