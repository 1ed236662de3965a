"""A user group whose people alone answer guests, through the shipped process."""

from __future__ import annotations

import pytest

from bridgebot.sandbox.slack.membership import regroups
from bridgebot.sandbox.slack.state import Person
from tests.e2e.world import ALERTS, ANNA, GUESTS, World

pytestmark = pytest.mark.e2e
BEN, DESK = "U0BEN", "S0DESK"


async def _opened(world: World) -> None:
    """Run the bot with a group that has Anna and not Ben, until a thread is open."""
    workspace = world.slack.workspace
    workspace.add_person(Person(BEN, "Ben Trainee", workspace.team_id))
    workspace.channels[GUESTS].members.add(BEN)
    regroups(workspace, DESK, [ANNA])
    world.more["REPLY_GROUP"] = DESK
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))


async def _regroups(world: World, *users: str, off: bool = False) -> None:
    """Change the group, and wait until the bot has heard of it."""
    before = world.log.read_bytes().count(b"group_changed")
    regroups(world.slack.workspace, DESK, list(users), off=off)
    await world.until(lambda: world.log.read_bytes().count(b"group_changed") > before)


def _told(world: World, user: str) -> str:
    return "\n".join(
        each["text"] for each in world.slack.workspace.ephemerals if each["user"] == user
    )


async def test_another_member_drafts_and_one_of_the_group_sends(world: World) -> None:
    """What was written stays internal, its author is told, and no button helps him."""
    await _opened(world)
    ts = world.staff("c1", "Breakfast is from seven", user=BEN)
    await world.until(lambda: world.marks(ts) == ["lock"])
    await world.until(lambda: "stays internal" in _told(world, BEN))

    world.slack.interactions.message_shortcut(BEN, GUESTS, ts, "send_to_guest")
    await world.until(lambda: "of the group that answers guests" in _told(world, BEN))
    assert world.got("c1") == []
    world.slack.interactions.message_shortcut(ANNA, GUESTS, ts, "send_to_guest")

    await world.until(lambda: world.marks(ts) == ["white_check_mark"])
    assert world.got("c1") == ["Breakfast is from seven"]


async def test_a_change_of_the_group_counts_at_once(world: World) -> None:
    """Who comes in may answer, who goes may not: Slack tells of it, nobody restarts anything."""
    await _opened(world)
    first = world.staff("c1", "One", user=ANNA)
    await world.until(lambda: world.marks(first) == ["white_check_mark"])

    await _regroups(world, BEN)
    second, third = world.staff("c1", "Two", user=BEN), world.staff("c1", "Three", user=ANNA)

    await world.until(lambda: world.marks(second) == ["white_check_mark"])
    await world.until(lambda: world.marks(third) == ["lock"])
    assert world.got("c1") == ["One", "Two"]


async def test_a_reply_waits_while_the_group_cannot_be_read(world: World) -> None:
    """It is neither sent on trust nor lost; what cannot be read for good is told and alerted."""
    await _opened(world)
    faults = world.slack.faults
    faults.add("usergroups.users.list", "503", times=10_000)
    await _regroups(world, ANNA, BEN)
    ts = world.staff("c1", "Welcome", user=BEN)
    await world.until(lambda: b"decision_waits" in world.log.read_bytes())
    assert (world.got("c1"), world.marks(ts)) == ([], [])
    faults.clear()
    await world.until(lambda: world.marks(ts) == ["white_check_mark"])

    await _regroups(world, ANNA, BEN, off=True)
    other = world.staff("c1", "Anything else?", user=ANNA)
    await world.until(lambda: world.marks(other) == ["lock"])
    await world.until(lambda: "cannot be checked" in _told(world, ANNA))
    assert world.got("c1") == ["Welcome"]
    await world.until(lambda: DESK in str(world.messages(ALERTS)), 60)
