import numpy as np
import pandas as pd
import pytest
import xarray as xr


@pytest.fixture
def island_sea() -> xr.Dataset:
    """1-degree cells, lat 40.5..49.5 (north first), lon 350.5..359.5 (0..360), with a dry island.

    sst is 100 lat + lon, so that each value says which cell it comes from.
    """
    lat, lon = np.arange(49.5, 40, -1), np.arange(350.5, 360)
    sst = 100 * lat[:, None] + lon
    sst[3:6, 3:6] = np.nan  # 44.5..46.5 N, 353.5..355.5 E
    return xr.Dataset({"sst": (("lat", "lon"), sst)}, coords={"lat": lat, "lon": lon})


@pytest.fixture
def ocean_cube() -> xr.Dataset:
    """Twelve months of 2001, 3 levels, 4 x 4 cells: temperature = month + level / 10."""
    time = pd.date_range("2001-01-01", periods=12, freq="MS") + pd.Timedelta(days=15)
    depth = np.array([0.0, 50.0, 200.0])
    temperature = np.arange(1.0, 13)[:, None, None, None] + np.arange(3)[:, None, None] / 10
    temperature = temperature + np.zeros((12, 3, 4, 4))
    temperature[:, 2, :2] = np.nan  # the shelf: no 200 m south of 46 N
    return xr.Dataset(
        {
            "temperature": (("time", "depth", "lat", "lon"), temperature),
            "sst": (("time", "lat", "lon"), temperature[:, 0]),
        },
        coords={"time": time, "depth": depth, "lat": np.arange(44.5, 48), "lon": np.arange(-9.5, -6)},
    )


@pytest.fixture
def two_hauls() -> pd.DataFrame:
    return pd.DataFrame({"haul": ["a", "b"], "lat": [47.4, 42.6], "lon": [-8.3, -1.6]}, index=[70, 12])


@pytest.fixture
def tilted_shelf() -> xr.Dataset:
    """A model grid of 30 x 40 cells turned by 30 degrees against the meridians: sst = lat + lon / 10."""
    y, x = np.mgrid[0:30, 0:40] * 0.1
    turn = np.radians(30)
    lat = 45 + x * np.sin(turn) + y * np.cos(turn)
    lon = -10 + x * np.cos(turn) - y * np.sin(turn)
    sst = np.stack([lat + lon / 10, lat + lon / 10 + 100])
    return xr.Dataset(
        {"sst": (("time", "y", "x"), sst)},
        {
            "time": pd.to_datetime(["2001-01-15", "2001-02-15"]),
            "lat": (("y", "x"), lat),
            "lon": (("y", "x"), lon),
        },
    )
