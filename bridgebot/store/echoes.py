"""Messages that were taken for the copies of our own replies."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store.prepared import Prepared
from bridgebot.store.schema import messages


async def release(
    connection: AsyncConnection, reply: int, message_id: str
) -> Sequence[tuple[int, int]]:
    """Let go of what was taken for a reply's copy and has another id than the reply.

    Return these messages, each with its conversation.
    """
    taken = await _TAKEN.rows(connection, {"of": reply, "own": message_id})
    for row in taken:
        await connection.execute(
            update(messages)
            .where(messages.c.id == row["id"])
            .values(origin="elsewhere", reply=None)
        )
    return [(row["id"], row["conversation"]) for row in taken]


_TAKEN = Prepared(
    lambda _words: select(messages.c.id, messages.c.conversation).where(
        messages.c.reply == bindparam("of"), messages.c.message_id != bindparam("own")
    )
)
