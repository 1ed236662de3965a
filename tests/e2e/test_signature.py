"""A signature goes to the guest, counts everywhere, and is known again."""

from __future__ import annotations

import pytest

from tests.e2e.world import World

pytestmark = pytest.mark.e2e


async def test_a_signed_reply_is_known_again_when_its_answer_is_lost(world: World) -> None:
    """Looked up and echoed with its signature, it arrives once; the limit counts the signature."""
    world.more |= {"SIGNATURE": "first_name", "MAX_REPLY_CHARS": "20"}
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    world.booking.faults.add("conversations.post", "drop_after")

    ts = world.staff("c1", "Welcome back!")
    await world.until(lambda: world.marks(ts) == ["white_check_mark"])
    long = world.staff("c1", "Good afternoon!")
    await world.until(lambda: world.marks(long) == ["warning"])

    assert world.got("c1") == ["Welcome back!\n\nAnna"]
    await world.until(lambda: world.queued() == 0)
    await world.until(lambda: "21 characters with its signature" in str(world.thread("c1")))
    assert "outside Slack" not in str(world.thread("c1"))
    assert "author's first name" in str(world.root("c1"))
