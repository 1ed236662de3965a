"""A reply that looks as if it were not for the guest is held for one question."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.world import ANNA, GUESTS, TOM, World

pytestmark = pytest.mark.e2e
CALL = "@here who knows this guest?"


def _questions(world: World, name: str = "c1") -> list[dict[str, Any]]:
    return [post for post in world.thread(name) if "held_send" in str(post.get("blocks"))]


async def _held(world: World, text: str = CALL) -> tuple[str, str]:
    """Run the bot until a reply is held; return its ts and the question's."""
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    ts = world.staff("c1", text)
    await world.until(lambda: _questions(world))
    return ts, str(_questions(world)[0]["ts"])


async def test_a_held_reply_is_sent_by_its_button(world: World) -> None:
    """Nothing goes out before the answer; then once, and others are not held back."""
    ts, asked = await _held(world)
    other = world.staff("c1", "Good evening")
    await world.until(lambda: world.marks(other))
    assert world.got("c1") == ["Good evening"]
    assert f"<@{ANNA}>" in _questions(world)[0]["text"]

    for _ in range(2):
        world.slack.interactions.press_button(ANNA, GUESTS, asked, "held_send")

    await world.until(lambda: world.marks(ts) == ["white_check_mark"])
    assert world.got("c1") == ["Good evening", CALL]


async def test_a_held_reply_is_kept_internal(world: World) -> None:
    """It becomes a note, with its lock."""
    ts, asked = await _held(world)

    world.slack.interactions.press_button(ANNA, GUESTS, asked, "held_keep")

    await world.until(lambda: world.marks(ts) == ["lock"])
    assert world.got("c1") == []


async def test_a_reply_is_kept_internal_by_its_menu_and_sent_by_it(world: World) -> None:
    """While it waits the shortcut keeps it; what was kept goes out by the other one; once."""
    ts, _ = await _held(world)
    menu, said = world.slack.interactions.message_shortcut, world.slack.workspace.ephemerals
    for _ in range(2):
        menu(ANNA, GUESTS, ts, "keep_internal")
    await world.until(lambda: "Too late, or nothing to keep back" in str(said))
    await world.until(lambda: world.marks(ts) == ["lock"])
    assert "It stays internal." in str(said)
    assert world.got("c1") == []

    for _ in range(2):
        menu(ANNA, GUESTS, ts, "send_to_guest")

    await world.until(lambda: world.marks(ts) == ["white_check_mark"])
    await world.until(lambda: "Nothing to send" in str(said))
    assert "It goes to the guest." in str(said)
    assert world.got("c1") == [CALL]


async def test_a_reply_in_its_undo_window_is_kept_internal(world: World) -> None:
    """Who notices in time that it was meant for colleagues needs not delete it."""
    world.more["UNDO_SECONDS"] = "30"
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    ts = world.staff("c1", "Room 12 is not clean yet")
    await world.until(lambda: b'"event": "decided"' in world.log.read_bytes())

    world.slack.interactions.message_shortcut(ANNA, GUESTS, ts, "keep_internal")

    await world.until(lambda: world.marks(ts) == ["lock"])
    assert world.got("c1") == []


async def test_a_held_reply_is_edited_in_a_form(world: World) -> None:
    """The form has the text; what is made of it goes out, and the thread shows it."""
    ts, asked = await _held(world)
    world.slack.interactions.press_button(ANNA, GUESTS, asked, "held_edit")
    stacks = world.slack.workspace.stacks
    await world.until(lambda: stacks.get(ANNA))
    assert stacks[ANNA][0]["blocks"][0]["element"]["initial_value"] == CALL

    world.slack.modals.submit(ANNA, {"text": {"text": {"value": " "}}})
    await world.until(lambda: world.slack.modals.errors.get(ANNA))
    world.slack.modals.submit(ANNA, {"text": {"text": {"value": "Welcome back!"}}})

    await world.until(lambda: world.marks(ts) == ["white_check_mark"])
    assert world.got("c1") == ["Welcome back!"]
    await world.until(lambda: "Welcome back!" in str(world.thread("c1")[1:]))
    assert not stacks[ANNA]


async def test_a_held_reply_that_is_edited_is_asked_about_once(world: World) -> None:
    """An edit changes what is held; when it is harmless it goes out without a word more."""
    ts, _ = await _held(world)
    world.slack.workspace.person_edits(ANNA, GUESTS, ts, "@here who knows Ada?")
    other = world.staff("c1", "Good evening")
    await world.until(lambda: world.marks(other))
    assert (world.got("c1"), len(_questions(world))) == (["Good evening"], 1)

    world.slack.workspace.person_edits(ANNA, GUESTS, ts, "We know you, Ada!")

    await world.until(lambda: world.marks(ts) == ["white_check_mark"])
    assert world.got("c1") == ["Good evening", "We know you, Ada!"]
    assert len(_questions(world)) == 1


async def test_a_held_reply_that_is_deleted_cannot_be_sent(world: World) -> None:
    """The question stays, and its button says that it is over."""
    ts, asked = await _held(world)
    world.slack.workspace.person_deletes(GUESTS, ts)
    other = world.staff("c1", "Good evening")
    await world.until(lambda: world.marks(other))

    world.slack.interactions.press_button(ANNA, GUESTS, asked, "held_send")

    said = world.slack.workspace.ephemerals
    await world.until(lambda: said)
    assert "decided already" in said[-1]["text"]
    assert world.got("c1") == ["Good evening"]


async def test_only_members_answer_the_question(world: World) -> None:
    """A guest of the workspace can neither send nor edit."""
    _, asked = await _held(world)
    said = world.slack.workspace.ephemerals

    for number, action in enumerate(("held_send", "held_keep", "held_edit"), 1):
        world.slack.interactions.press_button(TOM, GUESTS, asked, action)
        await world.until(lambda number=number: len(said) == number)  # type: ignore[misc]

    assert all("Only full members" in each["text"] for each in said)
    assert world.got("c1") == []


async def test_a_colleagues_name_at_the_start_is_asked_about(world: World) -> None:
    """Names are those of the channel's members; links only where the owner wants it."""
    world.more["ASK_BEFORE_SENDING"] = '["internal", "links"]'
    world.slack.workspace.people["U0MARIE"] = type(world.slack.workspace.people[ANNA])(
        "U0MARIE", "Marie Curie", world.slack.workspace.team_id
    )
    world.slack.workspace.channels[GUESTS].members.add("U0MARIE")
    await _held(world, "Marie, can you take this?")
    world.staff("c1", "See https://hotel.example")
    await world.until(lambda: len(_questions(world)) == 2)
    ordinary = world.staff("c1", "Anna here, welcome! Marie will meet you.")

    await world.until(lambda: world.marks(ordinary) == ["white_check_mark"])
    assert world.got("c1") == ["Anna here, welcome! Marie will meet you."]
