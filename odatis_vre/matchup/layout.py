"""Where the cells of a grid stand in a list that takes one block after the other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

# Cells are marked on a map of all of them as long as it holds no more than this for each cell to mark.
_MAP = 32


@dataclass(frozen=True)
class Layout:
    """A number for each cell: those of a block follow each other, the last dimension runs first.

    Blocks are numbered as if all were as large as the largest: some numbers stand for no cell.

    Attributes
    ----------
    dims : tuple of str
    tables : tuple of ndarray of int, shape (n,)
        What each index along a dimension adds to the number.
    block : tuple of ndarray of int, shape (n,)
        Block of each index along a dimension.
    begin : tuple of ndarray of int, shape (blocks + 1,)
        Where blocks begin, and the size of the grid.
    width : tuple of int
        Size of the largest block along each dimension.
    """

    dims: tuple[str, ...]
    tables: tuple[np.ndarray, ...]
    block: tuple[np.ndarray, ...]
    begin: tuple[np.ndarray, ...]
    width: tuple[int, ...]

    @classmethod
    def of(cls, dims: Sequence[str], bounds: Sequence[np.ndarray]) -> "Layout":
        """The layout of blocks given by their bounds.

        Examples
        --------
        >>> layout = Layout.of(("y", "x"), [np.array([0, 2]), np.array([0, 2, 3])])
        >>> layout.numbers([np.array([[0], [1]]), np.array([0, 1, 2])]).tolist()
        [[0, 1, 4], [2, 3, 6]]
        """
        sizes, width = [len(b) - 1 for b in bounds], [int(np.diff(b).max()) for b in bounds]
        tables, blocks = [], []
        outer, inner = int(np.prod(width)), 1
        for b, count, w in zip(bounds[::-1], sizes[::-1], width[::-1], strict=True):
            block = np.repeat(np.arange(count), np.diff(b))
            tables.append(block * outer + (np.arange(len(block)) - b[block]) * inner)
            blocks.append(block)
            outer, inner = outer * count, inner * w
        return cls(tuple(dims), tuple(tables[::-1]), tuple(blocks[::-1]), tuple(bounds), tuple(width))

    @property
    def volume(self) -> int:
        """Numbers of a block."""
        return int(np.prod(self.width))

    @property
    def count(self) -> int:
        """Number of blocks."""
        return int(np.prod([len(b) - 1 for b in self.begin]))

    def numbers(self, index: Sequence[np.ndarray]) -> np.ndarray:
        """The number of cells, from their indices along each dimension."""
        total = self.tables[0][index[0]]
        for table, k in zip(self.tables[1:], index[1:], strict=True):
            total = total + table[k]
        return total

    def blocks(self, index: Sequence[np.ndarray]) -> np.ndarray:
        """The block of cells, counted along the last dimension first."""
        total = np.zeros(len(index[0]), dtype=np.int64)
        for b, block, k in zip(self.begin, self.block, index, strict=True):
            if len(b) > 2:
                total = total * (len(b) - 1) + block[k]
        return total

    def region(self, block: int) -> tuple[slice, ...]:
        """The part of the grid that a block is."""
        at = np.unravel_index(block, [len(b) - 1 for b in self.begin])
        return tuple(slice(int(b[k]), int(b[k + 1])) for b, k in zip(self.begin, at, strict=True))

    def listed(self, numbers: np.ndarray, block: int) -> "Listed":
        """Cells of a block, from their numbers."""
        corner = tuple(s.start for s in self.region(block))
        return Listed(numbers - block * self.volume, self.width, corner)

    def distinct(self, numbers: Iterable[np.ndarray], count: int) -> np.ndarray:
        """Numbers in ascending order, each once.

        Parameters
        ----------
        numbers : iterable of ndarray of int
        count : int
            How many there are, about.
        """
        size = self.volume * self.count
        if size <= _MAP * count:
            marked = np.zeros(size, dtype=bool)
            for part in numbers:
                marked[part] = True
            return np.flatnonzero(marked)
        found = np.empty(0, dtype=np.int64)
        for part in numbers:
            found = np.sort(np.concatenate([found, part]))
            found = found[np.diff(found, prepend=-1) > 0]
        return found


@dataclass(frozen=True)
class Listed:
    """Some cells of a block.

    Attributes
    ----------
    numbers : ndarray of int, shape (cells,)
        Counted in a block of `width`, the last dimension first.
    width : tuple of int
    corner : tuple of int
        Index of the first cell of the block.
    """

    numbers: np.ndarray
    width: tuple[int, ...]
    corner: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.numbers)

    def index(self, origin: Sequence[int]) -> tuple[np.ndarray, ...]:
        """Indices along each dimension, counted from an origin."""
        inside = np.unravel_index(self.numbers, self.width)
        return tuple(k + (c - o) for k, c, o in zip(inside, self.corner, origin, strict=True))

    def of(self, arrays: Sequence[np.ndarray], origin: tuple[int, ...]) -> list[np.ndarray]:
        """The values of arrays that begin at an origin."""
        if self.corner == origin and all(a.shape == self.width for a in arrays):
            return [a.reshape(-1).take(self.numbers) for a in arrays]
        at = self.index(origin)
        return [a[at] for a in arrays]
