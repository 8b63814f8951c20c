"""Factors for trees: levels in the order of their share of presences."""

import numpy as np

from odatis_vre.niche.table import Table


class LevelOrder:
    """Puts a factor's codes in the order of the levels' share of presences.

    Of all splits of the levels in two, the best one of a 0/1 response is then among the splits of this
    order (Breiman, Friedman, Olshen & Stone 1984).

    Parameters
    ----------
    values : ndarray, shape (n, p)
    presence : ndarray of bool, shape (n,)
    weight : ndarray, shape (n,)
    table : Table
        Tells which columns are factors.
    """

    def __init__(self, values: np.ndarray, presence: np.ndarray, weight: np.ndarray, table: Table):
        self.ranks = {}
        for j, name in enumerate(table.names):
            if name not in table.categories:
                continue
            size = len(table.categories[name])
            codes = values[:, j].astype(int)
            there = np.bincount(codes[presence], weight[presence], size)
            everywhere = np.bincount(codes, weight, size)
            # Levels without a row have no share: they come first, as levels without a presence do.
            order = np.argsort(there / np.maximum(everywhere, np.finfo(float).tiny), kind="stable")
            self.ranks[j] = np.empty(size)
            self.ranks[j][order] = np.arange(size)

    def apply(self, values: np.ndarray) -> np.ndarray:
        """The table with the factors' ranks instead of their codes, shape (m, p)."""
        if not self.ranks:
            return values
        out = values.copy()
        for j, ranks in self.ranks.items():
            out[:, j] = ranks[values[:, j].astype(int)]
        return out
