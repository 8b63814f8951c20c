"""What the explorer can draw of a catalogue entry: the mapped variables of a grid, the columns of a table."""

from functools import cached_property

import numpy as np

from odatis_vre.catalog import Catalog, Entry
from odatis_vre.dashboards.field import Cell, Field
from odatis_vre.i18n import use_language
from odatis_vre.matchup.nearest import great_circle_km

__all__ = ["Dataset", "drawable"]


def drawable(catalog: Catalog) -> list[str]:
    """The entries of a catalogue that have values to draw, at an address that opens, by id."""
    return [entry.id for entry in catalog if entry.variables and entry.metadata.address == "exact"]


class Dataset:
    """An entry, opened.

    Parameters
    ----------
    entry : odatis_vre.catalog.Entry
    lang : {"en", "fr"}
        Of its titles.
    """

    def __init__(self, entry: Entry, lang: str):
        self.entry = entry
        self.lang = lang
        self.is_table = entry.is_table
        self._values = entry.to_pandas() if entry.is_table else entry.to_xarray()

    @cached_property
    def variables(self) -> dict[str, str]:
        """Title to name of what can be drawn, the first one first."""
        known = self.entry.variables
        if self.is_table:
            numeric = self._values.select_dtypes("number").columns
            names = [n for n in numeric if n in known and known[n].units and n not in ("lat", "lon")]
            # What was observed comes before where: a column with a standard name is often a depth.
            names.sort(key=lambda n: known[n].standard_name is not None)
        else:
            names = [n for n in self._values.data_vars if Field.is_mapped(self._values[n])]
        return {self.title(name): name for name in names}

    def title(self, name: str) -> str:
        """A variable's title in the language, with a capital."""
        known = self.entry.variables.get(name)
        with use_language(self.lang):
            text = (known and str(known.title)) or name
        return text[:1].upper() + text[1:]

    @property
    def entry_title(self) -> str:
        """The entry's title in the language."""
        with use_language(self.lang):
            return self.entry.title

    def units(self, name: str) -> str:
        """A variable's unit as it is read: °C, m s⁻¹; empty for a pure number."""
        known = self.entry.variables.get(name)
        unit = (known.units if known else None) or ""
        if not unit and not self.is_table:
            unit = self._values[name].attrs.get("units", "")
        return _readable_unit(unit)

    def standard_name(self, name: str) -> str:
        """What colours go by: the standard name, else the variable's own."""
        known = self.entry.variables.get(name)
        return (known.standard_name if known else None) or name

    def field(self, name: str) -> Field:
        """A variable of a grid."""
        return Field(self._values[name], climatology=self.entry.metadata.climatology)

    @property
    def stations(self) -> "Stations":
        """The rows of a table."""
        return Stations(self._values)


class Stations:
    """Rows with a position.

    Parameters
    ----------
    rows : pandas.DataFrame
        With the columns `lat` and `lon`, degrees.
    """

    def __init__(self, rows):
        self.rows = rows
        self.lat, self.lon = (rows[axis].to_numpy("float64") for axis in ("lat", "lon"))

    def values(self, name: str) -> np.ndarray:
        """A column (n stations)."""
        return self.rows[name].to_numpy("float64")

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north, with a margin."""
        width, height = np.ptp(self.lon), np.ptp(self.lat)
        margin = 0.06 * max(width, height) + 0.2
        return (
            float(self.lon.min() - margin),
            float(self.lat.min() - margin),
            float(self.lon.max() + margin),
            float(self.lat.max() + margin),
        )

    def nearest(self, lat: float, lon: float, name: str) -> Cell | None:
        """The nearest station with a value of a column; its row is in `index`."""
        values = self.values(name)
        distance = np.where(np.isfinite(values), great_circle_km(lat, lon, self.lat, self.lon), np.inf)
        row = int(np.argmin(distance)) if len(distance) else 0
        if not len(distance) or not np.isfinite(distance[row]):
            return None
        place = float(self.lat[row]), float(self.lon[row])
        return Cell(*place, float(distance[row]), float(values[row]), {"row": row})


def _readable_unit(unit: str) -> str:
    if unit in ("1", "1e-3"):
        return "" if unit == "1" else "‰"
    powers = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
    words = {"degree_Celsius": "°C", "degrees_Celsius": "°C", "degC": "°C", "day": "d"}
    parts = []
    for part in unit.split():
        base = part.rstrip("-0123456789")
        parts.append(words.get(base, base) + part[len(base) :].translate(powers))
    return " ".join(parts)
