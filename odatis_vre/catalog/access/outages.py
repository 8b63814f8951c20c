"""Requests to a store that does not answer: one of them asks again, and the others wait for how that ends.

Opening a store asks for several objects at once, and an entry may have several ways to it: attempts for each
would be dozens of requests to a server in trouble.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import tenacity

from odatis_vre.catalog.access.failures import transient
from odatis_vre.catalog.access.retries import patience, retrying

__all__ = ["Outage", "outage_of"]

T = TypeVar("T")
# Seconds in which a store that was given up is not asked again and again anew.
_MOMENT = 10.0


class Outage:
    """Of one store in this process."""

    def __init__(self):
        self._probe: asyncio.Future[bool] | None = None
        self._given_up = -math.inf

    async def patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        """Call, and call again while the failure is transient.

        Parameters
        ----------
        call : callable
            Makes a request; it is no call of this method.

        Raises
        ------
        Exception
            The last failure, after `ODATIS_ATTEMPTS` of this request, or of another one that was on its way.
        """
        spent = 0
        while True:
            try:
                found = await call()
            except Exception as error:
                if not transient(error):
                    self._given_up = -math.inf  # it answers
                    raise
                if time.monotonic() - self._given_up < _MOMENT:
                    raise
                probe, failure = self._probe, error
                if probe is not None and probe.get_loop() is asyncio.get_running_loop():
                    spent += 1
                    if spent >= patience().attempts or not await asyncio.shield(probe):
                        raise
                    continue
            else:
                self._given_up = -math.inf
                return found
            return await self._asked_again(call, failure, spent)

    async def _asked_again(self, call: Callable[[], Awaitable[T]], failure: Exception, spent: int) -> T:
        failures, answers = [failure], True

        async def again() -> T:
            if failures:  # the first attempt was made
                raise failures.pop()
            return await call()

        self._probe = probe = asyncio.get_running_loop().create_future()
        try:
            return await retrying(tenacity.AsyncRetrying, spent)(again)
        except Exception as error:
            answers = not transient(error)
            self._given_up = -math.inf if answers else time.monotonic()
            raise
        finally:
            self._probe = None
            probe.set_result(answers)


_outages: dict[tuple[str, str], Outage] = {}


def outage_of(host: str, bucket: str) -> Outage:
    """What is known of a store."""
    return _outages.setdefault((host, bucket), Outage())
