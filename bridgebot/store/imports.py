"""Messages that were fetched because somebody looked for them, and are in no thread yet."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store.schema import messages


async def take_up(connection: AsyncConnection, provider: str, message_id: str) -> int | None:
    """Let an imported message go its ordinary way; return its row id, ``None`` for any other."""
    statement = (
        update(messages)
        .where(
            messages.c.provider == provider,
            messages.c.message_id == message_id,
            messages.c.imported.is_(True),
        )
        .values(imported=False)
        .returning(messages.c.id)
    )
    found: int | None = (await connection.execute(statement)).scalar()
    return found


async def take_up_all(
    connection: AsyncConnection, conversation: int, *, limit: int
) -> tuple[Sequence[int], int]:
    """Take up a conversation's imported messages, oldest first, and count those left out.

    The newest are taken; older ones than ``limit`` stay as they are.
    """
    query = (
        select(messages.c.id)
        .where(messages.c.conversation == conversation, messages.c.imported.is_(True))
        .order_by(messages.c.sent_at.desc(), messages.c.id.desc())
    )
    found = (await connection.execute(query)).scalars().all()
    taken = found[:limit][::-1]
    await connection.execute(
        update(messages).where(messages.c.id.in_(taken)).values(imported=False)
    )
    return taken, len(found) - len(taken)
