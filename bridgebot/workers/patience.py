"""Waits at the start for an outside system, or the database's server, that is away for a while."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from bridgebot.bridge.delivery import MENDABLE, backoff
from bridgebot.errors import CallError, StoreAwayError

log = structlog.get_logger()

T = TypeVar("T")

LONGEST_WAIT = 30.0


class StoppedWaitingError(Exception):
    """The order to stop came before the start was over."""


async def patiently(call: Callable[[], Awaitable[T]], stop: asyncio.Event) -> T:
    """Repeat a call until it works; only what a person must put right is raised.

    Raises ``CallError`` for refused credentials, a channel that is not there and the like,
    ``StoreError`` for a database that cannot be used, and ``StoppedWaitingError`` when ``stop`` is
    set meanwhile. Each reason for waiting is said once.
    """
    failures, said = 0, ""
    while not stop.is_set():
        try:
            result = await call()
        except (CallError, StoreAwayError) as error:
            if isinstance(error, CallError) and _is_lasting(error):
                raise
            failures += 1
            if str(error) != said:
                said = str(error)
                log.warning("start_waits", reason=said, code=error.code)
            wait = min(LONGEST_WAIT, max(error.after or 0.0, backoff(failures, 0.5)))
        else:
            if failures:
                log.info("start_goes_on", failures=failures)
            return result
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await stop.wait()
    raise StoppedWaitingError


def _is_lasting(error: CallError) -> bool:
    return error.auth or error.permanent or error.code in MENDABLE
