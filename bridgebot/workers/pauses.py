"""Accounts to which nothing is sent for a while, since they refuse our credentials.

Their replies wait as they are, and one of them tries now and then; those of other accounts go on.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from bridgebot.bridge.delivery import REFUSED_DELAY


class Pauses:
    """Remembers which accounts refused us, and until when each is left alone."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._until: dict[str, float] = {}

    def begin(self, account: str) -> None:
        """Leave an account alone for a while."""
        self._until[account] = self._monotonic() + REFUSED_DELAY

    def end(self, account: str) -> None:
        """Take note that an account lets us in."""
        self._until.pop(account, None)

    def paused(self) -> tuple[str, ...]:
        """List the accounts to which nothing goes out freely."""
        return tuple(self._until)

    def next_try(self) -> str | None:
        """Name an account that is due for a try, and leave it alone again meanwhile."""
        now = self._monotonic()
        account = next((each for each, until in self._until.items() if until <= now), None)
        if account is not None:
            self.begin(account)
        return account
