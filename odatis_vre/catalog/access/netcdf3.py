"""How long a NetCDF-3 file is by its own header: the netCDF library gives zeros for what is missing.

Classic, 64-bit offset and 64-bit data (CDF-1, 2, 5):
https://docs.unidata.ucar.edu/netcdf-c/current/file_format_specifications.html
"""

import math
from pathlib import Path
from typing import BinaryIO, NamedTuple

from odatis_vre.catalog.access.failures import ShortRead

__all__ = ["STARTS", "check_whole"]

STARTS = (b"CDF\x01", b"CDF\x02", b"CDF\x05")
# Bytes of a value, by the type's number: byte, char, short, int, float, double, then those of CDF-5.
_SIZES = dict(enumerate((1, 1, 2, 4, 4, 8, 1, 2, 4, 8, 8), 1))


def check_whole(path: str | Path) -> None:
    """See that a file is as long as its header says; what is no NetCDF-3 is not looked at.

    Parameters
    ----------
    path : path

    Raises
    ------
    ShortRead
        It ends before its last value.
    """
    with Path(path).open("rb") as file:
        start = file.read(4)
        if start not in STARTS:
            return
        came = file.seek(0, 2)
        file.seek(4)
        try:
            needed = _Header(file, start[3], came).length()
        except (IndexError, KeyError):  # damaged otherwise: the library refuses it
            return
    if came < needed:
        raise ShortRead(came, needed)


class _Variable(NamedTuple):
    begin: int
    size: int
    """Bytes, those of one record where it has records; without padding."""
    records: bool


class _Header:
    """Reads the header from its fourth byte on."""

    def __init__(self, file: BinaryIO, version: int, came: int):
        self.file, self.came = file, came
        self.count_bytes = 8 if version == 5 else 4
        self.offset_bytes = 4 if version == 1 else 8

    def length(self) -> int:
        """The bytes to the end of the last value; padding may follow it."""
        records = self._number(self.count_bytes)
        if records == 256**self.count_bytes - 1:  # a stream: as many as there are
            records = 0
        lengths = [self._dimension() for _ in range(self._entries())]
        self._skip_attributes()
        variables = [self._variable(lengths) for _ in range(self._entries())]
        recorded = [known.size for known in variables if known.records]
        # the only variable with records has them without padding
        step = recorded[0] if len(recorded) == 1 else sum(map(_padded, recorded))
        ends = [self.file.tell()]
        for known in variables:
            if not known.records:
                ends.append(known.begin + known.size)
            elif records:
                ends.append(known.begin + (records - 1) * step + known.size)
        return max(ends)

    def _skip(self, count: int) -> None:
        end = self.file.tell() + count
        if end > self.came:
            raise ShortRead(self.came, end)
        self.file.seek(end)

    def _number(self, count: int) -> int:
        begin = self.file.tell()
        self._skip(count)
        self.file.seek(begin)
        return int.from_bytes(self.file.read(count), "big")

    def _entries(self) -> int:
        self._skip(4)  # of which kind the list is, or zeros
        return self._number(self.count_bytes)

    def _skip_name(self) -> None:
        self._skip(_padded(self._number(self.count_bytes)))

    def _dimension(self) -> int:
        """Its length; 0 is that of the records."""
        self._skip_name()
        return self._number(self.count_bytes)

    def _skip_attributes(self) -> None:
        for _ in range(self._entries()):
            self._skip_name()
            size = _SIZES[self._number(4)]
            self._skip(_padded(size * self._number(self.count_bytes)))

    def _variable(self, lengths: list[int]) -> _Variable:
        self._skip_name()
        shape = [lengths[self._number(self.count_bytes)] for _ in range(self._number(self.count_bytes))]
        self._skip_attributes()
        size = _SIZES[self._number(4)]
        self._number(self.count_bytes)  # the size, which is wrong beyond 4 GiB
        begin = self._number(self.offset_bytes)
        records = bool(shape) and shape[0] == 0
        return _Variable(begin, size * math.prod(shape[1:] if records else shape), records)


def _padded(size: int) -> int:
    return size + -size % 4
