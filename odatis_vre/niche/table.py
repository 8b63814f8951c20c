"""The tables that models are fitted on: numbers, the names of the columns, the levels of factors."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.sparse import issparse

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.factors import as_codes, coded
from odatis_vre.units import UnitsError, canonical, convert

# Practical salinity is written either way, often without its standard name: no factor between them.
_NO_FACTOR = {"1", "1e-3"}
_MOST_NAMED = 8


@dataclass(frozen=True)
class Table:
    """Numbers with column names.

    Attributes
    ----------
    values : ndarray of float64, shape (n samples, p columns)
    names : list of str, length p
    named : bool
        The names come from the caller's table.
    units : dict
        Column name -> unit, for the columns whose unit the caller's table tells (`attrs["units"]`).
    categories : dict
        Column name -> levels of a factor; its values are the positions in that list, as floats.
    """

    values: np.ndarray
    names: list[str]
    named: bool
    units: dict[str, str] = field(default_factory=dict)
    categories: dict[str, list] = field(default_factory=dict)


def read(data, what: str, prefix: str, factors: bool = False, single: bool = False) -> Table:
    """Read a DataFrame, a Series or an array as a table of float64.

    Parameters
    ----------
    data : DataFrame, Series or array, shape (n,) or (n, p)
        NaN marks a missing value.
    what : str
        Locale key under `niche.` of what the table holds, for messages.
    prefix : str
        Names columns that have none: `prefix_1`, `prefix_2` ...
    factors : bool, default False
        A DataFrame's columns of categories, text or booleans are factors; otherwise text is refused.
    single : bool, default False
        Leave a table of float32 as it is, without a copy.

    Returns
    -------
    Table

    Raises
    ------
    NicheError
        No row, no column, text in a column, an infinite value or more than two dimensions.
    """
    what = tr(f"niche.{what}")
    if isinstance(data, pd.Series):
        data = data.to_frame(prefix if data.name is None else data.name)
    named = isinstance(data, pd.DataFrame)
    levels = {}
    if named and factors:
        data, levels = coded(data)
    if named:
        text = [str(c) for c in data.columns if not pd.api.types.is_numeric_dtype(data[c])]
        if text:
            raise NicheError(
                tr("niche.not_numbers", what=what, columns=", ".join(text)), tr("niche.not_numbers_hint")
            )
    values = _floats(data, what, single)
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2 or 0 in values.shape:
        raise NicheError(tr("niche.bad_shape", what=what, shape=values.shape), tr("niche.bad_shape_hint"))
    if np.isinf(values).any():
        raise NicheError(tr("niche.infinite", what=what), tr("niche.infinite_hint"))
    width = values.shape[1]
    if named:
        names = [str(c) for c in data.columns]
    else:
        names = [prefix] if width == 1 else [f"{prefix}_{i}" for i in range(1, width + 1)]
    if len(set(names)) < width:
        twice = sorted({n for n in names if names.count(n) > 1})
        raise NicheError(
            tr("niche.same_name", what=what, columns=", ".join(twice)), tr("niche.same_name_hint")
        )
    return Table(values, names, named, told_units(data, names) if named else {}, levels)


def _array(data, what: str) -> np.ndarray:
    if issparse(data):
        raise NicheError(tr("model.sparse", what=what), tr("model.sparse_hint"))
    try:
        values = np.asarray(data)
    except ValueError as error:
        raise NicheError(tr("niche.bad_shape", what=what, shape="?"), tr("niche.bad_shape_hint")) from error
    if values.dtype.kind == "c":
        raise NicheError(tr("model.complex_numbers", what=what), tr("niche.not_numbers_hint"))
    return values


def _floats(data, what: str, single: bool) -> np.ndarray:
    if not isinstance(data, pd.DataFrame):
        values = _array(data, what)
    elif single and (data.dtypes == np.float32).all():
        values = data.to_numpy()
    else:
        values = data.to_numpy(float, na_value=np.nan)
    if single and values.dtype == np.float32:
        return values
    try:
        return values.astype(float, copy=False)
    except (TypeError, ValueError) as error:
        raise NicheError(
            tr("niche.not_numbers", what=what, columns="?"), tr("niche.not_numbers_hint")
        ) from error


def told_units(data: pd.DataFrame, names: list[str]) -> dict[str, str]:
    """Column -> unit, for those of the columns named whose unit the table tells (`attrs["units"]`)."""
    told = data.attrs.get("units")
    return {n: str(told[n]) for n in names if n in told} if isinstance(told, Mapping) else {}


def in_unit(data, name: str, unit: str | None, wanted: str | None):
    """Values of a variable in the unit a model was fitted in.

    Parameters
    ----------
    data : DataArray or array
    name : str
        The variable, for messages.
    unit, wanted : str or None
        Unit of `data`, and that of the fit. When either is unknown, `data` is taken as it is.

    Returns
    -------
    same type and shape as `data`

    Raises
    ------
    NicheError
        The units do not measure the same thing, or one of them cannot be read.
    """
    # a file may write the unit 1 as a number
    unit, wanted = ("" if told is None else str(told) for told in (unit, wanted))
    if not unit or not wanted or unit == wanted:
        return data
    try:
        if {canonical(unit), canonical(wanted)} <= _NO_FACTOR:
            return data
        return convert(data, wanted, units=unit)
    except UnitsError as error:
        raise NicheError(
            tr("niche.other_units", name=name, unit=unit, fitted=wanted),
            tr("niche.other_units_hint", name=name, fitted=wanted),
        ) from error


def read_like(
    data,
    names: list[str],
    named: bool,
    units: Mapping[str, str],
    categories: Mapping[str, list] | None = None,
    single: bool = False,
) -> np.ndarray:
    """Read the table a fitted model is applied to, its columns in the order of the fit.

    Parameters
    ----------
    data : DataFrame or array, shape (m, p)
    names : list of str, length p
        The columns of the fit.
    named : bool
        The model was fitted on named columns: a DataFrame's columns are taken by name.
    units : mapping
        Column -> unit of the fit, where known: a DataFrame that tells its own is converted.
    categories : mapping, optional
        Column -> levels of a factor of the fit. The column holds levels, never codes; a value that is
        no level gives NaN, and one warning names the columns and the values.
    single : bool, default False
        Leave a table of float32 as it is, without a copy.

    Returns
    -------
    ndarray of float64 (or float32), shape (m, p)

    Raises
    ------
    NicheError
        A column is missing, their number differs from the fit's, or a unit does not fit the fit's.
    """
    if named and isinstance(data, pd.DataFrame):
        columns = {str(c): c for c in data.columns}
        missing = [n for n in names if n not in columns]
        if missing:
            raise NicheError(
                tr("niche.missing_columns", columns=", ".join(missing)),
                tr("niche.missing_columns_hint", columns=", ".join(names)),
            )
        data = data[[columns[n] for n in names]]
    if not hasattr(data, "ndim"):
        data = _array(data, tr("niche.environment"))
    width = data.shape[1] if data.ndim == 2 else 1
    if data.ndim <= 2 and width != len(names):
        raise NicheError(
            tr("niche.other_width", given=width, fitted=len(names)),
            tr("niche.missing_columns_hint", columns=", ".join(names)),
        )
    if data.ndim == 2 and data.shape[0] == 0:
        return np.empty((0, len(names)))
    if categories:
        data, unseen = as_codes(pd.DataFrame(data), names, categories)
        if unseen:
            text = "; ".join(f"{n}: {', '.join(map(str, v[:_MOST_NAMED]))}" for n, v in unseen.items())
            warnings.warn(tr("model.unseen_levels", levels=text), stacklevel=3)
    table = read(data, "environment", "variable", single=single)
    values = table.values
    return in_units(values, names, table.units, units)


def in_units(
    values: np.ndarray, names: list[str], told: Mapping[str, str], wanted: Mapping[str, str]
) -> np.ndarray:
    """Columns, shape (m, p), from the units they are told in to those wanted, as `in_unit` does."""
    if not told:
        return values
    columns = zip(names, values.T, strict=True)
    return np.stack([in_unit(v, n, told.get(n), wanted.get(n)) for n, v in columns], axis=1)
