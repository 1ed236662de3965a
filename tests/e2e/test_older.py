"""Older messages, on demand, in a thread that began with a later one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.e2e.world import ALERTS, ANNA, GUESTS, TOM, World

pytestmark = pytest.mark.e2e


def _ids(world: World) -> list[str]:
    """List the messages of the thread, in the order of their posts."""
    found = [post["metadata"]["event_payload"].get("message_id") for post in world.thread("c1")]
    return [str(each) for each in found if each]


async def test_older_messages_come_in_order_once_and_without_an_alert(world: World) -> None:
    """Asked for twice, they are there once; the root offers them until all are there."""
    world.more["ALERT_AFTER_MINUTES"] = "0"
    old = [world.guest("c1", f"line {number}") for number in range(2)]
    old.append(world.booking.booking.property_writes("c1", "from the extranet"))
    for message in world.booking.booking.conversations["c1"].messages:
        message.at -= timedelta(days=40)
    world.booking.booking.accounts["id"].queue.clear()
    new = world.booking.booking.property_writes("c1", "Welcome!")
    await world.start()
    await world.until(lambda: world.shown(new))
    root, said = world.root("c1"), world.slack.workspace.ephemerals
    assert root is not None
    press = world.slack.interactions.press_button

    press(TOM, GUESTS, root["ts"], "older_show")
    await world.until(lambda: "Only full members" in str(said))
    world.booking.faults.add("conversations.by_id", "403")
    press(ANNA, GUESTS, root["ts"], "older_show")
    await world.until(lambda: "could not be asked" in str(said))
    for _ in range(2):
        press(ANNA, GUESTS, root["ts"], "older_show")

    await world.until(lambda: all(map(world.shown, old)))
    await world.until(lambda: "Nothing older" in str(said))
    await world.until(lambda: "older_show" not in str(world.root("c1")))
    assert _ids(world) == [new, *old]
    thread = world.thread("c1")
    assert f"<@{ANNA}> 3 older messages follow, the oldest first." in thread[1]["text"]
    assert [("Older message" in str(post["blocks"])) for post in thread] == [False] * 2 + [True] * 3
    assert world.messages(ALERTS) == []
    world.slack.interactions.message_shortcut(ANNA, GUESTS, thread[0]["ts"], "older_messages")
    await world.until(lambda: str(said).count("Nothing older") > 1)


async def test_a_working_message_is_replaced_by_the_result(world: World) -> None:
    """Who waits for the provider sees a form that says so, and then what came of it."""
    new = world.guest("c1", "Hello?")
    await world.start()
    await world.until(lambda: world.shown(new))
    root, workspace = world.root("c1"), world.slack.workspace
    assert root is not None
    slow = world.booking.faults

    slow.add("conversations.by_id", "delay", seconds=2.0)
    world.slack.interactions.message_shortcut(ANNA, GUESTS, root["ts"], "older_messages")
    await world.until(lambda: "Looking for older messages" in str(workspace.stacks.get(ANNA)))
    (form,) = workspace.stacks[ANNA]
    await world.until(lambda: "Nothing older" in str(form["blocks"]))
    assert "Looking" not in str(form["blocks"])
    assert workspace.ephemerals == []

    world.slack.modals.close(ANNA)
    slow.add("conversations.by_id", "delay", seconds=2.0)
    world.slack.interactions.message_shortcut(ANNA, GUESTS, root["ts"], "older_messages")
    await world.until(lambda: workspace.stacks.get(ANNA))
    world.slack.modals.close(ANNA)
    await world.until(lambda: "Nothing older" in str(workspace.ephemerals))
