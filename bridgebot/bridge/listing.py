"""Which conversations of a list are read next, and how, where a provider has no queue.

A list shows of each conversation its last message and a few figures. A message that was written
earlier and comes late may change none of them, so each conversation is read again now and then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridgebot.model import Glimpse

NEWS = timedelta(days=1)
"""What is younger than this when an account is seen for the first time is shown."""
ACTIVE = timedelta(days=3)
AGAIN_ACTIVE, AGAIN_QUIET = timedelta(minutes=10), timedelta(days=1)
"""How often a conversation is read again, whatever the list says."""
AT_ONCE = 5
"""Conversations read again for one look at the list."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What is known of a conversation; ``mark`` is that of the last time it was read.

    ``quiet`` says that what was dealt with before we came is not shown.
    """

    mark: str = ""
    read_at: datetime | None = None
    quiet: bool = False


def first_sight(glimpse: Glimpse, *, is_account_new: bool, now: datetime) -> Known:
    """Decide how a conversation is read that was never seen.

    When an account is switched on, years of conversations may be there: those that wait or are
    young open a thread, the others are kept quietly. One that is left to another provider is kept
    so as well, should it not be left out any more one day.
    """
    is_old = not glimpse.pending and glimpse.active_at < now - NEWS
    return Known(quiet=glimpse.left_out or (is_account_new and is_old))


def to_read(
    glimpses: Iterable[Glimpse], known: Mapping[str, Known], *, now: datetime
) -> list[Glimpse]:
    """List what is read next: what changed, those that wait first; then a few once more."""
    shown = [each for each in glimpses if not each.left_out]
    changed = [each for each in shown if _of(known, each).mark != each.mark]
    changed.sort(key=lambda each: (_of(known, each).quiet, -each.active_at.timestamp()))
    again = sorted(
        (_due(each, _of(known, each)), each.conversation_id, each)
        for each in shown
        if _of(known, each).mark == each.mark
    )
    return changed + [each for due, _, each in again if due <= now][:AT_ONCE]


def _of(known: Mapping[str, Known], glimpse: Glimpse) -> Known:
    return known.get(glimpse.conversation_id, Known())


def _due(glimpse: Glimpse, known: Known) -> datetime:
    """Tell when a conversation is read again; an active one more often."""
    if known.read_at is None:
        return glimpse.active_at
    is_active = known.read_at - glimpse.active_at < ACTIVE
    return known.read_at + (AGAIN_ACTIVE if is_active else AGAIN_QUIET)
