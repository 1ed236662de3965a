"""What was promised to guests: staff mark a message with a reaction, and it is kept until done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store.rows import ConversationRow, conversation_row
from bridgebot.store.schema import conversations, outbox, promises
from bridgebot.store.sql import insert_or_ignore


@dataclass(frozen=True, kw_only=True, slots=True)
class Promise:
    """A promise, in the words of the message that was marked (empty where it is not a reply)."""

    conversation: ConversationRow
    user_id: str
    text: str
    since: int


async def keep(connection: AsyncConnection, *, channel: str, ts: str, user: str, now: int) -> bool:
    """Keep a marked reply as a promise; return whether it is one of a conversation's replies."""
    query = select(outbox.c.conversation).where(outbox.c.channel == channel, outbox.c.ts == ts)
    conversation = (await connection.execute(query)).scalar()
    if conversation is None:
        return False
    values = {
        "channel": channel,
        "ts": ts,
        "conversation": conversation,
        "user_id": user,
        "created_at": now,
    }
    await connection.execute(insert_or_ignore(connection, promises, values))
    return True


async def forget(connection: AsyncConnection, *, channel: str, ts: str) -> None:
    """Drop a promise whose mark was taken away: it is done."""
    await connection.execute(
        delete(promises).where(promises.c.channel == channel, promises.c.ts == ts)
    )


async def standing(connection: AsyncConnection, *, limit: int) -> Sequence[Promise]:
    """List what is promised and not done, the oldest first."""
    query = (
        select(promises, outbox.c.content)
        .outerjoin(
            outbox, (outbox.c.channel == promises.c.channel) & (outbox.c.ts == promises.c.ts)
        )
        .order_by(promises.c.created_at)
        .limit(limit)
    )
    rows = (await connection.execute(query)).mappings().all()
    about = select(conversations).where(
        conversations.c.id.in_([row["conversation"] for row in rows])
    )
    found = {
        row["id"]: conversation_row(row) for row in (await connection.execute(about)).mappings()
    }
    return [
        Promise(
            conversation=found[row["conversation"]],
            user_id=row["user_id"],
            text=row["content"] or "",
            since=row["created_at"],
        )
        for row in rows
    ]
