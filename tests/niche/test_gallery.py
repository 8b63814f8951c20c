"""The notebooks of notebooks/gallery, as a reader gets them and as `odatis run` leaves them."""

import json
import re
from functools import cache
from html import unescape
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import odatis_vre as ov

GALLERY = Path(__file__).parents[2] / "notebooks" / "gallery"
NAMES = sorted(path.stem for path in GALLERY.glob("*.ipynb"))
MACKEREL, VIRTUAL, WINDOWS, WARMING = NAMES
# Enough to show what the notebooks claim, in the time of a test.
PARAMETERS = {
    MACKEREL: {"trees": 60},
    VIRTUAL: {"repeats": 4},
    WINDOWS: {},
    WARMING: {"trees": 60, "warmings": [2.0, 4.0]},
}

pytestmark = pytest.mark.timeout(900)


@cache
def written(name: str):
    return nbformat.read(GALLERY / f"{name}.ipynb", as_version=4)


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """A function that runs a notebook of the gallery once: the executed notebook, and its output folder."""

    @cache
    def of(name: str):
        run = ov.run(
            GALLERY / f"{name}.ipynb", PARAMETERS[name], output=tmp_path_factory.mktemp(name), progress=False
        )
        (folder,) = (run.folder / "outputs").iterdir()
        return nbformat.read(run.folder / "notebook.ipynb", as_version=4), folder

    return of


def outputs(notebook, kind: str) -> list[str]:
    return [
        output.data[kind]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if kind in output.get("data", {})
    ]


def grid_of(months, bbox, names) -> xr.Dataset:
    """The predictors as the notebooks say they take them, opened by xarray alone."""
    file = GALLERY.parents[1] / "catalogs" / "sample" / "ocean_climatology.nc"
    with xr.open_dataset(file) as ds:
        ds = ds[names].sel(lon=slice(bbox[0], bbox[2]), lat=slice(bbox[1], bbox[3]))
        ds = ds.sel(depth=0, drop=True) if "depth" in ds.dims else ds
        return ds.sel(time=ds.time.dt.month.isin(months)).mean("time").load()


