"""What the report asks of the store: turns of guests, one by one, and who answered."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sqlalchemy import ColumnElement, RowMapping, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.model import Turn
from bridgebot.store.schema import BY_GUESTS, FROM_ELSEWHERE, SENT, conversations, messages, outbox

TEMPLATE = "automatically_sent_template"
"""A kind of message that nobody wrote."""

PAGE = 1000
"""Conversations whose turns are in memory at once."""

ELSEWHERE = "elsewhere"
"""Who answered outside Slack: the provider does not say who."""


async def turns(
    connection: AsyncConnection, start: int, end: int, property_id: str | None
) -> AsyncIterator[Turn]:
    """Walk what guests wrote in a time (milliseconds since 1970), some conversations at once."""
    table = messages.c
    when = and_(table.sent_at >= start, table.sent_at < end)
    # By name: between the first and the last may lie all that was ever stored.
    spoke = select(table.conversation).where(BY_GUESTS, when).distinct()
    ids = sorted((await connection.execute(spoke)).scalars())
    wanted = and_(table.answered_at.is_(None), table.excused_at.is_(None), ~table.closing)
    query = (
        select(
            conversations.c.property_id,
            func.min(table.sent_at).label("asked_at"),
            table.answered_at,
            func.count().label("messages"),
            func.sum(case((wanted, 1), else_=0)).label("open"),
        )
        .select_from(messages.join(conversations))
        .where(table.sender == "guest", when, *_at(property_id))
        .group_by(table.conversation, conversations.c.property_id, table.answered_at)
    )
    for first in range(0, len(ids), PAGE):
        some = table.conversation.in_(ids[first : first + PAGE])
        for row in (await connection.execute(query.where(some))).mappings():
            yield _turn(row, end)


def _turn(row: RowMapping, end: int) -> Turn:
    """Make a turn; an answer of after the report's end had not been given yet."""
    late = row["answered_at"] is not None and row["answered_at"] >= end
    return Turn(
        property_id=row["property_id"],
        asked_at=int(row["asked_at"]),
        answered_at=None if late else row["answered_at"],
        messages=int(row["messages"]),
        open=int(row["messages"] if late else row["open"]),
    )


async def answered_by(
    connection: AsyncConnection, start: int, end: int, property_id: str | None
) -> dict[str, int]:
    """Count replies that were delivered by who wrote them, and answers written elsewhere."""
    ours = (
        select(outbox.c.user_id, func.count())
        .select_from(outbox.join(conversations))
        .where(
            SENT,
            outbox.c.finished_at >= start,
            outbox.c.finished_at < end,
            *_at(property_id),
        )
        .group_by(outbox.c.user_id)
    )
    found = {str(user): int(count) for user, count in await connection.execute(ours)}
    theirs = (
        select(func.count())
        .select_from(messages.join(conversations))
        .where(
            messages.c.sender == "property",
            FROM_ELSEWHERE,
            messages.c.kind != TEMPLATE,
            messages.c.sent_at >= start,
            messages.c.sent_at < end,
            *_at(property_id),
        )
    )
    count = int((await connection.execute(theirs)).scalar_one())
    return found | ({ELSEWHERE: count} if count else {})


def _at(property_id: str | None) -> list[ColumnElement[bool]]:
    return [] if property_id is None else [conversations.c.property_id == property_id]
