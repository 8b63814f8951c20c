"""Rows that repeat or crowd each other, in space, time or environment."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from scipy.spatial import KDTree

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.prepare.prepared import Prepared, parted, unknown_in
from odatis_vre.niche.rows import classes, columns_of, known_rows, places, spans
from odatis_vre.niche.sphere import chord, positions, unit_vectors


def duplicates(
    table: pd.DataFrame, *, cell=None, time: str | None = None, by: Iterable[str] = ()
) -> Prepared:
    """Keep the first of the rows at the same place and time.

    Parameters
    ----------
    table : DataFrame, n rows
        Columns `lat` and `lon` in degrees, and `time` if the records are dated.
    cell : float, mapping or grid, optional
        Rows in the same cell are at the same place: its side in degrees (one number, or {"lat": .., "lon":
        ..}; cells start at -90 and -180), or a Dataset whose cells have their centres in its coordinates.
        Without it, and off the grid (farther than half its spacing from a centre), the same latitude and
        longitude.
    time : str, optional
        Rows in the same period are at the same time: a pandas period ("D", "M", "Q", "Y"), or "ever" to
        ignore the time. Without it, the same instant.
    by : iterable of str
        Further columns that must be equal ("species", "depth").

    Returns
    -------
    Prepared
        Rows without a position, or without a time where there is one, are dropped as well.

    Raises
    ------
    NicheError
        A column is missing, or `cell` or `time` cannot be read.

    Examples
    --------
    >>> seen = pd.DataFrame({"lat": [48.1, 48.2, 49.1], "lon": [-5.1, -5.2, -5.1]})
    >>> duplicates(seen, cell=1.0).kept.index.tolist()
    [0, 2]
    """
    reasons = np.full(len(table), None, dtype=object)
    keys = places(table, cell, reasons)
    if time == "ever":
        pass
    elif time is not None or "time" in table.columns:
        keys.append(spans(table, time, reasons))
    keys += [pd.factorize(table[c], use_na_sentinel=False)[0] for c in columns_of(table, by)]
    known = np.flatnonzero(pd.isna(reasons))
    _, first, group = np.unique(np.column_stack(keys)[known], axis=0, return_index=True, return_inverse=True)
    owner = known[first[group.ravel()]]
    for row in np.flatnonzero(owner != known):
        reasons[known[row]] = tr("evaluation.same_place", row=table.index[owner[row]])
    return parted(table, "duplicates", reasons)


def environmental_filter(
    table: pd.DataFrame,
    variables: Iterable[str],
    bins: int | Mapping[str, float] = 25,
    *,
    most: int = 1,
    seed: int | None = 0,
) -> Prepared:
    """Even out the sampling in environmental space: at most `most` rows per combination of classes.

    Parameters
    ----------
    table : DataFrame, n rows
    variables : iterable of str
        Numeric columns.
    bins : int or mapping, default 25
        Number of classes of each variable between its extremes, or their width by variable, in its unit.
    most : int, default 1
        Rows kept of each combination of classes, drawn at random.
    seed : int or None, default 0

    Returns
    -------
    Prepared
        Rows with an unknown variable are dropped as well.

    Raises
    ------
    NicheError
        A column is missing or holds no numbers, or `bins` or `most` is not above 0.

    References
    ----------
    Varela, S. et al. (2014). Environmental filters reduce the effects of sampling bias and improve
    predictions of ecological niche models. Ecography 37, 1084-1091. doi:10.1111/j.1600-0587.2013.00441.x
    Schickele, A. et al. (2020). Modelling European small pelagic fish distribution: methodological
    insights. Ecological Modelling 416, 108902. doi:10.1016/j.ecolmodel.2019.108902

    Examples
    --------
    >>> seen = pd.DataFrame({"sst": [12.0, 12.1, 12.2, 18.0]})
    >>> len(environmental_filter(seen, ["sst"], bins={"sst": 0.5}).kept)
    2
    """
    names = columns_of(table, variables)
    reasons = np.full(len(table), None, dtype=object)
    unknown_in(table, names, reasons)
    rows = np.flatnonzero(pd.isna(reasons))
    if not isinstance(most, int | np.integer) or most < 1:
        raise NicheError(
            tr("evaluation.bad_parameter", name="most", value=most),
            tr("evaluation.bad_parameter_hint", allowed=">= 1"),
        )
    if len(rows):
        index = classes(known_rows(table, names)[rows], names, bins)
        drawn = np.random.default_rng(seed).permutation(len(rows))
        _, group = np.unique(index[drawn], axis=0, return_inverse=True)
        rank = pd.Series(drawn).groupby(group.ravel()).cumcount().to_numpy()
        reasons[rows[drawn[rank >= most]]] = tr("evaluation.full_class", most=most)
    return parted(table, "environmental_filter", reasons)


def thin(
    table: pd.DataFrame,
    *,
    distance_km: float | None = None,
    cell=None,
    days: float | None = None,
    time: str | None = None,
    seed: int | None = 0,
) -> Prepared:
    """Thin crowded records: none within a distance of another one, or one per cell.

    By distance, the records with the fewest neighbours are kept first (ties at random), so that many stay;
    none is dropped that is not within the distance of one that is kept.

    Parameters
    ----------
    table : DataFrame, n rows
        Columns `lat` and `lon` in degrees, and `time` where it is asked for.
    distance_km : float, optional
        Least distance on the sphere between two records. Give this or `cell`.
    cell : float, mapping or grid, optional
        One record per cell, drawn at random: as in `duplicates`.
    days : float, optional
        With `distance_km`: records that many days or more apart do not crowd each other.
    time : str, optional
        With `cell`: one record per cell and period ("D", "M", "Q", "Y").
    seed : int or None, default 0

    Returns
    -------
    Prepared
        The reason names the record that is kept instead. Rows without a position (or a time, where it
        counts) are dropped as well.

    Raises
    ------
    NicheError
        A column is missing, both or neither of `distance_km` and `cell`, or a value below 0.

    Examples
    --------
    >>> seen = pd.DataFrame({"lat": [48.0, 48.05, 49.0], "lon": [-5.0, -5.0, -5.0]})
    >>> len(thin(seen, distance_km=20).kept)
    2
    """
    if (distance_km is None) == (cell is None):
        raise NicheError(tr("evaluation.distance_or_cell"), tr("evaluation.distance_or_cell_hint"))
    reasons = np.full(len(table), None, dtype=object)
    if cell is not None:
        _one_per_cell(table, cell, time, seed, reasons)
        return parted(table, "thin", reasons)
    for name, value in (("distance_km", distance_km), ("days", days)):
        if value is not None and not 0 < value < np.inf:
            raise NicheError(
                tr("evaluation.bad_parameter", name=name, value=value),
                tr("evaluation.bad_parameter_hint", allowed="> 0"),
            )
    places(table, None, reasons)
    when = None if days is None else spans(table, None, reasons) / 86_400e9
    rows = np.flatnonzero(pd.isna(reasons))
    lat, lon = (axis[rows] for axis in positions(table))
    owner = _spread(
        unit_vectors(lat, lon), chord(distance_km), None if days is None else when[rows], days, seed
    )
    for i in np.flatnonzero(owner != np.arange(len(rows))):
        reasons[rows[i]] = tr(
            "evaluation.too_near", distance=f"{distance_km:g}", row=table.index[rows[owner[i]]]
        )
    return parted(table, "thin", reasons)


def _one_per_cell(table: pd.DataFrame, cell, time: str | None, seed, reasons: np.ndarray) -> None:
    keys = places(table, cell, reasons)
    if time is not None:
        keys.append(spans(table, time, reasons))
    order = np.random.default_rng(seed).permutation(np.flatnonzero(pd.isna(reasons)))
    _, first, group = np.unique(np.column_stack(keys)[order], axis=0, return_index=True, return_inverse=True)
    owner = order[first[group.ravel()]]
    for row, kept in zip(order, owner, strict=True):
        if row != kept:
            reasons[row] = tr("evaluation.same_cell", row=table.index[kept])


def _spread(points: np.ndarray, radius: float, when, days, seed) -> np.ndarray:
    """For each point the one that is kept in its place: itself, or one within the radius (and the days)."""
    owner = np.full(len(points), -1)
    if not len(points):
        return owner
    tree = KDTree(points)
    crowd = tree.query_ball_point(points, radius, return_length=True)
    order = np.random.default_rng(seed).permutation(len(points))
    for i in order[np.argsort(crowd[order], kind="stable")]:
        if owner[i] >= 0:
            continue
        near = np.array(tree.query_ball_point(points[i], radius))
        if when is not None:
            near = near[np.abs(when[near] - when[i]) < days]
        near = near[owner[near] < 0]
        owner[near] = owner[i] = i
    return owner
