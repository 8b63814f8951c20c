"""How long to wait, and how often to ask again: one policy for every protocol, set by the environment."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

from odatis_vre.catalog.access.failures import transient

__all__ = ["Patience", "given_up", "patience", "patiently", "retrying"]


class Patience(NamedTuple):
    """Seconds without a byte before giving up, attempts, seconds before the second of them."""

    timeout: float
    attempts: int
    pause: float


def patience() -> Patience:
    """The policy in force.

    Returns
    -------
    Patience
        From `ODATIS_TIMEOUT` (30 s), `ODATIS_ATTEMPTS` (4) and `ODATIS_RETRY_PAUSE` (0.5 s, doubled each
        time).
    """
    return Patience(
        _number("ODATIS_TIMEOUT", 30.0),
        int(_number("ODATIS_ATTEMPTS", 4)),
        _number("ODATIS_RETRY_PAUSE", 0.5),
    )


def retrying(of: type | None = None, spent: int = 0) -> Any:
    """Tenacity's policy: transient failures only, with a growing, random pause, the last one raised.

    Parameters
    ----------
    of : type, optional
        `tenacity.AsyncRetrying` in coroutines.
    spent : int
        Attempts that were made before.
    """
    import tenacity

    limits = patience()
    return (of or tenacity.Retrying)(
        retry=tenacity.retry_if_exception(transient),
        stop=tenacity.stop_after_attempt(max(limits.attempts - spent, 1)),
        wait=tenacity.wait_random_exponential(multiplier=limits.pause, max=30),
        reraise=True,
    )


def patiently(call, *args, **kwargs):
    """Call, and call again while the failure is transient; who calls this patiently does not begin anew."""
    with given_up():
        return retrying()(call, *args, **kwargs)


@contextlib.contextmanager
def given_up() -> Iterator[None]:
    """Mark a failure: it was tried as often as may be, and an outer attempt would multiply the waiting."""
    try:
        yield
    except Exception as error:
        error.odatis_given_up = True
        raise


def _number(name: str, default: float) -> float:
    try:
        value = float(os.environ.get(name, default))
    except ValueError:
        return default
    return value if value > 0 else default
