"""Windows cut at the bounds of blocks: which part of which window lies in which block."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

_PLACES = ("start", "length", "offset")


@dataclass(frozen=True)
class Cut:
    """The parts of m windows along one dimension, in the order of the windows.

    Attributes
    ----------
    count : ndarray of int, shape (m,)
        Number of parts of each window; none where it lies outside the grid.
    block, start, length : ndarray of int, shape (parts,)
        Block, first index on the grid, and length of each part.
    offset : ndarray of int, shape (parts,)
        Where the part begins in its window.
    """

    count: np.ndarray
    block: np.ndarray
    start: np.ndarray
    length: np.ndarray
    offset: np.ndarray


def cut(first: np.ndarray, size: int | np.ndarray, bounds: np.ndarray, cyclic: bool = False) -> Cut:
    """Cut windows along one dimension.

    Parameters
    ----------
    first : ndarray of int, shape (m,)
        First index of each window; may be below 0.
    size : int or ndarray of int, shape (m,)
    bounds : ndarray of int, shape (blocks + 1,)
        Where blocks begin, and the size of the grid.
    cyclic : bool
        The grid closes on itself: index -1 is its last, as longitudes do on a global grid.

    Examples
    --------
    >>> parts = cut(np.array([-1, 3]), 3, np.array([0, 4, 8]))
    >>> parts.count.tolist(), parts.start.tolist(), parts.length.tolist(), parts.offset.tolist()
    ([1, 2], [0, 3, 4], [2, 1, 2], [1, 0, 1])
    """
    n = int(bounds[-1])
    last = first + size
    turns = [0]
    if cyclic and len(first):
        turns = [t for t in (-n, 0, n) if first.min() + t < n and last.max() + t > 0]
    cuts = [_cut_once(first, last, bounds, turn) for turn in turns]
    if len(cuts) == 1:
        return cuts[0][1]
    owner = np.concatenate([owner for owner, _ in cuts])
    order = np.argsort(owner, kind="stable")
    joined = [np.concatenate([getattr(c, f) for _, c in cuts])[order] for f in ("block", *_PLACES)]
    return Cut(np.sum([c.count for _, c in cuts], axis=0), *joined)


def _cut_once(first, last, bounds, turn) -> tuple[np.ndarray, Cut]:
    low = np.clip(first + turn, 0, bounds[-1])
    high = np.clip(last + turn, 0, bounds[-1])
    begin = np.searchsorted(bounds, low, side="right") - 1
    end = np.searchsorted(bounds, high, side="left")
    count = np.where(high > low, end - begin, 0)
    owner, nth = repeated(count)
    block = begin[owner] + nth
    start = np.maximum(low[owner], bounds[block])
    length = np.minimum(high[owner], bounds[block + 1]) - start
    return owner, Cut(count, block, start, length, start - turn - first[owner])


def repeated(count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each index as often as `count` says, and the number of each repetition.

    Examples
    --------
    >>> [a.tolist() for a in repeated(np.array([2, 0, 1]))]
    [[0, 0, 2], [0, 1, 0]]
    """
    owner = np.repeat(np.arange(len(count)), count)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)


@dataclass(frozen=True)
class Pieces:
    """The parts of windows in all dimensions, those of one block together, alike ones together.

    Attributes
    ----------
    window : ndarray of int, shape (pieces,)
        Which window each piece belongs to.
    start, length, offset : ndarray of int, shape (dimensions, pieces)
    block_number : ndarray of int, shape (blocks touched,)
        Which blocks these are, counted along the last dimension first.
    block_at : ndarray of int, shape (blocks touched + 1,)
        Where the pieces of each block begin.
    alike_at : ndarray of int
        Where a piece differs in block, length or offset from the one before it.
    """

    window: np.ndarray
    start: np.ndarray
    length: np.ndarray
    offset: np.ndarray
    block_number: np.ndarray
    block_at: np.ndarray
    alike_at: np.ndarray

    @property
    def blocks(self) -> int:
        """Number of blocks touched."""
        return len(self.block_at) - 1

    def region(self, block: int) -> tuple[slice, ...]:
        """The smallest part of the grid that holds the pieces of a block."""
        of = slice(self.block_at[block], self.block_at[block + 1])
        low = self.start[:, of].min(axis=1)
        high = (self.start[:, of] + self.length[:, of]).max(axis=1)
        return tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))

    def alike(self, block: int) -> list[slice]:
        """The pieces of a block, in groups of equal length and offset."""
        begin, end = self.block_at[block], self.block_at[block + 1]
        inner = self.alike_at[np.searchsorted(self.alike_at, begin) : np.searchsorted(self.alike_at, end)]
        return [slice(int(a), int(b)) for a, b in zip(inner, [*inner[1:], end], strict=True)]


