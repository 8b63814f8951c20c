"""OPeNDAP (DAP2) over our own HTTP session: each answer is measured against what it announces.

The netCDF library reads the same protocol, but gives zeros where an answer was cut short, and lets nobody see
where a login goes. DAP 2.0: https://www.opendap.org/pdf/ESE-RFC-004v1.2.pdf (sections 4 and 7).
"""

from urllib.parse import quote

import numpy as np
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

from odatis_vre.catalog.access import dap2
from odatis_vre.catalog.access.failures import OtherCount, ShortRead
from odatis_vre.catalog.access.filesystems import filesystem
from odatis_vre.catalog.access.methods import Origin
from odatis_vre.catalog.access.retries import patiently
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["open_dataset"]


def open_dataset(url: str, origin: Origin, login: str | None = None) -> xr.Dataset:
    """Open the grids and arrays of an OPeNDAP address, undecoded and lazy.

    Parameters
    ----------
    url : str
        Without `.dds`; it may end in a constraint (`?sst,lat,lon`).
    origin : Origin
    login : {"netrc", "keyring", "environment"}, optional

    Returns
    -------
    xarray.Dataset

    Raises
    ------
    CatalogError
        The answer is no DAP2, or holds no grid.
    """
    fs, address = filesystem(url, None, origin.trusted, login)
    place, _, constraint = address.partition("?")
    tail = f"?{_escaped(constraint)}" if constraint else ""
    dds, das = (_text(fs.cat_file(f"{place}.{kind}{tail}")) for kind in ("dds", "das"))
    try:
        declared, attributes = dap2.parse_dds(dds), dap2.parse_das(das)
    except ValueError:
        raise CatalogError(tr("access.not_dap", entry=origin.entry), tr("access.web_page_hint")) from None
    if not declared:
        raise CatalogError(tr("access.no_grid", entry=origin.entry), tr("catalog.is_table_hint"))
    variables = {}
    for known in declared:
        attrs = attributes.get(known.name, {})
        sizes = np.atleast_1d(attrs.pop("_ChunkSizes", [])).tolist()
        variable = xr.Variable(
            known.dims, indexing.LazilyIndexedArray(_DapArray(fs, place, known, origin.entry)), attrs
        )
        if len(sizes) == len(known.dims):
            variable.encoding["preferred_chunks"] = dict(zip(known.dims, sizes, strict=True))
        variables[known.name] = variable
    shared = {**attributes.get("NC_GLOBAL", {}), **attributes.get("HDF_GLOBAL", {})}
    return xr.Dataset(variables, attrs=shared)


def _text(body: bytes) -> str:
    """ERDDAP writes Latin-1, which fits any bytes."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _escaped(constraint: str) -> str:
    """Servers behind Tomcat refuse bare brackets."""
    return quote(constraint, safe="/,:;=&.%*'()~!@$+<>-_")


class _DapArray(BackendArray):
    def __init__(self, fs, place: str, known: "dap2.Declared", entry: str):
        self.fs, self.place, self.known, self.entry = fs, place, known, entry
        self.shape, self.dtype = known.shape, known.dtype

    def __getitem__(self, key):
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.BASIC, self._read)

    def _read(self, key: tuple) -> np.ndarray:
        spans = [_span(part, length) for part, length in zip(key, self.shape, strict=True)]
        shape = tuple(len(span) for span in spans)
        if 0 in shape:
            return np.empty(shape, self.dtype)[_squeezed(key)]
        try:
            return self._asked(spans, shape)[_squeezed(key)]
        except OtherCount:
            if all(span.step == 1 for span in spans):
                raise
        # some servers read a step as an end: without steps, the rest is ours to leave out
        full = [range(span[0], span[-1] + 1) for span in spans]
        values = self._asked(full, tuple(len(span) for span in full))
        return values[tuple(slice(None, None, span.step) for span in spans)][_squeezed(key)]

    def _asked(self, spans: list[range], shape: tuple[int, ...]) -> np.ndarray:
        ranges = "".join(
            f"[{span[0]}:{span[-1]}]" if span.step == 1 else f"[{span[0]}:{span.step}:{span[-1]}]"
            for span in spans
        )
        return patiently(self._ask, f"{self.place}.dods?{_escaped(self.known.path + ranges)}", shape)

    def _ask(self, address: str, shape: tuple[int, ...]) -> np.ndarray:
        body = self.fs.cat_file(address)
        _, mark, data = body.partition(b"\nData:\n")
        if not mark:
            _, mark, data = body.partition(b"\nData:\r\n")
        if not mark:
            if body.lstrip().startswith(b"Error"):
                raise CatalogError(tr("access.dap_error", entry=self.entry, said=dap2.error_text(body)), None)
            raise ShortRead(len(body), len(body) + 1)
        return dap2.decode(data, self.known.kind, shape)


def _span(part, length: int) -> range:
    return range(*part.indices(length)) if isinstance(part, slice) else range(int(part), int(part) + 1)


def _squeezed(key: tuple) -> tuple:
    return tuple(slice(None) if isinstance(part, slice) else 0 for part in key)
