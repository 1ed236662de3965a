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


def fill(world: World, text: str, **more: str) -> None:
    """Fill in and submit the form on top."""
    values = {name: {name: {"value": value}} for name, value in {"text": text, **more}.items()}
    world.slack.modals.submit(ANNA, values)


async def opened(world: World, callback_id: str) -> dict[str, Any]:
    """Wait for a form of this kind on top."""
    stacks = world.slack.workspace.stacks
    await world.until(lambda: stacks.get(ANNA) and stacks[ANNA][-1]["callback_id"] == callback_id)
    return _top(world)


async def listed(world: World) -> dict[str, Any]:
    """Open the list of saved replies."""
    world.slack.interactions.slash_command(ANNA, GUESTS, "/bridgebot", "replies")
    return await opened(world, "")


async def kept(world: World, name: str, text: str) -> None:
    """Write a saved reply."""
    world.slack.modals.press(ANNA, "saved_new")
    await opened(world, "saved_form")
    fill(world, text, name=name)
    await world.until(lambda: name in str(_top(world)["blocks"]))


async def drafted(world: World, name: str = "c1") -> dict[str, Any]:
    """Choose the one saved reply in the thread of a conversation that is open."""
    root = world.root(name)
    assert root is not None
    world.slack.interactions.press_button(ANNA, GUESTS, root["ts"], "saved_open")
    view = await opened(world, "saved_choose")
    (option,) = view["blocks"][1]["element"]["options"]
    chosen = {"which": {"which": {"selected_option": option}}}
    world.slack.modals.submit(ANNA, chosen)
    return await opened(world, "saved_send")


def _shown(world: World) -> list[dict[str, Any]]:
    """List the replies that were written in a form, as the thread shows them."""
    return [post for post in world.thread("c1") if "to the guest:" in post["text"]]


async def test_saved_replies_are_written_edited_and_deleted_in_forms(world: World) -> None:
    """The list is drawn anew after each; a placeholder that nobody knows is named at its field."""
    await world.start()
    await listed(world)
    world.slack.modals.press(ANNA, "saved_new")
    await opened(world, "saved_form")
    fill(world, "Dear {name}", name="Parking")
    errors = world.slack.modals.errors
    await world.until(lambda: "no placeholder {name}" in str(errors.get(ANNA)))
    fill(world, "Dear {guest}, yes.", name="Parking")
    view = await opened(world, "")
    await world.until(lambda: "Dear {guest}, yes." in str(_top(world)["blocks"]))

    edit, delete = view["blocks"][-1]["elements"]
    assert "gone for all" in delete["confirm"]["text"]["text"]
    world.slack.modals.press(ANNA, edit["action_id"])
    form = await opened(world, "saved_form")
    assert form["blocks"][1]["element"]["initial_value"] == "Dear {guest}, yes."
    fill(world, "Dear {guest}, no.", name="Parking")
    await world.until(lambda: "Dear {guest}, no." in str(_top(world)["blocks"]))

    world.slack.modals.press(ANNA, delete["action_id"])
    await world.until(lambda: "0 saved replies" in str(_top(world)["blocks"]))


async def test_a_saved_reply_is_chosen_seen_and_sent_once(world: World) -> None:
    """It is filled in and signed; what is not filled in is refused; the thread shows all of it."""
    world.more |= {"SIGNATURE": "property", "PROPERTIES": NAMED}
    world.guest("c1", "Is there parking?")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    await listed(world)
    await kept(world, "Parking", "Dear {guest} ({reservation}) of {property}, yes.")
    world.slack.modals.close(ANNA)

    draft = await drafted(world)
    filled = "Dear Ada Example (9c1) of {property}, yes."
    assert draft["blocks"][1]["element"]["initial_value"] == filled
    assert "The team" in str(draft["blocks"])
    fill(world, filled)
    errors = world.slack.modals.errors
    await world.until(lambda: "{property} is not filled in" in str(errors.get(ANNA)))
    fill(world, "// who is this?")
    await world.until(lambda: "internal note" in str(errors.get(ANNA)))
    for _ in range(2):
        fill(world, filled.replace("{property}", "the inn"))

    text = "Dear Ada Example (9c1) of the inn, yes.\n\nThe team"
    await world.until(lambda: world.got("c1"))
    (post,) = _shown(world)
    await world.until(lambda: world.marks(post["ts"]) == ["white_check_mark"])
    assert (world.got("c1"), post["text"]) == ([text], f"<@{ANNA}> to the guest: {text}")
    await world.until(lambda: f"by <@{ANNA}>" in str(world.root("c1")))


async def test_a_property_is_called_as_the_provider_calls_it(world: World) -> None:
    """A search tells the name; before that the form says what is missing; settings go before it."""
    world.booking.booking.add_property("4410022", "The Other Inn")
    world.booking.booking.accounts["id"].properties |= {"4410022"}
    world.conversation("c1", property_id="4410022")
    world.more |= {"PROPERTIES": f'{{"{PROPERTY}": {{"name": "Our House"}}}}'}
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    await listed(world)
    await kept(world, "Welcome", "Welcome to {property}.")
    world.slack.modals.close(ANNA)
    draft = await drafted(world)
    assert "{property} is not filled in: the property's name is not known" in str(draft["blocks"])
    world.slack.modals.close(ANNA)
    await world.stop()

    world.more["SEARCH_EVERY_HOURS"] = "0.0003"
    for name in ("c1", "c2"):
        world.guest(name, "Hello?")
        world.booking.booking.property_writes(name, "Good evening")
    await world.start()
    await world.until(lambda: b'"event": "searched"' in world.log.read_bytes(), 40)

    for name, called in (("c1", "The Other Inn"), ("c2", "Our House")):
        draft = await drafted(world, name)
        assert draft["blocks"][1]["element"]["initial_value"] == f"Welcome to {called}."
        world.slack.modals.close(ANNA)


@pytest.mark.parametrize("fault", ["drop_after", "503"])
async def test_killed_between_form_and_guest_it_arrives_once(world: World, fault: str) -> None:
    """The form is answered when it is kept; the post may be lost on the way, or the process."""
    world.guest("c1", "Is there parking?")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    await listed(world)
    await kept(world, "Parking", "Yes, there is.")
    world.slack.modals.close(ANNA)
    await drafted(world)
    world.slack.faults.add("chat.postMessage", fault, times=9)  # type: ignore[arg-type]

    struck = world.slack.faults.struck
    fill(world, "Yes, there is.")
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
