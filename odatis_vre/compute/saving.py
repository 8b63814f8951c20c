"""`save()`: a lazy dataset to a Zarr store, block by block, resumed where it was stopped."""

import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path

import dask
import numpy as np
import xarray as xr
import zarr

from odatis_vre.compute.blocks import Block, in_words, write_each
from odatis_vre.errors import SaveError
from odatis_vre.i18n import tr

__all__ = ["save"]

# Rewriting the fingerprint's form would make older unfinished stores unknown: they are then begun anew.
_FINGERPRINT = "odatis_unfinished"


def save(
    data: xr.Dataset | xr.DataArray, path: str | Path, *, overwrite: bool = False, resume: bool = False
) -> Path:
    """Compute a lazy dataset and write it as a Zarr store, block by block.

    Peak memory follows the blocks, not the dataset. The store appears under its name when it is whole:
    until then it is `<path>.part`. When the process is killed, or the disk is full, the same call goes on
    with the blocks that are not there yet. Inside `cluster()` the workers write where they see the folder;
    otherwise they send the blocks here.

    Parameters
    ----------
    data : Dataset or DataArray
        In dask chunks; variables without are written as they are. An array needs a name.
    path : str or Path
        Folder of the store, such as `suitability.zarr`, on a file system.
    overwrite : bool, default False
        Replace a store that stands there, once the new one is whole; begin an unfinished one anew when
        it belongs to other data.
    resume : bool, default False
        Go on with an unfinished store of the same variables, coordinates and attributes even where it is
        not known that the data are the same. They are known by the names in their dask graph, which are
        others in another session where a function was defined in a notebook, or where a server tells
        neither the date nor the ETag of its file.

    Returns
    -------
    Path
        The store; `xarray.open_zarr` opens it.

    Raises
    ------
    SaveError
        Something stands at `path`, an unfinished store there belongs to other data, or the folder
        cannot be written or is full. An error in computing a block comes as it is.

    Examples
    --------
    >>> import tempfile, xarray as xr, dask.array as da
    >>> lazy = xr.DataArray(da.ones((4, 6), chunks=(2, 3)), dims=("lat", "lon"), name="suitability")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = save(lazy, f"{folder}/suitability.zarr")
    ...     float(xr.open_zarr(store, chunks=None).suitability.sum())
    24.0
    """
    if isinstance(data, xr.DataArray):
        if data.name is None:
            raise SaveError(tr("compute.no_name"), tr("compute.no_name_hint"))
        data = data.to_dataset()
    path = Path(path).expanduser().resolve()
    part = path.with_name(path.name + ".part")
    if path.exists() and not overwrite:
        raise SaveError(tr("compute.stands", path=path), tr("compute.stands_hint"))
    data = _regular(data)
    with in_words(path):
        _begin(data, part, overwrite, resume)
        blocks = list(_missing(data, part))
    _write(data, blocks, part)
    with in_words(path):
        _finish(part, path)
    return path


def _regular(data: xr.Dataset) -> xr.Dataset:
    """In chunks that a Zarr store can have: all of one size but the last of each dimension."""
    data = data.unify_chunks()
    wanted = {}
    for dim, sizes in data.chunksizes.items():
        if len(set(sizes[:-1])) > 1 or sizes[-1] > sizes[0]:
            wanted[dim] = max(sizes)
    if wanted:
        data = data.chunk(wanted)
    # Blocks are written as they are: what xarray would encode on the way (dates, text) is loaded first.
    coded = [
        name for name, v in data.variables.items() if v.chunks is not None and v.dtype.kind not in "biuf"
    ]
    data = data.assign({name: data[name].load() for name in coded})
    # Text of a fixed length has no lasting place in Zarr's format; of any length it has.
    texts = [name for name, v in data.variables.items() if v.dtype.kind == "U"]
    return data.assign({name: data[name].astype(object) for name in texts}).drop_encoding()


def _begin(data: xr.Dataset, part: Path, overwrite: bool, resume: bool) -> None:
    """Lay out the store, unless an unfinished one of the same data is there."""
    fingerprint = _fingerprint(data)
    if part.exists():
        try:
            found = zarr.open_group(part, mode="r").attrs.get(_FINGERPRINT)
        except (FileNotFoundError, ValueError, KeyError):
            found = None  # stopped while it was laid out: nothing to keep
        looks_alike = isinstance(found, dict) and found.get("layout") == fingerprint["layout"]
        if found == fingerprint or (resume and looks_alike):
            return
        if found is not None and not overwrite:
            raise SaveError(tr("compute.other_part", path=part), tr("compute.other_part_hint"))
        shutil.rmtree(part)
    part.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Consolidated metadata")
        data.to_zarr(
            part, mode="w", compute=False, zarr_format=3, consolidated=False, encoding=_compressed(data)
        )
    zarr.open_group(part, mode="r+").attrs[_FINGERPRINT] = fingerprint


def _compressed(data: xr.Dataset) -> dict[str, dict]:
    """A quick codec for what is written block by block: Zarr's default takes as long as a niche model."""
    quick = zarr.codecs.BloscCodec(cname="lz4", shuffle="bitshuffle")
    return {name: {"compressors": [quick]} for name, v in data.variables.items() if v.chunks is not None}


def _fingerprint(data: xr.Dataset) -> dict[str, str]:
    """The same for the same dataset in another process: how it is laid out, and what computes its blocks."""
    variables = sorted(data.variables.items(), key=lambda item: str(item[0]))
    facts = [
        (str(name), v.dims, v.shape, str(v.dtype), v.chunks, _texts(v.attrs))
        + ((np.asarray(v.data),) if v.chunks is None else ())
        for name, v in variables
    ]
    return {
        "layout": dask.base.tokenize(facts, _texts(data.attrs)),
        # A dask array's name stands for its whole graph, predictors and functions included.
        "graph": dask.base.tokenize([v.data.name for _, v in variables if v.chunks is not None]),
    }


def _texts(attrs: dict) -> list[tuple[str, str]]:
    return sorted((str(k), str(v)) for k, v in attrs.items())


def _missing(data: xr.Dataset, part: Path) -> Iterator[Block]:
    group = zarr.open_group(part, mode="r")
    for name, variable in data.variables.items():
        if variable.chunks is None:
            continue
        array = group[str(name)]
        ends = [np.cumsum(sizes) for sizes in variable.chunks]
        for index in np.ndindex(*map(len, variable.chunks)):
            if (part / str(name) / array.metadata.encode_chunk_key(index)).exists():
                continue
            region = tuple(
                slice(int(end[i] - sizes[i]), int(end[i]))
                for i, end, sizes in zip(index, ends, variable.chunks, strict=True)
            )
            yield Block(str(name), index, region)


def _write(data: xr.Dataset, blocks: list[Block], part: Path) -> None:
    from tqdm.auto import tqdm

    arrays = {str(name): v.data for name, v in data.variables.items() if v.chunks is not None}
    unit = f" {tr('compute.block')}"
    with tqdm(total=len(blocks), unit=unit, desc=part.stem, disable=None if blocks else True) as bar:
        for _ in write_each(arrays, blocks, part):
            bar.update()


def _finish(part: Path, path: Path) -> None:
    group = zarr.open_group(part, mode="r+")
    attributes = {k: v for k, v in group.attrs.asdict().items() if k != _FINGERPRINT}
    group.attrs.put(attributes)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Consolidated metadata")
        zarr.consolidate_metadata(part)
    old = path.with_name(path.name + ".old")
    if path.exists():
        if old.exists():
            shutil.rmtree(old)
        path.rename(old)
    part.rename(path)
    if old.exists():
        shutil.rmtree(old)