def pieces(cuts: Sequence[Cut], bounds: Sequence[np.ndarray]) -> Pieces:
    """Combine the cuts of all dimensions: a piece for each combination of a window's parts.

    Parameters
    ----------
    cuts : sequence of Cut
        One for each dimension, all of the same windows.
    bounds : sequence of ndarray of int
        The bounds of blocks they were cut at.
    """
    window, chosen = np.arange(len(cuts[0].count)), []
    for parts in cuts:
        owner, nth = repeated(parts.count[window])
        first = np.cumsum(parts.count) - parts.count
        window = window[owner]
        chosen = [*(c[owner] for c in chosen), first[window] + nth]
    block = np.zeros(len(window), dtype=np.int64)
    form = np.zeros(len(window), dtype=np.int64)
    forms = 1
    for parts, at, edge in zip(cuts, chosen, bounds, strict=True):
        block = block * (len(edge) - 1) + parts.block[at]
        span = int(parts.length.max(initial=0)) + 1
        reach = int(parts.offset.max(initial=0)) + 1
        if span * reach > 2:  # else the parts of this dimension are all alike
            form = (form * span + parts.length[at]) * reach + parts.offset[at]
            forms *= span * reach
    order = _order(block, form, forms)
    block, form = block[order], form[order]
    new_block = np.flatnonzero(np.diff(block, prepend=-1))
    new_form = np.flatnonzero((np.diff(block, prepend=-1) != 0) | (np.diff(form, prepend=-1) != 0))
    taken = [[getattr(c, f)[at][order] for c, at in zip(cuts, chosen, strict=True)] for f in _PLACES]
    return Pieces(
        window[order], *map(np.stack, taken), block[new_block], np.r_[new_block, len(order)], new_form
    )


def _order(block: np.ndarray, form: np.ndarray, forms: int) -> np.ndarray:
    if len(block) and float(block.max()) * forms > 2**62:
        return np.lexsort([form, block])
    key = block * forms + form
    return np.argsort(key, kind="stable") if key.any() else np.arange(len(key))


@dataclass(frozen=True)
class Frame:
    """Where windows lie on a grid.

    Attributes
    ----------
    first : dict of ndarray of int, shape (m,)
        Dimension -> first index of each window; may lie outside the grid.
    size : dict of int, or of ndarray of int, shape (m,)
        Dimension -> size of the windows; 1 where it is not named.
    cyclic : frozenset of str
        Dimensions that close on themselves.
    """

    first: dict[str, np.ndarray]
    size: dict[str, int | np.ndarray]
    cyclic: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(next(iter(self.first.values())))

    def shape(self, dims: Sequence[str]) -> tuple[int, ...]:
        """Shape of all windows, where they have one."""
        return tuple(self.size.get(d, 1) for d in dims)

    def cuts(self, dims: Sequence[str], bounds: Sequence[np.ndarray]) -> Pieces:
        """The windows cut at the bounds of blocks."""
        parts = [
            cut(self.first[d], self.size.get(d, 1), b, d in self.cyclic)
            for d, b in zip(dims, bounds, strict=True)
        ]
        return pieces(parts, bounds)

    def touched(self, dims: Sequence[str], bounds: Sequence[np.ndarray]) -> np.ndarray:
        """The blocks that hold some of the windows' cells, shape (dimensions, blocks), in ascending order."""
        sizes = [len(b) - 1 for b in bounds]
        kind = np.zeros(len(self), dtype=np.int64)
        for d, b, blocks in zip(dims, bounds, sizes, strict=True):
            n, first, size = int(b[-1]), self.first[d], self.size.get(d, 1)
            block = np.repeat(np.arange(blocks), np.diff(b))
            ends = [first] if isinstance(size, int) and size == 1 else [first, first + size - 1]
            for end in ends:
                kind = kind * blocks + block[end % n if d in self.cyclic else end.clip(0, n - 1)]
        # Windows from and to the same blocks touch the same blocks: one of each kind is enough.
        few = self.of(np.flatnonzero(~pd.Series(kind).duplicated().to_numpy()))
        return np.stack(np.unravel_index(few.cuts(dims, bounds).block_number, sizes))

    def of(self, which: np.ndarray | slice) -> "Frame":
        """Some of the windows."""
        size = {d: s if isinstance(s, int) else s[which] for d, s in self.size.items()}
        return Frame({d: f[which] for d, f in self.first.items()}, size, self.cyclic)
