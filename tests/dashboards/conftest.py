"""The sample climatology as plain xarray opens it: what the explorer must show."""

from pathlib import Path

import pytest
import xarray as xr

SAMPLE = Path(__file__).parents[2] / "catalogs" / "sample" / "ocean_climatology.nc"


@pytest.fixture(scope="session")
def climatology():
    with xr.open_dataset(SAMPLE) as ds:
        yield ds.load()
