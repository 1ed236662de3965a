"""A backlog with Slack's limits on: no refusals, everybody's turn comes, nothing is lost."""

from __future__ import annotations

import pytest

from tests.e2e.world import World

pytestmark = pytest.mark.e2e


async def test_a_backlog_drains_below_the_limits_and_starves_nobody(world: World) -> None:
    """A guest who wrote once does not wait behind all messages of one who wrote many."""
    world.more["SLACK_POSTS_PER_SECOND"] = "1"
    world.slack.limits.enabled = True
    many = [world.guest("c1", f"message {number}") for number in range(12)]
    once = [world.guest("c2", "Are you there?"), world.guest("c3", "We are late.")]

    await world.start()

    await world.until(lambda: all(map(world.shown, once)), 40)
    assert sum(map(world.shown, many)) <= 4
    await world.until(lambda: all(map(world.shown, many)), 40)
    assert [world.shown(each) for each in (*many, *once)] == [1] * 14
    assert world.slack.limits.limited == 0
    assert world.queued() == 0
