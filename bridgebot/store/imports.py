"""Messages that were fetched because somebody looked for them, and are in no thread yet."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.model import MessageId
from bridgebot.store.schema import conversations, inbox, messages


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
    """Take up what of a conversation is in no thread, oldest first, and count those left out.

    The newest are taken; older ones than ``limit`` stay as they are.
    """
    found = [row_id for row_id, _ in await missing(connection, conversation)]
    taken = found[:limit][::-1]
    await taken_up(connection, taken)
    return taken, len(found) - len(taken)


async def taken_up(connection: AsyncConnection, ids: Sequence[int]) -> None:
    """Remember that messages are on their way to their thread."""
    await connection.execute(update(messages).where(messages.c.id.in_(ids)).values(imported=False))


async def missing(connection: AsyncConnection, conversation: int) -> list[tuple[int, int]]:
    """List what of a conversation was never on its way to a thread, newest first, and when sent.

    What was sent from Slack stands there already.
    """
    queued = exists().where(inbox.c.message == messages.c.id)
    query = (
        select(messages.c.id, messages.c.sent_at)
        .where(
            messages.c.conversation == conversation,
            messages.c.origin != "slack",
            messages.c.erased_at.is_(None),
            ~queued,
        )
        .order_by(messages.c.sent_at.desc(), messages.c.id.desc())
    )
    return [(row.id, row.sent_at) for row in (await connection.execute(query)).all()]


async def names(connection: AsyncConnection, ids: Collection[int]) -> list[MessageId]:
    """Tell the provider's ids of messages."""
    query = select(messages.c.message_id).where(messages.c.id.in_(ids))
    return list((await connection.execute(query)).scalars())


async def newest_shown(connection: AsyncConnection, conversation: int) -> int:
    """Tell when the newest message was written that is in the thread, or on its way there."""
    query = (
        select(func.max(messages.c.sent_at))
        .join(inbox, inbox.c.message == messages.c.id)
        .where(messages.c.conversation == conversation)
    )
    return int((await connection.execute(query)).scalar() or 0)


async def lock(connection: AsyncConnection, conversation: int) -> None:
    """Let nobody else take up this conversation's messages until the transaction ends."""
    query = select(conversations.c.id).where(conversations.c.id == conversation).with_for_update()
    await connection.execute(query)


async def note_whole(connection: AsyncConnection, conversation: int) -> None:
    """Remember that the thread has all that was written, and have its root say so."""
    table = conversations.c
    await connection.execute(
        update(conversations)
        .where(table.id == conversation, ~table.whole)
        .values(whole=True, card_wanted=table.card_wanted + 1)
    )
