"""Colours by quantity: cmocean's map of each standard name, symmetric where the sign matters."""

from functools import cache

import numpy as np

__all__ = ["colour_range", "palette"]

# First match wins: the parts of a CF standard name, then cmocean's map.
_MAPS = (
    ("anomaly", "balance"),
    ("eastward", "balance"),
    ("northward", "balance"),
    ("upward", "balance"),
    ("sea_surface_height", "balance"),
    ("temperature", "thermal"),
    ("salinity", "haline"),
    ("sea_floor_depth", "deep"),
    ("depth", "deep"),
    ("speed", "speed"),
    ("oxygen", "oxy"),
    ("chlorophyll", "algae"),
    ("suspended_matter", "turbid"),
    ("turbidity", "turbid"),
    ("sea_ice", "ice"),
    ("density", "dense"),
    ("humidity", "rain"),
    ("precipitation", "rain"),
    ("pressure", "dense"),
    ("egg", "matter"),
)
_SYMMETRIC = "balance"


def _map_name(name: str) -> str:
    return next((colours for part, colours in _MAPS if part in name), "matter")


@cache
def palette(name: str) -> tuple[str, ...]:
    """256 colours for a standard name, or for a variable's name where it has none.

    Parameters
    ----------
    name : str

    Returns
    -------
    tuple of str
        `#rrggbb`.

    Examples
    --------
    >>> len(palette("sea_surface_temperature"))
    256
    """
    import cmocean
    from matplotlib.colors import to_hex

    colours = getattr(cmocean.cm, _map_name(name))
    return tuple(to_hex(colours(i / 255)) for i in range(256))


def colour_range(name: str, values: np.ndarray) -> tuple[float, float]:
    """The range of the colours: all but the farthest half per cent, symmetric where the sign matters.

    Parameters
    ----------
    name : str
        Standard name.
    values : array
        Finite.

    Returns
    -------
    low, high : float

    Examples
    --------
    >>> colour_range("eastward_wind", np.array([-2.0, 8.0]))
    (-8.0, 8.0)
    """
    if values.size == 0:
        return 0.0, 1.0
    low, high = (float(value) for value in np.quantile(values, [0.005, 0.995], method="nearest"))
    if _map_name(name) == _SYMMETRIC:
        most = max(abs(low), abs(high)) or 1.0
        return -most, most
    return (low, high) if high > low else (low - 0.5, high + 0.5)
