"""What the queue did not deliver is found by the provider's search."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest

from tests.e2e.world import ALERTS, PROPERTY, World

pytestmark = pytest.mark.e2e

SOON = {"SEARCH_EVERY_HOURS": "0.0006"}


async def test_a_queue_that_was_reset_leaves_no_hole(world: World) -> None:
    """Messages that were dropped before they were fetched are found by the daily search."""
    world.more |= SOON
    first = world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.shown(first) and world.queued() == 0)
    world.booking.faults.add("messages.latest", "500", times=1000)
    lost = [world.guest("c1", "Are you there?"), world.guest("c2", "Hello")]
    assert world.booking.booking.reset_queue("id") == 2
    world.booking.faults.clear()

    await world.until(lambda: all(map(world.shown, lost)), 40)

    assert [world.shown(each) for each in (first, *lost)] == [1, 1, 1]


async def test_a_confirm_that_takes_effect_late_loses_nothing(world: World) -> None:
    """What it took away unseen is found by the search; what was seen is not shown again."""
    world.more |= SOON
    world.booking.faults.add("messages.confirm", "late")
    first = [world.guest("c1", f"message {number}") for number in range(5)]
    await world.start()
    await world.until(lambda: all(map(world.shown, first)))
    later = [world.guest("c2", f"later {number}") for number in range(5)]

    await world.until(lambda: all(map(world.shown, later)), 40)

    assert [world.shown(each) for each in (*first, *later)] == [1] * 10


async def test_a_long_silence_of_the_queue_is_followed_by_a_search(world: World) -> None:
    """After an outage longer than the setting the search does not wait for its day."""
    world.more["SEARCH_AFTER_OUTAGE_MINUTES"] = "0.02"
    first = world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.shown(first) and world.queued() == 0)
    await world.until(lambda: b"searches_from_now" in world.log.read_bytes())
    await world.stop()
    # Longer than the silence that is allowed here.
    await asyncio.sleep(1.5)
    lost = world.guest("c1", "Are you there?")
    world.booking.booking.reset_queue("id")

    await world.start()

    await world.until(lambda: world.shown(lost), 60)


async def cli(world: World, *arguments: str) -> tuple[int, str]:
    """Run a command beside the bot; return its status and what it said."""
    status, out, errors = await world.command(*arguments)
    return status, out + errors


async def test_an_entry_that_was_put_aside_is_read_again(world: World, tmp_path: Path) -> None:
    """``deliveries retry`` has it read by the running bridge; it is shown, or says why not."""
    world.more["DATABASE_URL"] = f"sqlite:///{tmp_path}/hotel.db"
    world.conversation("c1")
    world.booking.booking.queue_junk({"message_id": "x", "nonsense": True})
    await world.start()
    await world.until(lambda: world.messages(ALERTS))

    status, out = await cli(world, "deliveries", "list")
    assert (status, "q1  quarantined" in out) == (0, True)
    status, out = await cli(world, "deliveries", "retry", "q1")
    assert (status, "read again" in out) == (0, True)
    await world.until(lambda: b'"readable": false' in world.log.read_bytes())
    _mend(tmp_path / "hotel.db")
    await cli(world, "deliveries", "retry", "q1")

    await world.until(lambda: world.shown("m1"))
    await world.until(lambda: "could be read after all" in str(world.messages(ALERTS)))
    assert "q1" not in (await cli(world, "deliveries", "list"))[1]


def _mend(path: Path) -> None:
    """Make an entry readable, as a newer version that knows its form would find it."""
    entry = {
        "message_id": "m1",
        "content": "Hello",
        "timestamp": "2026-11-20T10:00:00.000Z",
        "message_type": "free_text",
        "sender": {
            "participant_id": "p1",
            "metadata": {"name": "Ada", "participant_type": "guest"},
        },
        "conversation": {
            "conversation_id": "c1",
            "conversation_type": "reservation",
            "conversation_reference": "9c1",
            "property_id": PROPERTY,
        },
    }
    with sqlite3.connect(path) as other:
        other.execute("UPDATE quarantine SET raw = ?", (json.dumps(entry),))
