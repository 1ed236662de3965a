"""The reply score, as Booking.com computes it for each property.

The share of guest messages answered within 24 hours, over the last 30 days; with fewer than ten in
that time, the last ten count. Messages marked "no reply needed" within 24 hours are left out
(https://partner.booking.com/en-gb/help/reservations/communicate-guests/understanding-your-reply-score).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bridgebot.model import Asked

HOUR = 3_600_000
WITHIN = 24 * HOUR
WINDOW = 30 * 24 * HOUR
LEAST = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """How many of the messages that count were answered in time."""

    answered: int
    counted: int

    @property
    def percent(self) -> int:
        """The share in per cent, rounded down: nearly all is not all."""
        return self.answered * 100 // self.counted


def score(asked: Sequence[Asked], now: int) -> Score | None:
    """Compute the score of one property's messages; ``None`` while none counts.

    A message that is younger than a day and not answered yet is undecided and does not count.
    """
    counting = [each for each in asked if _counts(each, now)]
    counting.sort(key=lambda each: each.sent_at)
    recent = [each for each in counting if each.sent_at > now - WINDOW]
    chosen = recent if len(recent) >= LEAST else counting[-LEAST:]
    if not chosen:
        return None
    return Score(answered=sum(_in_time(each) for each in chosen), counted=len(chosen))


def _counts(asked: Asked, now: int) -> bool:
    excused = asked.excused_at is not None and asked.excused_at - asked.sent_at <= WITHIN
    decided = _in_time(asked) or now - asked.sent_at > WITHIN
    return decided and not excused


def _in_time(asked: Asked) -> bool:
    return asked.answered_at is not None and asked.answered_at - asked.sent_at <= WITHIN


def middle(waits: Sequence[int]) -> int | None:
    """Tell the median of how long first replies took; ``None`` while there is none."""
    return int(median(waits)) if waits else None
