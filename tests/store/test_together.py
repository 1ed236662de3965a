"""Guests' messages that are stored together leave what they would have left one by one."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.model import Batch, Received, SenderKind
from bridgebot.store.database import Store
from bridgebot.store.schema import conversations, inbox, messages
from bridgebot.workers import intake
from bridgebot.workers.context import Context, Routing
from bridgebot.workers.intake import LIVE, Manner, Stored, store_batch
from tests.store.build import BOOKING, about, message, now

WORDS = ("Thank you!", "Is there parking?", "ok", "My card is 4111 1111 1111 1111", "")
MANNERS = (
    LIVE,
    LIVE,
    Manner(waits_from=1_000_020, due_at=5_000, gap=10),
    Manner(shown=False),
)


def _received(dice: random.Random) -> Received:
    name = f"c{dice.randrange(4)}"
    details: dict[str, Any] = {
        "guest_name": dice.choice([None, "Ada", "Bruno"]),
        "reference": dice.choice([None, "1", "2"]),
        "no_reply_needed": dice.choice([None, None, True, False]),
        "access": dice.choice([None, None, None, "read_only", "read_write"]),
    }
    sender = dice.choice([SenderKind.GUEST] * 4 + [SenderKind.PROPERTY])
    written = message(
        f"m{dice.randrange(60)}",
        sender=sender,
        at=1_000_000 + dice.randrange(40),
        text=dice.choice(WORDS),
    )
    return Received(
        conversation=about(name, **details),
        message=written,
        raw='{"n": "4111111111111111"}',
        history=dice.random() < 0.1,
    )


def _batches(seed: int) -> list[tuple[Batch, Manner]]:
    dice = random.Random(seed)  # noqa: S311 - for a test
    return [
        (
            Batch(messages=tuple(_received(dice) for _ in range(dice.randrange(1, 12)))),
            dice.choice(MANNERS),
        )
        for _ in range(8)
    ]


async def _taken(store: Store, seed: int) -> tuple[list[Stored], list[Any]]:
    context = Context(
        store=store,
        owner="me",
        now=now,
        chance=lambda: 0.5,
        routing=Routing(guests="C1", alerts="C2"),
        providers={},
    )
    came = [
        await store.write(
            lambda c, batch=batch, manner=manner: store_batch(  # type: ignore[misc]
                c, context, BOOKING, batch, manner
            )
        )
        for batch, manner in _batches(seed)
    ]
    return came, await store.read(_all)


async def _all(connection: AsyncConnection) -> list[Any]:
    found = []
    for table in (conversations, messages, inbox):
        rows = await connection.execute(select(table).order_by(table.c.id))
        found.append([dict(row) for row in rows.mappings()])
    return found


@pytest.mark.parametrize("seed", range(8))
async def test_together_is_as_one_by_one(
    store: Store, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mixed with replies, repetitions, changed names, old and imported messages, in any order."""
    together = await _taken(store, seed)
    monkeypatch.setattr(intake, "_is_plain", lambda *_: False)
    other = await Store.open(f"sqlite:///{tmp_path}/one.db")

    one_by_one = await _taken(other, seed)
    await other.close()

    assert together[0] == one_by_one[0]
    assert _comparable(together[1]) == _comparable(one_by_one[1])


def _comparable(tables: list[Any]) -> list[Any]:
    """Leave out the store's own numbers: PostgreSQL leaves gaps where a row was there already."""
    known, said, queued = tables
    names = {row["id"]: row["conversation_id"] for row in known}
    ids = {row["id"]: row["message_id"] for row in said}
    shown = [{**row, "conversation": names[row["conversation"]]} for row in said]
    waiting = [
        {**row, "conversation": names[row["conversation"]], "message": ids[row["message"]]}
        for row in queued
    ]
    return [
        [{key: value for key, value in row.items() if key != "id"} for row in rows]
        for rows in (known, shown, waiting)
    ]
