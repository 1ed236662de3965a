"""What a message costs SQLite where much is stored: no more than where little is.

SQLite counts the steps of its own machine, so the figures are the same on every computer. A step
is an operation on a row or so: what walks over all that was ever stored has many.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.fill import rows_of
from bridgebot.bridge.delivery import Outcome, State
from bridgebot.model import (
    REDACTED,
    Batch,
    Conversation,
    ConversationId,
    MessageId,
    PropertyId,
    Received,
    SenderKind,
    Sent,
)
from bridgebot.store import (
    audit,
    cards,
    conversations,
    corrections,
    desk,
    figures,
    inbox,
    lookups,
    marks,
    notifications,
    outbox,
    promises,
    quarantined,
    queues,
    reads,
    records,
    redactions,
    replied,
    retention,
    schema,
    standing,
    watch,
    wishes,
    withdrawal,
)
from bridgebot.store.database import Store
from bridgebot.store.engine import WRITING
from bridgebot.store.rows import from_ms
from bridgebot.store.schema import metadata
from bridgebot.store.thread import driver_of
from bridgebot.workers.context import Context, Routing
from bridgebot.workers.ends import record_reply
from bridgebot.workers.intake import store_batch
from bridgebot.workers.showing import record_post
from tests.store.build import BOOKING, event, message

MANY, FEW = 1_500, 60
"""Conversations; the small store holds the newest ones of the large one."""

LAST = range(MANY - 10, MANY)
"""Conversations in which something happens; their guests wait in both stores."""

NOW = 1_800_000_000_000
DAY = 86_400_000
CHANNEL = "C1"
MORE, FIXED = 1.1, 100
"""How many times the small store's steps the large one may need, and how many besides."""

Flow = Callable[[AsyncConnection, Context], Awaitable[object]]
Look = Callable[[AsyncConnection], Awaitable[object]]