def test_the_gallery_is_numbered_without_a_gap_and_its_readme_lists_it():
    assert [name[:3] for name in NAMES] == ["01_", "02_", "03_", "04_"]
    readme = (GALLERY / "README.md").read_text("utf-8")
    assert re.findall(r"\]\(([^)]+\.ipynb)\)", readme) == [f"{name}.ipynb" for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_holds_no_output_and_every_parameter_says_what_it_means(name):
    notebook = written(name)
    nbformat.validate(notebook)
    code = [c for c in notebook.cells if c.cell_type == "code"]
    assert all(not c.outputs and c.execution_count is None for c in code)
    (parameters,) = [c for c in code if "parameters" in c.metadata.get("tags", [])]
    assigned = [line for line in parameters.source.splitlines() if re.match(r"\w+: ", line)]
    assert len(assigned) >= 8
    assert all(re.search(r"  # .+", line) for line in assigned)


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_speaks_french_and_english(name):
    notebook = written(name)
    assert set(notebook.metadata.odatis.title) == set(notebook.metadata.odatis.description) == {"fr", "en"}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            assert 0 < cell.source.index("**FR**") < cell.source.index("**EN**")


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_is_told_in_words_and_tables_and_needs_no_network(executed, name):
    notebook, _ = executed(name)
    cells = [c for c in notebook.cells if c.cell_type == "code"]
    figures = [h for h in outputs(notebook, "text/html") if h.startswith("<iframe")]
    assert len(figures) >= 2
    for figure in figures:
        assert re.search(r'^<iframe title="[^"]+ (ci-dessous|below)"', figure)
        tags = re.sub(r"(<script[^>]*>).*?</script>", r"\1", unescape(figure), flags=re.DOTALL)
        assert not re.search(r"<script[^>]+src|<link|<img|@import|url\(|https?:", tags)
    for html in outputs(notebook, "text/html"):
        assert html.startswith("<iframe") or not re.search(r"""(src|href)=["']?(https?:)?//""", html)
    for i, cell in enumerate(cells):
        if "<iframe" in str(cell.outputs):
            near = [o.get("data", {}).get("text/html", "") for c in cells[i : i + 2] for o in c.outputs]
            assert any("<table" in html and "<iframe" not in html for html in near), cell.id
    words = "\n".join(outputs(notebook, "text/markdown"))
    assert "En mots" in words
    assert "In words" in words
    assert "nan" not in re.sub(r"\w*nan\w+|\w+nan\w*", "", words.lower())


@pytest.mark.parametrize("name", NAMES)
def test_a_run_warns_of_nothing(executed, name):
    notebook, _ = executed(name)
    said = [
        o.text for c in notebook.cells for o in c.get("outputs", []) if o.get("name") == "stderr" and o.text
    ]
    assert [text for text in said if "Warning" in text] == []


@pytest.mark.parametrize("name", NAMES)
def test_data_and_methods_are_cited(executed, name):
    *_, cited = outputs(executed(name)[0], "text/markdown")
    assert "Levitus" in cited
    if name != WINDOWS:
        assert cited.count("https://doi.org/") >= 5


def test_the_mackerel_map_is_missing_exactly_where_a_predictor_is(executed):
    _, folder = executed(MACKEREL)
    maps = xr.open_zarr(folder / "mackerel.zarr").load()
    grid = grid_of([3, 4, 5, 6, 7], [-25, 38, 10, 65], ["sst", "salinity", "bottom_depth"])
    missing = grid.to_array().isnull().any("variable").values
    assert 0.1 < missing.mean() < 0.5
    for field in (maps.suitability, maps.spread, maps.mess):
        np.testing.assert_array_equal(field.isnull(), missing)
    assert 0 <= float(maps.suitability.min()) <= float(maps.suitability.max()) <= 1
    assert 0.1 < float(maps.spread.max()) <= 0.5
    # Eggs were found all along the Celtic Sea, none is expected in Arctic water.
    assert float(maps.suitability.sel(lat=50.5, lon=-10.5)) > 0.8
    assert float(maps.suitability.sel(lat=64.5, lon=-5.5)) < 0.1


def test_the_mackerel_scores_say_what_the_models_cannot_do(executed):
    scores = pd.read_csv(executed(MACKEREL)[1] / "scores.csv", index_col="model")
    assert list(scores.index) == ["NPPEN", "MaxEnt", "GAM", "RandomForest", "Ensemble"]
    assert (scores.auc > 0.8).all()
    # Among the Spanish stations no model parts eggs from true zeros: the text says so.
    assert scores.auc_true_zeros.between(0.35, 0.65).all()


def test_the_mackerel_optimum_is_that_of_the_template(executed):
    found = pd.read_csv(executed(MACKEREL)[1] / "optimum.csv", index_col="variable").optimum
    assert found.sst == pytest.approx(13.07, abs=0.05)
    assert found.salinity == pytest.approx(35.45, abs=0.02)


def test_the_model_card_is_there_in_both_languages_with_odmap(executed):
    _, folder = executed(MACKEREL)
    for lang, limit in (("fr", "n'est pas une probabilité"), ("en", "no probability")):
        page = (folder / f"model_card.{lang}.html").read_text("utf-8")
        assert f'<html lang="{lang}"' in page
        assert limit in unescape(page)
        odmap = pd.read_csv(folder / f"odmap.{lang}.csv")
        assert len(odmap) == 26
        assert odmap.text.str.contains("NPPEN").any()
        card = json.loads((folder / f"model_card.{lang}.json").read_text("utf-8"))
        assert card["language"] == lang
        assert limit in " ".join(card["limits"])
        assert card["model"]["kind"] == "Ensemble"
        assert 0 < card["projection"]["extrapolated"] < 0.1
        assert [source["title"] for source in card["data"]]


def test_the_virtual_optima_are_found_again(executed):
    optima = pd.read_csv(executed(VIRTUAL)[1] / "optima.csv", index_col=["variable", "method"])
    for variable, close, near in (("sst", 0.5, 1.0), ("bottom_depth", 150, 500)):
        gap = optima.loc[variable].difference.abs()
        assert (gap[["GLM", "MaxEnt", "Chromatogram"]] < close).all(), gap
        assert (gap < near).all(), gap
    assert set(optima.true) == {10, 15, 2000, 3200}


def test_the_virtual_amplitudes_are_found_within_two_categories(executed):
    amplitude = pd.read_csv(executed(VIRTUAL)[1] / "amplitude.csv")
    assert (amplitude["chromatogram (%)"] - amplitude["true (%)"]).abs().max() <= 2 * 100 / 25


def test_the_virtual_overlap_is_found_again(executed):
    overlap = pd.read_csv(executed(VIRTUAL)[1] / "overlap.csv", index_col="method")
    grid = grid_of([4, 5, 6], [-75, 10, -5, 66], ["sst", "bottom_depth"])
    cold, warm = (
        np.exp(-(((grid.sst - t) / s) ** 2 + ((grid.bottom_depth - d) / 900) ** 2) / 2)
        * np.cos(np.radians(grid.lat))
        for t, s, d in ((10, 2.5, 2000), (15, 3, 3200))
    )
    truth = 1 - float(abs(cold / cold.sum() - warm / warm.sum()).sum()) / 2
    assert overlap.true["GLM"] == pytest.approx(truth, abs=1e-3)
    assert overlap.difference[["GLM", "MaxEnt", "Chromatogram (intervals)"]].abs().max() < 0.05


def test_no_depth_of_a_cast_is_lost_and_each_value_is_that_of_its_cell(executed):
    _, folder = executed(WINDOWS)
    casts = pd.read_csv(folder / "casts.csv")
    stations = pd.read_csv(GALLERY.parents[1] / "catalogs" / "sample" / "mackerel_eggs_1992.csv")
    with xr.open_dataset(GALLERY.parents[1] / "catalogs" / "sample" / "ocean_climatology.nc") as ds:
        levels, temperature = ds.depth.values, ds.temperature.load()
    assert len(casts) == sum(int((levels <= floor).sum()) for floor in stations.bottom_depth)
    matched = casts[casts.status == "matched"]
    assert 0.9 < len(matched) / len(casts) < 1
    assert casts[casts.status != "matched"].temperature.isna().all()
    rows = matched.sample(200, random_state=1)
    cells = temperature.sel(
        lat=xr.DataArray(rows.matched_lat.values),
        lon=xr.DataArray(rows.matched_lon.values),
        depth=xr.DataArray(rows.depth.values),
    )
    np.testing.assert_allclose(rows.temperature, cells, rtol=1e-6)


def test_what_is_not_matched_has_its_reason(executed):
    floor = pd.read_csv(executed(WINDOWS)[1] / "floor.csv")
    assert len(floor) == 696 + 3
    faulty = floor.set_index("station").status[["no-position", "no-depth", "off-the-grid"]]
    assert faulty.tolist() == ["no_position", "no_depth", "outside"]
    assert {"matched", "dry", "outside_depth"} <= set(floor.status)
    assert floor[floor.status != "matched"].reason.str.len().min() > 5


def test_the_centre_of_a_window_is_the_cell_of_its_station(executed):
    cubes = xr.open_zarr(executed(WINDOWS)[1] / "windows.zarr").load()
    assert dict(cubes.sst.sizes) == {"obs": 696, "time": 3, "lat": 5, "lon": 5}
    with xr.open_dataset(GALLERY.parents[1] / "catalogs" / "sample" / "ocean_climatology.nc") as ds:
        may = ds.sst.isel(time=4).load()
    centre = cubes.sst.sel(time=0, lat=0, lon=0)
    cells = may.sel(lat=cubes.window_lat.sel(lat=0), lon=cubes.window_lon.sel(lon=0))
    np.testing.assert_array_equal(centre, cells)
    assert float(abs(cubes.window_lat.sel(lat=0) - cubes.obs_lat).max()) <= 0.75


def test_the_warming_says_everywhere_that_it_is_no_forecast(executed):
    notebook, folder = executed(WARMING)
    result = xr.open_zarr(folder / "warming.zarr")
    for attributes in (result.attrs, *(field.attrs for field in result.data_vars.values())):
        assert "not a forecast" in attributes["scenario"]
        assert "+2 and +4 degrees" in attributes["scenario"]
    assert "not a forecast" in result.scenario.attrs["long_name"]
    words = [text for text in outputs(notebook, "text/markdown") if "En mots" in text]
    assert len(words) == 2
    assert all("idéalisé" in text and "idealised" in text for text in words)
    titles = " ".join(re.findall(r'"text":"([^"]*)"', unescape("".join(outputs(notebook, "text/html")))))
    assert titles.count("idealised") == 2 * 2 + 2  # suitability and MESS of each warming, variance, share


def test_the_warming_keeps_missing_cells_missing_and_starts_from_today(executed):
    result = xr.open_zarr(executed(WARMING)[1] / "warming.zarr").load()
    grid = grid_of([3, 4, 5, 6, 7], [-30, 36, 15, 72], ["sst", "salinity", "bottom_depth"])
    missing = grid.to_array().isnull().any("variable").values
    for scenario in (0.0, 2.0, 4.0):
        np.testing.assert_array_equal(result.suitability.sel(scenario=scenario).isnull(), missing)
    np.testing.assert_allclose(result.members.mean("model"), result.suitability, atol=1e-5)
    later = result.members.sel(scenario=[2.0, 4.0])
    np.testing.assert_allclose(
        result.variance.sum("source", skipna=False), later.var(["model", "scenario"], skipna=False), atol=1e-6
    )


def test_the_range_goes_north_when_it_warms(executed):
    shift = pd.read_csv(executed(WARMING)[1] / "range_shift.csv", index_col="scenario")
    assert list(shift.index) == [2.0, 4.0]
    assert (shift.north_after > shift.north_before).all()
    assert (shift.south_after > shift.south_before).all()
    assert (abs((shift.bearing + 180) % 360 - 180) < 60).all()
    assert 100 < shift.distance[2.0] < shift.distance[4.0]
    assert shift.extrapolated_percent.between(0, 20).all()
