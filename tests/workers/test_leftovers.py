"""Replies that waited through a start, in the same words as others of their conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.delivery import Outcome, State
from bridgebot.bridge.signing import Signing
from bridgebot.model import Message, PropertyId, SenderKind, Sent, Transcript
from bridgebot.providers.base import History, Provider
from bridgebot.store import conversations, marks, outbox
from bridgebot.store.database import Store
from bridgebot.store.rows import ConversationRow, OutboxRow, to_ms
from bridgebot.store.schema import messages
from bridgebot.store.schema import outbox as table
from bridgebot.workers import ends
from bridgebot.workers.context import Context, Routing
from bridgebot.workers.leftovers import Leftovers, SentBeforeError
from tests.store.build import (
    BOOKING,
    about,
    captured,
    conversation,
    event,
    message,
    read_conversation,
)
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
        self.clock = Clock()
        self.context = Context(
            store=store,
            owner="host:1:a",
            now=self.clock.now,
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

    async def believed(self, ts: str, **more: object) -> None:
        """Find a reply in its thread that the copy did not know, with the bot's check mark."""
        found = {**event(ts, text="ok"), **more}

        async def unit(connection: AsyncConnection) -> None:
            now = self.context.ms()
            assert await outbox.capture(connection, found, now=now, ours=True) is not None
            await marks.believe(connection, found, marks.DELIVERED, fresh=True, now=now)

        await self.store.write(unit)

    async def accepted(self, ts: str) -> int:
        """Have a person say of a reply of which nobody knows that it was sent."""
        row_id = await captured(self.store, ts, text="ok")
        at = int(float(ts) * 1000)
        unknown = update(table).where(table.c.id == row_id)

        async def unit(connection: AsyncConnection) -> None:
            await connection.execute(unknown.values(state="uncertain", started_at=at))
            assert await outbox.accept(connection, row_id, now=at + 60_000)

        await self.store.write(unit)
        return row_id

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


async def test_a_server_that_comes_back_may_know_less_than_it_did(start: Start) -> None:
    """A standby took over that had not heard of the end of a reply: it is not sent again."""
    late = f"{start.clock.now().timestamp() + 30:.6f}"
    row_id = await captured(start.store, late, text="ok")
    start.history = [sent("m1", late)]
    assert await start.found(row_id) is None

    start.clock.seconds += 60
    start.leftovers.doubt()

    assert await start.found(row_id) == "m1"


async def test_what_another_reply_was_sent_as_is_not_this_one(start: Start) -> None:
    """The queue brought it before the reply was known to be sent, so it counts as elsewhere's."""
    for ts in (FIRST, SECOND):
        await captured(start.store, ts, text="ok")
    start.history = [sent("M1", FIRST)]
    await start.polled(start.history[0])
    assert await start.found(1) == "M1"

    await start.end("M1")

    assert await start.found(2) is None


async def test_what_a_reply_found_by_its_mark_was_sent_as_is_not_another(start: Start) -> None:
    """Nobody can name its message: one of those that would fit is its own, a second one is not."""
    await start.believed(FIRST)
    waits = await captured(start.store, SECOND, text="ok")
    start.history = [sent("M1", FIRST)]
    await start.polled(start.history[0])

    assert await start.found(waits) is None

    start.history = [sent("M1", FIRST), sent("M2", SECOND)]
    assert await start.found(waits) == "M2"


async def test_what_a_reply_that_a_person_vouched_for_was_sent_as_is_not_another(
    start: Start,
) -> None:
    """Its copy came in when nobody waited for it any more."""
    await start.accepted(FIRST)
    waits = await captured(start.store, SECOND, text="ok")
    start.history = [sent("M1", FIRST)]
    await start.polled(start.history[0])

    assert await start.found(waits) is None


async def test_a_reply_whose_copy_is_known_stands_for_no_second_message(start: Start) -> None:
    """What came in as its copy is its own, though a person had to say that it was sent."""
    vouched = await start.accepted(FIRST)
    waits = await captured(start.store, SECOND, text="ok")
    start.history = [sent("M1", FIRST), sent("M2", SECOND)]
    await start.polled(start.history[0])
    await start.store.write(lambda c: c.execute(update(messages).values(reply=vouched)))

    assert await start.found(waits) == "M2"


@pytest.mark.parametrize("ts", ["1700000010.000100", "1699990000.000100"])
async def test_a_reply_stands_for_its_own_message_wherever_that_lies(start: Start, ts: str) -> None:
    """One of hours ago has its message there, and takes none from what was written since."""
    await start.believed(ts)
    waits = await captured(start.store, SECOND, text="ok")
    start.history = [sent("M1", ts), sent("M2", SECOND)]

    assert await start.found(waits) == "M2"


async def test_a_reply_that_went_out_late_is_known_by_its_own_time(start: Start) -> None:
    """The provider was away: it went out long after it was written, beside what came later."""
    await start.believed("1699990000.000100")
    waits = await captured(start.store, SECOND, text="ok")
    start.history = [sent("M1", FIRST)]

    assert await start.found(waits) is None


async def test_a_reply_stands_for_no_message_after_it_was_vouched_for(start: Start) -> None:
    """It had been written in the extranet, say, in other words."""
    await start.accepted("1699990000.000100")
    waits = await captured(start.store, SECOND, text="ok")
    start.history = [sent("M2", SECOND)]

    assert await start.found(waits) == "M2"


@pytest.mark.parametrize(
    ("how", "line", "author", "found"),
    [
        ("first_name", "Anna", "U1", None),
        # Two authors sign in two ways: what reads like the second one's is the second one's.
        ("first_name", "Anna", "U2", "M1"),
        ("property", "Hotel Example", "U2", None),
    ],
)
async def test_a_signature_makes_no_other_reply(
    start: Start, how: str, line: str, author: str, found: str | None
) -> None:
    """It stands below what was sent, and not in the thread."""
    start.leftovers = Leftovers(replace(start.context, signing=Signing(how=how)))
    await start.believed(FIRST, user=author)
    waits = await captured(start.store, SECOND, text="ok")
    signed = f"ok\n\n{line}"
    await start.store.write(
        lambda c: c.execute(update(table).where(table.c.id == waits).values(content=signed))
    )
    start.history = [sent("M1", FIRST, signed)]

    assert await start.found(waits) == found


async def test_a_reply_in_other_words_stands_for_nothing(start: Start) -> None:
    """Neither does one whose words were erased."""
    await start.believed(FIRST, text="yes")
    await start.believed("1700000011.000100")
    erased = update(table).where(table.c.ts == "1700000011.000100")
    await start.store.write(lambda c: c.execute(erased.values(event="{}")))
    waits = await captured(start.store, SECOND, text="ok")
    start.history = [sent("M1", FIRST)]

    assert await start.found(waits) == "M1"
