"""What is erased when it is old, what is not, and that it is really gone; on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.model import SenderKind, Unreadable
from bridgebot.store import (
    audit,
    cleaning,
    conversations,
    corrections,
    fulltext,
    imports,
    inbox,
    outbox,
    personal,
    promises,
    quarantined,
    queues,
    records,
    retention,
)
from bridgebot.store import schema as tables
from bridgebot.store.database import Store
from bridgebot.store.engine import sqlite_file
from bridgebot.store.holdings import HOLDINGS, columns, erased
from bridgebot.store.retention import Erased
from bridgebot.workers.pruner import BATCH, DAY_MS, Pruner
from tests.store.build import (
    about,
    captured,
    conversation,
    event,
    message,
    queued,
    read_conversation,
)

MARK = "Quittenmarmelade"
LATER = 10 * DAY_MS
BEFORE = 5 * DAY_MS


async def _erase(store: Store, *, before: int = BEFORE, limit: int = 100) -> Erased:
    return await store.write(
        lambda c: retention.erase_old(c, before=before, now=LATER, limit=limit)
    )


async def _delivered(store: Store) -> None:
    """Let everything that is on its way arrive."""

    async def unit(connection: AsyncConnection) -> None:
        for table in (tables.inbox, tables.outbox):
            done = update(table).where(table.c.finished_at.is_(None))
            await connection.execute(done.values(state="completed", finished_at=2))

    await store.write(unit)


async def _content(store: Store, name: str = "m1") -> str | None:
    query = select(tables.messages.c.content).where(tables.messages.c.message_id == name)
    return await store.read(lambda c: c.scalar(query))


async def _old(store: Store) -> int:
    """Store an old guest's message that is in Slack, and a reply that was sent."""
    row_id = await conversation(store)
    await queued(store, row_id, "m1")
    await captured(store, "1700000001.000100")
    await _delivered(store)
    return row_id


def test_every_column_that_can_hold_words_has_a_decision() -> None:
    """A new column needs a line in ``HOLDINGS``: what becomes of it, and why."""
    decided = {(table, name) for table, names in HOLDINGS.items() for name in names}

    assert {(column.table.name, column.name) for column in columns()} == decided


async def test_what_is_old_is_empty_in_every_column_that_says_so(store: Store) -> None:
    """Each column decided to be erased is filled, and empty afterwards; ids are all there."""
    row_id = await _old(store)

    async def fill(connection: AsyncConnection) -> None:
        notice = {"text": MARK}
        await inbox.add_notice(connection, row_id, notice, now=1)
        aside = Unreadable(raw=MARK, reason="no sender")
        number = await records.put_aside(connection, "booking", aside, now=1)
        await quarantined.resolve(connection, number or 0, line="Done.", now=2)
        for column in erased():
            value = f'{{"text": "{MARK}"}}'
            await connection.execute(update(column.table).values({column.name: value}))

    await store.write(fill)
    await _delivered(store)

    gone = await _erase(store)

    assert gone.counts() == {
        "messages": 1,
        "replies": 1,
        # beside the notice that of the message's own row, which is filled here too
        "notices": 2,
        "conversations": 1,
        "quarantined": 1,
    }
    async with store.engine.connect() as connection:
        for column in erased():
            for value in (await connection.execute(select(column))).scalars():
                assert MARK not in str(value), column
    assert await store.read(lambda c: conversations.known_messages(c, "booking", {"m1"})) == {"m1"}
    assert not await store.write(
        lambda c: outbox.capture(c, event("1700000001.000100"), now=LATER, ours=True)
    )
    assert (await _erase(store)).counts() == {}


async def test_nothing_of_it_is_found_or_stands_in_the_files(store: Store, tmp_path: Path) -> None:
    """Neither full-text search nor, on SQLite, the bytes of the database and its log know it."""
    await conversation(store)
    other = await conversation(store, "c2", thread=None)
    words = [f"{MARK}{number} Frühstück um {number} Uhr" for number in range(400)]

    async def fill(connection: AsyncConnection) -> None:
        named = about("c1", guest_name=f"Ada {MARK}")
        row = await conversations.ensure(connection, named, channel="C1", now=1)
        for number, said in enumerate(words):
            new = message(f"m{number}", at=number, text=said)
            await conversations.add_message(
                connection, row, new, origin="guest", raw=f'{{"content": "{said}"}}', now=1
            )

    await store.write(fill)
    for number in range(20):
        await queued(store, other, f"young{number}", at=BEFORE + number)
    pruner = Pruner(store, days=5, audit_days=0, now=lambda: LATER)

    while await pruner.step() < 1:
        pass

    for found in (fulltext.in_messages, fulltext.in_names):
        assert await store.read(lambda c, found=found: found(c, MARK, limit=9)) == []  # type: ignore[misc]
    assert await store.read(lambda c: fulltext.in_messages(c, "Hello", limit=9)) == [other]
    path = sqlite_file(store.engine.url)
    if path is None:
        return
    await store.close()
    for file in await asyncio.to_thread(lambda: list(tmp_path.iterdir())):
        held = (await asyncio.to_thread(file.read_bytes)).lower()
        assert b"young3" in held or file != path
        assert MARK.lower().encode() not in held, file


