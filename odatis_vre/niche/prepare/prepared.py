"""What a step of the preparation keeps and drops, and the step that asks for known values."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from odatis_vre.i18n import tr
from odatis_vre.niche.rows import columns_of


class Prepared(NamedTuple):
    """What a step, or a chain of steps, kept and dropped.

    Attributes
    ----------
    kept : DataFrame
        Rows in their order, with their index.
    dropped : DataFrame
        The other rows, with two more columns: `step`, the function that dropped it, and `reason`, in words.
    """

    kept: pd.DataFrame
    dropped: pd.DataFrame

    def then(self, step: Callable, *args, **kwargs) -> "Prepared":
        """Apply a further step to the rows kept; what was dropped before stays in the table."""
        kept, dropped = step(self.kept, *args, **kwargs)
        return Prepared(kept, pd.concat([t for t in (self.dropped, dropped) if len(t)] or [dropped]))

    def summary(self) -> pd.Series:
        """How many rows each step dropped, and how many are kept."""
        counts = self.dropped["step"].value_counts(sort=False)
        return pd.concat([counts, pd.Series({"kept": len(self.kept)})]).rename("rows")


def complete(table: pd.DataFrame, variables: Iterable[str]) -> Prepared:
    """Keep the rows where all variables are known.

    Parameters
    ----------
    table : DataFrame, n rows
    variables : iterable of str
        Columns; a missing or infinite value is unknown.

    Returns
    -------
    Prepared

    Raises
    ------
    NicheError
        A column is missing, or `table` is no DataFrame.

    Examples
    --------
    >>> complete(pd.DataFrame({"sst": [12.0, None]}), ["sst"]).dropped["reason"].tolist()
    ['unknown: sst']
    """
    names = columns_of(table, variables)
    reasons = np.full(len(table), None, dtype=object)
    unknown_in(table, names, reasons)
    return parted(table, "complete", reasons)


def parted(table: pd.DataFrame, step: str, reasons: np.ndarray) -> Prepared:
    """Part the rows that have a reason from those that have none (None)."""
    out = np.array([reason is not None for reason in reasons], dtype=bool)
    dropped = table[out].assign(step=step, reason=reasons[out])
    return Prepared(table[~out], dropped)


def unknown_in(table: pd.DataFrame, names: list[str], reasons: np.ndarray) -> None:
    """Give their reason to the rows where a column is missing or infinite."""
    unknown = table[names].isin([np.inf, -np.inf]).to_numpy() | table[names].isna().to_numpy()
    for row in np.flatnonzero(unknown.any(axis=1)):
        reasons[row] = tr("evaluation.unknown_value", columns=", ".join(np.array(names)[unknown[row]]))
