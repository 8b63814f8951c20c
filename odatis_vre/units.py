"""Units at the boundary: read the spellings real files use, convert, refuse what does not fit.

The arithmetic is pint's, with the UDUNITS rules of cf-xarray. This module adds the spellings met in
ocean files ("DEG C", "M/S", "PPT", "MB", "METERS"), where case or a plain letter misleads a parser.
"""

import re
from functools import cache
from typing import NamedTuple

from odatis_vre.errors import OdatisError
from odatis_vre.i18n import tr

__all__ = ["Unit", "UnitsError", "canonical", "convert", "parse"]


class UnitsError(OdatisError):
    """A unit cannot be read, or two units do not measure the same thing."""


class Unit(NamedTuple):
    """A unit that was understood: `scale` times a pint unit."""

    scale: float
    pint: object
    canonical: str


# Spellings that a parser refuses, or takes for something else ("C" coulomb, "MB" megabyte, "ppt" picopint).
# In an ocean file "ppt" is salinity: parts per thousand, never per trillion.
_SPELLINGS = {
    **dict.fromkeys(
        ("c", "°c", "° c", "ºc", "celsius", "celcius", "deg c", "deg. c", "degs c"), "degree_Celsius"
    ),
    **dict.fromkeys(("degc", "deg_c", "degree c", "degrees c", "degree_c", "degrees_c"), "degree_Celsius"),
    **dict.fromkeys(("degree celsius", "degrees celsius", "degrees_celsius"), "degree_Celsius"),
    **dict.fromkeys(("deg k", "degk", "degrees k", "degree_k", "kelvin", "kelvins", "°k"), "K"),
    **dict.fromkeys(("mb", "mbar", "mbars", "millibar", "millibars", "hectopascal"), "hPa"),
    **dict.fromkeys(("db", "dbar", "dbars", "decibar", "decibars"), "dbar"),
    **dict.fromkeys(("ppt", "psu", "pss", "pss-78", "pss78", "practical_salinity_unit", "‰", "o/oo"), "1e-3"),
    **dict.fromkeys(("parts per thousand", "practical salinity units", "permil", "per mil"), "1e-3"),
    **dict.fromkeys(("unitless", "none", "dimensionless", "fraction", "ratio", "-"), "1"),
    **dict.fromkeys(("fraction of sky cover", "fraction of cloud cover"), "1"),
    **dict.fromkeys(("percent", "pct"), "%"),
    **dict.fromkeys(("gr/kg", "gr kg-1", "gr kg^-1"), "g kg-1"),  # grams, never grains
    **dict.fromkeys(("gr", "grs", "gram", "grams"), "g"),
    **dict.fromkeys(("degrees east", "degree east", "deg east", "degrees_east", "degree_e"), "degrees_east"),
    **dict.fromkeys(("degrees north", "degree north", "deg north", "degree_n"), "degrees_north"),
    **dict.fromkeys(("knot", "knots", "kt", "kts"), "knot"),
    **dict.fromkeys(("micromole/kg", "umol kg^-1"), "umol kg-1"),
}
# Symbols whose capital is part of the name; every other word of a text in capitals is lowered.
_CAPITALS = {"PA": "Pa", "HPA": "hPa", "KPA": "kPa", "MB": "hPa", "DB": "dbar", "C": "degree_Celsius"}
_CAPITALS |= {letter: letter for letter in ("K", "W", "J", "N", "V", "A")}
_WRITTEN = {"°C": "degree_Celsius", "K": "K", "degrees_east": "degrees_east"}
_FACTOR = re.compile(r"^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?![\w.])\s*\*?\s*(.*)$")
_CAPITALISED = re.compile(r"[A-Z][a-z]{3,}")  # "Meters"; never "Pa" or "W m-2"
_SINCE = re.compile(r"\bsince\b", re.IGNORECASE)


