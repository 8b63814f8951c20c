"""NetCDF-4 by parts: a file that each process opens for itself, when it reads.

The HDF5 library keeps one lock while it waits for fsspec's thread, and a thread that drops an HDF5 object
waits for that lock: the two may wait for ever (h5py's documentation, "Python file-like objects"). pyfive
reads HDF5 without that library.
"""

import json

import h5netcdf
from xarray.backends import CachingFileManager, H5NetCDFStore
from xarray.backends.locks import SerializableLock

from odatis_vre.catalog.access.downloads import Remote
from odatis_vre.catalog.access.filesystems import filesystem
from odatis_vre.catalog.access.retries import patiently

__all__ = ["store"]


def store(remote: Remote, group: str | None = None) -> H5NetCDFStore:
    """The store of a remote NetCDF-4 file, for `xarray.open_dataset`.

    Parameters
    ----------
    remote : Remote
        What travels to a worker is this, and no open file: it is opened there.
    group : str, optional
    """
    options = json.dumps(remote.options, sort_keys=True)
    manager = CachingFileManager(_opened, remote.url, options, remote.trusted, remote.login, mode="r")
    return H5NetCDFStore(manager, group=group, mode="r", lock=SerializableLock())


def _opened(url: str, options: str, trusted: bool, login: str | None, mode: str) -> h5netcdf.File:
    fs, path = filesystem(url, json.loads(options), trusted, login)
    size = patiently(fs.info, path)["size"]
    # small enough not to read a small file twice, large enough for a large one
    block = int(min(max(size // 64, 2**16), 2**22))
    file = fs.open(path, block_size=block, cache_type="blockcache")
    return h5netcdf.File(file, mode, backend="pyfive", decode_vlen_strings=True)
