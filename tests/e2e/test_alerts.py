"""Guests who wait: alerts, escalation, buttons and their ends, through the shipped process."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.e2e.world import ALERTS, ANNA, GUESTS, PROPERTY, TOM, World

pytestmark = pytest.mark.e2e

SOON = {"ALERT_AFTER_MINUTES": "0.01"}


def alerts(world: World) -> list[dict[str, Any]]:
    """List the alerts about guests who wait."""
    return [
        message
        for message in world.messages(ALERTS)
        if (message.get("metadata") or {}).get("event_type") == "bridgebot_alert"
        and message["metadata"]["event_payload"]["kind"] == "unanswered"
    ]


def states(world: World) -> list[str]:
    """List how the alerts stand."""
    return [each["metadata"]["event_payload"]["state"] for each in alerts(world)]


def below(world: World) -> list[dict[str, Any]]:
    """List what stands below the first alert."""
    first = alerts(world)[0]["ts"]
    return [
        each
        for each in world.messages(ALERTS)
        if each.get("thread_ts") == first and each["ts"] != first
    ]


def buttons(message: dict[str, Any]) -> list[str]:
    """List a message's buttons."""
    return [
        element["action_id"]
        for block in message["blocks"]
        for element in block.get("elements", [])
        if element.get("type") == "button"
    ]


def press(world: World, action: str, user: str = ANNA) -> None:
    """Press a button of the first alert."""
    world.slack.interactions.press_button(user, ALERTS, alerts(world)[0]["ts"], action)


async def test_a_guest_who_waits_raises_one_alert_that_an_answer_closes(world: World) -> None:
    """The alert says who waits, how long and for what, and ends with who answered."""
    world.more.update(SOON, ESCALATE_AFTER_MINUTES="0.05", ESCALATE_TO="here")
    world.guest("c1", "Is there <!channel> parking?")
    await world.start()

    await world.until(lambda: alerts(world))
    (alert,) = alerts(world)
    assert alert["metadata"]["event_payload"]["conversation_id"] == "c1"
    assert "Ada Example waits for an answer" in alert["text"]
    assert "parking?" in alert["text"]
    assert "<!channel>" not in alert["text"]
    assert buttons(alert) == [
        "wait_claim",
        "wait_snooze_30",
        "wait_snooze_120",
        "wait_settle",
        "wait_open",
    ]
    await world.until(lambda: below(world))
    assert "<!here>" in below(world)[0]["text"]

    world.staff("c1", "Yes, behind the house")
    await world.until(lambda: states(world) == ["closed"])
    assert f"Answered by <@{ANNA}> after" in alerts(world)[0]["text"]
    assert len(below(world)) == 1


async def test_the_clock_runs_from_when_the_guest_wrote(world: World) -> None:
    """What was written while nobody looked is as old as it is."""
    world.more.update(ALERT_AFTER_MINUTES="15", ESCALATE_AFTER_MINUTES="60")
    booking = world.booking.booking
    now, booking.now = booking.now, lambda: datetime.now(UTC) - timedelta(minutes=61)
    world.guest("c1", "Is anybody there?")
    booking.now = now
    world.guest("c2", "Just now")
    await world.start()

    await world.until(lambda: alerts(world) and below(world))

    assert "1 h 1 min" in alerts(world)[0]["text"]
    assert len(alerts(world)) == 1


async def test_a_property_message_from_elsewhere_closes_and_a_template_does_not(
    world: World,
) -> None:
    """Automatic templates are no answer; what somebody wrote in the extranet is."""
    world.more.update(SOON)
    world.guest("c1", "Hello?")
    await world.start()
    await world.until(lambda: alerts(world))
    booking = world.booking.booking

    template = booking.property_writes(
        "c1", "Welcome!", kind="automatically_sent_template", attributes={"template_id": "1"}
    )
    await world.until(lambda: world.shown(template))
    assert states(world) == ["open"]

    booking.property_writes("c1", "Answered in the extranet")
    await world.until(lambda: states(world) == ["closed"])
    assert "the property, outside Slack" in alerts(world)[0]["text"]


