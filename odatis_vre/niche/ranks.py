"""How many of a fixed set of numbers lie above a value: many values at once."""

import numpy as np

_CELLS = 1 << 15


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
        held = np.bincount(self._cell(self._sorted), minlength=_CELLS + 1)
        self._above = (len(numbers) - (np.cumsum(held) - held)).astype(np.int32)
        self._searched = held > 0

    def _cell(self, values: np.ndarray) -> np.ndarray:
        return np.minimum(values * self._scale, _CELLS).astype(np.int32)

    def above(self, values: np.ndarray) -> np.ndarray:
        """Count of numbers strictly above each value.

        Parameters
        ----------
        values : ndarray, shape (m,)
            0 or more, without NaN.

        Returns
        -------
        ndarray of int32, shape (m,)
        """
        cell = self._cell(values)
        out = self._above.take(cell)
        rows = np.flatnonzero(self._searched.take(cell))
        out[rows] = len(self._sorted) - np.searchsorted(self._sorted, values[rows], side="right")
        return out
