"""How often an address may try."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable

MOST_ADDRESSES = 4096


class Throttle:
    """Counts what each address did in the last ``seconds``; ``most`` is allowed."""

    def __init__(
        self, *, most: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Tell the seconds until an address may try again, 0 for now."""
        times = self._seen.get(address)
        if times is None:
            return 0.0
        now = self._clock()
        while times and times[0] <= now - self._seconds:
            times.popleft()
        return 0.0 if len(times) < self._most else times[0] + self._seconds - now

    def count(self, address: str) -> None:
        """Take note of a try."""
        self._seen.setdefault(address, deque()).append(self._clock())
        self._seen.move_to_end(address)
        # Whoever tries from very many addresses must not fill the memory.
        while len(self._seen) > MOST_ADDRESSES:
            self._seen.popitem(last=False)