@pytest.mark.parametrize("what", ["a tag", "the end of writing"])
async def test_what_ends_a_wait_elsewhere_closes_the_alert(world: World, what: str) -> None:
    """A tag that was set in the extranet, and a conversation that was closed there."""
    world.more.update(SOON, TAGS_SECONDS="0.2")
    world.guest("c1", "Hello?")
    await world.start()
    await world.until(lambda: states(world) == ["open"])

    if what == "a tag":
        world.booking.booking.conversations["c1"].no_reply_needed = True
    else:
        world.booking.booking.set_access("c1", "read_only")

    await world.until(lambda: states(world) == ["closed"])
    words = "No reply needed" if what == "a tag" else "read only"
    assert words in alerts(world)[0]["text"]


async def test_a_property_has_escalations_of_its_own(world: World) -> None:
    """Step by step its own people are called, from the TOML file; the others' are not."""
    path = world.directory / "bridgebot.toml"
    steps = f'[[properties.{PROPERTY}.escalations]]\nafter_minutes = 0.04\nto = "U0MANAGER"\n'
    path.write_text(
        f'escalate_to = "here"\n[properties.{PROPERTY}]\n'
        f'escalate_after_minutes = 0.02\nescalate_to = "S0ONDUTY"\n{steps}',
        encoding="utf-8",
    )
    world.more.update(SOON, CONFIG=str(path))
    world.guest("c1", "Hello?")
    await world.start()

    await world.until(lambda: alerts(world) and "U0MANAGER" in str(below(world)))

    # On a busy machine both may be due at once: then one call names both.
    called = " ".join(each["text"] for each in below(world))
    assert 0 <= called.index("<!subteam^S0ONDUTY>") < called.index("<@U0MANAGER>")
    assert "<!here>" not in called


async def test_claiming_shows_on_the_alert_and_on_the_root(world: World) -> None:
    """Who takes care is seen everywhere, and can be given up again."""
    world.more.update(SOON)
    world.guest("c1", "Hello?")
    await world.start()
    await world.until(lambda: alerts(world))

    press(world, "wait_claim")
    await world.until(lambda: "wait_release" in buttons(alerts(world)[0]))
    await world.until(lambda: f"Claimed by <@{ANNA}>" in str(world.root("c1")))
    assert f"Claimed by <@{ANNA}>" in str(alerts(world)[0]["blocks"])

    press(world, "wait_release")
    await world.until(lambda: "wait_claim" in buttons(alerts(world)[0]))


async def test_no_reply_needed_closes_and_can_be_taken_back(world: World) -> None:
    """The provider's tag is set, the alert ends, and reopening raises a new one."""
    world.more.update(SOON)
    world.guest("c1", "See you at eight")
    await world.start()
    await world.until(lambda: alerts(world))
    conversation = world.booking.booking.conversations["c1"]

    press(world, "wait_settle")
    await world.until(lambda: states(world) == ["closed"])
    await world.until(lambda: conversation.no_reply_needed is True)
    assert f"No reply needed, says <@{ANNA}>" in alerts(world)[0]["text"]

    press(world, "wait_reopen")
    await world.until(lambda: states(world) == ["closed", "open"])
    await world.until(lambda: conversation.no_reply_needed is False)


async def test_a_snooze_keeps_escalations_back(world: World) -> None:
    """While an alert is snoozed nobody is called."""
    world.more.update(SOON, ESCALATE_AFTER_MINUTES="0.25", ESCALATE_TO=ANNA)
    await world.start()
    written = datetime.now(UTC)
    world.guest("c1", "Hello?")
    await world.until(lambda: alerts(world))

    press(world, "wait_snooze_30")
    await world.until(lambda: "Quiet until" in str(alerts(world)[0]["blocks"]))
    due = written + timedelta(seconds=16)
    await world.until(lambda: datetime.now(UTC) > due, 20)
    press(world, "wait_claim")
    await world.until(lambda: "wait_release" in buttons(alerts(world)[0]))

    assert below(world) == []


