"""The time by which the bridge goes: this machine's, or Slack's where this machine's is wrong.

What was read, sent or missed is found again by Slack's ``ts`` and the providers' times. A clock
that is minutes ahead of theirs would leave replies unread after an absence, and have sent again
what was looked for too late.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

from bridgebot.elapsed import elapsed

TOLERANCE = 2.0
"""Seconds that Slack's time and ours may differ; it states whole seconds, cut off."""


def utc_now() -> datetime:
    """Tell this machine's time, aware and in UTC."""
    return datetime.now(UTC)


def stated_time(headers: Mapping[str, str]) -> datetime | None:
    """Read at what time an answer says it was given."""
    return _moment(headers.get("Date") or headers.get("date"))


@lru_cache(maxsize=8)
def _moment(value: str | None) -> datetime | None:
    """Read a header's time; all answers of one second state the same."""
    try:
        at = parsedate_to_datetime(value) if value else None
    except ValueError:
        return None
    # Without a zone, or with "-0000", it is told in UTC.
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


class Timekeeper:
    """Tells the time; between Slack's answers it goes on by what has elapsed, whatever is set."""

    def __init__(
        self, wall: Callable[[], datetime] = utc_now, ran: Callable[[], float] = elapsed
    ) -> None:
        self._wall = wall
        self._ran = ran
        self._known: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """Tell the time; before Slack's first answer it is this machine's."""
        if self._known is None:
            return self._wall()
        at, ran = self._known
        return at + timedelta(seconds=self._ran() - ran)

    def heard(self, headers: Mapping[str, str], took: float) -> None:
        """Compare with the time of an answer to a call that took so many seconds.

        Where this machine's clock does not fit, Slack's counts: rather too early, which reads too
        much, than too late.
        """
        stated = stated_time(headers)
        if stated is None or (took > TOLERANCE and self._known is not None):
            # A slow answer says too little to choose another clock by.
            return
        wall = self._wall()
        ahead = (wall - stated).total_seconds()
        right = -TOLERANCE <= ahead <= took + TOLERANCE
        self._known = (wall if right else stated), self._ran()
