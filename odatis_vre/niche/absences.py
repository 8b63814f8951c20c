"""Pseudo-absences and background, drawn from a table of candidate cells or from a grid of predictors.

Candidates are cells where every variable (of a table, every numeric column) is known. What is drawn comes
as a table: coordinates and variables, one row per cell, in the units that the presences tell in
`attrs["units"]`, else in the candidates' own; its `attrs["units"]` names them. No cell is drawn twice; where
fewer qualify than are asked for, all of them come, with a warning.
"""

import warnings
from collections.abc import Iterable

import numpy as np
import pandas as pd
import xarray as xr
from scipy.spatial import KDTree
from sklearn.base import clone

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.cells import cells_of
from odatis_vre.niche.hull import outside_hull
from odatis_vre.niche.nppen import NPPEN
from odatis_vre.niche.rows import columns_of, known_rows
from odatis_vre.niche.sphere import arc_km, axis_of, positions, unit_vectors
from odatis_vre.niche.table import in_unit, told_units

__all__ = ["background", "convex_hull", "distance_band", "environmental", "random", "sampling_effort"]

_BLOCK = 1 << 20


def random(
    candidates, presences: pd.DataFrame, n: int | None = None, *, seed: int | None = 0
) -> pd.DataFrame:
    """Draw pseudo-absences anywhere but in the cells of presences.

    Parameters
    ----------
    candidates : DataFrame or Dataset
        Cells to draw from.
    presences : DataFrame
        Columns `lat` and `lon`, in degrees. A grid's cells that hold one are left out, at all times and
        depths; so are a table's candidates at the very position of one. A presence off the grid is in no
        cell.
    n : int, optional
        How many; as many as there are presences by default.
    seed : int or None, default 0

    Returns
    -------
    DataFrame

    Raises
    ------
    NicheError
        No candidate qualifies, a column or coordinate is missing, or a unit does not fit the presences'.

    Examples
    --------
    >>> cells = pd.DataFrame({"lat": [47.0, 48.0, 49.0], "lon": [-5.0] * 3, "sst": [13.0, 12.0, 11.0]})
    >>> random(cells, cells.iloc[:1], n=2)["lat"].tolist()
    [48.0, 49.0]
    """
    cells = cells_of(candidates)
    return _drawn(cells, cells.known() & ~cells.held(*_seen(presences)), n, presences, seed)


