"""What is new in lists of conversations that stand by recent activity, and how far to look.

Such a list shows of each conversation its newest message. Looking ends where everything is older
than what was seen completely before; a conversation that the list hid, because it moved while the
list was paged through, stands in front at the next look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridgebot.model import Glimpse

OVERLAP = timedelta(minutes=10)
"""How late a message may show in a list, behind newer ones, and still be met."""
TAIL = 10
"""Entries at the end of a page that must all be old for the list to be left."""
SETTLES = timedelta(minutes=2)
"""A conversation is read once more so long after it was read: guests' times are cut to seconds, so
of two messages of one second the list may go on showing the first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """When a conversation was read last, and under which mark; ``settled`` after a second time."""

    mark: str = ""
    read_at: datetime | None = None
    settled: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """How far a property was read.

    What was written before ``since`` is from before this source was used: kept, and not shown.
    Everything that was active before ``until`` is read and stored.
    """

    since: datetime
    until: datetime


def goes_on(glimpses: Sequence[Glimpse], known: Mapping[str, Visit], floor: datetime) -> bool:
    """Tell whether the next page of a list may hold news as well.

    Its order is not promised to the entry, so news among the last ones counts. A page of empty
    conversations, as each new reservation has one, tells nothing.
    """
    return not glimpses or any(
        each.pending or each.active_at >= floor or _has_changed(each, known)
        for each in glimpses[-TAIL:]
    )


def to_visit(
    glimpses: Iterable[Glimpse], known: Mapping[str, Visit], *, since: datetime, now: datetime
) -> list[Glimpse]:
    """List the conversations that are read next."""
    return [each for each in glimpses if _is_due(each, known, since, now)]


def visited(glimpse: Glimpse, before: Visit | None, *, now: datetime) -> Visit:
    """Note that a conversation was read under a mark."""
    again = before is not None and before.mark == glimpse.mark
    return Visit(mark=glimpse.mark, read_at=now, settled=again)


def floor_of(glimpses: Iterable[Glimpse], floor: datetime, *, now: datetime) -> datetime:
    """Tell how far back the next look has to go, once all of this one is read."""
    newest = max((each.active_at for each in glimpses), default=floor)
    return max(floor, min(newest, now) - OVERLAP)


def _has_changed(glimpse: Glimpse, known: Mapping[str, Visit]) -> bool:
    before = known.get(glimpse.conversation_id)
    return before is not None and before.mark != glimpse.mark


def _is_due(glimpse: Glimpse, known: Mapping[str, Visit], since: datetime, now: datetime) -> bool:
    before = known.get(glimpse.conversation_id)
    if before is None:
        # What nobody wrote in since then holds nothing to show.
        return glimpse.pending or glimpse.active_at >= since
    if before.mark != glimpse.mark:
        return True
    return not before.settled and (before.read_at is None or now - before.read_at >= SETTLES)
