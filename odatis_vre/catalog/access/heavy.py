"""The operator's limit: a read that is larger is told before it starts."""

import math
import os
import sys
import warnings
from pathlib import Path
from types import FrameType

from odatis_vre.catalog.access.filesystems import filesystem, host_of
from odatis_vre.catalog.access.retries import patiently
from odatis_vre.catalog.access.throughput import speed
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["HeavyRead", "duration", "read_limit", "tell", "warn_of_download"]

_PACKAGE = str(Path(__file__).parents[2])


class HeavyRead(UserWarning):
    """A selection reads more than the operator's limit."""


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


def warn_of_download(remote, entry: str) -> None:
    """Warn of a whole file that is larger than the limit, from its announced size.

    Parameters
    ----------
    remote : Remote
        Not yet here.
    entry : str
        Its name, for the message.
    """
    limit = read_limit()
    if limit is None:
        return
    fs, path = filesystem(*remote)
    size = patiently(fs.info, path).get("size")
    if size is None or size <= limit:
        return
    from odatis_vre.catalog.card import readable_size

    latency, rate, _ = speed(host_of(remote.url, remote.options))
    tell(
        tr(
            "access.estimate.warning_whole",
            size=readable_size(size),
            entry=entry,
            time=duration(latency + size / rate),
            limit=readable_size(limit),
        )
    )


def tell(sentence: str) -> None:
    """Warn, at the line of whoever called this library."""
    frame: FrameType | None = sys._getframe()
    level = 0
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(sentence, HeavyRead, stacklevel=level + 1)


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
