"""Replies that waited through a start, in the same words as others of their conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.delivery import Outcome, State
from bridgebot.model import Message, PropertyId, SenderKind, Sent, Transcript
from bridgebot.providers.base import History, Provider
from bridgebot.store import conversations, outbox
from bridgebot.store.database import Store
from bridgebot.store.rows import ConversationRow, OutboxRow, to_ms
from bridgebot.workers import ends
from bridgebot.workers.context import Context, Routing
from bridgebot.workers.leftovers import Leftovers, SentBeforeError
from tests.store.build import BOOKING, about, captured, conversation, message, read_conversation
from tests.workers.bench import Clock

FIRST, SECOND = "1700000010.000100", "1700000020.000100"


def sent(name: str, ts: str, text: str = "ok") -> Message:
    """Make a message of the property that went out five seconds after a post in Slack."""
    at = int(float(ts) * 1000) + 5_000
    return message(name, sender=SenderKind.PROPERTY, at=at, text=text)


class Start:
    """A process that has just started, and what the provider has of one conversation."""

    def __init__(self, store: Store, known: ConversationRow) -> None:
        self.store = store
        self.known = known
        self.history: Sequence[Message] = ()
        self.provider = Provider(
            name=BOOKING, label="Booking.com", poll_seconds=5.0, history=cast("History", self)
        )
        self.context = Context(
            store=store,
            owner="host:1:a",
            now=Clock().now,
            chance=lambda: 0.0,
            routing=Routing(guests="C1", alerts="C2"),
            providers={BOOKING: self.provider},
        )
        self.leftovers = Leftovers(self.context)

    async def by_id(self, _hotel: str, name: str) -> Transcript:
        """Give what was written."""
        return Transcript(conversation=about(name), messages=tuple(self.history))

    async def polled(self, message: Message) -> None:
        """Take a message in as written elsewhere."""

        async def unit(connection: AsyncConnection) -> None:
            at = to_ms(message.sent_at)
            await conversations.add_message(
                connection, self.known, message, origin="elsewhere", raw="{}", now=at
            )

        await self.store.write(unit)

    async def read(self, row_id: int) -> OutboxRow:
        """Read a reply."""
        (row,) = await self.store.read(lambda c: outbox.read(c, [row_id]))
        return row

    async def found(self, row_id: int) -> str | None:
        """Name the message that a reply was sent as before this start."""
        row = await self.read(row_id)
        try:
            await self.leftovers.compare(self.provider, PropertyId("p1"), self.known, row)
        except SentBeforeError as before:
            return before.message.message_id
        return None

    async def end(self, name: str) -> None:
        """Claim the next reply, and write down that it was sent as this message."""

        async def unit(connection: AsyncConnection) -> None:
            now, owner = self.context.ms(), self.context.owner
            (row,) = await outbox.claim(connection, owner=owner, now=now, limit=1)
            done = Sent(message_id=sent(name, FIRST).message_id)
            outcome = Outcome(state=State.COMPLETED)
            assert await ends.record_reply(connection, self.context, row, self.known, outcome, done)

        await self.store.write(unit)


@pytest.fixture
async def start(store: Store) -> Start:
    """Give a conversation with a thread, and a process that starts."""
    return Start(store, await read_conversation(store, await conversation(store)))


async def test_what_another_reply_was_sent_as_is_not_this_one(start: Start) -> None:
    """The queue brought it before the reply was known to be sent, so it counts as elsewhere's."""
    for ts in (FIRST, SECOND):
        await captured(start.store, ts, text="ok")
    start.history = [sent("M1", FIRST)]
    await start.polled(start.history[0])
    assert await start.found(1) == "M1"

    await start.end("M1")

    assert await start.found(2) is None
