"""Where a conversation's thread opens, and keeping conversations from changing meanwhile."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store.rows import ConversationRow
from bridgebot.store.schema import conversations, inbox


async def lock(connection: AsyncConnection, which: ColumnElement[bool]) -> None:
    """Keep conversations from being changed by other nodes until the transaction ends.

    What is read of them afterwards is what counts: clocks and echoes are decided by messages that
    another node may just be storing. On SQLite a transaction that writes is alone anyway.
    """
    if connection.dialect.name == "postgresql":
        query = select(conversations.c.id).where(which).order_by(conversations.c.id)
        await connection.execute(query.with_for_update(key_share=True))


async def may_move(connection: AsyncConnection, row: ConversationRow, *, untried: bool) -> bool:
    """Tell whether a conversation's thread may still open in another channel.

    Not while something is on its way into it, whose root may be there; with ``untried``, not once
    that was tried. The lock keeps other nodes from claiming it now.
    """
    if row.thread_ts is not None:
        return False
    await lock(connection, conversations.c.id == row.id)
    coming = and_(inbox.c.conversation == row.id, inbox.c.finished_at.is_(None))
    tried = (await connection.execute(select(inbox.c.started_at).where(coming))).scalars().all()
    return not any(tried) if untried else not tried
