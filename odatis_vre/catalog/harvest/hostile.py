"""What a record may not bring in: markup that runs, this machine's files, private addresses, endless text."""

import fnmatch
import html
import ipaddress
import os
import re
import socket
import unicodedata
from urllib.parse import unquote, urlsplit

from odatis_vre.catalog.access.failures import Refused
from odatis_vre.catalog.access.hosts import check_address, plain_host
from odatis_vre.catalog.address import public_url
from odatis_vre.catalog.harvest.record import LONGEST, LONGEST_URL, without_accounts

__all__ = ["Hostile", "check_name", "check_text", "check_url"]

_SCHEMES = ("http", "https", "ftp", "s3")
_RUNS = re.compile(
    r"<[\s/]*(?:script|iframe|object|embed|applet|svg|math|link|meta|base|form|style)\b"
    r"|<[^<>]{0,300}\bon[a-z]{2,20}\s*=|(?:java|vb)script\s*:|data\s*:\s*text/html",
    re.IGNORECASE,
)
_TAG = re.compile(r"<(?:/?[a-zA-Z][^<>]*|!--[^<>]*--)>")
# Written so that a text reads otherwise than it is: direction marks and other controls, but tabs and lines.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_PRIVATE_NAMES = (
    ".local", ".localhost", ".localdomain", ".internal", ".lan", ".home", ".intranet", ".corp", ".home.arpa",
    ".svc",
)  # fmt: skip


class Hostile(ValueError):  # noqa: N818 - read as an adjective
    """A record or a link is refused: the code of the reason, and its values."""

    def __init__(self, code: str, **values):
        super().__init__(code)
        self.code, self.values = code, values


def check_text(text: str) -> str:
    """A text without markup and controls, in one line.

    Raises
    ------
    Hostile
        It is too long, or holds markup that runs.

    Examples
    --------
    >>> check_text("Sea <b>surface</b>&nbsp;temperature")
    'Sea surface temperature'
    """
    if len(text) > LONGEST:
        raise Hostile("too_long", most=LONGEST)
    for _ in range(3):  # written as entities of entities too
        if _RUNS.search(text):
            raise Hostile("script")
        plain = without_accounts(html.unescape(_TAG.sub(" ", text)))
        if plain == text:
            break
        text = plain
    if _RUNS.search(text):
        raise Hostile("script")
    return re.sub(r"\s+", " ", _CONTROL.sub("", unicodedata.normalize("NFC", text))).strip()


def check_name(name: str) -> str:
    """The name of a file, which may not lead elsewhere.

    Raises
    ------
    Hostile
    """
    plain = check_text(unquote(name))
    if ".." in re.split(r"[/\\]", plain) or re.match(r"[/\\~]|[A-Za-z]:[/\\]", plain):
        raise Hostile("traversal", path=plain[:80])
    return plain


def check_url(url: str) -> str:
    """An address that leads to the public network.

    Raises
    ------
    Hostile
        It names a file of this machine, a private host, or leads out of its folder.

    Examples
    --------
    >>> check_url(" https://host.org/a.nc")
    'https://host.org/a.nc'
    """
    text = _CONTROL.sub("", url).strip()
    if len(text) > LONGEST_URL:
        raise Hostile("long_url", length=len(text))
    public = public_url(text)
    try:
        parts = urlsplit(public)
        host = plain_host(parts.hostname or "")
    except ValueError:
        raise Hostile("bad_url", url=public[:120]) from None
    if parts.scheme.lower() not in _SCHEMES:
        raise Hostile("scheme", scheme=parts.scheme or "-", url=public[:120])
    if not host or "::" in parts.path or re.search(r"\{[{%]|\s|[\"'<>`\\^|]", public):
        raise Hostile("bad_url", url=public[:120])
    if ".." in re.split(r"[/\\]", unquote(unquote(parts.path))):
        raise Hostile("traversal", path=public[:120])
    if parts.scheme.lower() != "s3":
        _check_host(host)
    return public


def _check_host(host: str) -> None:
    """By its name or number only: nothing is looked up, nothing is sent."""
    try:
        number = str(ipaddress.ip_address(host))
    except ValueError:
        number = _old_number(host)
    if number is not None:
        try:
            check_address(number, host)
        except Refused:
            raise Hostile("private", host=host) from None
    elif ("." not in host or host.lower().endswith(_PRIVATE_NAMES)) and not _named_by_the_site(host):
        raise Hostile("private", host=host)


def _named_by_the_site(host: str) -> bool:
    allowed = os.environ.get("ODATIS_ALLOWED_HOSTS", "").replace(",", " ").split()
    return any(fnmatch.fnmatch(host.lower(), entry.lower()) for entry in allowed)


def _old_number(host: str) -> str | None:
    """127.1, 2130706433 and 0x7f.0.0.1 are numbers too, to the resolver."""
    if not re.fullmatch(r"[0-9a-fA-FxX.]+", host) or not host[0].isdigit():
        return None
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return None
