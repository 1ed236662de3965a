"""What came before what, between a guest and the hotel, where times are cut to whole seconds.

Booking.com gives guests' times in whole seconds (reference, section 6.4), so that one written in
the second of an answer may be older or newer than it. Then the order decides in which things came
to us: what was known when the answer went out is answered by it, what came in afterwards waits.
"""

from __future__ import annotations

from sqlalchemy import Column, ColumnElement, and_, exists, or_

from bridgebot.store.schema import conversations, messages

EVERYTHING = 1 << 62
"""All that has come in so far was known."""

NOTHING = 0
"""It is not known what had come in."""

_SECOND = 1000


def is_before(sent_at: int, end: int | None) -> bool:
    """Tell whether a message was surely written before an answer, or another end of the wait."""
    return end is not None and sent_at <= end and sent_at != end - end % _SECOND


def after(end: int | ColumnElement[int], known: int | ColumnElement[int]) -> ColumnElement[bool]:
    """Build the condition that a message was written after an end of the wait.

    What had come in until ``known`` was written before an end of the same second.
    """
    second = end - end % _SECOND
    same = and_(messages.c.sent_at == second, messages.c.received_at > known)
    # The first condition follows from the second; it is what an index can be used for.
    return and_(messages.c.sent_at >= second, or_(messages.c.sent_at > end, same))


def outlives(
    at: ColumnElement[int], end: Column[int | None], done: Column[int | None]
) -> ColumnElement[bool]:
    """Build the condition that a guest's message, which just came, is not covered by an end.

    ``done`` is where its own end is written down: it may have come to us before.
    """
    stands = exists().where(
        messages.c.conversation == conversations.c.id,
        messages.c.sender == "guest",
        messages.c.sent_at == at,
        done.is_(None),
    )
    return or_(end.is_(None), end < at, and_(end - end % _SECOND == at, stands))
