"""The notebook notebooks/templates/optimal_niche.ipynb, as a reader gets it and as a run leaves it."""

import hashlib
import re
import shutil
from html import unescape
from pathlib import Path

import nbformat
import pandas as pd
import papermill
import pytest
import xarray as xr

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "notebooks" / "templates" / "optimal_niche.ipynb"
UNKNOWN = 7


@pytest.fixture(scope="module")
def template():
    return nbformat.read(TEMPLATE, as_version=4)


@pytest.fixture(scope="module")
def stations_partly_counted(tmp_path_factory):
    """The shipped catalogue, where the abundance of the first stations is unknown; the stations."""
    folder = tmp_path_factory.mktemp("catalogue") / "catalogs"
    shutil.copytree(ROOT / "catalogs", folder)
    table = folder / "sample" / "mackerel_eggs_1992.csv"
    shipped = hashlib.sha256(table.read_bytes()).hexdigest()
    stations = pd.read_csv(table)
    stations.loc[: UNKNOWN - 1, "egg_density"] = None
    stations.to_csv(table, index=False)
    entries = (folder / "sample.yaml").read_text("utf-8")
    changed = hashlib.sha256(table.read_bytes()).hexdigest()
    (folder / "sample.yaml").write_text(entries.replace(shipped, changed), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ODATIS_CATALOG", str(folder / "odatis.yaml"))
        yield stations


def execute(folder: Path):
    return papermill.execute_notebook(
        TEMPLATE,
        folder / "notebook.ipynb",
        parameters={"workers": 1, "bins": 12, "months": [5], "bbox": [-20, 42, 0, 60], "output": "out"},
        cwd=folder,
        progress_bar=False,
        kernel_name="python3",
    )


def leave_old_map(folder: Path) -> Path:
    """A map of an earlier run, told by a file in it."""
    sign = folder / "out" / "suitability.zarr" / "old"
    sign.parent.mkdir(parents=True)
    sign.touch()
    return sign


@pytest.fixture(scope="module")
def executed(tmp_path_factory, stations_partly_counted):
    folder = tmp_path_factory.mktemp("run")
    leave_old_map(folder)
    return execute(folder), folder / "out"


def test_the_template_holds_no_output_and_every_parameter_says_what_it_means(template):
    nbformat.validate(template)
    code = [c for c in template.cells if c.cell_type == "code"]
    assert all(not c.outputs and c.execution_count is None for c in code)
    (parameters,) = [c for c in code if "parameters" in c.metadata.get("tags", [])]
    assigned = [line for line in parameters.source.splitlines() if re.match(r"\w+: ", line)]
    assert len(assigned) >= 10
    assert all(re.search(r"  # .+", line) for line in assigned)


def test_every_text_is_there_in_french_then_english(template):
    for cell in template.cells:
        if cell.cell_type == "markdown":
            assert 0 < cell.source.index("**FR**") < cell.source.index("**EN**")


def test_a_run_leaves_the_optima_and_the_map(executed):
    _, folder = executed
    table = pd.read_csv(folder / "optimum.csv")
    assert list(table.variable) == ["sst", "salinity", "bottom_depth"]
    pd.testing.assert_frame_equal(pd.read_json(folder / "optimum.json"), table, check_dtype=False)
    assert ((table.sampled_min <= table.optimum) & (table.optimum <= table.sampled_max)).all()
    suitability = xr.open_zarr(folder / "suitability.zarr", consolidated=False).suitability.load()
    assert suitability.sizes == {"lat": 18, "lon": 20}
    assert 0 <= float(suitability.min()) <= float(suitability.max()) <= 1
    # Land is land: Brittany's inland cell has no value, the Celtic Sea off Ireland has.
    assert bool(suitability.sel(lat=48.5, lon=-1.5).isnull())
    assert float(suitability.sel(lat=50.5, lon=-10.5)) > 0.2
    assert [p.name for p in folder.glob("*.part")] == []
    assert not (folder / "suitability.zarr" / "old").exists()


def test_a_map_that_cannot_be_written_leaves_the_old_one(tmp_path, stations_partly_counted):
    old = leave_old_map(tmp_path)
    (tmp_path / "out" / "suitability.zarr.part").touch()  # a file where the new map's folder would be
    with pytest.raises(papermill.PapermillExecutionError, match=r"suitability\.zarr\.part"):
        execute(tmp_path)
    assert old.exists()


def test_stations_of_unknown_abundance_are_not_counted_as_absences(executed, stations_partly_counted):
    notebook, _ = executed
    (words,) = [
        text
        for c in notebook.cells
        for o in c.get("outputs", [])
        if "En mots" in (text := o.get("data", {}).get("text/markdown", ""))
    ]
    eggs = stations_partly_counted.egg_density
    count = f"{(eggs > 0).sum()} / {(eggs == 0).sum()} / {UNKNOWN}."
    assert f"Stations avec présence / sans / d'abondance inconnue : {count}" in words
    assert f"Stations with presence / without / of unknown abundance: {count}" in words


def test_the_figures_need_no_network(executed):
    notebook, _ = executed
    html = [
        o.data["text/html"]
        for c in notebook.cells
        for o in c.get("outputs", [])
        if "text/html" in o.get("data", {})
    ]
    figures = [h for h in html if h.startswith("<iframe")]
    assert len(figures) == 2
    for figure in figures:
        assert re.search(r'^<iframe title="[^"]+"', figure)
        tags = re.sub(r"(<script[^>]*>).*?</script>", r"\1", unescape(figure), flags=re.DOTALL)
        assert "<script>" in tags
        assert not re.search(r"<script[^>]+src|<link|<img|@import|url\(", tags)
