"""The list of guests who wait, as the person who asked for it sees it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.test_alerts import alerts, buttons
from tests.e2e.world import ALERTS, ANNA, GUESTS, PROPERTY, TOM, World

pytestmark = pytest.mark.e2e


def said(world: World) -> list[dict[str, Any]]:
    """List what people alone were shown."""
    return list(world.slack.workspace.ephemerals)


async def ask(world: World, text: str = "", user: str = ANNA) -> dict[str, Any]:
    """Type the command and wait for its answer."""
    before = len(said(world))
    world.slack.interactions.slash_command(user, GUESTS, "/unanswered", text)
    await world.until(lambda: len(said(world)) > before)
    return said(world)[-1]


async def test_the_list_names_who_waits_and_is_changed_by_its_buttons(world: World) -> None:
    """A claim pressed in the list shows in the list; the last one done leaves it empty."""
    world.guest("c1", "Is there parking?")
    await world.start()
    await world.until(lambda: world.thread("c1"))

    shown = await ask(world)
    assert "1 waiting" in shown["text"]
    assert f"property {PROPERTY}" in shown["text"]
    assert buttons(shown) == ["wait_claim", "wait_settle", "wait_open"]

    talk = world.slack.interactions
    talk.press_button(ANNA, GUESTS, shown["ts"], "wait_claim")
    await world.until(lambda: f"Claimed by <@{ANNA}>" in str(said(world)[0]["blocks"]))
    talk.press_button(ANNA, GUESTS, shown["ts"], "wait_settle")
    await world.until(lambda: "Nobody waits" in said(world)[0]["text"])
    assert len(said(world)) == 1


async def test_the_list_has_pages(world: World) -> None:
    """More than ten guests come ten at a time, in place of each other."""
    for number in range(12):
        world.guest(f"c{number}", "Hello?")
    await world.start()
    await world.until(lambda: all(world.thread(f"c{number}") for number in range(12)))

    shown = await ask(world)
    assert "12 waiting, 1 to 10" in shown["text"]
    world.slack.interactions.press_button(ANNA, GUESTS, shown["ts"], "wait_list")

    await world.until(lambda: "12 waiting, 11 to 12" in said(world)[0]["text"])


async def test_the_list_of_one_property(world: World) -> None:
    """An id after the command asks for one property."""
    world.guest("c1", "Hello?")
    await world.start()
    await world.until(lambda: world.thread("c1"))

    assert "1 waiting" in (await ask(world, PROPERTY))["text"]
    assert "Nobody waits at property 999" in (await ask(world, "999"))["text"]


async def test_who_may_not_see_it_is_told(world: World) -> None:
    """Guests of the workspace learn nothing about hotel guests."""
    world.guest("c1", "Hello?")
    await world.start()
    await world.until(lambda: world.thread("c1"))

    shown = await ask(world, user=TOM)

    assert "Only full members" in shown["text"]
    assert "Ada" not in str(shown)


async def test_a_summary_shows_its_list_on_demand(world: World) -> None:
    """Behind the one alert for many stands the list, for who presses alone."""
    world.more.update(ALERT_AFTER_MINUTES="0.01", ALERT_FLOOD="3")
    for number in range(3):
        world.guest(f"c{number}", "Hello?")
    await world.start()
    await world.until(lambda: alerts(world))

    world.slack.interactions.press_button(ANNA, ALERTS, alerts(world)[0]["ts"], "wait_list")

    await world.until(lambda: said(world))
    assert "3 waiting" in said(world)[0]["text"]
