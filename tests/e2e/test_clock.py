"""A machine whose clock is wrong: the rest of the world goes by another."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime

import pytest

from tests.e2e.world import ALERTS, World

pytestmark = pytest.mark.e2e

AHEAD, BEHIND = 3600.0, -3600.0


def _off(world: World, seconds: float) -> None:
    """Let the machine's clock be ahead of everybody else's."""
    world.slack.workspace.now = lambda: time.time() - seconds
    world.booking.booking.now = lambda: datetime.fromtimestamp(time.time() - seconds, UTC)


def _present(world: World) -> bool:
    """Tell whether the bot has written down that it listens."""
    with closing(sqlite3.connect(world.directory / "bridgebot.db")) as database:
        query = "SELECT count(*) FROM cursors WHERE name = 'slack:present'"
        return bool(database.execute(query).fetchone()[0])


async def _opened(world: World) -> None:
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1") and _present(world))


@pytest.mark.parametrize("off", [AHEAD, BEHIND])
async def test_a_reply_written_after_a_sudden_end_is_found(world: World, off: float) -> None:
    """Its event never comes; the threads are read from the last presence on by Slack's time."""
    _off(world, off)
    await _opened(world)
    world.slack.sockets.retries = ()
    await world.kill()
    ts = world.staff("c1", "Right after the end")
    await world.until_dropped(1)

    await world.start()

    await world.until(lambda: world.marks(ts) == ["white_check_mark"])
    assert world.got("c1") == ["Right after the end"]


@pytest.mark.parametrize("off", [AHEAD, BEHIND])
async def test_lost_answers_repeat_nothing(world: World, off: float) -> None:
    """An alert, a root, a notice and a reply whose answers are lost are found where they are."""
    _off(world, off)
    for _ in range(3):
        world.slack.faults.add("chat.postMessage", "drop_after")
    await _opened(world)
    assert len(world.roots("c1")) == 1
    world.booking.faults.add("conversations.post", "drop_after")
    first = world.staff("c1", "Welcome")
    await world.until(lambda: world.marks(first) == ["white_check_mark"])
    world.slack.faults.add("chat.postMessage", "drop_after")
    second = world.staff("c1", "x" * 5000)
    await world.until(lambda: world.marks(second) == ["warning"])
    last = world.staff("c1", "Bye")
    await world.until(lambda: world.marks(last) == ["white_check_mark"])
    await world.until(lambda: world.slack.faults.planned == [])

    assert world.got("c1") == ["Welcome", "Bye"]
    assert len(world.roots("c1")) == 1
    kinds = [each["metadata"]["event_payload"]["kind"] for each in world.messages(ALERTS)]
    assert kinds == ["machine"]
    texts = [each["text"] for each in world.thread("c1")]
    assert len([each for each in texts if "the longest that can be sent" in each]) == 1
