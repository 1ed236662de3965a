"""``/reservation`` through the shipped process: found here, asked from the provider, opened."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.world import ANNA, GUESTS, PROPERTY, TOM, World

pytestmark = pytest.mark.e2e


def _said(world: World) -> list[dict[str, Any]]:
    return world.slack.workspace.ephemerals


async def _find(world: World, words: str, user: str = ANNA) -> dict[str, Any]:
    """Type the command and wait for the answer."""
    before = len(_said(world))
    world.slack.interactions.slash_command(user, GUESTS, "/reservation", words)
    await world.until(lambda: len(_said(world)) > before)
    return _said(world)[-1]


def _press(world: World, shown: dict[str, Any], action: str, user: str = ANNA) -> None:
    world.slack.interactions.press_button(user, GUESTS, shown["ts"], action)


def _actions(shown: dict[str, Any]) -> list[str]:
    """List a message's buttons."""
    return [
        str(each["action_id"])
        for block in shown["blocks"]
        for each in [*(block.get("elements") or ()), block.get("accessory") or {}]
        if each.get("type") == "button"
    ]


async def test_one_hit_is_a_card_with_the_last_messages_and_a_link(world: World) -> None:
    """By number, by name without accents, by words: the same card."""
    world.conversation("c1", guest_name="José Müller")
    world.guest("c1", "Is there parking for a van?")
    world.guest("c2", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1") and world.thread("c2"))

    for words in ("9c1", "jose muller", "van park"):
        card = await _find(world, words)
        assert "José Müller" in card["text"]
        assert "9c1" in card["text"]
        assert "Is there parking for a van?" in card["text"]
        assert _actions(card) == ["find_go", "wait_claim", "wait_settle"]
        assert world.root("c1")["ts"].replace(".", "") in str(card["blocks"])  # type: ignore[index]


async def test_a_card_has_the_buttons_about_waiting(world: World) -> None:
    """Claimed, released, settled and reopened there, it is drawn again in its place."""
    world.guest("c1", "Is there parking for a van?")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    card = await _find(world, "9c1")
    assert "Replies are taken until" in str(card["blocks"])

    for action, words, offered in (
        ("wait_claim", f"Claimed by <@{ANNA}>", ["wait_release", "wait_settle"]),
        ("wait_release", "the guest waits", ["wait_claim", "wait_settle"]),
        ("wait_settle", "no reply needed", ["wait_claim", "wait_reopen"]),
        ("wait_reopen", "the guest waits", ["wait_claim", "wait_settle"]),
    ):
        _press(world, card, action)
        await world.until(lambda o=offered: _actions(card) == ["find_go", *o])  # type: ignore[misc]
        assert words in str(card["blocks"])
    await world.until(lambda: world.booking.booking.conversations["c1"].no_reply_needed is False)
    assert len(_said(world)) == 1


async def test_several_hits_are_a_paged_list_to_choose_from(world: World) -> None:
    """Pages are turned and a card shown in the place of the list."""
    for number in range(7):
        world.guest(f"c{number}", f"towels for room {number}")
    await world.start()
    await world.until(lambda: all(world.thread(f"c{number}") for number in range(7)))

    page = await _find(world, "towels")
    assert page["text"].startswith("7 conversations for “towels”, 1 to 5")
    assert len([each for each in _actions(page) if each.startswith("find_show")]) == 5

    _press(world, page, "find_turn_more")
    await world.until(lambda: "6 to 7" in page["text"])
    assert _actions(page)[-1] == "find_turn_back"

    _press(world, page, _actions(page)[0])
    await world.until(lambda: "towels for room" in page["text"])
    assert _actions(page) == ["find_go", "find_turn_list", "wait_claim", "wait_settle"]

    _press(world, page, "find_turn_list")
    await world.until(lambda: "6 to 7" in page["text"])
    assert len(_said(world)) == 1


async def test_an_unknown_reservation_is_asked_from_the_provider_and_opened(world: World) -> None:
    """The property writes first into a conversation without messages."""
    world.more["BOOKING_PROPERTIES"] = f'["{PROPERTY}"]'
    world.conversation("c1", reference="4312539378")
    await world.start()

    card = await _find(world, "4312 539 378")
    assert "Ada Example" in card["text"]
    assert _actions(card) == ["find_open", "wait_claim"]
    assert world.root("c1") is None

    _press(world, card, "find_open")
    await world.until(lambda: "find_go" in _actions(card))
    await world.until(lambda: world.thread("c1"))
    assert f"<@{ANNA}>" in world.thread("c1")[0]["text"]
    assert "you write first" in world.thread("c1")[0]["text"]

    world.staff("c1", "Good evening, when will you arrive?")
    await world.until(lambda: world.got("c1"))
    assert world.got("c1") == ["Good evening, when will you arrive?"]


async def test_a_property_before_the_number_is_the_one_that_is_asked(world: World) -> None:
    """It need not stand in the settings; without it the answer says what to type."""
    world.conversation("c1", reference="4312539378")
    world.guest("c2", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c2"))

    nothing = await _find(world, "4312539378")
    assert "write it before the number, as 1383087/4312539378" in nothing["text"]
    card = await _find(world, f"{PROPERTY}/4312539378")
    assert "Ada Example" in card["text"]
    assert "find_open" in _actions(card)
    again = await _find(world, f"{PROPERTY} / 4312539378")
    assert again["text"] == card["text"]
    other = await _find(world, "9999999/4312539378")
    assert "Nothing found" in other["text"]


async def test_a_history_that_was_imported_is_shown_once_and_in_order(world: World) -> None:
    """Looking shows nothing in Slack; opening shows the history; what comes again does not."""
    world.more["BOOKING_PROPERTIES"] = f'["{PROPERTY}"]'
    world.conversation("c1", reference="777")
    account = world.booking.booking.accounts["id"]
    ids = [world.guest("c1", f"line {number}") for number in range(3)]
    ids.append(world.booking.booking.property_writes("c1", "from the extranet"))
    account.queue.clear()
    await world.start()

    card = await _find(world, "777")
    assert "from the extranet" in card["text"]
    assert world.root("c1") is None
    assert "line 1" in (await _find(world, "line 1"))["text"]

    _press(world, card, "find_open")
    await world.until(lambda: len(world.thread("c1")) == 5)
    for each in ids:
        world.booking.booking.queue_again(each)
    await world.until(lambda: world.queued() == 0)
    last = world.guest("c1", "one more")
    await world.until(lambda: world.shown(last))

    assert [world.shown(each) for each in ids] == [1, 1, 1, 1]
    shown = [post["metadata"]["event_payload"].get("message_id") for post in world.thread("c1")]
    assert [each for each in shown if each] == [*ids, last]


async def test_what_was_only_imported_is_shown_when_the_queue_brings_it(world: World) -> None:
    """Having been looked at never keeps a guest's message out of its thread."""
    world.more["BOOKING_PROPERTIES"] = f'["{PROPERTY}"]'
    world.conversation("c1", reference="777")
    account = world.booking.booking.accounts["id"]
    message = world.guest("c1", "Hello")
    account.queue.clear()
    await world.start()
    await _find(world, "777")

    world.booking.booking.queue_again(message)

    await world.until(lambda: world.shown(message))


async def test_a_number_that_another_guest_mentions_is_asked_for_all_the_same(
    world: World,
) -> None:
    """The reservation itself comes before those who write about it; a room's number is words."""
    world.more["BOOKING_PROPERTIES"] = f'["{PROPERTY}"]'
    world.conversation("c1", reference="1")
    world.guest("c1", "We travel with reservation 4312539378, room 777")
    world.conversation("c2", guest_name="Grace Sample", reference="4312539378")
    world.conversation("c3", reference="777")
    await world.start()
    await world.until(lambda: world.thread("c1"))

    assert "Grace Sample" in (await _find(world, "4312539378"))["text"]
    assert "We travel" in (await _find(world, "777"))["text"]
    assert "We travel" in (await _find(world, "431253"))["text"]


async def test_nothing_found_is_said_with_what_was_tried(world: World) -> None:
    """Staff learn where was looked, and that a provider was asked."""
    world.more["BOOKING_PROPERTIES"] = f'["{PROPERTY}"]'
    await world.start()

    by_number = (await _find(world, "123456"))["text"]
    by_words = (await _find(world, "no such words"))["text"]
    usage = (await _find(world, ""))["text"]

    assert "Nothing found for “123456”" in by_number
    assert "Asked: Booking.com, at 1 property." in by_number
    assert "Tried here: reservation number, guest's name, words in messages." in by_words
    assert "only for a reservation number" in by_words
    assert "Say what to look for" in usage


async def test_a_provider_that_does_not_answer_is_named(world: World) -> None:
    """An outage is no reason to say that there is no such reservation."""
    world.more["BOOKING_PROPERTIES"] = f'["{PROPERTY}"]'
    world.booking.faults.add("conversations.by_reference", "403", times=9)
    await world.start()

    assert f"no answer for {PROPERTY}" in (await _find(world, "123456"))["text"]


async def test_who_waits_for_the_provider_is_told_so(world: World) -> None:
    """A slow provider is answered for at once, and the result follows."""
    world.more["BOOKING_PROPERTIES"] = f'["{PROPERTY}"]'
    world.conversation("c1", reference="777")
    world.booking.faults.add("conversations.by_reference", "delay", seconds=2.0)
    await world.start()

    first = await _find(world, "777")
    assert "asking the provider" in first["text"]
    await world.until(lambda: "Ada Example" in _said(world)[-1]["text"])


async def test_commands_and_buttons_are_for_members(world: World) -> None:
    """A workspace guest is refused, even with a card in hand, and no thread opens."""
    world.more["BOOKING_PROPERTIES"] = f'["{PROPERTY}"]'
    world.conversation("c1", reference="777")
    await world.start()
    card = await _find(world, "777")
    assert "Only full members" in (await _find(world, "777", user=TOM))["text"]

    his = {**card, "user": TOM, "ts": "1.000001"}
    _said(world).append(his)
    before = len(_said(world))
    _press(world, his, "find_open", user=TOM)

    await world.until(lambda: len(_said(world)) > before)
    assert "Only full members" in _said(world)[-1]["text"]
    assert world.root("c1") is None
