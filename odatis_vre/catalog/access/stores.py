"""Object stores that the site calls by a name: `storage_options: {store: NAME}` in an entry.

Address and keys are in the environment of each process that reads (`ODATIS_STORE_<NAME>_...`), so that
neither a catalogue nor what travels to a Dask worker holds them. `default` is that of AWS's own variables.
"""

import os
import re
from typing import NamedTuple

from odatis_vre.catalog.access.credentials import Login
from odatis_vre.catalog.access.failures import Refused
from odatis_vre.i18n import tr

__all__ = ["AMAZON", "Store", "endpoint_of", "named_store"]

AMAZON = "s3.amazonaws.com"
_BEFORE, _ENDPOINT = "ODATIS_STORE_", "_ENDPOINT_URL"


class Store(NamedTuple):
    """Where a store is, and what opens it; without a login it is read anonymously."""

    endpoint: str
    region: str | None
    login: Login | None


def named_store(options: dict | None) -> Store | None:
    """Find the store that an entry names.

    Parameters
    ----------
    options : dict, optional
        Its `storage_options`.

    Returns
    -------
    Store or None
        None where it names none, or the default one.

    Raises
    ------
    Refused
        The site has no store of this name.
    """
    name = (options or {}).get("store", "default")
    if name == "default":
        return None
    before = _BEFORE + re.sub(r"[^A-Z0-9]", "_", str(name).upper())
    if not (endpoint := os.environ.get(before + _ENDPOINT)):
        raise Refused(
            tr("access.no_store", name=name, known=", ".join(_known()), variable=before + _ENDPOINT)
        )
    key, secret = (os.environ.get(f"{before}_{part}") for part in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"))
    login = Login(key, secret) if key and secret else None
    return Store(endpoint, os.environ.get(f"{before}_DEFAULT_REGION"), login)


def endpoint_of(options: dict | None) -> str | None:
    """The address of the S3 server that `storage_options` lead to; None for Amazon's, or another protocol."""
    options = options or {}
    if named := named_store(options):
        return named.endpoint
    return options.get("endpoint_url") or (options.get("client_kwargs") or {}).get("endpoint_url")


def _known() -> list[str]:
    found = re.compile(f"{_BEFORE}(.+){_ENDPOINT}").fullmatch
    names = [match[1].lower().replace("_", "-") for name in os.environ if (match := found(name))]
    return ["default", *sorted(names)]