@cache
def parse(text: str) -> Unit:
    """Understand a unit as files write it.

    Parameters
    ----------
    text : str
        As in a `units` attribute: `"DEG C"`, `"M/S"`, `"g kg-1"`, `"PPT"`.

    Returns
    -------
    Unit
        Factor, pint unit, and the UDUNITS spelling.

    Raises
    ------
    UnitsError
        The text is no unit, or counts time since a date.

    Examples
    --------
    >>> parse("M/S").canonical, parse("DEG C").canonical, parse("PPT").canonical
    ('m s-1', 'degree_Celsius', '1e-3')
    """
    from cf_xarray.units import units as registry

    if not isinstance(text, str):
        raise UnitsError(tr("units.not_text", value=repr(text)), tr("units.not_text_hint"))
    if _SINCE.search(text):
        raise UnitsError(tr("units.time", text=text), tr("units.time_hint"))
    clean = _normalise(text)
    scale = 1.0
    if match := _FACTOR.match(clean):
        scale, clean = float(match[1]), match[2] or "1"
        clean = _normalise(clean) if clean != "1" else clean
    try:
        unit = registry.parse_units(clean)
    except Exception as error:  # pint lets its tokenizer's errors of any class through
        raise UnitsError(tr("units.unknown", text=text), tr("units.unknown_hint")) from error
    if not scale > 0:
        raise UnitsError(tr("units.unknown", text=text), tr("units.unknown_hint"))
    return Unit(scale, unit, _spell(scale, unit))


def canonical(text: str) -> str:
    """The UDUNITS spelling of a unit.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Raises
    ------
    UnitsError
        The text is no unit.

    Examples
    --------
    >>> canonical("G/KG"), canonical("METERS"), canonical("MB")
    ('g kg-1', 'm', 'hPa')
    """
    return parse(text).canonical


def convert(data, to: str, units: str | None = None):
    """Express data in another unit.

    Parameters
    ----------
    data : xarray.DataArray, array or number
        Any shape. A DataArray tells its own unit (`attrs["units"]`) and may be lazy: it stays so.
    to : str
        The unit wanted, in any spelling.
    units : str, optional
        The unit of `data`, for a number or an array, or to overrule the attribute.

    Returns
    -------
    same type as `data`
        Same shape; a DataArray carries the UDUNITS spelling of `to`. Floats keep their precision.

    Raises
    ------
    UnitsError
        No unit is known, one cannot be read, or the two do not measure the same thing.

    Examples
    --------
    >>> round(convert(20.0, "K", units="DEG C"), 2)
    293.15
    >>> convert(5, "km/h", units="M/S")
    18.0
    """
    attrs = getattr(data, "attrs", None)
    source_text = units if units is not None else (attrs or {}).get("units")
    if source_text is None:
        name = getattr(data, "name", None)
        raise UnitsError(
            tr("units.missing", name=repr(name or type(data).__name__)), tr("units.missing_hint")
        )
    source, target = parse(source_text), parse(to)
    if (attrs or {}).get("standard_name") == "sea_water_practical_salinity":
        source, target = _practical(source), _practical(target)
    slope, offset = _affine(source, target, source_text, to)
    if slope == 1 and offset == 0:
        result = data.copy() if attrs is not None else data
    else:
        result = data * slope + offset if offset else data * slope
    if attrs is not None:
        result.attrs = {**attrs, "units": target.canonical}
    return result


def _practical(unit: Unit) -> Unit:
    """Practical salinity has one unit, written 1, psu or 1e-3 by different hands: no factor between them."""
    return unit._replace(scale=1.0) if unit.pint.dimensionless and unit.scale == 1e-3 else unit


def _affine(source: Unit, target: Unit, source_text: str, to: str) -> tuple[float, float]:
    if source.pint.dimensionality != target.pint.dimensionality:
        raise UnitsError(
            tr("units.no_fit", source=source_text, target=to),
            tr("units.no_fit_hint", source=source.canonical, target=target.canonical),
        )
    quantity = source.pint._REGISTRY.Quantity
    # A unit of temperature counted from its own zero: the two zeros differ, the steps are compared as steps.
    zero = float(quantity(0.0, source.pint).to(target.pint).magnitude)
    one = float(quantity(1.0, source.pint).to(target.pint).magnitude)
    slope = one - zero
    slope = 1.0 if abs(slope - 1.0) < 1e-12 else slope
    return slope * source.scale / target.scale, zero / target.scale


def _normalise(text: str) -> str:
    text = " ".join(text.split())
    if known := _SPELLINGS.get(text.casefold()):
        return known
    if text.isupper():
        text = re.sub(r"[A-Z_]+", lambda word: _CAPITALS.get(word[0], word[0].lower()), text)
    elif _CAPITALISED.fullmatch(text):
        text = text.lower()
    return text or "1"


def _spell(scale: float, unit) -> str:
    text = format(unit, "cf").replace("µ", "u")
    text = _WRITTEN.get(text, text).replace("°C", "degree_Celsius")
    if scale == 1:
        return text
    factor = f"{scale:g}" if scale not in (1e-3, 1e3) else {1e-3: "1e-3", 1e3: "1e3"}[scale]
    return factor if text == "1" else f"{factor} {text}"
