"""Trouble on the socket, met by the shipped process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.world import World

pytestmark = pytest.mark.e2e


async def _opened(world: World) -> None:
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))


async def test_a_refused_auth_test_drops_no_reply(world: World) -> None:
    """Bolt acknowledges and drops an event when ``auth.test`` fails; it is stored before that."""
    await _opened(world)
    world.slack.faults.add("auth.test", "429", times=1000, seconds=30)

    stamps = [world.staff("c1", each) for each in ("one", "two")]

    await world.until(lambda: all(map(world.marks, stamps)))
    assert world.got("c1") == ["one", "two"]


async def test_a_lost_acknowledgement_makes_no_second_reply(world: World) -> None:
    """Slack sends again what was stored already, because its acknowledgement got lost."""
    await _opened(world)
    world.slack.sockets.losing = 2

    stamps = [world.staff("c1", each) for each in ("ok", "ok")]

    await world.until(lambda: all(map(world.marks, stamps)), 30)
    await world.until(lambda: world.slack.sockets.losing == 0)
    last = world.staff("c1", "bye")
    await world.until(lambda: world.marks(last), 30)
    assert world.got("c1") == ["ok", "ok", "bye"]


async def test_an_event_on_two_connections_is_one_reply(world: World, tmp_path: Path) -> None:
    """Two nodes with a socket each get the same event; one reply goes out."""
    world.more["DATABASE_URL"] = f"sqlite:///{tmp_path}/shared.db"
    await _opened(world)
    first = world.process
    await world.start()
    await world.until(lambda: world.slack.sockets.connections == 2)
    world.slack.sockets.duplicating = 4

    stamps = [world.staff("c1", f"line {number}") for number in range(4)]

    await world.until(lambda: all(map(world.marks, stamps)))
    assert world.got("c1") == [f"line {number}" for number in range(4)]
    assert first is not None
    first.terminate()
    assert await first.wait() == 0


async def test_connections_that_are_replaced_lose_nothing(world: World) -> None:
    """Slack asks again and again for a new connection while staff are writing."""
    await _opened(world)
    stamps = []
    for number in range(6):
        await world.slack.sockets.disconnect()
        stamps.append(world.staff("c1", f"line {number}"))
        await world.until(lambda: world.slack.sockets.connections)

    await world.until(lambda: all(map(world.marks, stamps)), 40)
    assert sorted(world.got("c1")) == [f"line {number}" for number in range(6)]
