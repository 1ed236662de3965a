"""How batches are taken in: at once, later, or only kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.model import Batch, Received, SenderKind
from bridgebot.store import conversations, imports, replied
from bridgebot.store import inbox as queue
from bridgebot.store.database import Store
from bridgebot.store.rows import ConversationRow, to_ms
from bridgebot.store.schema import inbox, messages
from bridgebot.workers.context import Context, Routing
from bridgebot.workers.intake import LIVE, Manner, Stored, store_batch
from tests.store.build import BOOKING, about, message, now

NOW = to_ms(now())
OLD = 1_000_000
LATER = Manner(waits_from=NOW - 1000, due_at=NOW + 5000, gap=1100)


def _received(
    name: str, conversation: str = "c1", *, at: int = OLD, **more: SenderKind
) -> Received:
    return Received(
        conversation=about(conversation), message=message(name, at=at, **more), raw="{}"
    )


async def _take(store: Store, manner: Manner, *received: Received) -> Stored:
    context = Context(
        store=store,
        owner="me",
        now=now,
        chance=lambda: 0.5,
        routing=Routing(guests="C1", alerts="C2"),
        providers={},
    )
    batch = Batch(messages=received)
    return await store.write(lambda c: store_batch(c, context, BOOKING, batch, manner))


async def _due(store: Store) -> Sequence[tuple[str, int]]:
    """List the queued messages with the milliseconds until they are due."""
    query = (
        select(messages.c.message_id, inbox.c.due_at - NOW)
        .join(messages, messages.c.id == inbox.c.message)
        .order_by(inbox.c.id)
    )
    return [tuple(row) for row in (await store.read(lambda c: c.execute(query))).all()]


async def _row(store: Store, name: str = "c1") -> ConversationRow:
    row = await store.read(lambda c: conversations.find(c, BOOKING, name))
    assert row is not None
    return row


async def test_the_past_is_given_time_and_the_present_is_not(store: Store) -> None:
    """Old messages follow one another; a fresh one is due at once and starts the clock."""
    await _take(store, LATER, _received("m1"), _received("m2"), _received("m3", "c2", at=NOW - 500))

    assert await _due(store) == [("m1", 5000), ("m2", 6100), ("m3", 0)]
    assert (await _row(store)).awaiting_since is None
    assert (await _row(store)).last_guest_at == OLD
    assert (await _row(store, "c2")).awaiting_since == NOW - 500


async def test_a_new_message_draws_the_past_of_its_conversation_along(store: Store) -> None:
    """What a guest writes now never waits for the history of others."""
    await _take(store, LATER, _received("m1"), _received("m2", "c2"))

    await _take(store, LIVE, _received("m3", at=NOW))

    assert await _due(store) == [("m1", 0), ("m2", 6100), ("m3", 0)]


async def test_what_is_only_kept_is_queued_when_it_comes_another_way(store: Store) -> None:
    """An import alone shows nothing; the same message of the queue is shown, once."""
    kept = Manner(shown=False)
    await _take(store, kept, _received("m1"), _received("m2", sender=SenderKind.PROPERTY))
    await _take(store, kept, _received("m1"))
    assert await _due(store) == []

    first = await _take(store, LIVE, _received("m1"))
    second = await _take(store, LIVE, _received("m1"))

    assert await _due(store) == [("m1", 0)]
    assert (first.shown, second.duplicates) == (1, 1)


async def test_an_imported_history_is_taken_up_newest_first_and_listed_oldest_first(
    store: Store,
) -> None:
    """More than fits is counted and stays where it is."""
    received = [_received(f"m{number}", at=OLD + number) for number in range(5)]
    await _take(store, Manner(shown=False), *received)
    row = await _row(store)

    async def take(connection: AsyncConnection) -> tuple[Sequence[int], int]:
        taken, left = await imports.take_up_all(connection, row.id, limit=3)
        for each in taken:
            assert await queue.add(connection, row.id, each, now=1)
            assert not await queue.add(connection, row.id, each, now=1)
        return taken, left

    taken, left = await store.write(take)
    again, still = await store.write(take)

    query = (
        select(messages.c.message_id).where(messages.c.id.in_(taken)).order_by(messages.c.sent_at)
    )
    found = (await store.read(lambda c: c.execute(query))).scalars().all()
    assert (found, left) == (["m2", "m3", "m4"], 2)
    assert (len(again), still) == (2, 0)


HOUR, DAY = 3_600_000, 86_400_000
TERMS = replied.Terms(now=NOW, window=30 * DAY, within=DAY, least=10)
GUEST, HOTEL = SenderKind.GUEST, SenderKind.PROPERTY
PAST = (
    ("m1", GUEST, NOW - 3 * DAY),
    ("m2", HOTEL, NOW - 3 * DAY + HOUR),
    ("m3", GUEST, NOW - 2 * DAY),
    ("m4", HOTEL, NOW - 2 * DAY + HOUR),
)


@pytest.mark.parametrize("order", ["oldest first", "newest first", "after the present"])
async def test_what_was_answered_before_we_came_counts_as_answered_then(
    store: Store, order: str
) -> None:
    """Kept history is in the score as it was, and in no figure of today; it turns no clock."""
    past = [
        replace(_received(name, at=at, sender=sender), history=True) for name, sender, at in PAST
    ]
    present = [_received("m5", at=NOW - HOUR), _received("m6", at=NOW - 1000, sender=HOTEL)]
    past = past[::-1] if order == "newest first" else past
    batches = [past, present] if order != "after the present" else [present, past]
    for batch in batches:
        await _take(store, LIVE, *batch)

    found = await store.read(
        lambda c: replied.last(c, providers=["booking"], places=["p1"], terms=TERMS)
    )
    today = await store.read(lambda c: replied.day(c, since=NOW - DAY))

    times = sorted((each.sent_at, each.answered_at) for each in found["p1"])
    assert times == [
        (NOW - 3 * DAY, NOW - 3 * DAY + HOUR),
        (NOW - 2 * DAY, NOW - 2 * DAY + HOUR),
        (NOW - HOUR, NOW - 1000),
    ]
    assert today == (1, 1, [HOUR - 1000])
    assert (await _row(store)).last_answer_at == NOW - 1000


async def test_the_past_alone_lets_nobody_wait(store: Store) -> None:
    """Neither a template nor a question that nobody answered before we came starts a clock."""
    old = [_received("m1", at=NOW - 3 * DAY), _received("m2", at=NOW - 2 * DAY, sender=HOTEL)]
    template = replace(old[1], message=replace(old[1].message, kind="automatically_sent_template"))
    for each in (template, old[0]):
        await _take(store, LIVE, replace(each, history=True))

    row = await _row(store)
    found = await store.read(
        lambda c: replied.last(c, providers=["booking"], places=["p1"], terms=TERMS)
    )
    assert (row.awaiting_since, row.last_answer_at, row.last_guest_at) == (None, None, None)
    assert [each.answered_at for each in found["p1"]] == [None]