async def _fill(address: str, numbers: range) -> None:
    store = await Store.open(address)
    rows = [each for n in numbers for each in rows_of(n, count=MANY, channel=CHANNEL, now=NOW)]

    async def unit(connection: AsyncConnection) -> None:
        for table in metadata.sorted_tables:
            mine = [row for where, row in rows if where is table]
            if mine:
                await connection.execute(insert(table), mine)

    await store.write(unit)
    await store.close()


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Give the addresses of a small store and of a large one."""
    place = tmp_path_factory.mktemp("growth")
    small, large = (f"sqlite:///{place}/{name}.db" for name in ("small", "large"))
    asyncio.run(_fill(small, range(MANY - FEW, MANY)))
    asyncio.run(_fill(large, range(MANY)))
    return small, large


async def _steps(address: str, flows: Mapping[str, Flow]) -> dict[str, int]:
    """Count what each flow costs; nothing of it stays."""
    store = await Store.open(address)
    context = Context(
        store=store,
        owner="me",
        now=lambda: from_ms(NOW),
        chance=lambda: 0.5,
        routing=Routing(guests=CHANNEL, alerts="C2"),
        providers={},
    )
    counted = {name: await _counted(context, flow) for name, flow in flows.items()}
    await store.close()
    return counted


async def _counted(context: Context, flow: Flow) -> int:
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    async with context.store.engine.connect() as plain:
        connection = await plain.execution_options(**WRITING)
        async with connection.begin() as transaction:
            driver = driver_of(connection).here
            driver.set_progress_handler(step, 1)
            try:
                await flow(connection, context)
            finally:
                driver.set_progress_handler(None, 0)
            await transaction.rollback()
    return steps


async def _grown(stores: tuple[str, str], flows: Mapping[str, Flow]) -> dict[str, tuple[int, int]]:
    """Name the flows that cost more in the large store, with the steps in each."""
    small, large = [await _steps(address, flows) for address in stores]
    return {
        name: (steps, large[name])
        for name, steps in small.items()
        if large[name] > MORE * steps + FIXED
    }


def _about(number: int) -> Conversation:
    return Conversation(
        provider=BOOKING,
        conversation_id=ConversationId(f"old-{number}"),
        property_id=PropertyId(f"p{number % 1000}"),
    )


def _batch(sender: SenderKind = SenderKind.GUEST) -> Batch:
    """Make a batch of twenty messages, two of them in a conversation that is new."""
    numbers = [*LAST, *LAST[1:], MANY, MANY]
    return Batch(
        messages=tuple(
            Received(
                conversation=_about(number),
                message=message(f"m{place}", at=NOW - 1000 + place, sender=sender),
                raw="{}",
            )
            for place, number in enumerate(numbers)
        )
    )


def _root(number: int) -> str:
    return f"{1_500_000_000 + number}.000100"


def _event(number: int) -> dict[str, str]:
    return event(f"1800000000.{number:06d}", thread=_root(number))


def _first_answer(number: int) -> str:
    return f"{1_500_000_000 + number}.000001"


async def _fetched(connection: AsyncConnection, context: Context) -> None:
    """Take a batch in, twice, as it comes where its confirm was lost."""
    await store_batch(connection, context, BOOKING, _batch())
    await store_batch(connection, context, BOOKING, _batch())


async def _echoed(connection: AsyncConnection, context: Context) -> None:
    await store_batch(connection, context, BOOKING, _batch(SenderKind.PROPERTY))


async def _shown(connection: AsyncConnection, context: Context) -> None:
    """Post what guests wrote, then draw the cards."""
    await store_batch(connection, context, BOOKING, _batch())
    rows = await inbox.claim(connection, owner="me", now=NOW, limit=32)
    assert len(rows) == len(LAST) + 1
    for row in rows:
        done = Outcome(state=State.COMPLETED)
        assert await record_post(connection, context, row, done, ["1800000000.000001"])
    stale = await cards.stale(connection, 20)
    assert len(stale) == len(LAST)
    shown = [cards.Shown(row.id, row.card_wanted, 1) for row in stale]
    await cards.note_shown(connection, shown)


async def _lost(connection: AsyncConnection, context: Context) -> None:
    """Rescue what a dead node held, and look it up."""
    await store_batch(connection, context, BOOKING, _batch())
    await inbox.claim(connection, owner="me", now=NOW, limit=32)
    await queues.rescue(connection, schema.inbox, NOW)
    due = await queues.due_uncertain(connection, schema.inbox, NOW, 8, "me")
    assert len(due) == 8
    for row_id in due:
        await queues.hold(connection, schema.inbox, row_id, "me")
        (row,) = await inbox.read(connection, [row_id])
        await queues.give_back(connection, schema.inbox, row, owner="me", due_at=NOW)


async def _answered(connection: AsyncConnection, context: Context) -> None:
    """Bring staff's replies to their guests, and mark them."""
    for number in LAST:
        await outbox.capture(connection, _event(number), now=NOW - 10, ours=True)
    written = await outbox.undecided(connection, now=NOW, limit=20)
    for row in written:
        values = {"kind": "reply", "content": "Welcome", "due_at": NOW - 5}
        assert await outbox.settle(connection, row, event=row.event, **values)
    rows = await outbox.claim(connection, owner="me", now=NOW, limit=16)
    assert len(rows) == len(written) == len(LAST)
    for row in rows:
        known = await conversations.get(connection, row.conversation or 0)
        done, sent = Outcome(state=State.COMPLETED), Sent(message_id=MessageId(f"s{row.id}"))
        assert await record_reply(connection, context, row, known, done, sent)
    wrong = await marks.unmarked(connection, slow_before=NOW, limit=20)
    assert len(wrong) == len(LAST)
    await marks.note_marks(connection, [(row.id, "white_check_mark") for row in wrong])


async def _changed(connection: AsyncConnection, _context: Context) -> None:
    """Edit, delete and mark what staff wrote."""
    for number in LAST:
        mine, sent = _event(number), _event(number) | {"ts": _first_answer(number)}
        await outbox.capture(connection, mine, now=NOW - 10, ours=True)
        await outbox.edit(connection, CHANNEL, mine["ts"], mine | {"text": "Hi"}, now=NOW)
        await outbox.keep_internal(connection, CHANNEL, mine["ts"], now=NOW)
        await outbox.cancel(connection, CHANNEL, mine["ts"], now=NOW)
        assert await corrections.offer(connection, sent) is not None
        await marks.believe(connection, sent, "lock", fresh=False, now=NOW)
        assert await promises.keep(connection, channel=CHANNEL, ts=sent["ts"], user="U1", now=NOW)
    assert len(await promises.standing(connection, limit=20)) == len(LAST)


async def _attended(connection: AsyncConnection, _context: Context) -> None:
    """Alert for those who wait, and press all buttons of the desk."""
    for number in LAST:
        row_id = number + 1
        alert = await records.raise_alert(
            connection,
            kind="unanswered",
            provider=BOOKING,
            subject=str(number),
            title="A guest waits",
            now=NOW,
        )
        await watch.note(connection, row_id, alert=alert, watch_at=NOW)
        await watch.call(connection, alert, why="due", step=1, to=["U1"])
        await watch.members(connection, alert, limit=10)
        await watch.places(connection, alert)
        await watch.asked(connection, await conversations.get(connection, row_id))
        await desk.claim(connection, row_id, "U1", now=NOW)
        await desk.settle(connection, row_id, "U1", now=NOW)
        await desk.reopen(connection, row_id)
        await records.close_alert(
            connection, kind="unanswered", provider=BOOKING, subject=str(number), now=NOW
        )
    assert len(await watch.due(connection, NOW)) == len(LAST)


