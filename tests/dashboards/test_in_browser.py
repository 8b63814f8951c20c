"""The explorer on this machine, in a real browser without a network."""

import os
import re
import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from odatis_vre.dashboards.field import Field
from odatis_vre.i18n import COOKIE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

ODATIS = [sys.executable, "-c", "from odatis_vre.cli import main; main()"]


@pytest.fixture(scope="module")
def address():
    process = subprocess.Popen(
        [*ODATIS, "dashboard", "explore", "--no-browser"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "ODATIS_LANG": "en"},
    )
    try:
        yield re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())[0]
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def visit(new_page, address):
    """A function that opens an address of the explorer and waits for its map."""

    def go(query="", lang="en", width=1280, cookie=None):
        page = new_page(lang, width=width, height=900)
        if cookie:
            page.context.add_cookies([{"name": COOKIE, "value": cookie, "url": address}])
        page.foreign = []
        page.on("request", lambda r: _is_foreign(r.url, address) and page.foreign.append(r.url))
        page.goto(address + query)
        page.locator("canvas").first.wait_for()
        page.wait_for_function("window.Bokeh?.documents?.[0]?.is_idle")
        return page

    return go


def _is_foreign(url, address):
    return not url.startswith((address, address.replace("http", "ws", 1), "data:", "blob:"))


def wait_text(page, text):
    page.get_by_text(text).first.wait_for(timeout=12_000)


def query_of(page):
    return {k: v[0] for k, v in parse_qs(urlsplit(page.url).query).items()}


def table_values(page, caption):
    """The second column of the table with a caption."""
    table = page.locator("table.odatis-table").filter(has=page.locator("caption", has_text=caption))
    table.wait_for(state="attached", timeout=12_000)
    return [
        float(text.replace("−", "-").replace(",", ".")) for text in table.locator("td").all_text_contents()
    ]


def test_the_map_shows_with_its_summary_and_asks_nothing_of_the_network(visit, climatology):
    page = visit("?lang=en")
    january = climatology.sst[0]
    wait_text(page, f"From −{abs(float(january.min())):.2f} °C to {float(january.max()):.2f} °C")
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.title() == "Explore the catalogue"
    assert page.foreign == []


def test_the_month_slider_changes_the_map_by_keyboard(visit, climatology):
    page = visit("?lang=en")
    page.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowRight")
    wait_text(page, "Sea surface temperature (°C) · February")
    february = climatology.sst[1]
    wait_text(page, f"to {float(february.max()):.2f} °C")
    page.wait_for_url(re.compile("time=2"))


def test_a_click_gives_the_series_of_the_nearest_wet_cell(visit, climatology):
    page = visit("?lang=en")
    wait_text(page, "of the cells have a value")
    box = page.locator("canvas").first.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.4)
    page.wait_for_url(re.compile("lat="))
    asked = query_of(page)
    cell = Field(climatology.sst, climatology=True).at(0).nearest(float(asked["lat"]), float(asked["lon"]))
    expected = climatology.sst.sel(lat=cell.lat, lon=cell.lon).values
    shown = table_values(page, "Series")
    assert shown == pytest.approx(list(np.round(expected, 2)), abs=0.006)
    wait_text(page, re.compile(rf"{cell.distance:.1f} km away|{cell.distance:.0f} km away"))


def test_a_position_that_is_typed_gives_the_profile(visit, climatology):
    page = visit("?lang=en&variable=temperature")
    page.get_by_label("Latitude").fill("47.5")
    page.get_by_label("Longitude").fill("-8.5")
    page.get_by_label("Longitude").press("Enter")
    expected = climatology.temperature.sel(lat=47.5, lon=-8.5).values
    wait_text(page, f"0.0 km away. Value: {expected[0]:.2f} °C")
    table = page.locator("table.odatis-table").filter(has=page.locator("caption", has_text="Profile"))
    shown = table.locator("td").all_text_contents()
    assert shown == [f"{v:.2f}" if np.isfinite(v) else "no data" for v in expected]


def test_a_position_off_the_earth_is_explained(visit):
    page = visit("?lang=en")
    page.get_by_label("Latitude").fill("95")
    page.get_by_label("Longitude").fill("0")
    page.get_by_label("Longitude").press("Enter")
    wait_text(page, "Type a latitude from -90 to 90")


def test_french_by_address_by_cookie_and_by_browser(visit):
    for page in (visit("?lang=fr", cookie="en"), visit("", cookie="fr"), visit("", lang="fr")):
        wait_text(page, "Température de surface de la mer (°C) · janvier")
        wait_text(page, "des mailles ont une valeur")
        assert page.evaluate("document.documentElement.lang") == "fr"


def test_the_language_switch_keeps_the_view(visit):
    page = visit("?lang=en&variable=eastward_wind&time=7")
    wait_text(page, "Eastward wind (m s⁻¹) · July")
    page.get_by_text("Français").click()
    wait_text(page, "Vent vers l'est (m s⁻¹) · juillet")
    assert page.evaluate("document.documentElement.lang") == "fr"


def test_a_link_restores_the_view(visit, climatology):
    page = visit("?lang=en&entry=sample/ocean_climatology&variable=salinity&depth=100&lat=30.5&lon=-40.5")
    wait_text(page, "· 100 m")
    value = float(climatology.salinity.sel(lat=30.5, lon=-40.5, depth=100))
    wait_text(page, f"Value: {value:.2f}")
    assert page.get_by_label("Latitude").input_value() == "30.5"


def test_a_link_to_what_does_not_exist_says_so_and_shows_the_rest(visit):
    page = visit("?lang=en&entry=sample/nothing&variable=%3Cscript%3E&time=99")
    wait_text(page, "Part of the address does not exist")
    wait_text(page, "Sea surface temperature (°C) · December")


def test_stations_show_as_points_and_a_place_gives_the_nearest_one(visit):
    page = visit("?lang=en&entry=sample/mackerel_eggs_1992&lat=48.25&lon=-5.75")
    wait_text(page, "696 stations, from 0.00")
    wait_text(page, "Nearest station: 48.2° N, 5.8° W, 0.0 km away. Value: 5.43")  # the first row of the file


def test_the_data_that_are_shown_can_be_downloaded(visit, climatology):
    page = visit("?lang=en&variable=bottom_depth")
    wait_text(page, "Depth of the sea floor (m)")
    with page.expect_download() as waiting:
        page.get_by_text("Download the data (CSV)").click()
    lines = waiting.value.path().read_text().splitlines()
    assert waiting.value.suggested_filename == "ocean_climatology-bottom_depth.csv"
    assert lines[0] == "lat,lon,bottom_depth"
    assert len(lines) - 1 == int(climatology.bottom_depth.notnull().sum())


def test_the_code_that_is_given_runs(visit):
    page = visit("?lang=en&variable=sst&time=7&lat=47.5&lon=-8.5")
    wait_text(page, "The code that reads it")
    code = page.locator("pre").first.text_content().replace(".plot()", "")
    names = {}
    exec(code, names)
    assert names["data"].dims == ("time", "lat", "lon")


def test_on_a_narrow_screen_the_controls_fold_away(visit):
    page = visit("?lang=en", width=420)
    page.get_by_label("Latitude").wait_for(state="hidden")
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
