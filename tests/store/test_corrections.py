"""Replies that crossed a newer message of the guest."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import update

from bridgebot.store import corrections, outbox
from bridgebot.store.database import Store
from bridgebot.store.schema import inbox
from bridgebot.store.schema import outbox as outbox_table
from tests.store.build import captured, conversation, event, queued

WRITTEN = "1700000005.000100"
EARLIER, LATER = "1700000004.000100", "1700000006.000100"


@pytest.mark.parametrize(
    ("state", "posted", "crossed"),
    [
        ("completed", [EARLIER], False),
        ("completed", [LATER], True),
        ("available", [], True),
        ("retryable", [], True),
        # Whether these posts stood there is found out later.
        ("executing", [], False),
        ("uncertain", [], False),
    ],
)
async def test_only_what_certainly_was_not_there_is_called_crossed(
    store: Store, state: str, posted: list[str], *, crossed: bool
) -> None:
    """The author is told of a newer message only if it cannot have been seen."""
    row_id = await conversation(store)
    await queued(store, row_id, "m1", at=5)
    reply = await captured(store, WRITTEN)
    await store.write(
        lambda c: c.execute(update(inbox).values(state=state, posted=json.dumps(posted)))
    )

    (row,) = await store.read(lambda c: outbox.read(c, [reply]))
    assert await store.read(lambda c: corrections.crossed(c, row, at=10)) is crossed


async def test_a_repeated_edit_does_not_bring_back_what_was_deleted(store: Store) -> None:
    """The reply is out, was edited, then deleted; Slack tells of the edit once more."""
    await conversation(store)
    reply = await captured(store, WRITTEN, text="Room 12")
    await store.write(lambda c: outbox.claim(c, owner="me", now=10, limit=1))
    (row,) = await store.read(lambda c: outbox.read(c, [reply]))
    await store.write(lambda c: outbox.note_deleted(c, row))

    edited = event(WRITTEN, text="Room 14")
    assert await store.write(lambda c: corrections.offer(c, edited)) is None
    # It was not taken after all, and would be tried again.
    await store.write(lambda c: c.execute(update(outbox_table).values(state="retryable")))
    assert not await store.write(lambda c: outbox.edit(c, "C1", WRITTEN, edited, now=20))

    (after,) = await store.read(lambda c: outbox.read(c, [reply]))
    assert after.event[outbox.GONE]
    assert after.event["text"] == "Room 12"
