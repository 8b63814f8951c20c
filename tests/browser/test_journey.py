"""The journey: log in, open a template, run it on Dask, see the niche on a map, run it as a batch, stop."""

import json

import pytest
from journey import Journey

pytestmark = [pytest.mark.hub, pytest.mark.browser, pytest.mark.timeout(900)]
USER = "researcher"


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_from_login_to_a_run_that_anyone_can_repeat(new_vre, new_page, keep, lang):
    vre = new_vre(lang=lang).start()
    page = new_page(lang, 1280, 960)
    journey = Journey(page, vre, USER, lang, keep)
    journey.log_in()
    journey.start_server("medium")
    journey.open_fresh_copy()
    journey.run_all_and_see_the_map()
    journey.see_what_the_search_found()
    vre.wait_for(lambda: "Dask" in vre.said().split(vre.password)[1], 10, "word of the Dask cluster")
    journey.save()
    journey.explore()
    token = vre.token(USER)
    journey.see_the_own_map(token)
    folder = journey.run_as_a_batch(token)
    page.goto(f"{vre.address}/hub/spawn")
    assert page.locator("input[name=profile][value=medium]").is_checked()

    journey.finds_the_run_in_the_home(token, folder)
    home = vre.state / "homes" / USER
    optimum = json.loads((home / "niche_output" / "optimum.json").read_text("utf-8"))
    assert {row["variable"] for row in optimum} == {"sst", "salinity", "bottom_depth"}
    assert (home / "niche_output" / "suitability.zarr" / "zarr.json").exists()
    assert (home / "optimal_niche.ipynb").exists()
    assert vre.stop() == 0
    assert vre.processes() == []