def distance_band(
    candidates,
    presences: pd.DataFrame,
    n: int | None = None,
    *,
    least_km: float = 0.0,
    most_km: float = np.inf,
    seed: int | None = 0,
) -> pd.DataFrame:
    """Draw pseudo-absences in a band of distances from the nearest presence.

    Parameters
    ----------
    candidates : DataFrame or Dataset
        Cells to draw from.
    presences : DataFrame
        Columns `lat` and `lon`, in degrees.
    n : int, optional
        How many; as many as there are presences by default.
    least_km, most_km : float
        Limits of the distance on the sphere, both included.
    seed : int or None, default 0

    Returns
    -------
    DataFrame

    Raises
    ------
    NicheError
        No candidate qualifies, a column or coordinate is missing, a unit does not fit the presences', or
        the limits are not in order.

    Examples
    --------
    >>> cells = pd.DataFrame({"lat": [47.0, 48.0, 60.0], "lon": [-5.0] * 3, "sst": [13.0, 12.0, 8.0]})
    >>> distance_band(cells, cells.iloc[:1], least_km=50, most_km=500)["lat"].tolist()
    [48.0]
    """
    if not 0 <= least_km < most_km:
        raise NicheError(
            tr("evaluation.bad_parameter", name="least_km, most_km", value=(least_km, most_km)),
            tr("evaluation.bad_parameter_hint", allowed="0 <= least_km < most_km"),
        )
    tree = KDTree(unit_vectors(*_seen(presences)))

    def in_band(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
        away = arc_km(tree.query(unit_vectors(lat, lon))[0])
        return (away >= least_km) & (away <= most_km)

    cells = cells_of(candidates)
    return _drawn(cells, cells.known() & cells.where_place(in_band), n, presences, seed)


def environmental(
    candidates,
    presences: pd.DataFrame,
    n: int | None = None,
    *,
    variables: Iterable[str],
    method="envelope",
    quantile: float = 0.025,
    below: float = 0.05,
    seed: int | None = 0,
) -> pd.DataFrame:
    """Draw pseudo-absences where the environment is unlike that of the presences.

    Parameters
    ----------
    candidates : DataFrame or Dataset
        Cells to draw from.
    presences : DataFrame
        The variables at the presences.
    n : int, optional
        How many; as many as there are presences by default.
    variables : iterable of str
    method : {"envelope", "nppen"} or model, default "envelope"
        "envelope": outside the presences' range of at least one variable, its tails cut off (surface range
        envelope). "nppen", or a model that is fitted on presences alone: where its suitability is low.
    quantile : float, default 0.025
        Share of the presences that each tail of the envelope cuts off (0..0.5).
    below : float, default 0.05
        Suitability at or below which a candidate qualifies.
    seed : int or None, default 0

    Returns
    -------
    DataFrame

    Raises
    ------
    NicheError
        No candidate qualifies, a variable is missing, its unit does not fit the presences', or the model
        cannot be fitted.

    Examples
    --------
    >>> cells = pd.DataFrame({"lat": [47.0, 48.0, 60.0], "lon": [-5.0] * 3, "sst": [13.0, 12.0, 8.0]})
    >>> environmental(cells, cells.iloc[:2], n=1, variables=["sst"])["sst"].tolist()
    [8.0]
    """
    names = columns_of(presences, variables)
    known = _complete(presences, names)
    if not isinstance(method, str):
        model = clone(method).fit(pd.DataFrame(known, columns=names))
    elif method == "nppen":
        model = NPPEN(method="ecdf").fit(pd.DataFrame(known, columns=names))
    elif method == "envelope" and 0 <= quantile < 0.5:
        low, high = np.quantile(known, [quantile, 1 - quantile], axis=0)
        model = None
    else:
        raise NicheError(
            tr("evaluation.bad_parameter", name="method, quantile", value=(method, quantile)),
            tr("evaluation.bad_parameter_hint", allowed='"envelope", "nppen", model; 0 <= quantile < 0.5'),
        )

    def unlike(values: np.ndarray) -> np.ndarray:
        if model is None:
            return ((values < low) | (values > high)).any(axis=1)
        return np.asarray(model.predict(pd.DataFrame(values, columns=names))) <= below

    cells = cells_of(candidates)
    unlike_there = cells.where(unlike, names, told_units(presences, names))
    return _drawn(cells, cells.known() & unlike_there, n, presences, seed)


def convex_hull(
    candidates,
    presences: pd.DataFrame,
    n: int | None = None,
    *,
    variables: Iterable[str],
    components: int | None = None,
    seed: int | None = 0,
) -> pd.DataFrame:
    """Draw pseudo-absences outside the convex hull of the presences in environmental space.

    Parameters
    ----------
    candidates : DataFrame or Dataset
        Cells to draw from.
    presences : DataFrame
        The variables at the presences.
    n : int, optional
        How many; as many as there are presences by default.
    variables : iterable of str
    components : int, optional
        Take the hull of that many principal components of the standardised presences instead of the
        variables. By default of the first 4 when there are more than 4 variables: a hull in many
        dimensions is slow, and holds few candidates.
    seed : int or None, default 0

    Returns
    -------
    DataFrame

    Raises
    ------
    NicheError
        No candidate qualifies, a variable is missing, its unit does not fit the presences', or the
        presences span no hull: too few of them, or variables that are constant or collinear.

    References
    ----------
    Schickele, A. et al. (2020). Modelling European small pelagic fish distribution: methodological
    insights. Ecological Modelling 416, 108902. doi:10.1016/j.ecolmodel.2019.108902

    Examples
    --------
    >>> cells = pd.DataFrame({"lat": range(5), "lon": 0.0, "sst": [9.0, 11, 12, 13, 20]})
    >>> convex_hull(cells, cells.iloc[1:4], n=2, variables=["sst"])["sst"].tolist()
    [9.0, 20.0]
    """
    names = columns_of(presences, variables)
    known = _complete(presences, names)
    outside = outside_hull(known, names, components)
    cells = cells_of(candidates)
    outside_there = cells.where(outside, names, told_units(presences, names))
    return _drawn(cells, cells.known() & outside_there, n, presences, seed)


def background(candidates, n: int = 10_000, *, weights=None, seed: int | None = 0) -> pd.DataFrame:
    """Draw background cells, anywhere, presences included, in the units of the candidates.

    Parameters
    ----------
    candidates : DataFrame or Dataset
        Cells to draw from.
    n : int, default 10 000
    weights : str, array or DataArray, optional
        How likely a cell is drawn, 0 or more: a column or variable of the candidates, numbers by row, or a
        field on the grid. The sampling effort makes the background as biased as the presences; the area of
        the cells makes it even over the sphere. Missing counts as 0.
    seed : int or None, default 0

    Returns
    -------
    DataFrame

    Raises
    ------
    NicheError
        No candidate qualifies, or a weight is negative.

    Examples
    --------
    >>> cells = pd.DataFrame({"lat": [47.0, 48.0], "lon": -5.0, "sst": [13.0, 12.0], "effort": [0.0, 2.0]})
    >>> background(cells, 1, weights="effort")["sst"].tolist()
    [12.0]
    """
    cells = cells_of(candidates)
    return _drawn(cells, cells.known(), n, None, seed, None if weights is None else cells.weights(weights))


def sampling_effort(candidates, records: pd.DataFrame, *, width_km: float = 100.0):
    """Density of records around each candidate, for the weights of `background`.

    Parameters
    ----------
    candidates : DataFrame or Dataset
        Columns, or coordinates, `lat` and `lon`, in degrees.
    records : DataFrame
        Everything that was sampled the same way as the presences (the target group), with `lat` and `lon`.
    width_km : float, default 100
        Standard deviation of the normal kernel on the sphere.

    Returns
    -------
    ndarray, shape (n candidates,), or DataArray on the latitudes and longitudes of a grid
        Mean kernel over the records, 0..1; NaN without a position.

    Raises
    ------
    NicheError
        A column is missing, no record has a position, or `width_km` is not above 0.

    References
    ----------
    Phillips, S.J. et al. (2009). Sample selection bias and presence-only distribution models.
    Ecological Applications 19, 181-197. doi:10.1890/07-2153.1

    Examples
    --------
    >>> cells = pd.DataFrame({"lat": [48.0, 60.0], "lon": [-5.0, -5.0]})
    >>> sampling_effort(cells, cells.iloc[:1]).round(2).tolist()
    [1.0, 0.0]
    """
    if not width_km > 0:
        raise NicheError(
            tr("evaluation.bad_parameter", name="width_km", value=width_km),
            tr("evaluation.bad_parameter_hint", allowed="> 0"),
        )
    sampled = unit_vectors(*_seen(records))
    if isinstance(candidates, xr.Dataset):
        lat, lon = xr.broadcast(axis_of(candidates, "lat"), axis_of(candidates, "lon"))
        density = _density(unit_vectors(lat.values.ravel(), lon.values.ravel()), sampled, width_km)
        return lat.copy(data=density.reshape(lat.shape)).rename("sampling_effort").drop_attrs()
    return _density(unit_vectors(*positions(candidates)), sampled, width_km)


def _density(here: np.ndarray, sampled: np.ndarray, width_km: float) -> np.ndarray:
    out = np.empty(len(here))
    for start in range(0, len(here), step := max(1, _BLOCK // len(sampled))):
        part = slice(start, start + step)
        away = arc_km(np.sqrt(np.maximum(2 - 2 * here[part] @ sampled.T, 0)))
        out[part] = np.exp(-0.5 * (away / width_km) ** 2).mean(axis=1)
    return out


def _seen(presences: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    lat, lon = positions(presences)
    known = np.isfinite(lat) & np.isfinite(lon)
    if not known.any():
        raise NicheError(tr("evaluation.no_presence"), tr("evaluation.no_presence_hint"))
    return lat[known], lon[known]


def _complete(presences: pd.DataFrame, names: list[str]) -> np.ndarray:
    values = known_rows(presences, names)
    values = values[np.isfinite(values).all(axis=1)]
    if not len(values):
        raise NicheError(tr("evaluation.no_presence"), tr("evaluation.no_presence_hint"))
    return values


def _drawn(cells, mask, n, presences, seed, weights=None) -> pd.DataFrame:
    n = len(presences) if n is None else n
    if not isinstance(n, int | np.integer) or n < 1:
        raise NicheError(
            tr("evaluation.bad_parameter", name="n", value=n),
            tr("evaluation.bad_parameter_hint", allowed=">= 1"),
        )
    qualify = cells.flat(mask)
    if weights is not None:
        if (weights < 0).any():
            raise NicheError(
                tr("evaluation.negative_weight", value=float(np.nanmin(weights))),
                tr("evaluation.weights_hint"),
            )
        weights = np.where(np.isfinite(weights), weights, 0.0)
        qualify = qualify & (weights > 0)
    rows = np.flatnonzero(qualify)
    if not len(rows):
        raise NicheError(tr("evaluation.none_qualifies", total=len(qualify)), tr("evaluation.none_hint"))
    if len(rows) < n:
        warnings.warn(tr("evaluation.few_qualify", n=n, found=len(rows)), stacklevel=3)
        n = len(rows)
    share = None if weights is None else weights[rows] / weights[rows].sum()
    drawn = cells.take(np.sort(np.random.default_rng(seed).choice(rows, n, replace=False, p=share)))
    return drawn if presences is None else _in_units_of(presences, drawn)


def _in_units_of(presences: pd.DataFrame, drawn: pd.DataFrame) -> pd.DataFrame:
    """What was drawn, its variables in the units of the presences where both are told."""
    variables = [n for n in drawn.select_dtypes("number").columns if n not in ("lat", "lon")]
    told, wanted = told_units(drawn, variables), told_units(presences, variables)
    shared = {n: wanted[n] for n in told if n in wanted}
    if shared:
        drawn = drawn.assign(**{n: in_unit(drawn[n].to_numpy(), n, told[n], u) for n, u in shared.items()})
        drawn.attrs["units"] = {**drawn.attrs["units"], **shared}
    return drawn
