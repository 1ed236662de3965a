"""The loop that all workers share."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Protocol

import structlog

from bridgebot.errors import BridgebotError

log = structlog.get_logger()

LONGEST_PAUSE = 30.0
DOUBLINGS = 10
"""A pause doubles no more often: after half a day of failures the number would be too large."""


class Worker(Protocol):
    """Does one turn at a time; a ``longest_pause`` of its own is how long it pauses at most."""

    name: str

    async def step(self) -> float:
        """Do what is due; return the seconds until it is worth looking again, 0 for at once."""
        ...


async def run(worker: Worker, *, wake: asyncio.Event, stop: asyncio.Event) -> None:
    """Turn a worker until ``stop``; ``wake`` ends a pause early.

    A step that cannot go on (the database or the other side is away) is tried again after a pause
    that grows, with one log line when it begins and one when it is over. Anything unforeseen ends
    the worker, and with it the process.
    """
    stopping = asyncio.ensure_future(stop.wait())
    # One wait serves for both: a worker that is told to stop is woken.
    stopping.add_done_callback(lambda _done: asyncio.Event.set(wake))
    try:
        await _turns(worker, wake, stop)
    finally:
        stopping.cancel()


async def _turns(worker: Worker, wake: asyncio.Event, stop: asyncio.Event) -> None:
    failures, longest = 0, getattr(worker, "longest_pause", LONGEST_PAUSE)
    while not stop.is_set():
        wake.clear()
        try:
            pause = await worker.step()
        except BridgebotError as error:
            failures += 1
            pause = min(longest, 0.5 * 2.0 ** min(failures, DOUBLINGS))
            if failures == 1:
                log.warning("worker_hindered", worker=worker.name, reason=str(error))
        except Exception:
            log.exception("worker_died", worker=worker.name)
            raise
        else:
            if failures:
                log.info("worker_goes_on", worker=worker.name, failures=failures)
            failures = 0
        await _pause(pause, wake)


async def _pause(seconds: float, wake: asyncio.Event) -> None:
    """Wait until the time is over or the worker is woken."""
    if seconds <= 0:
        await asyncio.sleep(0)
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await wake.wait()