Keep = Callable[[Store, int], Awaitable[object]]


async def _waits(store: Store, row_id: int) -> None:
    await store.write(lambda c: conversations.note_guest(c, row_id, 1))


async def _state(store: Store, state: str) -> None:
    finished = 2 if state == "discarded" else None
    await store.write(
        lambda c: c.execute(update(tables.inbox).values(state=state, finished_at=finished))
    )


async def _echo(store: Store, _row_id: int) -> None:
    async def unit(connection: AsyncConnection) -> None:
        reply = await connection.scalar(select(tables.outbox.c.id))
        await connection.execute(update(tables.outbox).values(state="uncertain", finished_at=None))
        await connection.execute(update(tables.messages).values(reply=reply))

    await store.write(unit)


@pytest.mark.parametrize(
    "keep",
    [
        _waits,
        lambda store, _: _state(store, "available"),
        lambda store, _: _state(store, "uncertain"),
        lambda store, _: _state(store, "discarded"),
        _echo,
    ],
    ids=["waits", "not posted", "uncertain", "given up by the bridge", "copy of an open reply"],
)
async def test_a_message_that_is_undelivered_or_waited_for_is_kept(
    store: Store, keep: Keep
) -> None:
    """However old it is, it stays as long as that; so does the guest's name."""
    row_id = await _old(store)
    await keep(store, row_id)

    gone = await _erase(store)

    assert (gone.messages, gone.conversations) == (0, 0)
    assert await _content(store) == "Hello"


@pytest.mark.parametrize("state", ["available", "executing", "retryable", "uncertain", "discarded"])
async def test_a_reply_that_is_not_delivered_is_kept(store: Store, state: str) -> None:
    """Its words are needed to send it, or to tell whether it was sent."""
    await _old(store)
    finished = 2 if state == "discarded" else None
    await store.write(
        lambda c: c.execute(update(tables.outbox).values(state=state, finished_at=finished))
    )

    gone = await _erase(store)

    assert (gone.replies, gone.conversations) == (0, 0)


async def test_a_standing_promise_keeps_its_reply(store: Store) -> None:
    """Until its mark is taken away."""
    await _old(store)
    place = {"channel": "C1", "ts": "1700000001.000100"}
    await store.write(lambda c: promises.keep(c, **place, user="U1", now=1))
    assert (await _erase(store)).replies == 0

    await store.write(lambda c: promises.forget(c, **place))

    assert (await _erase(store)).replies == 1


async def test_an_entry_that_nobody_has_read_is_kept(store: Store) -> None:
    """What was put aside may be a guest's message; it is emptied when it is done with."""
    aside = Unreadable(raw=MARK, reason="no sender")
    number = await store.write(lambda c: records.put_aside(c, "booking", aside, now=1))
    assert (await _erase(store)).quarantined == 0

    await store.write(lambda c: quarantined.resolve(c, number or 0, line="Done.", now=2))

    assert (await _erase(store)).quarantined == 1
    assert await store.write(lambda c: records.put_aside(c, "booking", aside, now=1)) is None


async def test_what_is_given_up_by_hand_is_erased(store: Store) -> None:
    """``bridgebot deliveries discard`` ends what the bridge could not deliver, for good."""
    await _old(store)
    await _state(store, "discarded")

    assert await store.write(lambda c: queues.give_up(c, tables.inbox, 1, now=3))

    assert (await _erase(store)).messages == 1


async def test_young_messages_keep_the_name(store: Store) -> None:
    """A guest's name is kept as long as anything the guest wrote."""
    row_id = await _old(store)
    await queued(store, row_id, "m2", at=BEFORE + 1)
    await _delivered(store)

    gone = await _erase(store)

    assert (gone.messages, gone.conversations) == (1, 0)
    assert await _content(store, "m2") == "Hello"


