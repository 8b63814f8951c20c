"""Climatologies: steps that stand for a part of every year."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from odatis_vre.errors import MatchupError
from odatis_vre.i18n import tr
from odatis_vre.matchup.nearest import nearest_of

_YEAR = 12.0

# Of two distances between steps, how much longer one is when there is no step missing in it.
_ALIKE = 1.5

# Days from the first of January to the first of each month, in the mean year.
_DAYS = np.cumsum([0, 31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])

# What begins this much later, in months, begins now; 29 February ends before March by more.
_SLACK, _BEFORE = 1e-9, 1e-6

# Bounds this near to the first of a month (in months) are meant to be it, of steps this long or longer.
_NEAR, _LONG = 0.1, 0.8


@dataclass(frozen=True)
class Climatology:
    """The parts of the year that n steps stand for, in months since the first of January, 0..12.

    Attributes
    ----------
    begin : ndarray, shape (n,)
    length : ndarray, shape (n,)
        Steps cover from `begin` to before `begin + length`, across the year's end.
    """

    begin: np.ndarray
    length: np.ndarray

    @property
    def middle(self) -> np.ndarray:
        """The middle of each step."""
        return (self.begin + self.length / 2) % _YEAR

    def step_of(self, months: np.ndarray, tolerance: float | None) -> np.ndarray:
        """Index of the step that stands for each observation, else of the nearest one.

        Parameters
        ----------
        months : ndarray, shape (m,)
            As `months_of` gives them.
        tolerance : float or None
            Days that the middle of the step may be away, whatever the step covers; None: the step covers the
            observation.

        Returns
        -------
        ndarray of int, shape (m,)
            -1 where there is none, or `months` is NaN.
        """
        order = np.argsort(self.middle, kind="stable")
        circle = self.middle[order]
        thrice = np.concatenate([circle - _YEAR, circle, circle + _YEAR])
        known = np.where(np.isnan(months), 0.0, months)
        step = order[nearest_of(thrice, known) % len(order)]
        covered = self._covers(step, months)
        for other in range(len(order)):
            left = np.flatnonzero(~covered & ~np.isnan(months))
            left = left[self._covers(other, months[left])]
            step[left], covered[left] = other, True
        if tolerance is None:
            return np.where(covered, step, -1)
        away = np.abs(_days(self.middle)[step] - _days(known))
        near = np.minimum(away, _DAYS[-1] - away) <= tolerance
        return np.where(near & ~np.isnan(months), step, -1)

    def _covers(self, step: np.ndarray | int, months: np.ndarray) -> np.ndarray:
        return (months - self.begin[step] + _SLACK) % _YEAR < self.length[step]

    @property
    def closed(self) -> bool:
        """The last step and the first are neighbours: no longer apart than any others."""
        along = (self.middle - self.middle[0]) % _YEAR
        steps = np.diff(along)
        return len(along) > 2 and bool(np.all(steps > 0)) and _YEAR - along[-1] <= 1.01 * steps.max()


def _days(months: np.ndarray) -> np.ndarray:
    return np.interp(months, np.arange(13), _DAYS)


def climatology_of(ds: xr.Dataset, dim: str) -> Climatology | None:
    """The climatology along a dimension; None where its steps are dates of their own.

    The CF attribute `climatology` names the bounds of the steps. Without bounds, a step stands for what is
    nearer to its middle than to that of the next step: of steps in different months this is the middle
    of the month, else the date.

    Parameters
    ----------
    ds : Dataset
    dim : str
        A coordinate of dates, or of months 1..12.

    Raises
    ------
    MatchupError
        The bounds cannot be read as dates.
    """
    coordinate = ds[dim]
    told = {**coordinate.encoding, **coordinate.attrs}
    numbers = coordinate.dtype.kind in "iu" and set(coordinate.values) <= set(range(1, 13))
    if not numbers and "climatology" not in told:
        return None
    bounds = ds.variables.get(told.get("climatology"))
    if bounds is not None and bounds.dims[:1] == (dim,) and bounds.ndim == 2 and bounds.shape[1] == 2:
        return _within(*(_dates(bounds[:, side], told, str(told["climatology"])) for side in (0, 1)))
    if numbers:
        return _around(coordinate.values - 0.5)
    dates = _dates(coordinate.variable, told, dim)
    months = np.floor(dates)
    return _around(months + 0.5 if len(np.unique(months)) == len(months) else dates)


def _within(first: np.ndarray, last: np.ndarray) -> Climatology:
    length = (last - first) % _YEAR
    length = np.where(length == 0, _YEAR, length)
    begin, end = np.round(first), np.round(first + length)
    whole = (np.abs(first - begin) < _NEAR) & (np.abs(first + length - end) < _NEAR) & (length >= _LONG)
    return Climatology(np.where(whole, begin, first) % _YEAR, np.where(whole, end - begin, length))


def _around(middle: np.ndarray) -> Climatology:
    """Steps that reach half the way to their neighbours, no farther where some are missing."""
    circle, which = np.unique(middle, return_inverse=True)
    if len(circle) == 1:  # a month
        return Climatology(middle - 0.5, np.ones(len(middle)))
    after = np.diff(circle, append=circle[0] + _YEAR)
    before = np.roll(after, 1)
    nearer = np.minimum(before, after)
    before, after = (np.where(gap > _ALIKE * nearer, nearer, gap) / 2 for gap in (before, after))
    return Climatology((middle - before[which]) % _YEAR, (before + after)[which])


def months_of(dates: xr.DataArray) -> np.ndarray:
    """Dates as months since the first of January, 0..12, NaN where unknown.

    Parameters
    ----------
    dates : DataArray, shape (n,)
        Dates of any calendar.

    Examples
    --------
    >>> months_of(xr.DataArray(np.array(["1999-01-01", "2001-12-16T12:00"], "datetime64[s]")))
    array([ 0. , 11.5])
    """
    at = dates.dt
    day = np.asarray(at.day - 1 + (at.hour + at.minute / 60 + at.second / 3600) / 24, dtype=float)
    month = np.asarray(at.month - 1, dtype=float)
    length = np.diff(_DAYS)[np.where(np.isnan(month), 0, month).astype(int)]
    return month + np.minimum(day / length, 1 - _BEFORE)


def _dates(variable: xr.Variable, told: dict, name: str) -> np.ndarray:
    dates = xr.DataArray(variable.values, dims="step")
    try:
        if dates.dtype.kind in "iuf":
            known = {**told, **variable.encoding, **variable.attrs}
            calendar = {k: known[k] for k in ("units", "calendar") if k in known}
            dates = xr.decode_cf(xr.Dataset({"dates": ("step", dates.values, calendar)})).dates
        return months_of(dates)
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        raise MatchupError(
            tr("matchup.bad_grid_times", dim=name), tr("matchup.bad_grid_times_hint")
        ) from error
