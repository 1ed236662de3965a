"""A clock that jumps to the next thing that is due as soon as nothing else is going on.

The loop's time and all clocks of ``time`` that the bridge reads tell it, so hours of waiting for
Slack's limits pass in the time that the work between takes. That work still takes its time: the
clock jumps over waiting and over nothing else. What may be going on outside of the loop is counted:
calls in other threads (SQLite's, and the executor's), and bytes between two sockets of this
process. Import it before what is to live by it.
"""

from __future__ import annotations

import asyncio
import selectors
import socket
import time
from _queue import SimpleQueue
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aiosqlite import core

GRACE = 0.005
"""Real seconds after which bytes that nobody has read are taken for lost with their connection."""

_real_time, _real_monotonic, _real_gettime = time.time, time.monotonic, time.clock_gettime
_jumped = 0.0
counts: Counter[str] = Counter()
"""Calls in other ``threads``, ``bytes`` on their way, ``jumps`` so far."""


def now() -> float:
    """Tell the seconds since 1970."""
    return _real_time() + _jumped


def monotonic() -> float:
    """Tell the seconds of a clock that is never set back."""
    return _real_monotonic() + _jumped


def gettime(which: int) -> float:
    """Tell the seconds of a clock of the system; that of a thread's or process's work stays."""
    kinds = (time.CLOCK_REALTIME, time.CLOCK_MONOTONIC, time.CLOCK_BOOTTIME)
    return _real_gettime(which) + (_jumped if which in kinds else 0.0)


def utc_now() -> datetime:
    """Tell the time of day."""
    return datetime.fromtimestamp(now(), UTC)


class _Selector(selectors.EpollSelector):
    """Waits for what is on its way; where nothing is, time passes at once."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait as ``EpollSelector`` does where something is on its way, else not at all."""
        global _jumped  # noqa: PLW0603 - there is one time
        if timeout is None or timeout <= 0 or counts["threads"]:
            return super().select(timeout)
        found = super().select(0)
        if not found and counts["bytes"]:
            found = super().select(min(GRACE, timeout))
            counts["bytes"] *= bool(found)
        if not found:
            _jumped += timeout
            counts["jumps"] += 1
        return found


class _Loop(asyncio.SelectorEventLoop):
    def time(self) -> float:
        return monotonic()

    def run_in_executor(  # type: ignore[override]
        self,
        executor: Any,  # noqa: ANN401
        func: Callable[..., Any],
        *args: Any,  # noqa: ANN401
    ) -> asyncio.Future[Any]:
        running = super().run_in_executor(executor, func, *args)
        _count(running)
        return running


class _Calls(SimpleQueue[Any]):
    """What a connection's thread has to do."""

    def put_nowait(self, item: Any) -> None:  # noqa: ANN401
        if item[0] is not None:
            _count(item[0])
        super().put_nowait(item)


def _count(call: asyncio.Future[Any]) -> None:
    """Count a call in another thread until it is done."""
    counts["threads"] += 1
    call.add_done_callback(lambda _done: counts.subtract(("threads",)))


def _counting(
    real: Callable[..., Any], sign: int, size: Callable[[Any], int]
) -> Callable[..., Any]:
    """Count what a socket's method has sent or read."""

    def method(*args: Any) -> Any:  # noqa: ANN401
        moved = real(*args)
        counts["bytes"] += sign * size(moved)
        return moved

    return method


def install() -> None:
    """Let this process live by the clock."""
    time.time, time.monotonic, time.clock_gettime = now, monotonic, gettime
    moved = {
        "send": _counting(socket.socket.send, 1, int),
        "recv": _counting(socket.socket.recv, -1, len),
        "recv_into": _counting(socket.socket.recv_into, -1, int),
    }
    for name, method in moved.items():
        setattr(socket.socket, name, method)
    vars(core)["SimpleQueue"] = _Calls


def new_loop() -> asyncio.AbstractEventLoop:
    """Make an event loop that lives by the clock."""
    return _Loop(_Selector())
