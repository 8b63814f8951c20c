"""Arrays of remote files: read when computed, wherever that is, with one error that shows no address."""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from dask.base import tokenize
from xarray.backends import BackendArray
from xarray.core import indexing

from odatis_vre.catalog.access import throughput
from odatis_vre.catalog.access.failures import reason
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["remote_dataset"]

_LARGEST = 64 * 2**20


class _RemoteArray(BackendArray):
    """A variable of an opened file; the file opens itself again where it is read."""

    def __init__(self, inner: xr.Variable, entry: str, host: str):
        self.inner, self.entry, self.host = inner, entry, host
        self.shape, self.dtype = inner.shape, inner.dtype

    def __getitem__(self, key):
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._read)

    def _read(self, key: tuple):
        started = time.perf_counter()
        try:
            values = self.inner[key].values
        except Exception as error:  # each engine and protocol has error classes of its own
            why = reason(error)
        else:
            throughput.note(self.host, np.asarray(values).nbytes, time.perf_counter() - started)
            return values
        # outside of `except`: the library's error may hold an address
        raise CatalogError(
            tr("access.read_failed", entry=self.entry, host=self.host, reason=why),
            tr("access.read_failed_hint"),
        )


def remote_dataset(ds: xr.Dataset, entry: str, host: str, identity: str, chunks: Any = None) -> xr.Dataset:
    """A dataset in dask chunks, each read behind one kind of error.

    The same data get the same dask names in each process.

    Parameters
    ----------
    ds : xarray.Dataset
        Opened without dask and without a cache.
    entry : str
        Its name, for messages.
    host : str
        Where it is, for messages and for the measure of speed.
    identity : str
        Of its content, as far as the server tells it; what the dataset declares of itself is added here.
    chunks : dict, optional
        Sizes by dimension, above those of the file.
    """
    variables = {}
    # a store lists its members in any order
    axes = [(str(name), ds[name].values) for name in sorted(ds.indexes, key=str)]
    declared = tokenize(identity, entry, _texts(ds.attrs), axes)
    for name, variable in ds.variables.items():
        if name in ds.indexes or variable.ndim == 0:
            variables[name] = variable
            continue
        array = indexing.LazilyIndexedArray(_RemoteArray(variable, entry, host))
        wrapped = xr.Variable(variable.dims, array, variable.attrs, variable.encoding, fastpath=True)
        variables[name] = _in_chunks(wrapped, str(name), declared, chunks)
    return ds._replace(variables=variables)


def _in_chunks(variable: xr.Variable, name: str, declared: str, chunks: Any = None) -> xr.Variable:
    """In dask chunks: those asked for, else those of the file, else blocks of whole maps."""
    preferred = dict(variable.encoding.get("preferred_chunks") or {})
    if not preferred:
        preferred = _blocks(variable)
    asked = chunks if isinstance(chunks, Mapping) else {}
    sizes = {dim: asked.get(dim, preferred.get(dim, -1)) for dim in variable.dims}
    facts = (variable.dims, variable.shape, str(variable.dtype), _texts(variable.attrs), str(sizes))
    # dask would name it by its pickle, which holds what each opening makes anew
    return variable.chunk(sizes, from_array_kwargs={"name": f"{name}-{tokenize(declared, name, facts)}"})


def _texts(attrs: Mapping) -> list[tuple[str, str]]:
    return sorted((str(key), str(value)) for key, value in attrs.items())


def _blocks(variable: xr.Variable) -> dict:
    """Cut along the first dimensions, as a file without chunks is laid out."""
    sizes = {}
    remaining = variable.dtype.itemsize * variable.size
    for dim, length in zip(variable.dims, variable.shape, strict=True):
        if remaining <= _LARGEST or length == 0:
            break
        inner = remaining // length
        sizes[dim] = max(1, min(length, _LARGEST // max(inner, 1)))
        remaining = inner * sizes[dim]
        if sizes[dim] > 1:
            break
    return sizes
