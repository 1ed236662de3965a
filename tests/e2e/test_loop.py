"""The loop under load: nothing keeps it for long."""

from __future__ import annotations

import signal

import pytest

from tests.e2e.world import World

pytestmark = pytest.mark.e2e

CONVERSATIONS, EACH = 40, 10


def _in_slack(world: World) -> set[str]:
    payloads = [(each.get("metadata") or {}).get("event_payload", {}) for each in world.messages()]
    return {payload.get("message_id") for payload in payloads}


async def test_nothing_keeps_the_loop_for_long_under_load(world: World) -> None:
    """A backlog and many replies at once: no callback takes 50 ms, so nobody waits for another."""
    world.program = "tests.e2e.watched"
    await world.start()
    assert world.process is not None
    world.process.send_signal(signal.SIGUSR1)
    names = [f"c{number}" for number in range(CONVERSATIONS)]

    written = {world.guest(name, f"message {n}") for n in range(EACH) for name in names}
    await world.until(lambda: all(map(world.root, names)), 60)
    for name in names:
        world.staff(name, "We look forward to it.")
    await world.until(lambda: all(map(world.got, names)), 60)
    await world.until(lambda: written <= _in_slack(world), 60)

    slow = world.directory / "slow"
    assert not slow.exists(), slow.read_text(encoding="utf-8")
