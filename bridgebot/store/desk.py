"""What people do about a guest who waits: claim, snooze, say that no reply is needed, reopen."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store import order
from bridgebot.store.conversations import AT_ONCE, excuse
from bridgebot.store.schema import conversations, messages


async def claim(connection: AsyncConnection, row_id: int, user: str, *, now: int) -> bool:
    """Put somebody in charge; return whether it was not this person already."""
    other = or_(conversations.c.claimed_by.is_(None), conversations.c.claimed_by != user)
    return await _change(connection, row_id, other, claimed_by=user, claimed_at=now)


async def release(connection: AsyncConnection, row_id: int) -> bool:
    """Leave nobody in charge; return whether somebody was."""
    claimed = conversations.c.claimed_by.is_not(None)
    return await _change(connection, row_id, claimed, claimed_by=None, claimed_at=None)


async def snooze(connection: AsyncConnection, row_id: int, user: str, *, until: int) -> bool:
    """Keep quiet about a guest who waits until a moment; return whether one waits."""
    waits = conversations.c.awaiting_since.is_not(None)
    return await _change(connection, row_id, waits, snoozed_until=until, snoozed_by=user)


async def settle(connection: AsyncConnection, row_id: int, user: str, *, now: int) -> bool:
    """Say that no reply is needed; return whether one was still waited for."""
    table = conversations.c
    waits = or_(table.awaiting_since.is_not(None), table.closing_since.is_not(None))
    if not await _change(connection, row_id, waits):
        return False
    await excuse(connection, row_id, now=now, by=user, tag_wanted=True)
    return True


async def reopen(connection: AsyncConnection, row_id: int) -> bool:
    """Count the guest's last words as waiting after all; return whether there were any.

    These are the words since the last answer; what was marked as needing no reply is among them
    only where nothing came after the mark, and by the last mark alone.
    """
    table = conversations.c
    query = select(table.last_answer_at, table.no_reply_at, table.no_reply_needed)
    ended = (await connection.execute(query.where(table.id == row_id))).one()
    open_since = order.after(ended.last_answer_at or 0, order.NOTHING)
    fresh = and_(_unanswered(row_id), open_since, messages.c.excused_at.is_(None))
    tag = False if ended.no_reply_needed else None
    values: dict[str, object] = {"closing_since": None, "no_reply_needed": False, "tag_wanted": tag}
    if await _wait_for(connection, row_id, fresh, values):
        return True
    marked = and_(_unanswered(row_id), messages.c.excused_at == ended.no_reply_at)
    values |= {"no_reply_at": None, "no_reply_by": None}
    return await _wait_for(connection, row_id, marked, values)


def _unanswered(row_id: int) -> ColumnElement[bool]:
    return and_(
        messages.c.conversation == row_id,
        messages.c.sender == "guest",
        messages.c.answered_at.is_(None),
    )


async def _wait_for(
    connection: AsyncConnection,
    row_id: int,
    which: ColumnElement[bool],
    values: Mapping[str, object],
) -> bool:
    """Let the guest wait since the first of these messages; return whether nobody waited yet."""
    first = select(func.min(messages.c.sent_at)).where(which)
    since: int | None = (await connection.execute(first)).scalar()
    quiet = conversations.c.awaiting_since.is_(None)
    if since is None or not await _change(
        connection, row_id, quiet, awaiting_since=since, **values
    ):
        return False
    await connection.execute(update(messages).where(which).values(closing=False, excused_at=None))
    return True


async def _change(
    connection: AsyncConnection, row_id: int, where: ColumnElement[bool], **values: object
) -> bool:
    """Change a conversation where a condition holds, and have everything redrawn."""
    table = conversations.c
    statement = (
        update(conversations)
        .where(table.id == row_id, where)
        .values(watch_at=AT_ONCE, card_wanted=table.card_wanted + 1, **values)
    )
    return (await connection.execute(statement)).rowcount == 1
