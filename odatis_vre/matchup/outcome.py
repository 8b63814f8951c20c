"""What became of each observation: its status, the reason in words, and values where there are any."""

import numpy as np
import pandas as pd

from odatis_vre.i18n import tr

# In the order in which they are found out.
STATUS = (
    "matched",
    "no_position",
    "no_time",
    "no_depth",
    "outside_time",
    "outside_depth",
    "outside",
    "dry",
)


def status_words(status: np.ndarray):
    """Status and reason of each observation as texts.

    Parameters
    ----------
    status : ndarray of int, shape (n,)
        Positions in `STATUS`.

    Returns
    -------
    status, reason : pandas array of str, shape (n,)
    """
    reasons = ["" if code == "matched" else tr(f"matchup.reason.{code}") for code in STATUS]
    return tuple(pd.array(list(words), dtype="str").take(status) for words in (STATUS, reasons))


def placed(values: np.ndarray, at: np.ndarray, n: int) -> np.ndarray:
    """Values at some of n places; NaN, or NaT, at the others."""
    if values.dtype.kind == "M":
        out = np.full(n, np.datetime64("NaT"), dtype=values.dtype)
    else:
        out = np.full(n, np.nan, dtype=object if values.dtype.kind == "O" else float)
    out[at] = values
    return out
