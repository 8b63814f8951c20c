"""Addresses of files: a path, a URL, or a chain of URLs (`zip://a.csv::https://host/b.zip`)."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["is_local", "is_pattern", "kept_url", "protocols", "public_url", "whole_url"]

LOCAL = ("", "file", "local")

# up to the last @ before the path; or, where what follows ":" is no port, a password with a slash in it
_ACCOUNT = re.compile(r"://(?:[^/?#]*@|[^/?#@:]*:(?!:|\d*(?:[/?#]|$))[^@]*@)")
_PARAMETER = re.compile(r"([?&;#])([^=&;#?]+)=[^&;#]*")
_SECRET = re.compile(
    r"token|passw|passphrase|pwd|secret|signature|credential|session|access-?_?key|jwt|ticket|key$"
    r"|^(?:auth|authorization|code|login|pass|pw|sig|user|username)$",
    re.IGNORECASE,
)
_HIDDEN = "***"
# (host, path, parameter) to its secret value: in this process only, never in what travels.
_keys: dict[tuple[str, str, str], str] = {}


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
        lambda found: f"{found[1]}{found[2]}={_HIDDEN}" if _SECRET.search(unquote(found[2])) else found[0],
        _ACCOUNT.sub("://", str(url)),
    )


def kept_url(url: str) -> str:
    """The public form of an address, whose keys this process remembers.

    An account (`user:password@`) is dropped: logins are kept in netrc, a keyring or the environment.

    Examples
    --------
    >>> kept_url("https://me:secret@host/a.nc?v=1&token=abc")
    'https://host/a.nc?v=1&token=***'
    """
    public = public_url(url)
    if public != url:
        for link in url.split("::"):
            bare = _ACCOUNT.sub("://", link)
            parts = urlsplit(bare)
            for _, name in _PARAMETER.findall(bare):
                value = re.search(rf"[?&;]{re.escape(name)}=([^&;#]*)", bare)
                if value and _SECRET.search(unquote(name)):
                    _keys[parts.hostname or "", parts.path, unquote(name)] = value[1]
    return public


def whole_url(url: Any) -> Any:
    """A `yarl.URL` with the keys that its public form hides.

    Raises
    ------
    CatalogError
        This process does not know them: it did not read the catalogue.
    """
    if f"={_HIDDEN}" not in url.raw_query_string:
        return url

    def key(found: re.Match) -> str:
        place = (url.host or "", url.raw_path, unquote(found[2]))
        if place not in _keys:
            raise CatalogError(tr("access.key_elsewhere", host=url.host), tr("access.key_elsewhere_hint"))
        return f"{found[1]}{found[2]}={_keys[place]}"

    query = re.sub(rf"(^|[&;])([^=&;]+)={re.escape(_HIDDEN)}(?=[&;]|$)", key, url.raw_query_string)
    return type(url)(f"{url.origin()}{url.raw_path}?{query}", encoded=True)