async def test_a_known_message_that_comes_again_brings_no_name_back(store: Store) -> None:
    """Providers repeat themselves; a new message of the guest is another matter."""
    row_id = await _old(store)
    named = about("c1", guest_name="Ada", reference="4312539378")
    await store.write(lambda c: conversations.ensure(c, named, channel="C1", now=1))
    await _erase(store)

    async def tell(*, again: bool) -> tuple[str | None, int | None]:
        await store.write(
            lambda c: conversations.ensure(c, named, channel="C1", now=LATER, again=again)
        )
        row = await read_conversation(store, row_id)
        return row.about.guest_name, row.erased_at

    assert await tell(again=True) == (None, LATER)
    assert await tell(again=False) == ("Ada", None)


async def test_a_question_nobody_answered_cannot_be_answered_any_more(store: Store) -> None:
    """Of a held reply that was erased, nothing can be sent: not even an empty text."""
    number = await captured(store, "1700000001.000100")
    held = {"kind": "held", "state": "cancelled", "finished_at": 2}
    await store.write(lambda c: c.execute(update(tables.outbox).values(**held)))
    await _erase(store)

    assert not await store.write(lambda c: outbox.send_held(c, number, now=LATER))
    (row,) = await store.read(lambda c: outbox.read(c, [number]))
    assert not await store.write(lambda c: outbox.release(c, row, now=LATER, content=""))


@pytest.mark.parametrize("kind", ["reply", "note", "held", "refused", "silent"])
async def test_an_edit_that_comes_again_brings_no_words_back(store: Store, kind: str) -> None:
    """Slack repeats events for a day: what was erased is neither stored, nor sent, nor offered."""
    row_id = await conversation(store)
    await captured(store, "1700000001.000100")
    state = "completed" if kind == "reply" else "cancelled"
    over = {"kind": kind, "state": state, "finished_at": 2, "conversation": row_id}
    await store.write(lambda c: c.execute(update(tables.outbox).values(**over)))
    await _erase(store)
    edited = event("1700000001.000100", text=MARK)

    taken = await store.write(
        lambda c: outbox.edit(c, "C1", "1700000001.000100", edited, now=LATER)
    )
    offered = await store.write(lambda c: corrections.offer(c, edited))

    assert (taken, offered) == (False, None)
    row = await store.read(lambda c: outbox.by_ts(c, "C1", "1700000001.000100"))
    assert row is not None
    assert (row.event, row.content) == ({}, None)


async def test_what_was_only_fetched_is_new_when_it_is_fetched_again(store: Store) -> None:
    """A copy of what the provider holds goes whole, so that it can come into a thread later."""
    row_id = await conversation(store)

    async def fetch(connection: AsyncConnection) -> int | None:
        row = await conversations.get(connection, row_id)
        return await conversations.add_message(
            connection, row, message("m1"), origin="guest", raw="{}", now=1, imported=True
        )

    await store.write(fetch)

    assert (await _erase(store)).fetched == 1

    assert await store.write(fetch) is not None
    assert await store.write(lambda c: imports.take_up(c, "booking", "m1")) is not None


async def test_no_batch_is_larger_than_it_may_be(store: Store) -> None:
    """Deliveries go on between two batches."""
    row_id = await conversation(store)
    for number in range(5):
        await queued(store, row_id, f"m{number}")
    await _delivered(store)

    assert [(await _erase(store, limit=2)).messages for _ in range(4)] == [2, 2, 1, 0]
    assert BATCH <= 500


async def test_erasing_is_written_down_with_numbers(store: Store) -> None:
    """The audit trail says how much was erased, in the transaction that erased it."""
    await _old(store)
    pruner = Pruner(store, days=5, audit_days=0, now=lambda: LATER)

    await pruner.step()

    async with store.engine.connect() as connection:
        (entry,) = [each async for each in audit.entries(connection)]
    assert (entry.actor, entry.act) == ("bridge", "pruned")
    assert entry.detail == {"messages": 1, "replies": 1, "conversations": 1}


async def test_the_trail_has_an_end_of_its_own(store: Store) -> None:
    """Lines older than ``AUDIT_DAYS`` are deleted, whatever becomes of contents."""
    for at in (1, LATER):
        await store.write(lambda c, at=at: audit.note(c, at=at, actor="bridge", act="tagged"))  # type: ignore[misc]

    assert await Pruner(store, days=0, audit_days=5, now=lambda: LATER).batch() == (Erased(), 1)

    count = select(func.count()).select_from(tables.audit)
    assert await store.read(lambda c: c.scalar(count)) == 1


