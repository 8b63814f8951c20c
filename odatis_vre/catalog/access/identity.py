"""What tells the content of a remote dataset from another, in every process alike.

Dask arrays are named by it: an unfinished run knows its own data again, and no other.
"""

from typing import Any
from uuid import uuid4

from odatis_vre.catalog.access.downloads import Remote
from odatis_vre.catalog.access.stores import endpoint_of
from odatis_vre.catalog.address import kept_url

__all__ = ["identity", "stamp"]

# As HTTP, S3 and FTP call them.
_STAMPS = ("etag", "ETag", "modified", "LastModified", "modify")


def stamp(facts: dict[str, Any]) -> tuple[str, ...]:
    """What a server says of a file that changes with its content, its size aside.

    Parameters
    ----------
    facts : dict
        Of a file system's `info`.

    Returns
    -------
    tuple of str
        Empty where it says nothing of the kind.

    Examples
    --------
    >>> stamp({"size": 3, "etag": '"1"', "modified": None})
    ('etag="1"', 'size=3')
    >>> stamp({"size": 3})
    ()
    """
    found = tuple(f"{name}={facts[name]}" for name in _STAMPS if facts.get(name))
    return (*found, f"size={facts.get('size')}") if found else ()


def identity(remote: Remote, known: Any) -> str:
    """A token of an address and of what is known of the content behind it; no secret goes into it.

    Parameters
    ----------
    remote : Remote
    known : Any
        What changes with the content, and how it is opened; None where nothing is known that does: the token
        is then another each time.
    """
    import dask.base

    if known is None:
        return uuid4().hex
    # two addresses that differ in a key alone are two, without the key: `***` and `***2`
    address = kept_url(remote.url, again=True)
    return dask.base.tokenize(address, endpoint_of(remote.options), remote.trusted, remote.login, known)
