"""What the explorer shows, as the part of its address that restores it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

__all__ = ["View"]


@dataclass(frozen=True)
class View:
    """A view, as asked for: what does not exist is left to the explorer to correct.

    Parameters
    ----------
    entry, variable : str or None
    time : int
        Position from 1: of a climatology, the month.
    depth : float or None
        Metres.
    lat, lon : float or None
        The place that was clicked, degrees.
    """

    entry: str | None = None
    variable: str | None = None
    time: int = 1
    depth: float | None = None
    lat: float | None = None
    lon: float | None = None

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "View":
        """Read the parameters of an address; unreadable ones count as absent.

        Parameters
        ----------
        query : mapping of str to str

        Returns
        -------
        View

        Examples
        --------
        >>> View.from_query({"variable": "sst", "time": "7", "lat": "nowhere"})
        View(entry=None, variable='sst', time=7, depth=None, lat=None, lon=None)
        """
        lat, lon = (_number(query.get(name), *limits) for name, limits in _LIMITS.items())
        time = _number(query.get("time"), 1, 1e6)
        return cls(
            entry=query.get("entry") or None,
            variable=query.get("variable") or None,
            time=1 if time is None else int(time),
            depth=_number(query.get("depth"), 0, 12000),
            lat=lat if lon is not None else None,
            lon=lon if lat is not None else None,
        )

    def to_query(self) -> dict[str, str]:
        """The parameters of its address."""
        return {
            name: f"{value:g}" if isinstance(value, float) else str(value)
            for name, value in asdict(self).items()
            if value is not None
        }


_LIMITS = {"lat": (-90, 90), "lon": (-180, 360)}


def _number(text: str | None, low: float, high: float) -> float | None:
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if low <= value <= high else None
