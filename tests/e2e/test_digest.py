"""The hand-over: what the next shift finds in the alerts channel."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from bridgebot.store import records
from bridgebot.store.database import Store
from tests.e2e.world import ALERTS, ANNA, GUESTS, World

pytestmark = pytest.mark.e2e

DAY_MS = 86_400_000


def digests(world: World) -> list[dict[str, Any]]:
    """List the hand-overs in the alerts channel."""
    return [
        message
        for message in world.messages(ALERTS)
        if (message.get("metadata") or {}).get("event_payload", {}).get("kind") == "digest"
    ]


async def yesterday(world: World) -> None:
    """Let the last hand-over have been a day ago."""
    store = await Store.open(f"sqlite:///{world.directory}/bridgebot.db")
    at = int(time.time() * 1000) - DAY_MS
    await store.write(lambda c: records.set_cursor(c, "digest", {"at": at}))
    await store.close()


async def test_the_digest_tells_who_waits_what_was_promised_and_what_came_in(world: World) -> None:
    """One message at the set hour; a promise stands in it until its mark is taken away."""
    world.guest("c1", "Could you book a table?")
    world.conversation("c2", guest_name="Bo Other")
    world.guest("c2", "Is anybody there?")
    await world.start()
    await world.until(lambda: world.thread("c1") and world.thread("c2"))
    kept = world.staff("c1", "We will book a table for eight")
    done = world.staff("c1", "And a taxi")
    await world.until(lambda: world.marks(done))
    for ts in (kept, done):
        world.slack.workspace.react(ANNA, GUESTS, ts, "handshake")
    world.slack.workspace.unreact(ANNA, GUESTS, done, "handshake")
    # What Slack tells comes in order to one socket, so a later reply says that it was taken.
    late = world.staff("c1", "Good night")
    await world.until(lambda: world.marks(late))
    await world.stop()
    assert digests(world) == []

    await yesterday(world)
    world.more["DIGEST_AT"] = '["00:00"]'
    await world.start()
    await world.until(lambda: digests(world))

    (digest,) = digests(world)
    shown = json.dumps(digest["blocks"], ensure_ascii=False)
    assert "1 waiting, 1 promised, 0 not delivered" in digest["text"]
    assert "Bo Other" in shown
    assert "We will book a table for eight" in shown
    assert "taxi" not in shown
    assert "Messages received: 2 · answered: 1" in digest["text"]


async def test_a_digest_is_posted_once(world: World) -> None:
    """A restart does not hand over again, and the first start hands nothing over."""
    world.more["DIGEST_AT"] = '["00:00"]'
    world.guest("c1", "Hello?")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    await world.stop()
    assert digests(world) == []

    await yesterday(world)
    await world.start()
    await world.until(lambda: digests(world))
    await world.kill()
    await world.start()
    world.staff("c1", "Here we are")
    await world.until(lambda: world.got("c1"))

    assert len(digests(world)) == 1
