from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def read_reference():
    return lambda name: pd.read_csv(DATA / name)


@pytest.fixture
def warm_water_fish() -> tuple[pd.DataFrame, pd.Series]:
    """Abundance bell-shaped around 18 degC and 60 m: 3000 samples, sst 0..30, depth 0..300."""
    rng = np.random.default_rng(20)
    env = pd.DataFrame({"sst": rng.uniform(0, 30, 3000), "bottom_depth": rng.uniform(0, 300, 3000)})
    bell = np.exp(-0.5 * ((env.sst - 18) / 2) ** 2 - 0.5 * ((env.bottom_depth - 60) / 30) ** 2)
    return env, (100 * bell).rename("fish")


@pytest.fixture
def presences() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    sst = rng.normal(12, 1.5, 120)
    return pd.DataFrame({"sst": sst, "salinity": 35 + 0.1 * (sst - 12) + rng.normal(0, 0.2, 120)})


@pytest.fixture
def island_sea() -> xr.Dataset:
    """A 3-month grid of 6 x 8 cells with an island; salinity is also unknown in one corner."""
    time = np.array(["1992-04-15", "1992-05-15", "1992-06-15"], dtype="datetime64[ns]")
    lat, lon = np.arange(44.0, 50), np.arange(-12.0, -4)
    sst = 10 + 0.5 * np.arange(3)[:, None, None] + 0.3 * (50 - lat)[:, None] + 0 * lon
    salinity = np.full((6, 8), 35.0) + 0.02 * np.arange(8)
    sst[:, 2:4, 3:5] = np.nan
    salinity[2:4, 3:5] = salinity[0, 0] = np.nan
    return xr.Dataset(
        {"sst": (("time", "lat", "lon"), sst), "salinity": (("lat", "lon"), salinity)},
        coords={"time": time, "lat": lat, "lon": lon},
    )
