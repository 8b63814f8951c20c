"""Addresses of files: a path, a URL, or a chain of URLs (`zip://a.csv::https://host/b.zip`)."""

import re
from collections.abc import Sequence
from urllib.parse import unquote

__all__ = ["is_local", "protocols", "public_url"]

LOCAL = ("", "file", "local")

# up to the last @ before the path; or, where what follows ":" is no port, a password with a slash in it
_ACCOUNT = re.compile(r"://(?:[^/?#]*@|[^/?#@:]*:(?!:|\d*(?:[/?#]|$))[^@]*@)")
_PARAMETER = re.compile(r"([?&;#])([^=&;#?]+)=[^&;#]*")
_SECRET = re.compile(
    r"token|passw|passphrase|pwd|secret|signature|credential|session|access-?_?key|jwt|ticket|key$"
    r"|^(?:auth|authorization|code|login|pass|pw|sig|user|username)$",
    re.IGNORECASE,
)


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
        lambda found: f"{found[1]}{found[2]}=***" if _SECRET.search(unquote(found[2])) else found[0],
        _ACCOUNT.sub("://", str(url)),
    )
