"""The journey: log in, choose a size, open a template, run it on Dask, see the niche on a map, stop."""

import json
from pathlib import Path

import pytest

pytestmark = [pytest.mark.hub, pytest.mark.browser, pytest.mark.timeout(600)]
USER = "researcher"
WORDS = {
    "en": {"fresh": "Open a fresh copy", "start": "Start", "stop": "Stop", "in_words": "In words:"},
    "fr": {
        "fresh": "Ouvrir une copie neuve",
        "start": "Démarrer",
        "stop": "Arrêter",
        "in_words": "En mots :",
    },
}


@pytest.fixture
def keep(request):
    """Keep a picture of a page where `--screenshots FOLDER` asks for it."""
    folder = request.config.getoption("--screenshots")

    def shoot(page, name: str) -> None:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(folder) / f"{name}.png")

    return shoot


def painted(frame) -> bool:
    """Whether the figure in a frame has a canvas with many colours."""
    return frame.evaluate(
        """() => {
          const canvases = [];
          const walk = (root) => root.querySelectorAll('*').forEach((e) => {
            if (e.tagName === 'CANVAS') canvases.push(e);
            if (e.shadowRoot) walk(e.shadowRoot);
          });
          walk(document);
          return canvases.some((c) => {
            if (!c.width || !c.height) return false;
            const data = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
            const colours = new Set();
            for (let i = 0; i < data.length; i += 40) colours.add(data.slice(i, i + 3).join());
            return colours.size > 30;
          });
        }"""
    )


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_from_login_to_the_niche_on_a_map(new_vre, new_page, keep, lang):
    vre, words = new_vre(lang=lang).start(), WORDS[lang]
    page = new_page(lang, 1280, 960)

    page.goto(vre.address)
    assert page.locator("html").get_attribute("lang") == lang
    page.fill("input[name=username]", USER)
    page.fill("input[name=password]", vre.password)
    keep(page, f"login-{lang}")
    page.click("[type=submit]")

    page.goto(f"{vre.address}/hub/spawn")
    page.check("input[name=profile][value=medium]")
    keep(page, f"profiles-{lang}")
    page.get_by_role("button", name=words["start"], exact=True).click()
    page.wait_for_url("**/lab**", timeout=120_000)
    page.wait_for_selector("#jp-main-dock-panel", timeout=60_000)

    page.goto(f"{vre.address}/user/{USER}/odatis/")
    assert page.locator("html").get_attribute("lang") == lang
    keep(page, f"templates-{lang}")
    page.get_by_role("button", name=words["fresh"]).first.click()
    page.wait_for_url("**/lab/tree/optimal_niche.ipynb", timeout=60_000)
    notebook = page.locator(".jp-NotebookPanel")
    notebook.locator(".jp-CodeCell").first.wait_for(timeout=60_000)
    notebook.locator(".jp-Toolbar-kernelName", has_text="Python 3").wait_for(timeout=90_000)
    notebook.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(timeout=90_000)

    page.get_by_role("menuitem", name={"en": "Run", "fr": "Exécution"}[lang], exact=True).click()
    page.locator('[data-command="runmenu:run-all"]').click()
    said = notebook.locator(".jp-OutputArea").get_by_text(words["in_words"])
    said.wait_for(timeout=180_000, state="attached")
    assert notebook.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    said.scroll_into_view_if_needed()
    frames = [frame for frame in page.frames if frame.parent_frame is page.main_frame]
    assert len(frames) == 2
    for frame in frames:
        frame.wait_for_function(
            "() => document.querySelector('.bk-Figure, .bk-GridPlot, .bk-Column, [class*=bk-]')"
        )
    vre.wait_for(lambda: all(painted(frame) for frame in frames), 30, "the figures to be painted")
    frames[-1].frame_element().scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    keep(page, f"niche-{lang}")
    vre.wait_for(lambda: "Dask" in vre.said().split(vre.password)[1], 10, "word of the Dask cluster")
    page.keyboard.press("Control+s")

    page.goto(f"{vre.address}/services/explore/")
    page.wait_for_selector(".bk-Figure, [class*='bk-Figure']", timeout=60_000)
    assert page.locator("html").get_attribute("lang") == lang
    keep(page, f"explore-{lang}")

    page.goto(f"{vre.address}/hub/home")
    page.locator("#stop").click()
    page.wait_for_function(
        "() => !document.querySelector('#stop') || document.querySelector('#stop').offsetParent === null",
        timeout=60_000,
    )
    page.goto(f"{vre.address}/hub/spawn")
    assert page.locator("input[name=profile][value=medium]").is_checked()

    home = vre.state / "homes" / USER
    optimum = json.loads((home / "niche_output" / "optimum.json").read_text("utf-8"))
    assert {row["variable"] for row in optimum} == {"sst", "salinity", "bottom_depth"}
    assert (home / "niche_output" / "suitability.zarr" / "zarr.json").exists()
    assert (home / "optimal_niche.ipynb").exists()
    assert vre.stop() == 0
    assert vre.processes() == []
