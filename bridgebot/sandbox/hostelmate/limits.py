"""Hostel Mate's rate limit: calls a minute for each address."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

PER_MINUTE = 120
"""Page "Authentication" of the API documentation; "subject to change"."""
_MINUTE = 60.0


@dataclass(slots=True)
class Limits:
    """Counts calls by address; ``limited`` is how many were refused."""

    clock: Callable[[], float] = time.monotonic
    per_minute: int = PER_MINUTE
    limited: int = 0
    _calls: dict[str, deque[float]] = field(default_factory=dict)

    def wait(self, address: str, *, sliding: bool = True) -> int:
        """Count a call; return 0, or the whole seconds for which the address has to wait."""
        now, calls = self.clock(), self._calls.setdefault(address, deque())
        while calls and self._is_over(calls[0], now, sliding=sliding):
            calls.popleft()
        if len(calls) < self.per_minute:
            calls.append(now)
            return 0
        self.limited += 1
        end = calls[0] + _MINUTE if sliding else (now // _MINUTE + 1) * _MINUTE
        return max(1, math.ceil(end - now))

    def _is_over(self, call: float, now: float, *, sliding: bool) -> bool:
        return now - call >= _MINUTE if sliding else call // _MINUTE < now // _MINUTE
