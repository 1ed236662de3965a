"""What two nodes do to one PostgreSQL database at the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.errors import StoreError
from bridgebot.store import conversations, fulltext, inbox, leases, outbox, places, queues
from bridgebot.store.clock import now_ms
from bridgebot.store.database import Store
from bridgebot.store.leases import LEASE_MS
from bridgebot.store.schema import inbox as inbox_table
from bridgebot.store.schema import leases as leases_table
from bridgebot.workers import neighbours
from bridgebot.workers.lease import STANDBY_SECONDS
from bridgebot.workers.neighbours import Neighbours
from tests.databases import empty_postgres
from tests.store.build import about, conversation, message, queued

pytestmark = pytest.mark.postgres

ME, OTHER = "host:1:me", "host:2:other"


@pytest.fixture
async def address() -> AsyncIterator[str]:
    """Give the address of an empty database."""
    async with empty_postgres() as made:
        yield made


@pytest.fixture
async def store(address: str) -> AsyncIterator[Store]:
    """Give an open store."""
    opened = await Store.open(address)
    yield opened
    await opened.close()


async def _claim(store: Store) -> list[int]:
    rows = await store.write(lambda c: inbox.claim(c, owner=ME, now=10, limit=9))
    return [row.id for row in rows]


async def test_two_nodes_never_have_one_conversation_in_flight_twice(store: Store) -> None:
    """An older row that another node commits late is not taken beside a newer one in flight."""
    row = await conversation(store)
    number = await queued(store, row, "late")
    await store.write(lambda c: c.execute(text("UPDATE inbox SET finished_at = 1")))
    newer = await queued(store, row, "newer")
    async with store.engine.begin() as other:
        claimed = await inbox.claim(other, owner=OTHER, now=10, limit=9)
        assert [each.id for each in claimed] == [newer]
        await store.write(
            lambda c: c.execute(
                text("UPDATE inbox SET finished_at = NULL WHERE id = :id"), {"id": number}
            )
        )
        # Not written down yet, and so not to be seen; the other node holds the conversation.
        assert await _claim(store) == []

    assert await _claim(store) == []
    done = {"owner": OTHER, "state": "completed", "now": 20}
    assert await store.write(lambda c: queues.finish(c, inbox_table, newer, **done))  # type: ignore[arg-type]
    assert await _claim(store) == [number]


async def test_a_guest_who_writes_while_an_answer_is_recorded_still_waits(store: Store) -> None:
    """The clock counts a message that another node is storing in this very moment."""
    row = await conversation(store)
    async with store.engine.begin() as other:
        known = await conversations.ensure(other, about(), channel="C1", now=1)
        said = message("m2", at=200)
        await conversations.add_message(other, known, said, origin="guest", raw="{}", now=200)
        await conversations.note_guest(other, row, 200)
        answer = asyncio.create_task(
            store.write(lambda c: conversations.note_answer(c, row, 150, "slack:U1"))
        )
        await _until_somebody_waits(store)
    await answer

    found = await store.read(lambda c: conversations.get(c, row))
    assert (found.awaiting_since, found.last_answer_at) == (200, 150)


async def _until_somebody_waits(store: Store) -> None:
    query = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    for _ in range(500):
        if await store.read(lambda c: c.scalar(query)):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits for a lock")


async def test_nodes_in_each_others_way_both_get_through(store: Store, address: str) -> None:
    """Two nodes that lock the same conversations in opposite order are not refused."""
    first, second = await conversation(store, "c1"), await conversation(store, "c2", thread="2.0")
    beside = await Store.open(address)

    async def crosswise(node: Store, *order: int) -> None:
        async def unit(connection: object) -> None:
            for row in order:
                await conversations.stop_clock(connection, row)  # type: ignore[arg-type]
                await asyncio.sleep(0.05)

        await node.write(unit)

    await asyncio.gather(crosswise(store, first, second), crosswise(beside, second, first))
    await beside.close()

    for row in (first, second):
        assert (await store.read(lambda c, row=row: conversations.get(c, row))).card_wanted == 2  # type: ignore[misc]


async def test_who_is_kept_out_by_a_lock_holds_nobody_up(store: Store) -> None:
    """It waits beside the others, also in their group, and until the lock is let go."""
    kept, free = await conversation(store, "c1"), await conversation(store, "c2", thread="2.0")
    async with store.engine.begin() as other:
        await places.lock(other, kept)
        waits, passes = (
            asyncio.create_task(store.write(partial(conversations.stop_clock, row_id=row)))
            for row in (kept, free)
        )
        await passes
        await store.write(lambda c: conversations.stop_clock(c, free))
        assert not waits.done()
    await waits

    found = [await store.read(partial(conversations.get, row_id=row)) for row in (kept, free)]
    assert [each.card_wanted for each in found] == [1, 2]


async def test_who_stops_waits_for_what_a_lock_keeps_out(store: Store) -> None:
    """It is on disk when the store is closed."""
    row = await conversation(store)
    async with store.engine.begin() as other:
        await places.lock(other, row)
        waits = asyncio.create_task(store.write(lambda c: conversations.stop_clock(c, row)))
        await _until_somebody_waits(store)
        stops = asyncio.create_task(store.writer.stop())
        await asyncio.sleep(0.5)
        assert not stops.done()
    await stops

    assert waits.done()
    assert (await store.read(lambda c: conversations.get(c, row))).card_wanted == 1


async def test_what_a_dead_node_held_is_rescued_but_for_what_is_locked(store: Store) -> None:
    """The heartbeat waits for nobody's lock: while it does, this node may send nothing."""
    first, second = await conversation(store, "c1"), await conversation(store, "c2", thread="2.0")
    numbers = [await queued(store, first, "a"), await queued(store, second, "b")]
    assert await _claim(store) == numbers

    async def rescue() -> int:
        return await store.write_now(lambda c: queues.rescue(c, inbox_table, 20))

    async with store.engine.begin() as other:
        await other.execute(
            select(inbox_table.c.id).where(inbox_table.c.id == numbers[0]).with_for_update()
        )
        assert await rescue() == 1
    assert await rescue() == 1
    assert await rescue() == 0


