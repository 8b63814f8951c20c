"""Which hosts an entry may reach: one from elsewhere never reaches this machine or its private network.

The site opens some with `ODATIS_ALLOWED_HOSTS`: names (`data.lab.fr`, `*.lab.fr`), addresses and networks
(`10.2.0.0/16`), parted by commas or spaces. Catalogue files of this machine may name any host.
"""

import fnmatch
import ipaddress
import os
import re
import socket
import unicodedata
from urllib.parse import unquote

from odatis_vre.catalog.access.failures import Refused
from odatis_vre.i18n import tr

__all__ = ["check_address", "check_host", "plain_host", "public_address"]


def check_address(address: str, host: str) -> None:
    """Refuse an address that is not public, unless the site allows it or the host's name.

    Parameters
    ----------
    address : str
        As numbers.
    host : str
        The name that led to it, for the site's list and the message.

    Raises
    ------
    Refused
    """
    number = ipaddress.ip_address(address.partition("%")[0])
    number = getattr(number, "ipv4_mapped", None) or number
    if number.is_global and not number.is_multicast:
        return
    if not any(_matches(entry, number, host) for entry in _allowed()):
        raise Refused(tr("access.private", host=host))


def check_host(host: str) -> None:
    """Refuse a host if any of its addresses is not public.

    Raises
    ------
    Refused
    OSError
        The name is unknown.

    Examples
    --------
    >>> check_host("127.0.0.1")
    Traceback (most recent call last):
    odatis_vre.catalog.access.failures.Refused: 127.0.0.1 is a private address, and this entry ...
    """
    _checked(host)


def public_address(host: str) -> str:
    """An address of a host, all of whose addresses are allowed.

    Raises
    ------
    Refused
    OSError
        The name is unknown.

    Examples
    --------
    >>> public_address("8.8.8.8")
    '8.8.8.8'
    """
    return _checked(host)[0]


def plain_host(host: str) -> str:
    """A host's name as it is looked up: full-width digits and dots are digits and dots (IDNA, NFKC).

    Examples
    --------
    >>> plain_host("\uff11\uff12\uff17\u30020.0.1"), plain_host("B\u00fccher.example.")
    ('127.0.0.1', 'b\xfccher.example')
    """
    text = unicodedata.normalize("NFKC", unquote(host)).lower()
    return re.sub(r"[\u3002\uff0e\uff61]", ".", text).rstrip(".")


def _checked(host: str) -> list[str]:
    found = [str(address[0]) for *_, address in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    for address in found:
        check_address(address, host)
    return found


def _allowed() -> list[str]:
    return os.environ.get("ODATIS_ALLOWED_HOSTS", "").replace(",", " ").split()


def _matches(entry: str, number, host: str) -> bool:
    try:
        return number in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return fnmatch.fnmatch(host.lower(), entry.lower())
