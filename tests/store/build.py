"""Rows to test with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.model import (
    Conversation,
    ConversationId,
    Message,
    MessageId,
    PropertyId,
    ProviderName,
    SenderKind,
)
from bridgebot.store import conversations, inbox, outbox
from bridgebot.store.database import Store
from bridgebot.store.rows import ConversationRow, from_ms

BOOKING = ProviderName("booking")
ROOT = "1700000000.000100"


def about(name: str = "c1", **details: str) -> Conversation:
    """Make a conversation as a provider tells of it."""
    return Conversation(
        provider=BOOKING,
        conversation_id=ConversationId(name),
        property_id=PropertyId("p1"),
        **details,  # type: ignore[arg-type]
    )


def message(
    name: str = "m1", *, sender: SenderKind = SenderKind.GUEST, at: int = 1000, text: str = "Hello"
) -> Message:
    """Make a message; ``at`` is milliseconds since 1970."""
    return Message(message_id=MessageId(name), sender=sender, content=text, sent_at=from_ms(at))


def now() -> datetime:
    """Give a moment."""
    return datetime(2026, 1, 1, tzinfo=UTC)


async def conversation(
    store: Store, name: str = "c1", *, thread: str | None = ROOT, channel: str = "C1"
) -> int:
    """Store a conversation, with a thread unless told otherwise."""

    async def unit(connection: AsyncConnection) -> int:
        row = await conversations.ensure(connection, about(name), channel=channel, now=1)
        if thread is not None:
            await conversations.bind_thread(connection, row.id, channel, thread)
        return row.id

    return await store.write(unit)


async def read_conversation(store: Store, row_id: int) -> ConversationRow:
    """Read a conversation again."""
    return await store.read(lambda c: conversations.get(c, row_id))


async def queued(
    store: Store, row_id: int, name: str, *, at: int = 1, pictures: tuple[str, ...] = ()
) -> int:
    """Store a guest message and queue it for its thread, its pictures behind it."""
    made = replace(message(name, at=at), attachment_ids=pictures)

    async def unit(connection: AsyncConnection) -> int:
        row = await conversations.get(connection, row_id)
        stored = await conversations.add_message(
            connection, row, made, origin="guest", raw="{}", now=at
        )
        assert stored is not None
        await inbox.add(connection, row_id, stored, now=at)
        return stored

    return await store.write(unit)


def event(
    ts: str, *, text: str = "Welcome", thread: str = ROOT, user: str = "U1"
) -> dict[str, str]:
    """Make the event of a staff message in a thread."""
    return {
        "type": "message",
        "channel": "C1",
        "ts": ts,
        "thread_ts": thread,
        "user": user,
        "text": text,
    }


async def captured(store: Store, ts: str, *, decided: bool = True, text: str = "Welcome") -> int:
    """Capture a staff message and, unless told otherwise, decide that it is a reply."""

    async def unit(connection: AsyncConnection) -> int:
        await outbox.capture(connection, event(ts, text=text), now=1, ours=True)
        (row,) = [
            each for each in await outbox.undecided(connection, now=1, limit=100) if each.ts == ts
        ]
        if decided:
            await outbox.settle(
                connection, row, event=row.event, kind="reply", content=text, due_at=1
            )
        return row.id

    return await store.write(unit)
