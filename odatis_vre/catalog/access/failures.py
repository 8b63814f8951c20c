"""Why a read failed, in words: what a library raises is told apart, its text is never shown.

The texts of HTTP, S3 and FTP libraries hold whole addresses and headers, which may hold keys.
"""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["OtherCount", "Refused", "ShortRead", "Unlisted", "on_disk", "or_unlisted", "reason", "transient"]


class ShortRead(OSError):  # noqa: N818 - what happened, in two words
    """Fewer bytes came than were announced."""

    def __init__(self, came: int, announced: int):
        super().__init__(came, announced)
        self.came, self.announced = came, announced


class OtherCount(OSError):  # noqa: N818 - what happened, in two words
    """Another number of values came than was asked for."""

    def __init__(self, came: int, asked: int):
        super().__init__(came, asked)
        self.came, self.asked = came, asked


class Refused(Exception):  # noqa: N818 - no OSError, which aiohttp would take for the server's
    """We do not send the request; the sentence says why."""

    def __init__(self, sentence: str):
        super().__init__(sentence)
        self.sentence = sentence


class Unlisted(Exception):  # noqa: N818 - no OSError, which fsspec takes for a folder without files
    """A folder could not be listed, for the reason that is its cause."""


@contextmanager
def or_unlisted() -> Iterator[None]:
    """A pattern of files must not lose those of a folder that was not listed."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unlisted from error


_OURS = (CatalogError, Refused, ShortRead, OtherCount)
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NETWORK = {errno.ECONNREFUSED, errno.ECONNRESET, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EPIPE}
_FTP_REFUSED = ("530", "532")
_FTP_BUSY = ("421", "425", "426", "451")
_FTP_MISSING = ("450", "550")


def reason(error: BaseException) -> str:
    """Say why, in the language in force, from what is known of an error.

    Parameters
    ----------
    error : Exception
        With its causes.

    Returns
    -------
    str
        A part of a sentence, without any address.

    Examples
    --------
    >>> reason(ShortRead(10, 20))
    'the data were cut short: 10 of 20 bytes came'
    """
    links = list(_chain(error))
    # what we found out ourselves, before what a library made of it
    for link in sorted(links, key=lambda link: not isinstance(link, _OURS)):
        if found := _reason(link):
            return found
    return tr("access.other", kind=type(error).__name__)


def transient(error: BaseException) -> bool:
    """Whether the same request may succeed a little later."""
    import aiohttp

    if any(_is_final(link) for link in _chain(error)) or on_disk(error):
        return False
    statuses = [status for link in _chain(error) if (status := _status(link)) is not None]
    if statuses:  # s3fs keeps it in the cause
        return statuses[0] in (408, 425, 429) or statuses[0] >= 500
    if isinstance(error, aiohttp.ClientSSLError | aiohttp.InvalidURL):
        return False
    if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
        return False
    if (told := _told_by_botocore(error)) is not None:
        return transient(told)
    broken = isinstance(error, OSError | TimeoutError | EOFError | aiohttp.ClientError)
    return broken or _ftp_code(error) in _FTP_BUSY


def _is_final(error: BaseException) -> bool:
    return isinstance(error, Refused | CatalogError) or getattr(error, "odatis_given_up", False)


def _chain(error: BaseException | None):
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__ or _told_by_botocore(error)


def _told_by_botocore(error: BaseException) -> BaseException | None:
    """It keeps what happened among the words of its message."""
    words = getattr(error, "kwargs", None)
    inner = words.get("error") if isinstance(words, dict) else None
    return inner if isinstance(inner, BaseException) else None


def _reason(error: BaseException) -> str | None:
    import aiohttp

    if isinstance(error, CatalogError):
        return error.message
    if isinstance(error, Refused):
        return error.sentence
    if isinstance(error, ShortRead):
        return tr("access.short", came=error.came, announced=error.announced)
    if isinstance(error, OtherCount):
        return tr("access.other_count", came=error.came, asked=error.asked)
    broken = isinstance(error, aiohttp.ClientPayloadError | aiohttp.ServerDisconnectedError | EOFError)
    if broken or _ftp_code(error) in _FTP_BUSY:
        return tr("access.cut")
    if isinstance(error, TimeoutError) or type(error).__name__ == "ReadTimeoutError":  # botocore's
        return tr("access.timeout")
    if (status := _status(error)) is not None:
        return _of_status(status)
    if on_disk(error):
        return tr("access.disk_full")
    if isinstance(error, aiohttp.ClientSSLError):
        return tr("access.certificate")
    if isinstance(error, aiohttp.ClientConnectorDNSError | socket.gaierror):
        return tr("access.unknown_host")
    if isinstance(error, aiohttp.ClientConnectionError) or getattr(error, "errno", None) in _NETWORK:
        return tr("access.unreachable")
    return _by_kind(error)


def _by_kind(error: BaseException) -> str | None:
    code = _ftp_code(error)
    if isinstance(error, PermissionError) or code in _FTP_REFUSED:
        return tr("access.refused")
    if isinstance(error, FileNotFoundError) or code in _FTP_MISSING:
        return tr("access.absent")
    name = type(error).__name__
    if name in ("NoCredentialsError", "PartialCredentialsError"):
        return tr("access.refused")
    if name in ("EndpointConnectionError", "ConnectTimeoutError"):
        return tr("access.unreachable")
    return None


def _of_status(status: int) -> str:
    if status in (401, 403, 407):
        return tr("access.refused")
    if status in (404, 410):
        return tr("access.absent")
    if status == 429:
        return tr("access.too_many")
    if status >= 500:
        return tr("access.server_error", status=status)
    return tr("access.answered", status=status)


def _status(error: BaseException) -> int | None:
    """Of aiohttp, and of botocore, which hides it in a dictionary."""
    status = getattr(error, "status", None)
    if status is None:
        with suppress(AttributeError, KeyError, TypeError):
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status if isinstance(status, int) and status >= 400 else None


def _ftp_code(error: BaseException) -> str:
    import ftplib

    return str(error)[:3] if isinstance(error, ftplib.Error) else ""


def on_disk(error: BaseException) -> bool:
    """Whether our own disk had no room."""
    # the counts of these two stand where others have their number
    return isinstance(error, OSError) and not isinstance(error, _OURS) and error.errno in _DISK
