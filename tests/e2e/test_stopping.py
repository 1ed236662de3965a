"""SIGTERM in the middle of the work: what is in flight is finished, the rest goes on afterwards."""

from __future__ import annotations

import time

import pytest

from tests.e2e.told import DELIVERED
from tests.e2e.world import World

pytestmark = [pytest.mark.e2e, pytest.mark.command]

IN_FLIGHT = 3.0
PROMISED = 10.0


async def test_what_is_in_flight_both_ways_is_finished_and_the_rest_goes_on(world: World) -> None:
    """Status 0 within ten seconds; nothing that was sent is looked up or sent again."""
    first = [world.guest(name, "Hello") for name in ("c1", "c2")]
    await world.start()
    await world.until(lambda: all(map(world.shown, first)) and world.queued() == 0)
    world.slack.faults.add("chat.postMessage", "delay", times=1, seconds=IN_FLIGHT)
    world.booking.faults.add("conversations.post", "delay", times=1, seconds=IN_FLIGHT)
    words = ["one", "two", "three"]
    stamps = [world.staff("c1", each) for each in words]
    messages = [world.guest("c2", each) for each in words]
    await world.until(lambda: world.slack.faults.struck == 1 and world.booking.faults.struck == 1)

    began = time.monotonic()
    assert await world.stop() == 0
    assert time.monotonic() - began < PROMISED

    got = world.got("c1")
    assert got == words[: len(got)] != []
    assert world.shown(messages[0]) == 1
    written = world.log.stat().st_size
    await world.start()
    await world.until(lambda: all(map(world.shown, messages)))
    await world.until(lambda: [world.marks(ts) for ts in stamps] == [[DELIVERED]] * 3)

    assert world.got("c1") == words
    assert [world.shown(each) for each in (*first, *messages)] == [1] * 5
    assert [each["text"] for each in world.thread("c2")] == ["Hello", *words]
    assert b"looked_up" not in world.log.read_bytes()[written:]


async def test_what_takes_longer_than_the_grace_is_looked_up_at_the_next_start(
    world: World,
) -> None:
    """The promise of ten seconds holds, and nothing is lost or twice for it."""
    first = world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.shown(first) and world.queued() == 0)
    world.slack.faults.add("chat.postMessage", "delay", times=1, seconds=12)
    message = world.guest("c1", "Are you there?")
    await world.until(lambda: world.slack.faults.struck == 1)

    began = time.monotonic()
    assert await world.stop() == 0
    assert time.monotonic() - began < PROMISED
    await world.start()
    ts = world.staff("c1", "Yes")

    await world.until(lambda: world.shown(message) and world.marks(ts) == [DELIVERED], 60)
    assert (world.shown(message), world.got("c1")) == (1, ["Yes"])
