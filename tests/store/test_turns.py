"""What the report reads, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.model import SenderKind
from bridgebot.store import conversations
from bridgebot.store.database import Store
from bridgebot.store.rows import to_ms
from bridgebot.store.schema import messages, outbox
from bridgebot.workers.weekly import make_report
from tests.store.build import captured, conversation, message

START = datetime(2026, 3, 2, tzinfo=UTC)
END = datetime(2026, 3, 9, tzinfo=UTC)
BEGIN = to_ms(START)
MINUTE = 60_000


async def _said(store: Store, row_id: int, *minutes: int, answer: int | None = None) -> None:
    """Let a guest write at these minutes of the week, and somebody answer."""

    async def unit(connection: AsyncConnection) -> None:
        row = await conversations.get(connection, row_id)
        for minute in minutes:
            at = BEGIN + minute * MINUTE
            name = f"m{row_id}-{minute}"
            await conversations.add_message(
                connection, row, message(name, at=at), origin="guest", raw="{}", now=at
            )
            await conversations.note_guest(connection, row_id, at)
        if answer is not None:
            at = BEGIN + answer * MINUTE
            written = message(f"a{row_id}-{answer}", sender=SenderKind.PROPERTY, at=at)
            await conversations.add_message(
                connection, row, written, origin="elsewhere", raw="{}", now=at
            )
            await conversations.note_answer(connection, row_id, at, "elsewhere")

    await store.write(unit)


async def test_a_turn_is_what_one_answer_covers(store: Store) -> None:
    """Waits run from a turn's first message; what is after the end is not in it."""
    first = await conversation(store, "c1", thread="1.1")
    other = await conversation(store, "c2", thread="1.2")
    await _said(store, first, 10, 12, answer=40)
    await _said(store, first, 60, answer=70)
    await _said(store, other, 100, answer=8 * 24 * 60)
    await _said(store, other, -5)
    for ts in ("1.3", "1.4"):
        await captured(store, ts)
    sent = {"state": "completed", "finished_at": BEGIN + 1, "conversation": first}
    await store.write(lambda c: c.execute(update(outbox).values(**sent)))

    report = await make_report(store, since=START, until=END, zone=ZoneInfo("UTC"))

    assert (report.total.messages, report.total.answered, report.total.unanswered) == (4, 2, 1)
    assert (report.total.median, report.total.ninetieth) == (20 * MINUTE, 28 * MINUTE)
    assert {hour: each.messages for hour, each in report.hours.items()} == {0: 2, 1: 2}
    assert report.answered_by == {"U1": 2, "elsewhere": 2}


async def test_one_property_alone(store: Store) -> None:
    """Of others nothing is counted; of one that nobody knows there is nothing."""
    row_id = await conversation(store)
    await _said(store, row_id, 10, answer=40)

    async def messages_of(property_id: str) -> int:
        report = await make_report(
            store, since=START, until=END, zone=ZoneInfo("UTC"), property_id=property_id
        )
        return report.total.messages

    assert (await messages_of("p1"), await messages_of("p2")) == (1, 0)


async def test_what_was_erased_still_counts(store: Store) -> None:
    """Figures need no contents: a report of long ago is as it was."""
    row_id = await conversation(store)
    await _said(store, row_id, 10, answer=40)
    before = await make_report(store, since=START, until=END, zone=ZoneInfo("UTC"))
    await store.write(lambda c: c.execute(update(messages).values(content="", erased_at=1)))

    after = await make_report(store, since=START, until=END, zone=ZoneInfo("UTC"))

    assert after == before
