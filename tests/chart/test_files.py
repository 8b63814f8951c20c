"""Every file of the chart is of use, and what people read after an installation is right."""

import re
from pathlib import Path

import pytest

CHART = Path(__file__).parents[2] / "helm" / "odatis-vre"
VARIANTS = Path(__file__).parent / "variants"
TEMPLATES = CHART / "templates"


def test_every_template_makes_something_in_some_variant(helm):
    made = set()
    for files in [(), *((path,) for path in sorted(VARIANTS.glob("*.yaml")))]:
        made |= set(re.findall(r"# Source: odatis-vre/(\S+)", helm.text(*files)))
    written = {str(path.relative_to(CHART)) for path in TEMPLATES.rglob("*.yaml")}
    assert written == made


def test_every_named_template_is_used():
    text = "".join(path.read_text("utf-8") for path in TEMPLATES.rglob("*.*"))
    defined = re.findall(r'define "([^"]+)"', text)
    assert len(defined) == len(set(defined))
    for name in defined:
        assert re.search(rf'(include|template) "{re.escape(name)}"', text), name


def test_nothing_else_lies_in_the_chart():
    known = {"Chart.yaml", "values.yaml", "values.schema.json", ".helmignore", "crds", "templates"}
    assert {path.name for path in CHART.iterdir()} == known


def notes(helm, *words) -> str:
    done = helm.run("install", "sea", CHART, "--namespace", "ocean", "--dry-run=client", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("NOTES:")[1]


def test_notes_say_how_to_reach_it_and_how_to_log_in(helm):
    said = notes(helm)
    assert "kubectl -n ocean port-forward service/proxy-public 8000:80" in said
    assert "kubectl -n ocean get secret vre -o jsonpath='{.data.password}' | base64 -d" in said
    assert "researcher" in said


def test_notes_are_in_both_languages(helm):
    said = notes(helm)
    assert "Password:" in said
    assert "Mot de passe :" in said


@pytest.mark.parametrize(
    ("variant", "address"),
    [
        ("ingress", "https://vre.example.org"),
        ("httproute", "https://vre.example.org"),
        ("loadbalancer", "http://EXTERNAL-IP"),
    ],
)
def test_notes_name_the_address(helm, variant, address):
    assert address in notes(helm, "--values", VARIANTS / f"{variant}.yaml")


def test_notes_of_a_provider_say_the_address_to_allow_there(helm):
    files = ("--values", VARIANTS / "oidc.yaml", "--values", VARIANTS / "ingress.yaml")
    assert "https://vre.example.org/hub/oauth_callback" in notes(helm, *files)


def test_notes_name_the_operators_own_password(helm):
    assert "get secret workshop -o jsonpath='{.data.password}'" in notes(
        helm, "--values", VARIANTS / "workshop.yaml"
    )


def test_notes_of_a_vre_that_is_open_to_all_name_nobody(helm):
    said = notes(helm, "--set", "vre.auth.allow_all=true")
    assert "User:              any name\n" in said
    assert "Utilisateur :      n'importe quel nom\n" in said
    assert "researcher" not in said


def test_notes_warn_when_policies_are_off(helm):
    assert "WARNING" in notes(helm, "--set", "networkPolicy.enabled=false")
    assert "WARNING" not in notes(helm)
