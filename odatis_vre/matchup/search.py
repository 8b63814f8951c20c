"""A search for the nearest wet cell: arrays in, arrays out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from odatis_vre.matchup.layout import Layout
from odatis_vre.matchup.pieces import Frame
from odatis_vre.matchup.rectangles import BATCH

# Values of all variables at cells: (owner, i, j) -> one array per variable.
Lookup = Callable[[np.ndarray | slice, np.ndarray, np.ndarray], list[np.ndarray]]


@dataclass(frozen=True)
class Search:
    """Observations, and where their nearest wet cell is sought.

    Attributes
    ----------
    hood : Rectangles or Surroundings
        The cells within the tolerance of each of m observations.
    place : tuple of str
        The two dimensions of the grid that `hood` counts cells along.
    steps : dict of ndarray of int, shape (m,)
        Index along the other dimensions.
    i, j : ndarray of int, shape (m,)
        The nearest cell, wet or dry.
    distance : ndarray, shape (m,)
        Kilometres to it.
    """

    hood: object
    place: tuple[str, str]
    steps: dict[str, np.ndarray]
    i: np.ndarray
    j: np.ndarray
    distance: np.ndarray

    def __len__(self) -> int:
        return len(self.i)

    def of(self, which: np.ndarray | slice) -> "Search":
        """The search for some of the observations."""
        steps = {d: s[which] for d, s in self.steps.items()}
        found = (a[which] for a in (self.i, self.j, self.distance))
        return Search(self.hood.of(which), self.place, steps, *found)

    def index(self, dims: Sequence[str], owner, i, j) -> tuple[np.ndarray, ...]:
        """Indices of cells along dimensions."""
        at = {self.place[0]: i, self.place[1]: j}
        return tuple(at[d] if d in at else self.steps[d][owner] for d in dims)

    def frame(self) -> tuple[Frame, bool]:
        """Windows of the grid that hold the cells, and whether they hold no others."""
        spans = self.hood.spans()
        (i, rows), (j, columns) = spans.rows, spans.columns
        first = {**self.steps, self.place[0]: i, self.place[1]: j}
        size = {self.place[0]: rows, self.place[1]: columns}
        return Frame(first, size, frozenset([self.place[1]])), spans.exact

    def keys(self, layout: Layout) -> np.ndarray:
        """The numbers of the cells that may be needed, ascending, each once."""
        spans = self.hood.spans()
        if spans.exact:
            count = int((spans.rows[1] * spans.columns[1]).sum())
            return layout.distinct(self._box_keys(layout, spans), count)
        steps = [self.steps[d] for d in layout.dims if d not in self.place]
        sub = self.of(_first_of_each([*self.hood.key(), *steps]))
        places = (layout.numbers(sub.index(layout.dims, *cell)) for cell in sub.hood.places())
        return layout.distinct(places, sub.hood.count())

    def _box_keys(self, layout: Layout, spans) -> Iterator[np.ndarray]:
        """The same as they come: those of all rectangles of one size together."""
        (row, rows), (column, columns) = spans.rows, spans.columns
        table = dict(zip(layout.dims, layout.tables, strict=True))
        down, right = (table[d] for d in self.place)
        step = np.zeros(len(self), dtype=np.int64)
        for d, k in self.steps.items():
            if d in table:
                step += table[d][k]
        size = rows * (len(right) + 1) + columns
        for kind in np.unique(size):
            height, width = divmod(int(kind), len(right) + 1)
            if not height * width:
                continue
            members = np.flatnonzero(size == kind)
            at_once = max(1, BATCH // (height * width))
            for begin in range(0, len(members), at_once):
                of = members[begin : begin + at_once]
                i = (row[of, None] + np.arange(height)) % len(down)
                j = (column[of, None] + np.arange(width)) % len(right)
                edge = step[of, None] + down[i]
                yield (edge[:, :, None] + right[j][:, None, :]).ravel()

    def nearest_wet(self, values: Lookup, elsewhere: np.ndarray | None = None) -> "Found":
        """The nearest cell where it is wet, else the nearest wet one within the tolerance.

        Parameters
        ----------
        values : callable
        elsewhere : ndarray of bool, shape (m,), optional
            Observations for which the values tell the nearest cell only: none is found where it is dry.
        """
        i, j, distance = self.i.copy(), self.j.copy(), self.distance.copy()
        at_best = [np.array(v, dtype=float) for v in values(slice(None), i, j)]
        dry = np.flatnonzero(~_all_known(at_best))
        i[dry], j[dry], distance[dry] = -1, -1, np.nan
        for kept in at_best:
            kept[dry] = np.nan
        dry = dry if elsewhere is None else dry[~elsewhere[dry]]
        for owner, row, column, away in self.hood.of(dry).cells():
            wet = np.flatnonzero(_all_known(values(dry[owner], row, column)))
            if not len(wet):
                continue
            owner, away = owner[wet], away[wet]
            begin = np.flatnonzero(np.diff(owner, prepend=-1))
            best = np.minimum.reduceat(away, begin)
            winner = np.flatnonzero(away == np.repeat(best, np.diff(np.r_[begin, len(owner)])))
            winner = winner[np.diff(owner[winner], prepend=-1) != 0]
            mine = dry[owner[winner]]
            i[mine], j[mine], distance[mine] = row[wet[winner]], column[wet[winner]], away[winner]
        wetted = dry[i[dry] >= 0]
        for kept, found in zip(at_best, values(wetted, i[wetted], j[wetted]), strict=True):
            kept[wetted] = found
        return Found(i, j, distance, at_best)


@dataclass(frozen=True)
class Found:
    """Nearest wet cells: indices (-1 where none), kilometres, and the values of each variable."""

    i: np.ndarray
    j: np.ndarray
    distance: np.ndarray
    values: list[np.ndarray]

    @classmethod
    def none(cls, m: int, variables: int) -> "Found":
        """Nothing found yet for m observations."""
        index = np.full((2, m), -1)
        return cls(index[0], index[1], np.full(m, np.nan), [np.full(m, np.nan) for _ in range(variables)])

    @classmethod
    def unseen(cls, search: Search, variables: int) -> "Found":
        """The nearest cells, as if they were wet; room for their values."""
        cells = (a.copy() for a in (search.i, search.j, search.distance))
        return cls(*cells, [np.empty(len(search)) for _ in range(variables)])

    def of(self, which: np.ndarray) -> "Found":
        """What was found for some of the observations."""
        parts = (a[which] for a in (self.i, self.j, self.distance))
        return Found(*parts, [v[which] for v in self.values])

    def put(self, which: np.ndarray, other: "Found") -> None:
        """Write what was found for some of the observations."""
        self.i[which], self.j[which], self.distance[which] = other.i, other.j, other.distance
        for mine, theirs in zip(self.values, other.values, strict=True):
            mine[which] = theirs


def _all_known(values: list[np.ndarray]) -> np.ndarray:
    return np.logical_and.reduce([np.isfinite(v) for v in values])


def _first_of_each(columns: Sequence[np.ndarray]) -> np.ndarray:
    """One of the rows of each kind."""
    order = np.lexsort(columns)
    new = np.zeros(len(order), dtype=bool)
    new[:1] = True
    for column in columns:
        new[1:] |= column[order[1:]] != column[order[:-1]]
    return order[new]


def relative(index: Sequence[np.ndarray], origin: Sequence[int]) -> tuple[np.ndarray, ...]:
    """Indices on the grid as indices in a block."""
    return tuple(k - o if o else k for k, o in zip(index, origin, strict=True))
