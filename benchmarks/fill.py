"""Fills a store with a past: conversations with their messages, deliveries and replies, all done.

``python -m benchmarks.fill sqlite:///big.db --conversations 1000000``; ten messages in each.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Table, insert

from benchmarks.report import say
from bridgebot.store.database import Store
from bridgebot.store.schema import conversations, inbox, messages, outbox

PER_CONVERSATION = 10
CHUNK = 1_000
PROPERTIES = 1_000
YEAR_MINUTES = 365 * 24 * 60
WAITING = 60
"""Conversations whose guest waits; the newest ones."""

NAMES = ("Ada", "Bruno", "Chloé", "Dmitri", "Elif", "Farah", "Goran", "Hana", "Ivo", "Jun")
SAID = (
    "Hello, we arrive at about nine in the evening; is there a place to park near the house?",
    "Good day, and thank you for your message. There is; please ring the bell at the gate.",
    "Could we have a cot for the baby, and is breakfast served before seven?",
    "Of course, both are no problem at all. We look forward to your stay.",
)
RAW = json.dumps({"message_id": "0" * 36, "padding": "x" * 620})
"""As long as an entry of the queue is."""

Row = dict[str, Any]


def rows_of(number: int, *, count: int, channel: str, now: int) -> Iterator[tuple[Table, Row]]:
    """Make the rows of one conversation; the last ones are the newest."""
    minutes = (count - number) * YEAR_MINUTES // count
    began = now - minutes * 60_000 - 3_600_000
    waits = count - number <= WAITING
    ts = f"{1_500_000_000 + number}.000100"
    name = f"{NAMES[number % len(NAMES)]} Example{number}"
    ends = began + PER_CONVERSATION * 60_000
    yield (
        conversations,
        {
            "id": number + 1,
            "provider": "booking",
            "conversation_id": f"old-{number}",
            "property_id": f"p{number % PROPERTIES}",
            "conversation_type": "reservation",
            "reference": str(3_000_000_000 + number),
            "guest_name": name,
            "channel": channel,
            "thread_ts": ts,
            "awaiting_since": ends if waits else None,
            "last_guest_at": ends,
            "last_answer_at": ends - 60_000 if waits else ends,
            "last_answer_by": "slack:U0ANNA",
            "read_until": ends,
            "card_wanted": 2,
            "card_shown": 2,
            "created_at": began,
        },
    )
    for part in range(PER_CONVERSATION):
        yield from _message(number, part, name, channel, ts, began + part * 60_000)


def _message(
    number: int, part: int, name: str, channel: str, ts: str, at: int
) -> Iterator[tuple[Table, Row]]:
    row_id = number * PER_CONVERSATION + part + 1
    guest = part % 2 == 0
    said = f"{SAID[(number + part) % len(SAID)]} word{number % 50_000}"
    yield (
        messages,
        {
            "id": row_id,
            "conversation": number + 1,
            "provider": "booking",
            "message_id": f"{row_id * 2_654_435_761 % 2**32:08x}-0000-1000-8000-{row_id:012x}",
            "sender": "guest" if guest else "property",
            "sender_name": name if guest else None,
            "content": said,
            "kind": "free_text",
            "attributes": "{}",
            "attachment_ids": "[]",
            "origin": "guest" if guest else "slack",
            "answered_at": at + 60_000 if guest else None,
            "sent_at": at,
            "received_at": at,
            "raw": RAW if guest else "{}",
        },
    )
    done: Row = {"state": "completed", "attempts": 1, "due_at": at, "created_at": at}
    done |= {"started_at": at, "finished_at": at}
    if guest:
        posted = json.dumps([f"{ts[:-6]}{part:06d}"])
        yield inbox, {"conversation": number + 1, "message": row_id, "posted": posted, **done}
        return
    event = {"type": "message", "channel": channel, "ts": f"{ts[:-6]}{part:06d}", "text": said}
    yield (
        outbox,
        {
            "conversation": number + 1,
            "channel": channel,
            "ts": f"{ts[:-6]}{part:06d}",
            "thread_ts": ts,
            "user_id": "U0ANNA",
            "event": json.dumps(event | {"blocks": ["x" * 300]}),
            "kind": "reply",
            "content": said,
            "mark_wanted": "white_check_mark",
            "mark_shown": "white_check_mark",
            **done,
        },
    )


async def fill(address: str, count: int, *, channel: str = "C0GUESTS") -> None:
    """Fill an empty store."""
    store = await Store.open(address)
    now = int(time.time() * 1000)
    try:
        for first in range(0, count, CHUNK):
            chunk = _chunk(range(first, min(first + CHUNK, count)), count, channel, now)
            await store.write(lambda c, chunk=chunk: _insert(c, chunk))  # type: ignore[misc]
            if first % (100 * CHUNK) == 0:
                say(f"{first:,} of {count:,} conversations")
    finally:
        await store.close()


def _chunk(numbers: range, count: int, channel: str, now: int) -> Mapping[Table, list[Row]]:
    rows: dict[Table, list[Row]] = {table: [] for table in (conversations, messages, inbox, outbox)}
    for number in numbers:
        for table, row in rows_of(number, count=count, channel=channel, now=now):
            rows[table].append(row)
    return rows


async def _insert(connection: Any, chunk: Mapping[Table, list[Row]]) -> None:  # noqa: ANN401
    for table, rows in chunk.items():
        await connection.execute(insert(table), rows)


def main() -> None:
    """Fill a store from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--conversations", type=int, default=100_000)
    told = parser.parse_args()
    asyncio.run(fill(told.address, told.conversations))


if __name__ == "__main__":
    main()
