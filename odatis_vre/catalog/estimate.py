"""What a read takes before it starts: bytes, chunks, time."""

import math
from html import escape
from typing import NamedTuple

import numpy as np
import xarray as xr

from odatis_vre.catalog.access import throughput
from odatis_vre.catalog.access.heavy import HeavyRead, duration, read_limit
from odatis_vre.catalog.access.places import places_of
from odatis_vre.i18n import tr

__all__ = ["Estimate", "HeavyRead", "duration", "estimate", "of_whole_files", "read_limit"]

_AT_ONCE = 4  # requests on their way together


class Estimate(NamedTuple):
    """What a selection takes; prints as a card.

    `bytes_to_read` counts whole chunks as the file holds them, uncompressed; `bytes_kept` what is left of
    them, in memory; `seconds` is for reading all of it once. Of files that come whole (`whole`), the first is
    what their server announces, `chunks` are files, and `bytes_kept` is None until they are here.
    """

    entry: str
    bytes_to_read: int
    bytes_kept: int | None
    chunks: int
    chunks_total: int
    seconds: float
    rate: float
    measured: bool
    host: str
    layout: str | None
    whole: bool = False

    def _facts(self) -> dict[str, str]:
        from odatis_vre.catalog.card import readable_size

        rate = readable_size(int(self.rate))
        size = "access.estimate.whole" if self.whole else "access.estimate.uncompressed"
        chunks = tr("access.estimate.chunks_of", touched=self.chunks, total=self.chunks_total)
        chunks = "" if self.whole else chunks
        how = "access.estimate.measured" if self.measured else "access.estimate.assumed"
        rows = {
            "size": tr(size, size=readable_size(self.bytes_to_read)),
            "kept": tr("access.estimate.not_yet")
            if self.bytes_kept is None
            else readable_size(self.bytes_kept),
            "chunks": chunks,
            "time": duration(self.seconds),
            "speed": tr(how, rate=rate),
            "layout": tr(f"access.estimate.{self.layout}") if self.layout else "",
            "from": self.host,
        }
        return {tr(f"access.estimate.{key}"): text for key, text in rows.items() if text}

    def __repr__(self) -> str:
        rows = self._facts()
        width = max(map(len, rows))
        title = tr("access.estimate.title", entry=self.entry)
        return "\n".join([title, *(f"  {label:<{width}}  {text}" for label, text in rows.items())])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>" for label, text in self._facts().items()
        )
        title = escape(tr("access.estimate.title", entry=self.entry))
        head = f'<div role="heading" aria-level="3">{title}</div>'
        return f'<article class="odatis-card">{head}<dl>{rows}</dl></article>'


def of_whole_files(entry: str, size: int, files: int, host: str) -> Estimate:
    """What it takes to bring whole files.

    Parameters
    ----------
    entry : str
    size : int
        Bytes, as announced.
    files : int
    host : str
        Where they are; `""` is this machine.
    """
    speed = throughput.speed(host)
    seconds = files * speed.latency + size / speed.rate
    return Estimate(entry, size, None, files, files, seconds, speed.rate, speed.measured, host, None, True)


def estimate(entry: str, raw: xr.Dataset, selected: xr.Dataset, host: str, layout: str | None) -> Estimate:
    """Count the chunks that a selection touches.

    Parameters
    ----------
    entry : str
    raw : xarray.Dataset
        As opened, in the chunks of the file.
    selected : xarray.Dataset
        What is left of `marked(raw)`, cleaned or not, its variables under the same names.
    host : str
        Where it is read from; `""` is this machine.
    layout : {"map", "series", "cube"}, optional

    Returns
    -------
    Estimate
    """
    to_read = kept = touched = total = 0
    for name, field in selected.data_vars.items():
        source = raw.variables.get(name)
        if source is None or source.chunks is None:
            continue
        parts = []
        for dim, chunks in zip(source.dims, source.chunks, strict=True):
            places = places_of(selected, dim, sum(chunks))
            ends = np.cumsum(chunks)
            parts.append((np.unique(np.searchsorted(ends, places, side="right")), np.asarray(chunks)))
        touched += math.prod(len(found) for found, _ in parts)
        total += math.prod(len(chunks) for _, chunks in parts)
        to_read += math.prod(int(chunks[found].sum()) for found, chunks in parts) * source.dtype.itemsize
        kept += field.size * field.dtype.itemsize
    speed = throughput.speed(host)
    seconds = touched * speed.latency / _AT_ONCE + to_read / speed.rate
    return Estimate(entry, to_read, kept, touched, total, seconds, speed.rate, speed.measured, host, layout)
