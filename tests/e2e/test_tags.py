"""Tags at the provider, both ways, through the shipped process."""

from __future__ import annotations

import pytest

from bridgebot.sandbox.messaging.booking import Message
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

READ = "read by the guest"


def _messages(world: World, name: str = "c1") -> list[Message]:
    return world.booking.booking.conversations[name].messages


async def test_what_staff_answered_is_marked_read_for_the_property(world: World) -> None:
    """The guest's messages up to the answer, and none after it, by the property's participant."""
    world.guest("c1", "Hello")
    world.guest("c1", "Is there parking?")
    world.guest("c2", "Nobody answers me")
    await world.start()
    await world.until(lambda: len(world.thread("c1")) == 2 and world.thread("c2"))

    world.staff("c1", "Yes")
    await world.until(lambda: all(each.read_by for each in _messages(world)[:2]))

    hotel = world.booking.booking.conversations["c1"].hotel_id
    assert [each.read_by for each in _messages(world)[:2]] == [{hotel}, {hotel}]
    assert not _messages(world)[2].read_by
    assert not _messages(world, "c2")[0].read_by


async def test_an_outage_of_the_tags_is_waited_out(world: World) -> None:
    """Setting a tag again does no harm, so it is tried until it works."""
    world.booking.faults.add("tags.message_read", "503", times=2)
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))

    world.staff("c1", "Hi")

    await world.until(lambda: _messages(world)[0].read_by)
    assert world.got("c1") == ["Hi"]


async def test_marking_can_be_switched_off(world: World) -> None:
    """Then the provider hears nothing of it, while its tags are still read."""
    world.more |= {"MARK_READ": "false", "TAGS_SECONDS": "0.2"}
    world.guest("c1", "Hello")
    world.guest("c2", "When is breakfast?")
    await world.start()
    await world.until(lambda: world.thread("c1") and world.thread("c2"))

    ts = world.staff("c1", "Hi")
    await world.until(lambda: world.marks(ts))
    world.booking.booking.conversations["c2"].no_reply_needed = True
    await world.until(lambda: "no reply needed" in (world.root("c2") or {})["text"])

    assert not _messages(world)[0].read_by


async def test_that_the_guest_has_read_the_answer_stands_at_the_root(world: World) -> None:
    """Beside who answered, and no longer once there is another answer."""
    world.more["TAGS_SECONDS"] = "0.2"
    world.guest("c1", "When is breakfast?")
    world.guest("c2", "And dinner?")
    await world.start()
    await world.until(lambda: world.thread("c1") and world.thread("c2"))
    replies = [world.staff("c1", "At seven"), world.staff("c2", "At eight")]
    await world.until(lambda: all(map(world.marks, replies)))

    world.booking.booking.guest_reads("c1")
    await world.until(lambda: READ in str(world.root("c1")))
    assert READ not in str(world.root("c2"))

    world.staff("c1", "At half past six on Mondays")
    await world.until(lambda: READ not in str(world.root("c1")))
    world.booking.booking.guest_reads("c1")
    await world.until(lambda: READ in str(world.root("c1")))


async def test_a_tag_set_elsewhere_is_shown_on_the_root(world: World) -> None:
    """So is a conversation that was closed elsewhere."""
    world.more["TAGS_SECONDS"] = "0.2"
    world.guest("c1", "When is breakfast?")
    world.guest("c2", "And dinner?")
    await world.start()
    await world.until(lambda: world.thread("c1") and world.thread("c2"))

    world.booking.booking.conversations["c1"].no_reply_needed = True
    world.booking.booking.set_access("c2", "read_only")

    await world.until(lambda: "no reply needed" in (world.root("c1") or {})["text"])
    await world.until(lambda: "read only" in (world.root("c2") or {})["text"])
