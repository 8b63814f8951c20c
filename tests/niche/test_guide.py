"""The code of docs/niche.md, run as a reader would: on the sample data, from the top to the saved map."""

import ast
import json
import re
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import odatis_vre as ov

DOCS = Path(__file__).parents[2] / "docs"
ROUTE = ["The niche toolbox", "The marine recipe", "Projection", "Model card"]


def sections(name: str) -> dict[str, list[str]]:
    """The blocks of code of a guide, by the heading they stand under."""
    parts = re.split(r"^##? (.+)$", (DOCS / name).read_text("utf-8"), flags=re.MULTILINE)
    return {
        title: re.findall(r"```python\n(.*?)```", text, re.DOTALL)
        for title, text in zip(parts[1::2], parts[2::2], strict=True)
    }


@pytest.fixture(scope="module")
def walked(tmp_path_factory) -> dict:
    """The names that the code leaves behind, run in a folder of its own; workers are this process."""
    folder, names = tmp_path_factory.mktemp("reader"), {"__name__": "reader"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(ov, "cluster", lambda **settings: nullcontext(), raising=False)
        for title in ROUTE:
            (block,) = sections("niche.md")[title]
            exec(compile(block, f"niche.md: {title}", "exec"), names)  # what the reader types
        names["store"] = names["store"].resolve()
    return names


@pytest.mark.timeout(600)
def test_the_recipe_is_cooked_from_the_stations_to_a_good_score(walked):
    assert 0.5 * len(walked["seen"]) > len(walked["ready"].kept) > 40
    assert set(walked["ready"].dropped["step"]) >= {"duplicates", "environmental_filter"}
    assert len(walked["absent"]) == 200
    assert walked["tried"]["mean"].max() == pytest.approx(walked["tried"].set_index("rank")["mean"][1])
    assert walked["scores"]["auc"] > 0.85
    assert walked["scores"]["boyce"] > 0.3
    assert 0 < walked["at"].threshold["max_tss"] < 1


@pytest.mark.timeout(600)
def test_the_recipe_maps_the_sea_and_the_land_stays_missing(walked):
    now, grid, chosen = walked["now"].compute(), walked["grid"], walked["chosen"]
    land = np.logical_or.reduce([grid[name].isnull() for name in chosen])
    np.testing.assert_array_equal(now.isnull(), land)
    assert float(now.min()) >= 0
    assert 0.5 < float(now.max()) <= 1
    assert float((walked["new"].mess < 0).mean()) > 0
    assert float(walked["moved"].centroid_lat_after) > float(walked["moved"].centroid_lat_before)


@pytest.mark.timeout(600)
def test_the_map_is_saved_and_its_members_average_to_it(walked):
    saved = xr.open_zarr(walked["store"]).suitability.load()
    np.testing.assert_array_equal(saved, walked["now"])
    assert walked["runs"].dims == ("model", "lat", "lon")
    np.testing.assert_allclose(walked["runs"].mean("model", skipna=False), saved, atol=1e-6)


@pytest.mark.timeout(600)
def test_the_model_card_is_a_page_and_facts_in_french(walked):
    assert '<html lang="fr">' in walked["page"]
    assert "combinés" in json.loads(walked["facts"])["odmap"]["ensemble"]


def test_both_languages_show_the_same_code():
    english, french = (
        [ast.dump(ast.parse(block)) for blocks in sections(name).values() for block in blocks]
        for name in ("niche.md", "niche.fr.md")
    )
    assert len(english) >= 5
    assert french == english
