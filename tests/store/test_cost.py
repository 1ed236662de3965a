"""What a message costs the database, in statements: a guard against a slow return of slowness.

Statements are counted and not timed, so the figures are the same on every machine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.model import Batch, Received, SenderKind
from bridgebot.store import inbox, outbox, queues
from bridgebot.store.database import Store
from bridgebot.store.schema import inbox as table
from bridgebot.workers.context import Context, Routing
from bridgebot.workers.intake import store_batch
from tests.store.build import BOOKING, ROOT, about, captured, conversation, message, now

FETCH = 9
"""Statements for a fetch of guests' messages, however many they are."""

CLAIM = 4
"""Statements for a claim of any number of messages for Slack, all they need with them."""


def _locks(store: Store) -> int:
    """Count what PostgreSQL needs besides: one lock, where SQLite has one writer anyway.

    A claim looks again when it has its locks.
    """
    return int(store.engine.dialect.name == "postgresql")


@asynccontextmanager
async def counted(store: Store) -> AsyncIterator[list[str]]:
    """Collect the statements run meanwhile; what only begins or ends a transaction is none."""
    seen: list[str] = []

    def see(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(store.engine.sync_engine, "before_cursor_execute", see)
    try:
        yield seen
    finally:
        event.remove(store.engine.sync_engine, "before_cursor_execute", see)


def _context(store: Store) -> Context:
    return Context(
        store=store,
        owner="me",
        now=now,
        chance=lambda: 0.5,
        routing=Routing(guests="C1", alerts="C2"),
        providers={},
    )


async def _fetched(store: Store, count: int, prefix: str, **more: Any) -> list[str]:
    batch = Batch(
        messages=tuple(
            Received(
                conversation=about(f"c{number % 10}"),
                message=message(f"{prefix}{number}", at=1_000_000 + number, **more),
                raw="{}",
            )
            for number in range(count)
        )
    )
    async with counted(store) as seen:
        await store.write(lambda c: store_batch(c, _context(store), BOOKING, batch))
    return seen


async def _claimed(store: Store, limit: int) -> tuple[int, list[str]]:
    async def unit(connection: AsyncConnection) -> int:
        return len(await inbox.claim(connection, owner="me", now=10**13, limit=limit))

    async with counted(store) as seen:
        return await store.write(unit), seen


@pytest.mark.parametrize("count", [1, 10, 100])
async def test_a_fetch_costs_as_many_statements_for_a_hundred_as_for_one(
    store: Store, count: int
) -> None:
    """Guests' messages are stored together, whether their conversations are new or known."""
    new = await _fetched(store, count, "a")
    known = await _fetched(store, count, "b")

    assert len(new) <= FETCH + _locks(store), new
    assert len(known) <= FETCH + _locks(store) - 2, known


async def test_messages_that_were_seen_before_cost_one_look(store: Store) -> None:
    """A batch that comes again, as it does after a confirm that got lost, writes nothing."""
    await _fetched(store, 100, "a")

    again = await _fetched(store, 100, "a")

    assert not [each for each in again if each.startswith(("INSERT", "UPDATE"))]


async def test_a_claim_costs_the_same_for_one_and_for_many(store: Store) -> None:
    """So does the end of a delivery: one statement."""
    await _fetched(store, 100, "a")

    one, few = await _claimed(store, 1)
    rest, many = await _claimed(store, 16)

    assert (one, rest) == (1, 9)
    assert len(few) == len(many) == CLAIM + 2 * _locks(store)


async def test_an_end_costs_one_statement(store: Store) -> None:
    """What was posted is written down by one update."""
    await _fetched(store, 1, "a")
    await _claimed(store, 1)

    async with counted(store) as seen:
        await store.write(
            lambda c: queues.finish(
                c, table, 1, owner="me", state="completed", now=1, posted="[]", due_at=1
            )
        )

    assert len(seen) == 1


async def test_a_staff_message_is_captured_with_two_statements(store: Store) -> None:
    """Slack waits for no more: the thread's conversation, and the row."""
    await conversation(store, thread=ROOT)

    async with counted(store) as seen:
        await captured(store, "1700000001.000100", decided=False)

    assert len([each for each in seen if "SELECT outbox" not in each]) == 2


async def test_echoes_of_replies_cost_a_few_statements_each(store: Store) -> None:
    """The property's own messages are looked at one by one: who wrote them has to be found out."""
    await _fetched(store, 10, "a")

    seen = await _fetched(store, 10, "p", sender=SenderKind.PROPERTY)

    assert len(seen) <= 10 * 8 + 2


async def test_the_relayers_claim_costs_two_statements(store: Store) -> None:
    """It finds and takes what is due, for any number of conversations."""
    await conversation(store, thread=ROOT)
    await captured(store, "1700000001.000100")

    async with counted(store) as seen:
        await store.write(lambda c: outbox.claim(c, owner="me", now=10**13, limit=16))

    assert len(seen) == 2 + 2 * _locks(store)
