"""Gridded variables as sources of blocks: in memory, behind a file, or as a dask graph."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

# A file without chunks is read in pieces of this size.
_PIECE_BYTES = 32e6

Region = tuple[slice, ...]


@dataclass(frozen=True)
class Source:
    """Variables on the same dimensions, cut into the same chunks: they are read together.

    Attributes
    ----------
    variables : dict
        Name -> Variable, all of one shape.
    dims : tuple of str
    bounds : tuple of ndarray of int
        For each dimension, where its chunks begin, and its size.
    kind : {"memory", "file", "dask"}
    """

    variables: dict[str, xr.Variable]
    dims: tuple[str, ...]
    bounds: tuple[np.ndarray, ...]
    kind: str

    @property
    def shape(self) -> tuple[int, ...]:
        """Size along each dimension."""
        return tuple(int(b[-1]) for b in self.bounds)

    @property
    def cell_bytes(self) -> int:
        """Bytes of one cell, all variables together."""
        return sum(v.dtype.itemsize for v in self.variables.values())

    @property
    def nbytes(self) -> int:
        """Bytes of the whole source."""
        return int(np.prod(self.shape, dtype=float)) * self.cell_bytes

    def held(self, region: Region) -> float:
        """Bytes that reading a region takes: whole chunks, as stored, as decoded, and where they go to."""
        cells = 1.0
        for of, edges in zip(region, self.bounds, strict=True):
            first = edges[np.searchsorted(edges, of.start, "right") - 1]
            cells *= edges[np.searchsorted(edges, of.stop)] - first
        return 3 * cells * self.cell_bytes

    def read(self, region: Region) -> list[np.ndarray]:
        """The values of a region, one array per variable, for a source that is no dask graph."""
        return [np.asarray(v[region].values) for v in self.variables.values()]


def sources(ds: xr.Dataset, names: Sequence[str]) -> list[Source]:
    """The variables of a dataset, those that can be read together in one source.

    Parameters
    ----------
    ds : Dataset
    names : sequence of str

    Examples
    --------
    >>> ds = xr.Dataset({"t": ("x", [1.0, 2.0]), "s": ("x", [3.0, 4.0])})
    >>> [list(source.variables) for source in sources(ds, ["t", "s"])]
    [['t', 's']]
    """
    groups: dict[tuple, Source] = {}
    for name in names:
        variable = ds[name].variable
        kind = "dask" if variable.chunks is not None else "memory" if variable._in_memory else "file"
        bounds = tuple(np.r_[0, np.cumsum(c)].astype(np.int64) for c in _chunks(variable, kind))
        key = (variable.dims, kind, tuple(b.tobytes() for b in bounds))
        alike = groups.setdefault(key, Source({}, variable.dims, bounds, kind))
        alike.variables[name] = variable
    return list(groups.values())


def as_dask(source: Source) -> Source:
    """The same source as a dask graph, one task for each chunk."""
    if source.kind == "dask":
        return source
    chunks = {d: tuple(np.diff(b).tolist()) for d, b in zip(source.dims, source.bounds, strict=True)}
    lazy = {name: v.chunk(chunks) for name, v in source.variables.items()}
    return Source(lazy, source.dims, source.bounds, "dask")


def _chunks(variable: xr.Variable, kind: str) -> Sequence[Sequence[int]]:
    if kind == "dask":
        return variable.chunks
    if kind == "memory":
        return [(n,) for n in variable.shape]
    preferred = variable.encoding.get("preferred_chunks")
    if not preferred:
        return _pieces(variable)
    sizes = []
    for dim, n, before in zip(variable.dims, variable.shape, _origin(variable), strict=True):
        chunk = preferred.get(dim, n)
        chunk = int(chunk[0] if isinstance(chunk, tuple) else chunk) or 1
        ends = np.r_[np.arange(chunk - before % chunk, n, chunk), n]
        sizes.append(np.diff(ends, prepend=0).tolist())
    return sizes


def _pieces(variable: xr.Variable) -> list[tuple[int, ...]]:
    """Slabs along the leading dimensions, for a file that tells no chunks."""
    cells = _PIECE_BYTES / variable.dtype.itemsize
    inner = np.cumprod([1, *variable.shape[:0:-1]], dtype=float)[::-1]
    chunks = []
    for n, rest in zip(variable.shape, inner, strict=True):
        step = int(np.clip(cells // rest, 1, max(n, 1)))
        chunks.append(tuple(np.diff(np.r_[np.arange(0, n, step), n]).tolist()) or (0,))
    return chunks


def _origin(variable: xr.Variable) -> list[int]:
    """Where a variable, cut out of a file's array by slices, begins in it.

    Chunks are the file's: without their origin, a chunk at the edge of the cut would be read twice.
    """
    begin = [0] * variable.ndim
    data = variable._data
    while (inner := getattr(data, "array", None)) is not None:
        key = getattr(getattr(data, "key", None), "tuple", None)
        if key is not None:
            cuts = [k for k in key if not isinstance(k, (int, np.integer))]
            if len(cuts) != len(begin) or not all(isinstance(k, slice) for k in cuts):
                return [0] * variable.ndim
            begin = [b + (k.start or 0) for b, k in zip(begin, cuts, strict=True)]
        data = inner
    return begin
