"""A stand-in for ERDDAP's griddap, in the shapes that ERDDAP 2 writes (its EDDGrid and DodsFiles).

Keywords in capitals; the axes before the grids, and again in each; times in seconds since 1970; attributes in
the order of their names; Latin-1. `sst.sst[...]` is answered with the whole grid, the array before its maps,
and `sst.time[...]` with the axis.
"""

import re
from urllib.parse import unquote

import numpy as np
import xarray as xr

_TYPES = {"f8": "Float64", "f4": "Float32", "i4": "Int32", "i2": "Int16", "u1": "Byte", "i1": "Byte"}
_AXES = {"lat": "latitude", "lon": "longitude"}


class GriddapStandIn:
    """Answers as griddap about one dataset of `time`, `lat` and `lon`: to .dds, .das and .dods, else 404."""

    def __init__(self, ds: xr.Dataset, name: str):
        self.name = name
        renamed = ds.rename(_AXES)
        seconds = (renamed.time - np.datetime64("1970-01-01")) / np.timedelta64(1, "s")
        epoch = {"standard_name": "time", "units": "seconds since 1970-01-01T00:00:00Z"}
        self.ds = renamed.assign_coords(time=seconds.assign_attrs(epoch))

    def __call__(self, url) -> tuple[int, str, bytes]:
        path, _, kind = url.path.rpartition(".")
        answers = {"dds": self._dds, "das": self._das, "dods": self._dods}
        if not path.endswith(f"/griddap/{self.name}") or kind not in answers:
            return 404, "text/plain", _error(404, f"Not Found: Currently unknown datasetID={path[-20:]}")
        try:
            return 200, "application/octet-stream", answers[kind](unquote(url.query))
        except (KeyError, IndexError, ValueError) as error:
            return 400, "text/plain", _error(400, f"Bad Request: Query error: {error}")

    def _das(self, _: str) -> bytes:
        blocks = [(name, self.ds[name].attrs) for name in (*self.ds.dims, *self.ds.data_vars)]
        blocks.append(("NC_GLOBAL", self.ds.attrs))
        lines = ["Attributes {"]
        for name, attrs in blocks:
            lines += [f"  {name} {{", *(_attribute(*known) for known in sorted(attrs.items())), "  }"]
        return "\n".join([*lines, "}", ""]).encode("latin-1")

    def _dds(self, query: str) -> bytes:
        names, part = self._asked(query)
        grids = [name for name in names if name in part.data_vars]
        axes = [name for name in names if name in part.dims]
        lines = [f"  {_declared(part[name])}" for name in axes]
        for name in grids:
            maps = [f"      {_declared(part[dim])}" for dim in part[name].dims]
            lines += ["  GRID {", "    ARRAY:", f"      {_declared(part[name])}", "    MAPS:", *maps]
            lines.append(f"  }} {name};")
        return "\n".join(["Dataset {", *lines, f"}} {self.name};", ""]).encode("latin-1")

    def _dods(self, query: str) -> bytes:
        names, part = self._asked(query)
        body = self._dds(query) + b"\nData:\n"
        for name in names:
            maps = part[name].dims if name in part.data_vars else ()
            body += b"".join(_xdr(part[one].values) for one in (name, *maps))
        return body

    def _asked(self, query: str) -> tuple[list[str], xr.Dataset]:
        """The names that a query asks for, and the part of the dataset; all of it without a query."""
        if not query:
            return [*map(str, self.ds.dims), *map(str, self.ds.data_vars)], self.ds
        names, cuts = [], {}
        for whole, ranges in re.findall(r"([\w.]+)((?:\[[\d:]+\])*)(?:,|$)", query):
            grid, _, name = whole.rpartition(".")
            if grid and name not in (grid, *self.ds[grid].dims):
                raise KeyError(whole)
            names.append(name)
            found = [_slice(one) for one in re.findall(r"\[([\d:]+)\]", ranges)]
            if found and len(found) != self.ds[name].ndim:
                raise IndexError(query)
            cuts |= dict(zip(self.ds[name].dims, found, strict=False))
        if not names:
            raise ValueError(query)
        return names, self.ds.isel(cuts)


def _slice(text: str) -> slice:
    first, *rest = map(int, text.split(":"))
    step = rest[0] if len(rest) == 2 else 1
    return slice(first, (rest[-1] if rest else first) + 1, step)


def _declared(array: xr.DataArray) -> str:
    sizes = "".join(f"[{dim} = {size}]" for dim, size in array.sizes.items())
    return f"{_TYPES[array.dtype.str[1:]]} {array.name}{sizes};"


def _attribute(name: str, value) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'    String {name} "{escaped}";'
    values = np.atleast_1d(value)
    return f"    {_TYPES[values.dtype.str[1:]]} {name} {', '.join(map(str, values.tolist()))};"


def _xdr(values: np.ndarray) -> bytes:
    """An array in DAP 2.0 (7.3.2.1): its length twice, then its values; bytes are filled up to four."""
    head = np.array([values.size] * 2, ">u4").tobytes()
    if values.dtype.itemsize == 1:
        return head + values.tobytes() + bytes(-values.size % 4)
    sent = ">i4" if values.dtype.kind == "i" else values.dtype.newbyteorder(">")
    return head + values.astype(sent).tobytes()


def _error(code: int, message: str) -> bytes:
    return f'Error {{\n    code={code};\n    message="{message}";\n}}\n'.encode()
