"""A small sea with a known niche, for the tests of MaxEnt."""

import numpy as np
import pandas as pd


def small_sea(n: int = 40, seed: int = 5) -> tuple[pd.DataFrame, np.ndarray]:
    """n presences around 12 degC and 35 psu, 300 background rows."""
    rng = np.random.default_rng(seed)
    sst = np.concatenate([rng.normal(12, 2, n), rng.uniform(0, 30, 300)])
    salinity = np.concatenate([rng.normal(35, 0.5, n), rng.uniform(30, 39, 300)])
    return pd.DataFrame({"sst": sst, "salinity": salinity}), (np.arange(n + 300) < n).astype(int)
