"""What a read takes before it starts: bytes, chunks, time."""

import math
import os
from html import escape
from typing import NamedTuple

import numpy as np
import xarray as xr

from odatis_vre.catalog.access import throughput
from odatis_vre.catalog.access.places import places_of
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["Estimate", "HeavyRead", "estimate", "read_limit"]

_AT_ONCE = 4  # requests on their way together


class HeavyRead(UserWarning):
    """A selection reads more than the operator's limit."""


class Estimate(NamedTuple):
    """What a selection takes; prints as a card.

    `bytes_to_read` counts whole chunks as the file holds them, uncompressed; `bytes_kept` what is left of
    them, in memory; `seconds` is for reading all of it once.
    """

    entry: str
    bytes_to_read: int
    bytes_kept: int
    chunks: int
    chunks_total: int
    seconds: float
    rate: float
    measured: bool
    host: str
    layout: str | None

    def _facts(self) -> dict[str, str]:
        from odatis_vre.catalog.card import readable_size

        rate = readable_size(int(self.rate))
        how = "access.estimate.measured" if self.measured else "access.estimate.assumed"
        rows = {
            "size": tr("access.estimate.uncompressed", size=readable_size(self.bytes_to_read)),
            "kept": readable_size(self.bytes_kept),
            "chunks": tr("access.estimate.chunks_of", touched=self.chunks, total=self.chunks_total),
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


def duration(seconds: float) -> str:
    """A time as people say it.

    >>> duration(90), duration(0.2)
    ('2 min', 'less than a second')
    """
    if seconds < 1:
        return tr("access.estimate.instant")
    for name, length, most in (("seconds", 1, 90), ("minutes", 60, 90), ("hours", 3600, math.inf)):
        if seconds / length < most:
            return tr(f"access.estimate.{name}", number=f"{math.ceil(seconds / length)}")
    return ""


def read_limit() -> int | None:
    """The operator's limit in bytes, `ODATIS_READ_WARNING` (`2GB`); None if there is none."""
    text = os.environ.get("ODATIS_READ_WARNING", "").strip()
    if not text:
        return None
    from dask.utils import parse_bytes

    try:
        return parse_bytes(text)
    except ValueError:
        raise CatalogError(
            tr("access.estimate.bad_limit", value=text), tr("access.estimate.bad_limit_hint")
        ) from None


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