async def test_the_oldest_are_found_without_reading_all(store: Store) -> None:
    """Each look for what is old uses an index that holds only what was not erased yet."""
    is_postgres = store.engine.dialect.name == "postgresql"
    explain = "EXPLAIN" if is_postgres else "EXPLAIN QUERY PLAN"
    async with store.engine.connect() as connection:
        if is_postgres:
            # It would read tables that are empty from end to end.
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
        for table, order, where in (
            ("messages", "sent_at", "erased_at IS NULL AND NOT imported"),
            ("outbox", "created_at", str(retention.HAS_WORDS)),
            ("inbox", "created_at", "notice IS NOT NULL"),
            ("conversations", "created_at", "erased_at IS NULL"),
        ):
            query = f"SELECT id FROM {table} WHERE {where} AND {order} < 5 ORDER BY {order}"  # noqa: S608
            plan = (await connection.execute(text(f"{explain} {query}"))).all()
            assert f"ix_{table}_kept" in str(plan)


async def test_a_person_is_forgotten_whatever_the_age(store: Store) -> None:
    """Everything of the reservation but ids goes, and nothing of another's."""
    row_id = await _old(store)

    async def more(connection: AsyncConnection) -> None:
        for name, number in (("c1", "4312539378"), ("c2", "4312539379")):
            told = about(name, guest_name=MARK, reference=number)
            row = await conversations.ensure(connection, told, channel="C1", now=1)
            new = message(f"{name}-new", at=LATER, text=MARK, sender=SenderKind.PROPERTY)
            await conversations.add_message(
                connection, row, new, origin="elsewhere", raw=MARK, now=LATER
            )

    await store.write(more)

    async def forget(connection: AsyncConnection) -> tuple[list[str], Erased]:
        rows = await personal.of_reservation(connection, "4312 539 378")
        left = await personal.hindrances(connection, rows, ())
        return left, await personal.erase(connection, rows, (), now=LATER)

    left, gone = await store.write(forget)

    assert left == []
    assert (gone.messages, gone.replies, gone.conversations) == (2, 1, 1)
    row = await read_conversation(store, row_id)
    assert (row.about.guest_name, row.about.reference) == (None, None)
    assert row.about.conversation_id == "c1"
    assert await _content(store, "c1-new") == ""
    assert await _content(store, "c2-new") == MARK


async def test_what_is_under_way_hinders_forgetting(store: Store) -> None:
    """A guest who waits, a delivery that is open or was given up, an entry nobody has read."""
    row_id = await conversation(store)
    told = about("c1", reference="4312539378")
    await store.write(lambda c: conversations.ensure(c, told, channel="C1", now=1))
    await queued(store, row_id, "m1")
    await captured(store, "1700000001.000100")
    aside = Unreadable(raw='{"reservation": "4312539378"}', reason="no sender")
    await store.write(lambda c: records.put_aside(c, "booking", aside, now=1))
    await _waits(store, row_id)

    async def look(connection: AsyncConnection) -> list[str]:
        rows = await personal.of_reservation(connection, "4312539378")
        entries = await personal.put_aside(connection, "4312539378", rows)
        return await personal.hindrances(connection, rows, entries)

    said = await store.write(look)

    assert [each.split()[0] for each in said] == ["the", "i1", "o1", "q1"]


async def test_cleaning_goes_on_after_a_crash(store: Store) -> None:
    """What is to be cleaned up is noted in the transaction that erases."""
    await _old(store)
    await Pruner(store, days=5, audit_days=0, now=lambda: LATER).batch()
    wanted = await store.read(lambda c: records.get_cursor(c, "cleaning"))
    assert wanted == {"wanted": ["message_words", "guest_words"]}

    again = Pruner(store, days=5, audit_days=0, now=lambda: LATER)
    while await again.step() < 1:
        pass

    assert not (await store.read(lambda c: records.get_cursor(c, "cleaning"))).get("wanted")
    assert not await cleaning.clean(store)


async def test_an_act_that_is_none_is_not_written(store: Store) -> None:
    """Words of guests have no way into the trail: acts are a list, details are numbers."""
    with pytest.raises(ValueError, match="not an act"):
        await store.write(lambda c: audit.note(c, at=1, actor="bridge", act="whispered"))
