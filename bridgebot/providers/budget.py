"""A provider's rate limit, kept by all calls together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

# A wait so short comes of rounding; no clock would see it pass.
_NOTHING = 1e-6


class Budget:
    """Lets ``burst`` calls through at once and ``per_minute`` in the long run.

    In any minute that is ``burst + per_minute`` calls at most, so it keeps a limit of that size
    whether the other side's minute slides or begins anew.
    """

    def __init__(
        self,
        *,
        burst: int,
        per_minute: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._burst = burst
        self._rate = per_minute / 60
        self._clock = clock
        self._sleep = sleep
        self._left = float(burst)
        self._at = clock()

    def ready_in(self) -> float:
        """Tell the seconds until a call may go out, 0 for at once."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        wait = (1 - self._left) / self._rate
        return wait if wait > _NOTHING else 0.0

    async def turn(self) -> None:
        """Wait for a call's turn and take it."""
        while (wait := self.ready_in()) > 0:
            await self._sleep(wait)
        self._left -= 1