async def test_leases_go_by_the_databases_clock(store: Store) -> None:
    """Whatever a node's clock says, a lease lasts so long from now."""
    assert await store.write(lambda c: leases.take(c, "queue:x", owner=ME))
    assert not await store.write(lambda c: leases.take(c, "queue:x", owner=OTHER))
    left = select(leases_table.c.expires_at - now_ms())
    assert 0 < (await store.read(lambda c: c.execute(left))).scalar_one() <= LEASE_MS


def test_a_dead_node_is_taken_over_within_15_seconds() -> None:
    """Its leases run out, and who waits for them looks often enough."""
    assert LEASE_MS / 1000 + STANDBY_SECONDS <= 15
    # The heartbeat of the others, which takes back what it had in hand.
    assert LEASE_MS / 1000 + LEASE_MS / 3000 <= 15


async def test_a_lost_connection_is_said_and_made_anew(store: Store) -> None:
    """A write whose outcome is unknown is refused, not repeated; the next one works."""

    async def cut(connection: object) -> None:
        await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))  # type: ignore[attr-defined]

    with pytest.raises(StoreError):
        await store.write(cut)

    assert store.writer.doubts == 1
    await conversation(store)


async def test_a_claim_whose_answer_was_lost_is_given_back(store: Store) -> None:
    """What this node claimed and does not know of is taken again; what it works on is not."""
    first, second = await conversation(store, "c1"), await conversation(store, "c2", thread="2.0")
    known, unknown = await queued(store, first, "a"), await queued(store, second, "b")
    assert sorted(await _claim(store)) == [known, unknown]

    released = await store.write(
        lambda c: queues.release_unknown(c, inbox_table, owner=ME, known=[known])
    )

    assert released == 1
    assert await _claim(store) == [unknown]


async def test_a_server_that_is_away_is_said_in_words() -> None:
    """A refused connection is an error that workers know how to wait for."""
    with pytest.raises(StoreError, match="cannot be opened"):
        await Store.open("postgresql://nobody@127.0.0.1:1/nowhere")


async def test_a_sign_that_postgresql_keeps_in_no_text_does_not_stop_the_queue(
    store: Store,
) -> None:
    """A guest's message with the character 0 is kept, with another sign in its place."""
    row = await conversation(store)

    async def unit(connection: object) -> None:
        known = await conversations.get(connection, row)  # type: ignore[arg-type]
        said = message("m1", text="room\0twelve")
        await conversations.add_message(connection, known, said, origin="guest", raw="{}", now=1)  # type: ignore[arg-type]

    await store.write(unit)

    assert await store.read(lambda c: fulltext.in_messages(c, "twelve", limit=9)) == [row]


async def test_other_nodes_are_woken_and_a_broken_connection_comes_back(
    store: Store, address: str
) -> None:
    """A word reaches the other nodes and wakes nobody here twice; after a gap all look."""
    mine, others = Neighbours(address), Neighbours(address)
    for node in (mine, others):
        await node.step()
        for event in (node.signals.inbox, node.signals.outbox):
            event.clear()

    mine.signals.inbox.set()
    await mine.step()
    await asyncio.wait_for(others.signals.inbox.wait(), 10)
    assert not others.signals.outbox.is_set()

    others.wake.clear()
    kill = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name <> 'bridgebot' AND datname = current_database()"
    )
    await store.read(lambda c: c.execute(kill))
    await asyncio.wait_for(others.wake.wait(), 10)
    await others.step()
    await asyncio.wait_for(others.signals.outbox.wait(), 10)
    for node in (mine, others):
        node.close()


async def test_a_node_that_stands_still_within_a_statement_keeps_nobody_out(
    store: Store, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its session is ended where the server would wait for it for ever; others are let be."""

    async def driver(connection: AsyncConnection) -> Any:
        return (await connection.get_raw_connection()).driver_connection

    monkeypatch.setattr(neighbours, "STALLED_MS", 300)
    monkeypatch.setattr(neighbours, "PAUSE", 0.1)
    row = await conversation(store)
    others = await Store.open(address)
    node = Neighbours(address)
    async with others.engine.connect() as first, others.engine.connect() as second:
        stands, reads = await driver(first), await driver(second)
        for raw in (stands, reads):
            await raw.execute("BEGIN")
        await stands.execute("UPDATE conversations SET card_wanted = 7")
        for raw in (stands, reads):
            # Parsed and not bound, as where the process is stopped while the answer is on its way.
            await raw.prepare("SELECT 1")
        writing = asyncio.create_task(store.write(lambda c: conversations.stop_clock(c, row)))
        for _ in range(100):
            await node.step()
            if writing.done():
                break
            await asyncio.sleep(0.1)
        await writing

        assert (stands.is_closed(), await reads.fetchval("SELECT 1")) == (True, 1)
    node.close()
    await others.close()


async def test_a_claim_of_replies_skips_what_another_node_holds(store: Store) -> None:
    """A node that is claiming is not waited for."""
    row = await conversation(store)
    await queued(store, row, "a")
    async with store.engine.begin() as other:
        await places.lock(other, row)
        assert await _claim(store) == []
        assert await store.write(lambda c: outbox.claim(c, owner=ME, now=10, limit=9)) == ()
    assert len(await _claim(store)) == 1