async def test_a_snooze_until_opening_ends_when_the_property_opens(world: World) -> None:
    """A property that closes has the button; quiet lasts until it opens again."""
    opens = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(hours=12)
    closes = opens - timedelta(minutes=1)
    world.more.update(SOON, BUSINESS_HOURS=f"{opens:%H:%M}-{closes:%H:%M}")
    world.guest("c1", "Hello?")
    await world.start()
    await world.until(lambda: alerts(world))

    press(world, "wait_snooze_opening")

    wanted = f"Quiet until <!date^{int(opens.timestamp())}^"
    await world.until(lambda: wanted in str(alerts(world)[0]["blocks"]))


async def test_who_is_no_member_cannot_press(world: World) -> None:
    """Guests of the workspace are told so, privately."""
    world.more.update(SOON)
    world.guest("c1", "Hello?")
    await world.start()
    await world.until(lambda: alerts(world))

    press(world, "wait_settle", TOM)

    await world.until(lambda: world.slack.workspace.ephemerals)
    assert "Only full members" in world.slack.workspace.ephemerals[0]["text"]
    assert states(world) == ["open"]


async def test_a_closing_word_raises_no_alert_but_can_be_counted(world: World) -> None:
    """The card says why there is no alert, and a button counts the words after all."""
    world.more.update(SOON)
    world.guest("c1", "Thanks a lot!")
    await world.start()
    await world.until(lambda: "ask nothing" in str(world.root("c1")))
    assert alerts(world) == []

    root = world.root("c1")
    assert root is not None
    world.slack.interactions.press_button(ANNA, GUESTS, root["ts"], "wait_reopen")

    await world.until(lambda: states(world) == ["open"])


async def test_a_flood_raises_one_summary_that_ends_with_the_last_answer(world: World) -> None:
    """Many guests at once are one message, and it goes on as long as one of them waits."""
    world.more.update(SOON, ALERT_FLOOD="5")
    names = [f"c{number}" for number in range(8)]
    for name in names:
        world.guest(name, "Is anybody there?")
    await world.start()
    await world.until(lambda: alerts(world))
    await world.until(lambda: "8 guests wait" in alerts(world)[0]["text"])
    assert f"Property {PROPERTY}: 8" in alerts(world)[0]["text"]
    await world.until(lambda: all(world.thread(name) for name in names))

    for name in names[:-1]:
        world.staff(name, "Yes, here we are")
    await world.until(lambda: "1 guest waits" in alerts(world)[0]["text"])
    assert states(world) == ["open"]
    world.staff(names[-1], "You too")

    await world.until(lambda: states(world) == ["closed"])


async def test_outside_business_hours_nobody_is_called(world: World) -> None:
    """The clock stands still while the property is closed; the list tells all the same."""
    closed = datetime.now(UTC) + timedelta(days=3)
    hours = f"{closed:%a} 12:00-12:01"
    world.more.update(SOON, PROPERTIES=f'{{"{PROPERTY}": {{"business_hours": "{hours}"}}}}')
    world.conversation("c2", property_id="4410022")
    world.booking.booking.add_property("4410022", "Hotel Other")
    world.booking.booking.accounts["id"].properties |= {"4410022"}
    world.guest("c1", "Hello?")
    world.guest("c2", "Hello?")
    await world.start()
    await world.until(lambda: alerts(world))

    named = [each["metadata"]["event_payload"]["conversation_id"] for each in alerts(world)]
    assert named == ["c2"]


async def test_a_crash_does_not_raise_an_alert_twice(world: World) -> None:
    """After a restart the alert that stands is the one that is changed."""
    world.more.update(SOON)
    world.guest("c1", "Hello?")
    await world.start()
    await world.until(lambda: alerts(world))
    await world.kill()
    await world.start()
    await world.until(lambda: world.thread("c1"))

    world.staff("c1", "Here we are")

    await world.until(lambda: states(world) == ["closed"])
