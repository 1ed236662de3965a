"""Edits that come too late, guests who write meanwhile, and replies shown in the channel too."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.world import ANNA, GUESTS, TOM, World

pytestmark = pytest.mark.e2e


async def _sent(world: World, text: str = "Helo") -> str:
    """Run the bot until a reply has been sent; return its ts."""
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    ts = world.staff("c1", text)
    if world.more.get("REPLY_POLICY") == "explicit":
        await world.until(lambda: b'"kind": "silent"' in world.log.read_bytes())
        world.slack.interactions.message_shortcut(ANNA, GUESTS, ts, "send_to_guest")
    await world.until(lambda: "white_check_mark" in world.marks(ts))
    return ts


def _offers(world: World) -> list[dict[str, Any]]:
    return [each for each in world.thread("c1") if "correction_send" in str(each.get("blocks"))]


@pytest.mark.parametrize("policy", ["thread", "explicit"])
async def test_an_edit_after_sending_is_offered_as_a_correction(world: World, policy: str) -> None:
    """Not sent by itself; the button sends the new text once, and its message gets the mark."""
    world.more["REPLY_POLICY"] = policy
    ts = await _sent(world)
    world.slack.workspace.person_edits(ANNA, GUESTS, ts, "Hello")
    await world.until(lambda: _offers(world))
    offer = str(_offers(world)[0]["ts"])
    assert "already has" in _offers(world)[0]["text"]
    assert world.got("c1") == ["Helo"]

    for _ in range(2):
        world.slack.interactions.press_button(ANNA, GUESTS, offer, "correction_send")

    await world.until(lambda: world.marks(offer) == ["white_check_mark"])
    await world.until(lambda: "corrected" in world.slack.workspace.message(GUESTS, offer)["text"])
    assert world.got("c1") == ["Helo", "Hello"]


async def test_of_two_late_edits_the_newest_text_is_sent_once(world: World) -> None:
    """Whichever button is pressed, the guest gets the newest text, and gets it once."""
    ts = await _sent(world)
    for number, text in enumerate(("Hallo", "Hello"), 1):
        world.slack.workspace.person_edits(ANNA, GUESTS, ts, text)
        await world.until(lambda number=number: len(_offers(world)) == number)  # type: ignore[misc]
    first, second = (str(each["ts"]) for each in _offers(world))

    world.slack.interactions.press_button(ANNA, GUESTS, first, "correction_send")
    await world.until(lambda: world.marks(first) == ["white_check_mark"])
    world.slack.interactions.press_button(ANNA, GUESTS, second, "correction_send")

    said = world.slack.workspace.ephemerals
    await world.until(lambda: said)
    assert "decided already" in said[-1]["text"]
    assert world.got("c1") == ["Helo", "Hello"]


async def test_a_deletion_after_sending_is_told(world: World) -> None:
    """The guest has it already, and there is nothing to press."""
    ts = await _sent(world)

    world.slack.workspace.person_deletes(GUESTS, ts)

    await world.until(lambda: "does not take it back" in world.thread("c1")[-1]["text"])
    assert (world.got("c1"), _offers(world)) == (["Helo"], [])


async def test_a_reply_that_crosses_a_newer_message_is_sent_and_told(world: World) -> None:
    """The guest wrote on while the reply was typed: it goes out, and its author hears that."""
    world.more["UNDO_SECONDS"] = "2"
    world.guest("c1", "Is there parking?")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    ts = world.staff("c1", "Yes, behind the house")
    newer = world.guest("c1", "Forget it, we come by train")
    await world.until(lambda: world.shown(newer))

    await world.until(lambda: world.marks(ts) == ["white_check_mark"])

    await world.until(lambda: "had written once more" in world.thread("c1")[-1]["text"])
    assert f"<@{ANNA}>" in world.thread("c1")[-1]["text"]
    assert world.got("c1") == ["Yes, behind the house"]


async def test_a_reply_to_the_newest_message_is_sent_without_a_word(world: World) -> None:
    """The ordinary case: what the guest wrote stood there before."""
    await _sent(world)
    other = world.staff("c1", "And welcome")
    await world.until(lambda: world.marks(other))

    assert not [each for each in world.thread("c1") if "once more" in each["text"]]


async def test_a_reply_shown_in_the_channel_too_is_sent_once(world: World) -> None:
    """*Also send to channel* is a reply as any other."""
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))

    ts = world.staff("c1", "Welcome", broadcast=True)
    last = world.staff("c1", "Bye")

    await world.until(lambda: world.marks(ts) and world.marks(last))
    assert world.got("c1") == ["Welcome", "Bye"]
    assert world.marks(ts) == ["white_check_mark"]


async def test_an_undelivered_reply_can_be_copied(world: World) -> None:
    """The text as the guest would have read it, for the presser alone; nothing else changes."""
    world.guest("c1", "Hello")
    world.booking.booking.set_access("c1", "read_only")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    ts = world.staff("c1", "We hold your *room*, see <https://a.example|here>")
    await world.until(lambda: "delivery_copy" in str(world.thread("c1")[-1].get("blocks")))
    told, said = world.thread("c1")[-1], world.slack.workspace.ephemerals

    for number, who in enumerate((ANNA, TOM), 1):
        world.slack.interactions.press_button(who, GUESTS, told["ts"], "delivery_copy")
        await world.until(lambda number=number: len(said) == number)  # type: ignore[misc]

    text = "We hold your room, see here (https://a.example)"
    assert said[0]["user"] == ANNA
    assert text in str(said[0]["blocks"])
    assert "Only full members" in said[1]["text"]
    assert world.marks(ts) == ["warning"]
    assert world.thread("c1")[-1] == told


async def test_a_held_back_message_that_was_edited_is_released_as_it_stands(world: World) -> None:
    """With ``REPLY_POLICY=explicit`` the guest gets what the message says when it is released."""
    world.more["REPLY_POLICY"] = "explicit"
    world.guest("c1", "The code?")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    ts = world.staff("c1", "The code is 4444")
    await world.until(lambda: b'"event": "decided"' in world.log.read_bytes())
    world.slack.workspace.person_edits(ANNA, GUESTS, ts, "The code is 5555")
    await world.until(lambda: world.log.read_bytes().count(b'"event": "decided"') == 2)

    world.slack.interactions.message_shortcut(ANNA, GUESTS, ts, "send_to_guest")

    await world.until(lambda: world.got("c1"))
    assert world.got("c1") == ["The code is 5555"]


async def test_a_refused_reply_that_is_edited_is_tried_again(world: World) -> None:
    """Whoever shortens a reply that was too long need not write it anew."""
    world.more["MAX_REPLY_CHARS"] = "20"
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    ts = world.staff("c1", "x" * 21)
    await world.until(lambda: world.marks(ts) == ["warning"])

    world.slack.workspace.person_edits(ANNA, GUESTS, ts, "Short enough")

    await world.until(lambda: world.marks(ts) == ["white_check_mark"])
    assert world.got("c1") == ["Short enough"]


async def test_a_reply_deleted_while_it_was_on_its_way_is_not_sent_again(world: World) -> None:
    """Its outcome was unknown when it was deleted; it is looked up, and not repeated."""
    world.more["SETTLE_SECONDS"] = "3"
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    world.booking.faults.add("conversations.post", "drop_before")
    ts = world.staff("c1", "Oops")
    await world.until(lambda: b'"state": "uncertain"' in world.log.read_bytes())

    world.slack.workspace.person_deletes(GUESTS, ts)

    await world.until(lambda: b'"code": "deleted"' in world.log.read_bytes())
    last = world.staff("c1", "Bye")
    await world.until(lambda: world.marks(last))
    assert world.got("c1") == ["Bye"]
