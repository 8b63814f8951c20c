"""Categorical variables (factors): their levels, and the codes that stand for them in a table."""

import numpy as np
import pandas as pd

_NUMBERS = ("floating", "integer", "mixed-integer-float", "decimal", "empty")
_LEVELS = ("string", "boolean", "mixed", "mixed-integer", "categorical")


def is_factor(column: pd.Series) -> bool:
    """Whether a column holds categories, text or booleans.

    Parameters
    ----------
    column : Series
        One of objects is a factor unless all of them are numbers, dates or something else with an order
        of its own.
    """
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype) or pd.api.types.is_bool_dtype(kind):
        return True
    if not (pd.api.types.is_string_dtype(kind) or pd.api.types.is_object_dtype(kind)):
        return False
    return pd.api.types.infer_dtype(column) in _LEVELS


def as_numbers(column: pd.Series) -> pd.Series:
    """A column of objects that are all numbers, as float64; any other column as it is."""
    if column.dtype == object and pd.api.types.infer_dtype(column) in _NUMBERS:
        return column.astype(float)
    return column


def coded(data: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, list]]:
    """A table with its factors as codes, and their levels.

    Parameters
    ----------
    data : DataFrame, shape (n, p)

    Returns
    -------
    DataFrame, shape (n, p)
        A factor's values are positions in its list of levels, as floats; NaN where missing.
    dict
        Column -> levels that occur: categories in their own order, others sorted.

    Examples
    --------
    >>> table, levels = coded(pd.DataFrame({"bottom": ["sand", "mud", "sand"]}))
    >>> table["bottom"].tolist(), levels
    ([1.0, 0.0, 1.0], {'bottom': ['mud', 'sand']})
    """
    columns, levels = {}, {}
    for position, name in enumerate(data.columns):
        column = data.iloc[:, position]
        if not is_factor(column):
            columns[position] = as_numbers(column)
            continue
        try:
            codes, found = pd.factorize(column)
        except TypeError:  # lists or other things that are no level: refused where numbers are read
            columns[position] = column
            continue
        if isinstance(column.dtype, pd.CategoricalDtype):
            order = np.argsort(column.dtype.categories.get_indexer(found))
            found = _plain(found)
        else:
            found = _plain(found)
            order = sorted(range(len(found)), key=lambda i: (type(found[i]).__name__, found[i]))
        rank = np.full(len(found) + 1, np.nan)
        rank[order] = np.arange(len(found))
        columns[position] = rank[codes]
        levels[str(name)] = [found[i] for i in order]
    return (_like(data, columns), levels) if levels else (data, {})


def as_codes(frame: pd.DataFrame, names: list[str], categories: dict) -> tuple[pd.DataFrame, dict[str, list]]:
    """A table with the codes that its factors had in another table.

    Parameters
    ----------
    frame : DataFrame, shape (m, p)
        Holds levels, never codes.
    names : list of str, length p
        The columns, in the order of `frame`.
    categories : mapping
        Column -> levels.

    Returns
    -------
    DataFrame, shape (m, p)
        NaN where a value is missing or is none of the levels.
    dict
        Column -> values that are none of the levels.

    Examples
    --------
    >>> as_codes(pd.DataFrame({"bottom": ["mud", "rock"]}), ["bottom"], {"bottom": ["mud", "sand"]})
    (   bottom
    0     0.0
    1     NaN, {'bottom': ['rock']})
    """
    columns, unseen = {}, {}
    for position, name in enumerate(names):
        column = frame.iloc[:, position]
        if name not in categories:
            columns[position] = as_numbers(column)
            continue
        place = {level: float(i) for i, level in enumerate(categories[name])}
        codes, found = pd.factorize(column)
        found = _plain(found)
        columns[position] = np.array([place.get(v, np.nan) for v in found] + [np.nan])[codes]
        if other := [v for v in found if v not in place]:
            unseen[name] = other
    return _like(frame, columns), unseen


def occurring(
    values: np.ndarray, names: list[str], categories: dict[str, list]
) -> tuple[np.ndarray, dict[str, list]]:
    """Codes and levels without the levels that no row has.

    Parameters
    ----------
    values : ndarray, shape (n, p)
        Without NaN.
    names : list of str, length p
    categories : mapping
        Column -> levels.

    Returns
    -------
    ndarray, shape (n, p)
    dict
        Column -> levels that occur.
    """
    values, kept = values.copy(), {}
    for name, levels in categories.items():
        column = values[:, names.index(name)]
        present, column[:] = np.unique(column, return_inverse=True)
        kept[name] = [levels[int(code)] for code in present]
    return values, kept


def _plain(levels) -> list:
    return [v.item() if isinstance(v, np.generic) else v for v in levels]


def _like(frame: pd.DataFrame, columns: dict) -> pd.DataFrame:
    out = pd.DataFrame(columns, index=frame.index)
    out.columns = frame.columns
    out.attrs = frame.attrs
    return out
