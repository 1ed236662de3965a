"""Where a conversation's thread opens, and keeping conversations from changing meanwhile."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store.prepared import Prepared
from bridgebot.store.rows import ConversationRow
from bridgebot.store.schema import conversations, inbox


async def lock(connection: AsyncConnection, row_id: int) -> None:
    """Keep a conversation from being changed by other nodes until the transaction ends.

    What is read of it afterwards is what counts: clocks and echoes are decided by messages that
    another node may just be storing. On SQLite a transaction that writes is alone anyway.
    """
    if connection.dialect.name == "postgresql":
        await _ONE.rows(connection, {"row_id": row_id})


async def lock_all(connection: AsyncConnection, provider: str, names: Collection[str]) -> None:
    """Keep all those of a batch as they are, one after the other; see ``lock``."""
    if connection.dialect.name == "postgresql":
        await _ALL.rows(connection, {"of": provider, "names": names})


_ONE = Prepared(
    lambda _words: (
        select(conversations.c.id)
        .where(conversations.c.id == bindparam("row_id"))
        .with_for_update(key_share=True)
    )
)
_ALL = Prepared(
    lambda words: (
        select(conversations.c.id)
        .where(
            conversations.c.provider == bindparam("of"),
            words.among(conversations.c.conversation_id, "names"),
        )
        .order_by(conversations.c.id)
        .with_for_update(key_share=True)
    )
)


async def may_move(connection: AsyncConnection, row: ConversationRow, *, untried: bool) -> bool:
    """Tell whether a conversation's thread may still open in another channel.

    Not while something is on its way into it, whose root may be there; with ``untried``, not once
    that was tried. The lock keeps other nodes from claiming it now.
    """
    if row.thread_ts is not None:
        return False
    await lock(connection, row.id)
    coming = and_(inbox.c.conversation == row.id, inbox.c.finished_at.is_(None))
    tried = (await connection.execute(select(inbox.c.started_at).where(coming))).scalars().all()
    return not any(tried) if untried else not tried
