"""The front door: few names, loaded when used."""

import subprocess
import sys
from pathlib import Path

import pytest

import odatis_vre

HEAVY = ("xarray", "numpy", "pandas", "dask", "intake", "panel", "sklearn", "pydantic", "yaml")


def test_importing_loads_nothing_heavy():
    code = "import sys, odatis_vre; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not set(HEAVY) & set(loaded)


def test_the_hub_runs_where_xarray_is_not():
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['xarray', 'numpy', 'pandas', 'dask', 'intake']))\n"
        "from odatis_vre.hub import configure; from odatis_vre.settings import Settings\n"
        "from traitlets.config import Config; configure(Config(), Settings())"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", odatis_vre.__all__)
def test_every_public_name_is_there(name):
    assert getattr(odatis_vre, name) is not None


def test_no_module_is_too_long_to_read():
    package = Path(odatis_vre.__file__).parent
    lengths = {path.name: len(path.read_text("utf-8").splitlines()) for path in package.rglob("*.py")}
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_there_are_at_most_a_dozen():
    assert len(odatis_vre.__all__) <= 12


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing_like_it"):
        odatis_vre.nothing_like_it  # noqa: B018
