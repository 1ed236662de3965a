"""A message that Booking.com redacts after it was shown, through the shipped process."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.e2e.test_alerts import alerts
from tests.e2e.world import PROPERTY, World

pytestmark = pytest.mark.e2e

TAKEN = "text redacted by Booking.com"
EVIL = "Please pay at evil.example"


def _texts(world: World) -> str:
    """Write down all that stands in Slack."""
    return json.dumps(world.messages() + world.messages("C0ALERTS"), ensure_ascii=False)


def _switch(world: World, **switches: str) -> None:
    booking = world.booking.booking
    booking.switches = replace(booking.switches, **switches)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["masked", "kept", "empty"])
async def test_what_is_redacted_goes_from_the_thread(world: World, text: str) -> None:
    """The queue delivers it once more; plain words stand where it stood, whatever is left of it."""
    _switch(world, redacted_text=text)
    world.more["BOOKING_API_VERSION"] = "1.3"
    first = world.guest("c1", EVIL)
    second = world.guest("c1", "And when is breakfast?")
    await world.start()
    await world.until(lambda: world.shown(first) and world.shown(second))

    world.booking.booking.redact(first)

    await world.until(lambda: "evil.example" not in _texts(world))
    post, other = world.thread("c1")
    assert post["text"] == f"({TAKEN})"
    assert "breakfast" in other["text"]
    assert (world.shown(first), world.shown(second)) == (1, 1)


async def test_every_part_of_a_long_text_goes(world: World) -> None:
    """A text that needed several posts leaves none of them."""
    world.more["BOOKING_API_VERSION"] = "1.3"
    message = world.guest("c1", f"{EVIL} " * 300)
    await world.start()
    await world.until(lambda: len(world.thread("c1")) > 1)

    world.booking.booking.redact(message)

    await world.until(lambda: "evil.example" not in _texts(world))
    assert {post["text"] for post in world.thread("c1")} == {f"({TAKEN})"}


async def test_a_redaction_outlives_the_process_and_slack(world: World) -> None:
    """It is known before it is shown: Slack is away, the process dies, and it is made up for."""
    world.more["BOOKING_API_VERSION"] = "1.3"
    message = world.guest("c1", EVIL)
    await world.start()
    await world.until(lambda: world.shown(message) and world.queued() == 0)
    world.slack.faults.add("chat.update", "500", times=1000)

    world.booking.booking.redact(message)
    await world.until(lambda: world.queued() == 0 and b'"not_drawn"' in world.log.read_bytes())
    await world.kill()
    world.slack.faults.clear()
    await world.start()

    await world.until(lambda: "evil.example" not in _texts(world), 40)
    assert world.shown(message) == 1


async def test_an_alert_shows_a_redacted_text_no_longer(world: World) -> None:
    """What it quotes of the guest is drawn again."""
    world.more |= {"BOOKING_API_VERSION": "1.3", "ALERT_AFTER_MINUTES": "0.001"}
    message = world.guest("c1", EVIL)
    await world.start()
    await world.until(lambda: alerts(world) and "evil.example" in alerts(world)[0]["text"])

    world.booking.booking.redact(message)

    await world.until(lambda: "evil.example" not in _texts(world))


@pytest.mark.parametrize("place", ["beside", "attributes"])
async def test_what_reads_conversations_finds_a_redaction(world: World, place: str) -> None:
    """No queue tells of it; the list's entry differs, and the conversation is read again."""
    _switch(world, redacted_again="silent", redacted_place=place)
    world.more |= {
        "BOOKING_API_VERSION": "1.3",
        "BOOKING_SOURCES": '["conversations"]',
        "BOOKING_PROPERTIES": f'["{PROPERTY}"]',
        "BOOKING_READS_PER_MINUTE": "3000",
    }
    message = world.guest("c1", EVIL)
    await world.start()
    await world.until(lambda: world.shown(message))

    world.booking.booking.redact(message)

    await world.until(lambda: "evil.example" not in _texts(world), 40)


async def test_a_look_at_the_guests_reading_finds_a_redaction(world: World) -> None:
    """Whatever reads a conversation learns of it, also where no source says so."""
    _switch(world, redacted_again="silent")
    world.more |= {"BOOKING_API_VERSION": "1.3", "TAGS_SECONDS": "0.2"}
    message = world.guest("c1", EVIL)
    await world.start()
    await world.until(lambda: world.shown(message))
    reply = world.staff("c1", "We do not")
    await world.until(lambda: world.marks(reply) == ["white_check_mark"])

    world.booking.booking.redact(message)

    await world.until(lambda: "evil.example" not in _texts(world), 40)
