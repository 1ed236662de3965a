"""What people do about a guest who waits: claim, snooze, say that no reply is needed, reopen."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

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
    """Count the guest's last words as waiting after all; return whether there were any."""
    table = conversations.c
    mine = (
        messages.c.conversation == row_id,
        messages.c.sender == "guest",
        messages.c.answered_at.is_(None),
    )
    first = select(func.min(messages.c.sent_at)).where(*mine)
    since: int | None = (await connection.execute(first)).scalar()
    if since is None:
        return False
    tagged = select(table.no_reply_needed).where(table.id == row_id)
    tag = False if (await connection.execute(tagged)).scalar() else None
    values = {"awaiting_since": since, "closing_since": None, "no_reply_needed": False}
    values |= {"no_reply_at": None, "no_reply_by": None, "tag_wanted": tag}
    done = await _change(connection, row_id, table.awaiting_since.is_(None), **values)
    if done:
        await connection.execute(
            update(messages).where(*mine).values(closing=False, excused_at=None)
        )
    return done


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
