"""Addresses of files: a path, a URL, or a chain of URLs (`zip://a.csv::https://host/b.zip`)."""

import hashlib
import re
import threading
from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["fingerprint", "is_local", "is_pattern", "kept_url", "protocols", "public_url", "whole_url"]

LOCAL = ("", "file", "local")

# up to the last @ before the path; or, where what follows ":" is no port, a password with a slash in it
_ACCOUNT = re.compile(r"://(?:[^/?#]*@|[^/?#@:]*:(?!:|\d*(?:[/?#]|$))[^@]*@)")
_PARAMETER = re.compile(r"([?&;#])([^=&;#?]+)=([^&;#]*)")
# Names of secrets, without case and marks (`X-Amz-Signature`); not `pass`, `code`, `user` or `session`, which
# name data too: the pass of a satellite, the code of a station.
_SECRET_NAMES = """
    token accesstoken apitoken authtoken authenticationtoken bearertoken edltoken idtoken refreshtoken
    sastoken securitytoken sessiontoken xamzsecuritytoken xauthtoken
    password passwd passphrase pwd userpassword motdepasse
    secret clientsecret secretkey secretaccesskey awssecretaccesskey
    key apikey appkey authkey accesskey accesskeyid awsaccesskeyid privatekey userkey xapikey
    subscriptionkey ocpapimsubscriptionkey
    sig signature xamzsignature xgoogsignature credential credentials xamzcredential xgoogcredential
    auth authorization jwt ticket login username
"""
_SECRETS = frozenset(_SECRET_NAMES.split())
_HIDDEN = "***"
# (host, parameter, what stands for the value) to the value: in this process only, never in what travels.
_keys: dict[tuple[str, str, str], str] = {}
_stand_ins: dict[tuple[str, str], dict[str, str]] = {}
_lock = threading.Lock()


def protocols(url: str) -> list[str]:
    """The protocol of each link of a chain; "" for a path.

    Examples
    --------
    >>> protocols("zip://a.csv::https://host/b.zip"), protocols("/data/a.csv")
    (['zip', 'https'], [''])
    """
    links = url.split("::")
    found = []
    for link in links:
        protocol, mark, _ = link.partition("://")
        # fsspec reads a bare word of a chain as a protocol
        bare = link if len(links) > 1 and re.fullmatch("[a-z]+", link) else ""
        found.append(protocol if mark else bare)
    return found


def is_local(url: str) -> bool:
    """Whether it is a file of this machine, as it is: no archive, no server."""
    found = protocols(url)
    return len(found) == 1 and found[0] in LOCAL


def is_pattern(url: str) -> bool:
    """Whether it stands for several files (`a*.nc`); what is hidden in a query is no pattern."""
    return "*" in url.partition("?")[0]


def public_url(url: str | Sequence[str]) -> str:
    """An address without the accounts, passwords and keys that some catalogues write into it.

    Examples
    --------
    >>> public_url("zip://a.csv::https://me:secret@host/b.zip?v=2&token=abc")
    'zip://a.csv::https://host/b.zip?v=2&token=***'
    """
    if isinstance(url, list | tuple):
        return ", ".join(public_url(part) for part in url)
    return _PARAMETER.sub(
        lambda found: f"{found[1]}{found[2]}={_HIDDEN}" if _is_secret(found[2]) else found[0],
        _ACCOUNT.sub("://", str(url)),
    )


def _is_secret(name: str) -> bool:
    return re.sub(r"[^a-z0-9]", "", unquote(name).lower()) in _SECRETS


def kept_url(url: str, again: bool = False) -> str:
    """The public form of an address, whose keys this process remembers.

    An account (`user:password@`) is dropped: logins are kept in netrc, a keyring or the environment. Two keys
    of one host are two addresses: the second is written `***2`.

    Parameters
    ----------
    url : str
    again : bool
        It may be a kept form already, which stays.

    Examples
    --------
    >>> kept_url("https://me:secret@host/a.nc?v=1&token=abc")
    'https://host/a.nc?v=1&token=***'
    """
    links = []
    for link in url.split("::"):
        bare = _ACCOUNT.sub("://", link)
        host = _host(bare)
        links.append(_PARAMETER.sub(partial(_kept, host, again), bare))
    return "::".join(links)


def _kept(host: str, again: bool, found: re.Match) -> str:
    mark, name, value = found.groups()
    if not _is_secret(name) or (again and (host, unquote(name), value) in _keys):
        return found[0]
    of_name = _stand_ins.setdefault((host, unquote(name)), {})
    with _lock:
        stand_in = of_name.setdefault(value, f"{_HIDDEN}{len(of_name) + 1 if of_name else ''}")
    _keys[host, unquote(name), stand_in] = value
    return f"{mark}{name}={stand_in}"


def _host(link: str) -> str:
    try:
        return urlsplit(link).hostname or ""
    except ValueError:  # told where the file is checked
        return ""


def whole_url(url: Any) -> Any:
    """A `yarl.URL` with the keys that its kept form hides.

    Raises
    ------
    CatalogError
        This process does not know them: it did not read the catalogue.
    """
    if f"={_HIDDEN}" not in url.raw_query_string:
        return url

    def key(found: re.Match) -> str:
        place = (url.host or "", unquote(found[2]), found[3])
        if place not in _keys:
            raise CatalogError(tr("access.key_elsewhere", host=url.host), tr("access.key_elsewhere_hint"))
        return f"{found[1]}{found[2]}={_keys[place]}"

    stands = re.escape(_HIDDEN)
    query = re.sub(rf"(^|[&;])([^=&;]+)=({stands}\d*)(?=[&;]|$)", key, url.raw_query_string)
    return type(url)(f"{url.origin()}{url.raw_path}?{query}", encoded=True)


def fingerprint(url: str) -> str:
    """A checksum of an address with its keys: two that differ in a key alone are two."""

    def whole(link: str) -> str:
        host = _host(link)
        return _PARAMETER.sub(lambda p: f"{p[1]}{p[2]}={_keys.get((host, unquote(p[2]), p[3]), p[3])}", link)

    return hashlib.sha256("::".join(map(whole, url.split("::"))).encode()).hexdigest()
