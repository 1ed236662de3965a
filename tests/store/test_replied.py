"""The reply score as the database counts it: what ``bridge.score`` says of the same messages."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.score import LEAST, WINDOW, WITHIN, Score, score
from bridgebot.model import Asked
from bridgebot.slack.home import Scores
from bridgebot.store import replied
from bridgebot.store.database import Store
from bridgebot.store.schema import conversations, messages
from tests.store.test_cost import counted

NOW = 1_800_000_000_000
AGES = (0, 1, WITHIN - 1, WITHIN, WITHIN + 1, WINDOW - 1, WINDOW, WINDOW + 1, 2 * WINDOW)
"""How long ago a message was sent; what lies on the edge of a rule is among it."""
WAITS = (None, 0, 1, WITHIN - 1, WITHIN, WITHIN + 1)
"""How long it took to be answered, or to be marked as needing no reply."""
SCORED, OTHER = "booking", "hostelmate"

Row = dict[str, Any]


def _conversation(row_id: int, place: str | None, provider: str) -> Row:
    return {
        "id": row_id,
        "provider": provider,
        "conversation_id": f"c{row_id}",
        "property_id": place,
        "channel": "C1",
        "created_at": 1,
    }


def _message(number: int, about: Row, asked: Asked, sender: str = "guest") -> Row:
    return {
        "conversation": about["id"],
        "provider": about["provider"],
        "message_id": f"m{number}",
        "sender": sender,
        "content": "Hello",
        "kind": "free_text",
        "attributes": "{}",
        "attachment_ids": "[]",
        "origin": sender,
        "sent_at": asked.sent_at,
        "answered_at": asked.answered_at,
        "excused_at": asked.excused_at,
        "received_at": asked.sent_at,
        "raw": "{}",
    }


def _asked(chance: random.Random) -> Asked:
    # No two at one moment: which of them is among the last ten would not be known.
    sent_at = NOW - chance.choice(AGES) if chance.random() < 0.2 else NOW - chance.randrange(WINDOW)
    answer, excuse = chance.choice(WAITS), chance.choice((None, None, *WAITS))
    return Asked(
        sent_at=sent_at,
        answered_at=None if answer is None else sent_at + answer,
        excused_at=None if excuse is None else sent_at + excuse,
    )


def _unlike(chance: random.Random, count: int) -> Iterator[Asked]:
    times: set[int] = set()
    while len(times) < count:
        one = _asked(chance)
        if one.sent_at not in times:
            times.add(one.sent_at)
            yield one


async def _stored(store: Store, abouts: list[Row], rows: list[Row]) -> None:
    async def unit(connection: AsyncConnection) -> None:
        await connection.execute(insert(conversations), abouts)
        await connection.execute(insert(messages), rows)

    await store.write(unit)


async def _scores(store: Store) -> dict[str, Score]:
    return dict(await Scores(store, providers=[SCORED], now=lambda: NOW).all())


@pytest.mark.parametrize("seed", range(3))
async def test_the_database_counts_by_the_rules(store: Store, seed: int) -> None:
    """For properties with many messages and with few; others' messages are in none of them."""
    chance = random.Random(seed)  # noqa: S311 - the same ones each time
    said: dict[str, list[Asked]] = {}
    abouts = [_conversation(1, None, SCORED), _conversation(2, "p0", OTHER)]
    rows: list[Row] = []
    for place in (f"p{number}" for number in range(60)):
        mine = [_conversation(len(abouts) + each, place, SCORED) for each in (1, 2, 3)]
        abouts += mine
        said[place] = list(_unlike(chance, chance.choice((0, 1, 5, LEAST, 2 * LEAST, 40))))
        rows += [_message(len(rows) + n, chance.choice(mine), a) for n, a in enumerate(said[place])]
    for number, asked in enumerate(_unlike(chance, 40), start=len(rows)):
        sender = "property" if number % 2 else "guest"
        about = abouts[2] if number % 2 else chance.choice(abouts[:2])
        rows.append(_message(number, about, asked, sender))
    await _stored(store, abouts, rows)

    judged = {place: score(asked, NOW) for place, asked in said.items()}
    assert await _scores(store) == {place: each for place, each in judged.items() if each}


async def test_many_properties_are_read_with_a_few_statements(store: Store) -> None:
    """However many have less than ten messages; each has its own last ones."""
    numbers = range(1, 2 * replied.PLACES + 2)
    abouts = [_conversation(number, f"p{number}", SCORED) for number in numbers]
    asked = Asked(sent_at=NOW - 2 * WINDOW, answered_at=NOW - 2 * WINDOW + 1)
    await _stored(store, abouts, [_message(each["id"], each, asked) for each in abouts])

    async with counted(store) as statements:
        found = await _scores(store)

    assert len(statements) == 1 + 1 + 3
    assert found == {each["property_id"]: Score(answered=1, counted=1) for each in abouts}


async def test_properties_are_listed_once_and_in_order(store: Store) -> None:
    """Also where there are none, and where conversations have none."""
    assert await store.read(replied.properties) == []
    places = ["b", "a", None, "b", "c", "a"]
    abouts = [_conversation(number, each, SCORED) for number, each in enumerate(places, start=1)]
    await store.write(lambda c: c.execute(insert(conversations), abouts))

    assert await store.read(replied.properties) == ["a", "b", "c"]
