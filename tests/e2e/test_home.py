"""The Home tab and the reply score, as people see them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.e2e.test_alerts import alerts, below
from tests.e2e.world import ANNA, BOT, GUESTS, PROPERTY, TOM, World

pytestmark = pytest.mark.e2e


def home(world: World, user: str = ANNA) -> str:
    """Read what somebody's Home tab shows."""
    view: dict[str, Any] = world.slack.workspace.homes.get((BOT.app_id, user)) or {}
    return json.dumps(view.get("blocks") or [], ensure_ascii=False)


async def test_the_tab_shows_who_waits_and_follows_what_happens(world: World) -> None:
    """Who waits, today's figures and the score stand there, and an answer changes them."""
    world.guest("c1", "Is there parking?")
    await world.start()
    await world.until(lambda: world.thread("c1"))

    world.slack.modals.open_home(ANNA)
    await world.until(lambda: "1 waiting" in home(world))
    assert "Ada Example" in home(world)
    assert "Messages received: 1 · answered: 0 · median first reply: none yet" in home(world)

    world.staff("c1", "Yes, behind the house")
    await world.until(lambda: "Nobody waits" in home(world))
    assert "answered: 1 · median first reply: less than a minute" in home(world)


async def test_the_tab_can_be_limited_to_a_property(world: World) -> None:
    """A choice limits the list and the figures, until all are chosen again."""
    world.booking.booking.add_property("4410022", "Hotel Other")
    world.booking.booking.accounts["id"].properties |= {"4410022"}
    world.conversation("c2", property_id="4410022", guest_name="Bo Other")
    world.guest("c1", "Hello?")
    world.guest("c2", "Hello?")
    await world.start()
    await world.until(lambda: world.thread("c1") and world.thread("c2"))
    talk = world.slack.modals
    talk.open_home(ANNA)
    await world.until(lambda: "2 waiting" in home(world))

    talk.act_at_home(ANNA, BOT.app_id, "home_property", PROPERTY)
    await world.until(lambda: f"1 waiting at property {PROPERTY}" in home(world))
    assert "Bo Other" not in home(world)
    assert "Messages received: 1" in home(world)

    talk.act_at_home(ANNA, BOT.app_id, "home_property", "all")
    await world.until(lambda: "2 waiting" in home(world))


async def test_buttons_in_the_tab_act_and_show_what_came_of_it(world: World) -> None:
    """A claim pressed there stands there, and on the thread's root."""
    world.guest("c1", "Hello?")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    talk = world.slack.modals
    talk.open_home(ANNA)
    await world.until(lambda: "1 waiting" in home(world))

    talk.press_at_home(ANNA, BOT.app_id, "wait_claim")

    await world.until(lambda: f"Claimed by <@{ANNA}>" in home(world))
    await world.until(lambda: f"Claimed by <@{ANNA}>" in str(world.root("c1")))


async def test_who_may_not_see_the_desk_sees_no_guests(world: World) -> None:
    """Guests of the workspace learn nothing from the tab."""
    world.guest("c1", "Hello?")
    await world.start()
    await world.until(lambda: world.thread("c1"))

    world.slack.modals.open_home(TOM)

    await world.until(lambda: "Only full members" in home(world, TOM))
    assert "Ada" not in home(world, TOM)


async def test_a_message_about_to_cost_the_score_is_raised_at_night(world: World) -> None:
    """Two hours before a day is over people are called, whatever the business hours."""
    closed = datetime.now(UTC) + timedelta(days=3)
    world.more.update(
        BUSINESS_HOURS=f"{closed:%a} 12:00-12:01", ESCALATE_TO="here", ALERT_AFTER_MINUTES="15"
    )
    booking = world.booking.booking
    now, booking.now = booking.now, lambda: datetime.now(UTC) - timedelta(hours=22, minutes=5)
    world.guest("c1", "Is there parking?")
    booking.now = now
    world.guest("c2", "Hello?")
    await world.start()

    await world.until(lambda: alerts(world) and below(world))

    assert alerts(world)[0]["metadata"]["event_payload"]["conversation_id"] == "c1"
    assert "<!here>" in below(world)[0]["text"]
    assert "reply score" in below(world)[0]["text"]
    assert len(alerts(world)) == 1


async def test_the_status_tells_the_score(world: World) -> None:
    """What was answered late costs, what was answered in time counts."""
    booking = world.booking.booking
    now, booking.now = booking.now, lambda: datetime.now(UTC) - timedelta(hours=30)
    world.guest("c1", "Is there parking?")
    world.guest("c2", "Hello?")
    booking.property_writes("c2", "Hello!")
    booking.now = now
    await world.start()
    await world.until(lambda: world.thread("c1") and len(world.thread("c2")) == 2)

    world.slack.interactions.slash_command(ANNA, GUESTS, "/bridgebot", "status")

    await world.until(lambda: world.slack.workspace.ephemerals)
    text = world.slack.workspace.ephemerals[0]["text"]
    assert f"Property {PROPERTY}: 50 % (1 of 2 answered within 24 hours" in text
