"""Waits at the start for an outside system that is away for a while."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from bridgebot.bridge.delivery import MENDABLE, backoff
from bridgebot.errors import CallError

log = structlog.get_logger()

T = TypeVar("T")

LONGEST_WAIT = 30.0


class StoppedWaitingError(Exception):
    """The order to stop came before the start was over."""


async def patiently(call: Callable[[], Awaitable[T]], stop: asyncio.Event) -> T:
    """Repeat a call until it works; only what a person must put right is raised.

    Raises ``CallError`` for refused credentials, a channel that is not there and the like, and
    ``StoppedWaitingError`` when ``stop`` is set meanwhile.
    """
    failures = 0
    while not stop.is_set():
        try:
            return await call()
        except CallError as error:
            if error.auth or error.permanent or error.code in MENDABLE:
                raise
            failures += 1
            wait = min(LONGEST_WAIT, max(error.after or 0.0, backoff(failures, 0.5)))
            log.warning("start_waits", reason=str(error), code=error.code, seconds=round(wait, 1))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await stop.wait()
    raise StoppedWaitingError
