"""How many of a fixed set of numbers lie above a value: many values at once."""

import numpy as np

_CELLS = 1 << 18


class Ranks:
    """Counts above a value, by table look-up.

    The range is cut into equal cells. The count of a cell that holds no number is known; only values
    in the other cells are searched for.

    Parameters
    ----------
    numbers : ndarray, shape (n,)
        0 or more.
    """

    def __init__(self, numbers: np.ndarray):
        self._sorted = np.sort(numbers)
        top = self._sorted[-1]
        self._scale = _CELLS / top if top > 0 else 1.0
        small = np.int16 if len(numbers) < 1 << 15 else np.int32  # stays in a core's cache
        held = np.bincount(self._cell(self._sorted), minlength=_CELLS + 1)
        self._above = (len(numbers) - (np.cumsum(held) - held)).astype(small)
        self._above[held > 0] = -1  # to be searched

    def _cell(self, values: np.ndarray) -> np.ndarray:
        cell = values * self._scale
        return np.minimum(cell, _CELLS, out=cell).astype(np.intp)

    def above(self, values: np.ndarray) -> np.ndarray:
        """Count of numbers strictly above each value.

        Parameters
        ----------
        values : ndarray, shape (m,)
            0 or more, without NaN.

        Returns
        -------
        ndarray of int, shape (m,)
        """
        out = self._above.take(self._cell(values), mode="clip")
        rows = np.flatnonzero(out < 0)
        out[rows] = len(self._sorted) - np.searchsorted(self._sorted, values[rows], side="right")
        return out