async def _redacted(connection: AsyncConnection, _context: Context) -> None:
    (first, *_) = await lookups.last_messages(connection, MANY, limit=2)
    again = replace(first, attributes={REDACTED: "true"})
    assert await redactions.redact(connection, BOOKING, [again]) == 1
    for row in await redactions.stale(connection, 20):
        await redactions.note_fresh(connection, row.id)


async def _erased(connection: AsyncConnection, _context: Context) -> None:
    """Erase a batch of many that are old enough."""
    erased = await retention.erase_old(connection, before=NOW, now=NOW, limit=20)
    assert (erased.messages, erased.replies) == (20, 20)


WAYS: Mapping[str, Flow] = {
    each.__name__.strip("_"): each
    for each in (
        _fetched,
        _echoed,
        _shown,
        _lost,
        _answered,
        _changed,
        _attended,
        _redacted,
        _erased,
    )
}

LOOKS: Mapping[str, Look] = {
    "alerts": lambda c: records.unshown_alerts(c, 20, owner="me"),
    "audit": lambda c: audit.prune(c, before=NOW, limit=20),
    "cards": lambda c: cards.stale(c, 20),
    "channels": lambda c: lookups.channels(c, after="1600000000"),
    "count": lookups.count_unanswered,
    "cursors": lambda c: records.get_cursors(c, "walk:"),
    "day": lambda c: replied.day(c, since=NOW - DAY),
    "due": lambda c: watch.due(c, NOW),
    "erase": lambda c: retention.erase_old(c, before=1, now=NOW, limit=20),
    "figures": figures.read,
    "given up": lambda c: standing.given_up(c, schema.outbox),
    "inbox": lambda c: inbox.claim(c, owner="me", now=NOW, limit=32),
    "inbox: next": lambda c: queues.next_due(c, schema.inbox),
    "inbox: rescue": lambda c: queues.rescue(c, schema.inbox, NOW),
    "inbox: uncertain": lambda c: queues.due_uncertain(c, schema.inbox, NOW, 8, "me"),
    "inbox: unknown": lambda c: queues.release_unknown(c, schema.inbox, owner="me", known=[1]),
    "is due": lambda c: watch.is_due(c, NOW),
    "marks": lambda c: marks.unmarked(c, slow_before=NOW, limit=20),
    "newest": lambda c: notifications.newest_message(c, BOOKING, before=NOW),
    "open": lambda c: withdrawal.open_ones(c, after=NOW - DAY),
    "outbox": lambda c: outbox.claim(c, owner="me", now=NOW, limit=16),
    "outbox: rescue": lambda c: queues.rescue(c, schema.outbox, NOW),
    "outbox: threads": outbox.waiting_threads,
    "outbox: uncertain": lambda c: queues.due_uncertain(
        c, schema.outbox, NOW, 8, "me", of=lambda account: account == BOOKING
    ),
    "outbox: unknown": lambda c: queues.release_unknown(c, schema.outbox, owner="me", known=[1]),
    "promises": lambda c: promises.standing(c, limit=20),
    "pushed": lambda c: notifications.waiting(c, BOOKING, 20),
    "quarantined": quarantined.wanted,
    "redacted": lambda c: redactions.stale(c, 20),
    "stuck": lambda c: lookups.stuck_channels(c, ["not_in_channel"], limit=20),
    "unanswered": lambda c: lookups.unanswered(c, limit=20),
    "undecided": lambda c: outbox.undecided(c, now=NOW, limit=20),
    "undelivered": lambda c: watch.undelivered(c, limit=20),
    "unread": lambda c: reads.unread(c, BOOKING, since=NOW - DAY, limit=20),
    "unseen": lambda c: reads.unseen(c, BOOKING, since=NOW - DAY, limit=200),
    "untagged": lambda c: watch.untagged(c, waiting=["hostelmate"], resting=[1]),
    "waiting at": lambda c: reads.waiting_at(c, BOOKING),
    "wishes": wishes.wanted_now,
}
"""What the workers read on their turns where there is nothing to do, or little."""


async def test_ways_cost_as_much_where_more_is_stored(stores: tuple[str, str]) -> None:
    """From the provider to Slack and back, with all that people and clocks do on the way."""
    assert await _grown(stores, WAYS) == {}


async def test_looks_for_work_cost_as_much_where_more_is_stored(stores: tuple[str, str]) -> None:
    """Several times a second and for nothing: each finds by an index that there is none."""
    looks = {name: lambda c, _context, look=look: look(c) for name, look in LOOKS.items()}
    assert await _grown(stores, looks) == {}
