"""What is written down before Slack is answered, where the whole process is not needed for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from sqlalchemy import select, update

from bridgebot.slack.capture import Capture
from bridgebot.store import outbox, records
from bridgebot.store.database import Store
from bridgebot.store.schema import alerts
from bridgebot.store.schema import outbox as table
from bridgebot.store.writer import Unit
from tests.store.build import captured, conversation, event

TS = "1700000005.000100"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """Give an open store."""
    opened = await Store.open(f"sqlite:///{tmp_path}/bridgebot.db")
    yield opened
    await opened.close()


async def hear(store: Store, **told: object) -> None:
    """Let the capture step take an event, and see that it answers Slack itself."""
    capture = Capture(store, bot_user="U0BOT", now=lambda: 9, on_captured=lambda: None)
    body = {"type": "event_callback", "event": {"type": "message", "channel": "C1", **told}}

    async def listeners() -> BoltResponse:
        raise AssertionError("an event that is for the store alone was passed on")

    request = AsyncBoltRequest(body=body, mode="socket_mode")
    assert (await capture(request, listeners)).status == 200


async def given_up(store: Store, row_id: int) -> None:
    """Give a reply up as the relayer does: discarded, with an alert."""
    values = {"state": "discarded", "finished_at": 5, "mark_wanted": "warning"}
    await store.write(lambda c: c.execute(update(table).values(**values)))
    await store.write(
        lambda c: records.raise_alert(
            c,
            kind="undelivered",
            provider="booking",
            subject=f"outbox:{row_id}",
            title="A reply could not be delivered to the guest",
            lines=("Booking.com refused the message.",),
            now=5,
        )
    )


async def test_deleting_a_reply_that_was_given_up_closes_its_alert(store: Store) -> None:
    """Whoever takes it back has acted: nothing is left to alert anybody about."""
    await conversation(store)
    row_id = await captured(store, TS)
    await given_up(store, row_id)

    await hear(store, subtype="message_deleted", previous_message=event(TS))

    (row,) = await store.read(lambda c: outbox.read(c, [row_id]))
    found = (await store.read(lambda c: c.execute(select(alerts)))).mappings().one()
    assert (row.state, row.mark_wanted) == ("cancelled", None)
    assert (found["state"], found["closed_at"]) == ("closed", 9)
    assert "refused the message" in found["lines"]
    assert "deleted it" in found["lines"]


async def test_editing_a_reply_that_was_given_up_closes_its_alert(store: Store) -> None:
    """The new words are decided about by themselves, as a note perhaps: nothing stands for ever."""
    await conversation(store)
    row_id = await captured(store, TS)
    await given_up(store, row_id)
    before, after = event(TS), event(TS, text="!note they called")

    await hear(store, subtype="message_changed", previous_message=before, message=after)

    (row,) = await store.read(lambda c: outbox.undecided(c, now=99, limit=9))
    found = (await store.read(lambda c: c.execute(select(alerts)))).mappings().one()
    assert row.id == row_id
    assert found["state"] == "closed"
    assert "changed it" in found["lines"]


async def test_edits_that_have_to_wait_keep_their_order(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one is kept out of the database by somebody's lock: the second waits for it."""
    await conversation(store)
    await captured(store, TS)
    lock, write, tried = asyncio.Event(), store.write, 0

    async def later(unit: Unit[object]) -> object:
        nonlocal tried
        tried += 1
        if tried == 1:
            await lock.wait()
        return await write(unit)

    monkeypatch.setattr(store, "write", later)
    capture = Capture(store, bot_user="U0BOT", now=lambda: 9, on_captured=lambda: None)
    edits = [
        {
            "type": "message",
            "subtype": "message_changed",
            "channel": "C1",
            "previous_message": event(TS),
            "message": event(TS, text=text),
        }
        for text in ("first edit", "second edit")
    ]
    hearing = [
        asyncio.create_task(capture.take({"type": "event_callback", "event": each}))
        for each in edits
    ]
    for _ in range(20):
        await asyncio.sleep(0)
    assert tried == 1
    lock.set()
    await asyncio.gather(*hearing)

    (row,) = await store.read(lambda c: outbox.undecided(c, now=99, limit=9))
    assert row.event["text"] == "second edit"
