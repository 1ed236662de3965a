"""The bot's own marks in Slack, believed where the store knows less."""

from __future__ import annotations

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store import conversations, marks, outbox, queues
from bridgebot.store.database import Store
from bridgebot.store.rows import OutboxRow
from bridgebot.store.schema import outbox as table
from tests.store.build import captured, conversation, event, queued, read_conversation

TS = "1700000005.000100"


async def _believe(store: Store, mark: str, **more: object) -> OutboxRow:
    """Find a message with a mark in its thread, and read what is kept of it."""
    found = {**event(TS), **more}

    async def unit(connection: AsyncConnection) -> OutboxRow | None:
        fresh = await outbox.capture(connection, found, now=9, ours=True) is not None
        await marks.believe(connection, found, mark, fresh=fresh, now=9)
        return await outbox.by_ts(connection, "C1", TS)

    row = await store.write(unit)
    assert row is not None
    return row


@pytest.mark.parametrize(
    ("mark", "kind", "state", "waits"),
    [
        ("white_check_mark", "reply", "completed", False),
        ("lock", "note", "cancelled", True),
        ("warning", "refused", "cancelled", True),
    ],
)
async def test_a_message_that_nobody_knew_is_what_its_mark_says(
    store: Store, mark: str, kind: str, state: str, *, waits: bool
) -> None:
    """None of it is sent; a delivered one answers the guest. Nothing is drawn anew."""
    row_id = await conversation(store)
    await queued(store, row_id, "m1", at=5)
    await store.write(lambda c: conversations.note_guest(c, row_id, 5))

    row = await _believe(store, mark)

    assert (row.kind, row.state) == (kind, state)
    assert await store.read(lambda c: outbox.undecided(c, now=10, limit=9)) == []
    assert await store.read(lambda c: marks.unmarked(c, slow_before=10, limit=9)) == []
    assert ((await read_conversation(store, row_id)).awaiting_since is not None) is waits


@pytest.mark.parametrize(
    ("mark", "values", "state"),
    [
        ("white_check_mark", {"state": "retryable"}, "completed"),
        ("white_check_mark", {"kind": None, "content": None}, "completed"),
        ("white_check_mark", {"kind": "held", "state": "cancelled"}, "completed"),
        # Such a mark may be one that has not been taken away yet: Try again was pressed.
        ("warning", {"state": "available"}, "available"),
        ("lock", {"state": "available"}, "available"),
        ("white_check_mark", {"mark_shown": "white_check_mark"}, "available"),
        # What may be out is looked up.
        ("white_check_mark", {"state": "uncertain"}, "uncertain"),
        ("white_check_mark", {"state": "executing"}, "executing"),
    ],
)
async def test_of_known_messages_only_a_waiting_one_without_a_mark_was_delivered_unknown_to_us(
    store: Store, mark: str, values: dict[str, object], state: str
) -> None:
    """All others are where the store says they are."""
    await conversation(store)
    await captured(store, TS)
    await store.write(lambda c: c.execute(update(table).values(**values)))

    assert (await _believe(store, mark)).state == state


async def test_an_edited_message_with_a_warning_is_decided_about_anew(store: Store) -> None:
    """Its author may have mended it when it was refused; its old mark is known, so it goes away."""
    await conversation(store)

    row = await _believe(store, "warning", edited={"user": "U1", "ts": "1700000009.000100"})

    assert await store.read(lambda c: outbox.undecided(c, now=9, limit=9)) == [row]
    assert (row.kind, row.state, row.mark_wanted, row.mark_shown) == (
        None,
        "available",
        None,
        "warning",
    )


@pytest.mark.parametrize("mark", ["white_check_mark", "lock"])
async def test_an_edit_changes_nothing_of_what_other_marks_say(store: Store, mark: str) -> None:
    """What was sent is not sent again, and what stayed in Slack stays there."""
    await conversation(store)

    row = await _believe(store, mark, edited={"user": "U1", "ts": "1700000009.000100"})

    assert (row.mark_wanted, row.state != "available") == (mark, True)
    assert await store.read(lambda c: outbox.undecided(c, now=9, limit=9)) == []


@pytest.mark.parametrize("by_button", [True, False])
async def test_what_somebody_dropped_is_marked_as_what_stays_in_slack(
    store: Store, *, by_button: bool
) -> None:
    """A copy that knows nothing of it must not send it; the mark says so."""
    await conversation(store)
    row_id = await captured(store, TS)
    warned = {"state": "uncertain", "mark_wanted": "warning", "mark_shown": "warning"}
    await store.write(lambda c: c.execute(update(table).values(**warned)))

    if by_button:
        assert await store.write(lambda c: outbox.drop(c, row_id, states=("uncertain",), now=9))
    else:
        assert await store.write(lambda c: queues.give_up(c, table, row_id, now=9))

    (row,) = await store.read(lambda c: marks.unmarked(c, slow_before=0, limit=9))
    assert (row.mark_wanted, row.mark_shown) == ("lock", "warning")
