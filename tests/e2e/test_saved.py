"""Saved replies through the shipped process: written, chosen, seen, and sent once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.world import ANNA, GUESTS, PROPERTY, TOM, World

pytestmark = pytest.mark.e2e
NAMED = f'{{"{PROPERTY}": {{"signature": "The team"}}}}'


def _top(world: World) -> dict[str, Any]:
    """Return the form that lies on top."""
    return world.slack.workspace.stacks[ANNA][-1]


def _text(world: World, text: str, **more: str) -> None:
    """Fill in and submit the form on top."""
    values = {name: {name: {"value": value}} for name, value in {"text": text, **more}.items()}
    world.slack.modals.submit(ANNA, values)


async def _opened(world: World, callback_id: str) -> dict[str, Any]:
    """Wait for a form of this kind on top."""
    stacks = world.slack.workspace.stacks
    await world.until(lambda: stacks.get(ANNA) and stacks[ANNA][-1]["callback_id"] == callback_id)
    return _top(world)


async def _listed(world: World) -> dict[str, Any]:
    """Open the list of saved replies."""
    world.slack.interactions.slash_command(ANNA, GUESTS, "/bridgebot", "replies")
    return await _opened(world, "")


async def _kept(world: World, name: str, text: str) -> None:
    """Write a saved reply."""
    world.slack.modals.press(ANNA, "saved_new")
    await _opened(world, "saved_form")
    _text(world, text, name=name)
    await world.until(lambda: name in str(_top(world)["blocks"]))


async def _drafted(world: World) -> dict[str, Any]:
    """Choose the one saved reply in the thread of a conversation that is open."""
    root = world.root("c1")
    assert root is not None
    world.slack.interactions.press_button(ANNA, GUESTS, root["ts"], "saved_open")
    view = await _opened(world, "saved_choose")
    (option,) = view["blocks"][1]["element"]["options"]
    chosen = {"which": {"which": {"selected_option": option}}}
    world.slack.modals.submit(ANNA, chosen)
    return await _opened(world, "saved_send")


def _shown(world: World) -> list[dict[str, Any]]:
    """List the replies that were written in a form, as the thread shows them."""
    return [post for post in world.thread("c1") if "to the guest:" in post["text"]]


async def test_saved_replies_are_written_edited_and_deleted_in_forms(world: World) -> None:
    """The list is drawn anew after each; a placeholder that nobody knows is named at its field."""
    await world.start()
    await _listed(world)
    world.slack.modals.press(ANNA, "saved_new")
    await _opened(world, "saved_form")
    _text(world, "Dear {name}", name="Parking")
    errors = world.slack.modals.errors
    await world.until(lambda: "no placeholder {name}" in str(errors.get(ANNA)))
    _text(world, "Dear {guest}, yes.", name="Parking")
    view = await _opened(world, "")
    await world.until(lambda: "Dear {guest}, yes." in str(_top(world)["blocks"]))

    edit, delete = view["blocks"][-1]["elements"]
    assert "gone for all" in delete["confirm"]["text"]["text"]
    world.slack.modals.press(ANNA, edit["action_id"])
    form = await _opened(world, "saved_form")
    assert form["blocks"][1]["element"]["initial_value"] == "Dear {guest}, yes."
    _text(world, "Dear {guest}, no.", name="Parking")
    await world.until(lambda: "Dear {guest}, no." in str(_top(world)["blocks"]))

    world.slack.modals.press(ANNA, delete["action_id"])
    await world.until(lambda: "0 saved replies" in str(_top(world)["blocks"]))


async def test_a_saved_reply_is_chosen_seen_and_sent_once(world: World) -> None:
    """It is filled in and signed; what is not filled in is refused; the thread shows all of it."""
    world.more |= {"SIGNATURE": "property", "PROPERTIES": NAMED}
    world.guest("c1", "Is there parking?")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    await _listed(world)
    await _kept(world, "Parking", "Dear {guest} ({reservation}) of {property}, yes.")
    world.slack.modals.close(ANNA)

    draft = await _drafted(world)
    filled = "Dear Ada Example (9c1) of {property}, yes."
    assert draft["blocks"][1]["element"]["initial_value"] == filled
    assert "The team" in str(draft["blocks"])
    _text(world, filled)
    errors = world.slack.modals.errors
    await world.until(lambda: "{property} is not filled in" in str(errors.get(ANNA)))
    _text(world, "// who is this?")
    await world.until(lambda: "internal note" in str(errors.get(ANNA)))
    for _ in range(2):
        _text(world, filled.replace("{property}", "the inn"))

    text = "Dear Ada Example (9c1) of the inn, yes.\n\nThe team"
    await world.until(lambda: world.got("c1"))
    (post,) = _shown(world)
    await world.until(lambda: world.marks(post["ts"]) == ["white_check_mark"])
    assert (world.got("c1"), post["text"]) == ([text], f"<@{ANNA}> to the guest: {text}")
    await world.until(lambda: f"by <@{ANNA}>" in str(world.root("c1")))


@pytest.mark.parametrize("fault", ["drop_after", "503"])
async def test_killed_between_form_and_guest_it_arrives_once(world: World, fault: str) -> None:
    """The form is answered when it is kept; the post may be lost on the way, or the process."""
    world.guest("c1", "Is there parking?")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    await _listed(world)
    await _kept(world, "Parking", "Yes, there is.")
    world.slack.modals.close(ANNA)
    await _drafted(world)
    world.slack.faults.add("chat.postMessage", fault, times=9)  # type: ignore[arg-type]

    struck = world.slack.faults.struck
    _text(world, "Yes, there is.")
    await world.until(lambda: world.slack.faults.struck > struck)
    await world.kill()
    assert world.got("c1") == []
    world.slack.faults.clear()
    await world.start()

    await world.until(lambda: world.got("c1"))
    (post,) = _shown(world)
    await world.until(lambda: world.marks(post["ts"]) == ["white_check_mark"])
    assert world.got("c1") == ["Yes, there is."]


async def test_who_may_not_reply_opens_no_form(world: World) -> None:
    """Nor does anybody where nothing can be sent, or where nothing is saved yet."""
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    root, said = world.root("c1"), world.slack.workspace.ephemerals
    assert root is not None
    press, stacks = world.slack.interactions.press_button, world.slack.workspace.stacks

    press(TOM, GUESTS, root["ts"], "saved_open")
    await world.until(lambda: "Only full members" in str(said))
    world.slack.interactions.message_shortcut(ANNA, GUESTS, root["ts"], "saved_replies")
    await world.until(lambda: "no saved replies yet" in str(stacks.get(ANNA)))
    world.slack.modals.close(ANNA)
    world.booking.booking.set_access("c1", "read_only")
    ts = world.staff("c1", "Bye")
    await world.until(lambda: world.marks(ts) == ["warning"])
    await world.until(lambda: "7 days after check-out" in str(world.thread("c1")))
    await world.until(lambda: "Read only" in str(world.root("c1")))
    world.slack.interactions.message_shortcut(ANNA, GUESTS, root["ts"], "saved_replies")

    await world.until(lambda: "7 days after check-out" in str(said))
    assert not stacks.get(ANNA)
    assert not stacks.get(TOM)
