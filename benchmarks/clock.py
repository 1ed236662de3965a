"""A clock that jumps to the next thing that is due as soon as nothing else is going on.

The loop's time, ``time.time`` and ``time.monotonic`` all tell it, so hours of waiting for Slack's
limits pass in the time that the work between takes. Import it before what is to live by it.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from datetime import UTC, datetime

GRACE = 0.005
"""Real seconds in which an answer, or the disk, may still be on its way before time jumps."""

_real_time, _real_monotonic = time.time, time.monotonic
_jumped = 0.0


def now() -> float:
    """Tell the seconds since 1970."""
    return _real_time() + _jumped


def monotonic() -> float:
    """Tell the seconds of a clock that is never set back."""
    return _real_monotonic() + _jumped


def utc_now() -> datetime:
    """Tell the time of day."""
    return datetime.fromtimestamp(now(), UTC)


class _Selector(selectors.EpollSelector):
    """Waits for what comes in; where nothing does, time passes at once."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait as ``EpollSelector`` does, but never longer than the grace."""
        global _jumped  # noqa: PLW0603 - there is one time
        if timeout is None or timeout <= GRACE:
            return super().select(timeout)
        found = super().select(GRACE)
        if not found:
            _jumped += timeout - GRACE
        return found


class _Loop(asyncio.SelectorEventLoop):
    def time(self) -> float:
        return monotonic()


def install() -> None:
    """Let this process live by the clock."""
    time.time, time.monotonic = now, monotonic


def new_loop() -> asyncio.AbstractEventLoop:
    """Make an event loop that lives by the clock."""
    return _Loop(_Selector())
