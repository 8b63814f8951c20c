"""Logins: found where they are kept, at the moment and in the process that needs them.

A login is never an argument of what is made here: files, stores and arrays name only *where* it is kept
(`"netrc"`, `"keyring"`, `"environment"`), so that what travels to a Dask worker holds no secret. A worker
finds the login in its own netrc, keyring or environment.
"""

import netrc
import os
import re
from pathlib import Path
from typing import NamedTuple

from odatis_vre.catalog.access.failures import Refused
from odatis_vre.i18n import tr

__all__ = ["PLACES", "Login", "login_for", "variable_name"]

PLACES = ("netrc", "keyring", "environment")
_SERVICE = "odatis:{host}"


class Login(NamedTuple):
    """A user and a password, or an S3 key and its secret; shows neither."""

    user: str
    password: str

    def __repr__(self) -> str:
        return "Login(***)"

    __str__ = __repr__

    def __reduce__(self):
        raise TypeError("a login does not travel")


def variable_name(host: str) -> str:
    """The environment variable that holds the login of a host, as `user:password`.

    Examples
    --------
    >>> variable_name("tds-odatis.aviso.altimetry.fr")
    'ODATIS_LOGIN_TDS_ODATIS_AVISO_ALTIMETRY_FR'
    """
    return "ODATIS_LOGIN_" + re.sub(r"[^A-Z0-9]", "_", host.upper())


def login_for(host: str, place: str | None = None) -> Login | None:
    """Find the login of a host.

    Parameters
    ----------
    host : str
        Name or address, without a port.
    place : {"netrc", "keyring", "environment"}, optional
        Where it must be. Without it: the environment, then netrc, if they name this very host; a keyring,
        which may ask the user for a password, is opened only when named.

    Returns
    -------
    Login or None
        None only without `place`.

    Raises
    ------
    Refused
        The place named has no login for the host; says where to write it.
    """
    if place is None:
        return _from_environment(host) or _from_netrc(host, strict=False)
    found = {"netrc": _from_netrc, "keyring": _from_keyring, "environment": _from_environment}[place](host)
    if found is None:
        hint = {
            "netrc": "access.put_netrc",
            "keyring": "access.put_keyring",
            "environment": "access.put_variable",
        }
        raise Refused(
            tr(hint[place], host=host, variable=variable_name(host), service=_SERVICE.format(host=host))
        )
    return found


def _from_environment(host: str) -> Login | None:
    user, mark, password = os.environ.get(variable_name(host), "").partition(":")
    return Login(user, password) if mark else None


def _from_netrc(host: str, strict: bool = True) -> Login | None:
    """Only an entry of this very machine: `default` would send a password anywhere."""
    path = Path(os.environ.get("NETRC") or Path.home() / ".netrc")
    try:
        found = netrc.netrc(str(path)).hosts.get(host)
    except FileNotFoundError:
        return None
    except (netrc.NetrcParseError, OSError, UnicodeDecodeError):
        if strict:
            raise Refused(tr("access.bad_netrc", path=path)) from None
        return None
    return Login(found[0], found[2] or "") if found else None


def _from_keyring(host: str) -> Login | None:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        raise Refused(tr("access.no_keyring", command="pip install keyring")) from None
    try:
        found = keyring.get_credential(_SERVICE.format(host=host), None)
    except keyring.errors.KeyringError:
        raise Refused(tr("access.locked_keyring")) from None
    return Login(found.username or "", found.password) if found else None
