"""*Send to guest*: what somebody sends by hand goes by the same rules as every reply."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from tests.e2e.world import ANNA, GUESTS, World

pytestmark = pytest.mark.e2e


async def _opened(world: World, *names: str) -> None:
    """Run the bot until these conversations have their threads."""
    for name in names:
        world.guest(name, "Hello")
    await world.start()
    await world.until(lambda: all(world.thread(name) for name in names))


async def _noted(world: World, text: str, name: str = "c1") -> str:
    """Write a note; return its ts when it has its lock."""
    ts = world.staff(name, text)
    await world.until(lambda: world.marks(ts) == ["lock"])
    return ts


async def _sends(world: World, ts: str) -> str:
    """Use the shortcut; return what it says."""
    said = world.slack.workspace.ephemerals
    before = len(said)
    world.slack.interactions.message_shortcut(ANNA, GUESTS, ts, "send_to_guest")
    await world.until(lambda: len(said) > before)
    return str(said[-1]["text"])


def _edited(world: World) -> int:
    """Count the notes whose first words are not kept any more."""
    with contextlib.closing(sqlite3.connect(world.directory / "bridgebot.db")) as other:
        query = "SELECT count(*) FROM outbox WHERE kind = 'note' AND content IS NULL"
        return int(other.execute(query).fetchone()[0])


async def test_with_the_policy_off_nobody_sends_by_hand(world: World) -> None:
    """Threads are for reading and talking then: nothing goes back, whoever presses what."""
    await _opened(world, "c1")
    ts = world.staff("c1", "@here who knows this guest?")
    await world.until(lambda: "held_send" in str(world.thread("c1")[-1].get("blocks")))
    asked = str(world.thread("c1")[-1]["ts"])
    await world.stop()
    world.more["REPLY_POLICY"] = "off"
    await world.start()
    other = world.staff("c1", "Welcome")
    await world.until(lambda: b'"kind": "silent"' in world.log.read_bytes())

    assert "switched off" in await _sends(world, other)
    assert "switched off" in await _sends(world, ts)
    said = world.slack.workspace.ephemerals
    world.slack.interactions.press_button(ANNA, GUESTS, asked, "held_send")

    await world.until(lambda: len(said) == 3)
    assert "switched off" in said[-1]["text"]
    assert (world.got("c1"), world.marks(other)) == ([], [])


async def test_what_is_sent_by_hand_must_be_sendable(world: World) -> None:
    """The longest length counts, and a conversation that is closed takes nothing."""
    world.more["MAX_REPLY_CHARS"] = "20"
    await _opened(world, "c1", "c2")
    long = await _noted(world, f"// {'x' * 21}")
    short = await _noted(world, "// Welcome", "c2")
    world.booking.booking.set_access("c2", "read_only")
    world.staff("c2", "Bye")
    await world.until(lambda: "Read only" in str(world.root("c2")))

    assert "the longest that can be sent has 20" in await _sends(world, long)
    assert "closed for replies" in await _sends(world, short)

    assert (world.marks(long), world.marks(short)) == (["lock"], ["lock"])
    assert (world.got("c1"), world.got("c2")) == ([], [])


async def test_what_was_held_must_still_be_sendable(world: World) -> None:
    """The conversation was closed before the question was answered: then nothing is tried."""
    await _opened(world, "c1")
    world.staff("c1", "@here who knows this guest?")
    await world.until(lambda: "held_send" in str(world.thread("c1")[-1].get("blocks")))
    asked, said = str(world.thread("c1")[-1]["ts"]), world.slack.workspace.ephemerals
    world.booking.booking.set_access("c1", "read_only")
    world.staff("c1", "Bye")
    await world.until(lambda: "Read only" in str(world.root("c1")))

    world.slack.interactions.press_button(ANNA, GUESTS, asked, "held_send")

    await world.until(lambda: said)
    assert "closed for replies" in said[-1]["text"]
    assert world.got("c1") == []


async def test_a_note_goes_out_without_what_marked_it_as_one(world: World) -> None:
    """As it reads when it is sent: an edit is looked at first, and is no reason to write anew."""
    await _opened(world, "c1")
    first, second = await _noted(world, "// Breakfast is at 7"), await _noted(world, "note: lft?")
    third = await _noted(world, "// @here? Which room?")
    for ts, text in ((second, "note: There is a lift"), (third, "// @here Which room?")):
        world.slack.workspace.person_edits(ANNA, GUESTS, ts, text)
    await world.until(lambda: _edited(world) == 2)

    assert await _sends(world, first) == "It goes to the guest."
    assert "looked at first, as they read now" in await _sends(world, second)
    await world.until(lambda: world.marks(second) == ["white_check_mark"])
    await _sends(world, third)

    await world.until(lambda: "held_send" in str(world.thread("c1")[-1].get("blocks")))
    assert world.got("c1") == ["Breakfast is at 7", "There is a lift"]


async def test_what_cannot_be_sent_by_hand_is_told_as_it_is(world: World) -> None:
    """Refused, sent, or nobody's reply: each has its own words, and nothing goes out twice."""
    await _opened(world, "c1")
    sent = world.staff("c1", "Welcome")
    await world.until(lambda: world.marks(sent) == ["white_check_mark"])
    world.booking.booking.set_access("c1", "read_only")
    world.staff("c1", "Bye")
    await world.until(lambda: "Read only" in str(world.root("c1")))
    refused, root = world.staff("c1", "Good night"), world.root("c1")
    await world.until(lambda: world.marks(refused) == ["warning"])
    assert root is not None

    assert "sent already" in await _sends(world, sent)
    assert "Edit it, and it is tried again" in await _sends(world, refused)
    assert "no reply to a guest" in await _sends(world, root["ts"])
    assert world.got("c1") == ["Welcome"]
