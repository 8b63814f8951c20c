"""A browser, and the sample climatology as plain xarray opens it: what the explorer must show."""

import os
import shutil
from pathlib import Path

import pytest
import xarray as xr

SAMPLE = Path(__file__).parents[2] / "catalogs" / "sample" / "ocean_climatology.nc"


QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def climatology():
    with xr.open_dataset(SAMPLE) as ds:
        yield ds.load()


@pytest.fixture
def chromium():
    """A browser of its own for each test: Playwright keeps a loop running, which async tests do not bear."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say("no Chromium: install the system package chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()
