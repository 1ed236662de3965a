"""What the shipped process writes down at debug level, over a day in which much goes wrong."""

from __future__ import annotations

import json

import pytest

from tests.e2e.world import ALERTS, ANNA, GUESTS, PAT, TOM, World

pytestmark = pytest.mark.e2e

WORDS = {
    "a guest's text": "zeppelin",
    "a guest's text that could not be shown at first": "dirigible",
    "an entry that cannot be read": "ornithopter",
    "an attribute of a message": "autogyro",
    "a reply": "gyrocopter",
    "a reply before it was edited": "biplane",
    "a reply that is deleted": "triplane",
    "a reply whose answer was lost": "hovercraft",
    "a reply that is refused": "velocipede",
    "a reply that is too long": "penny-farthing",
    "a note": "unicycle",
    "what an outsider wrote": "rickshaw",
    "what is looked for": "palanquin",
    "a guest's name": "Ada Lovelock",
    "a colleague's name": "Anna Keller",
    "an outsider's name": "Pat Partner",
    "a visitor's name": "Tom Visitor",
}


async def _a_day(world: World) -> None:
    """Let everything happen that could bring words into a log."""
    await _messages_come(world)
    await _staff_answer(world)
    await _replies_fail(world)
    await _people_ask(world)
    await world.kill()
    world.slack.sockets.refusing = False
    await world.start()
    last = world.guest("late", "and the zeppelin?")
    await world.until(lambda: world.shown(last))
    assert await world.stop() == 0


async def _messages_come(world: World) -> None:
    for name in ("c1", "closed"):
        world.conversation(name, guest_name="Ada Lovelock")
    world.slack.faults.add("chat.postMessage", "internal_error", times=1)
    world.slack.faults.add("chat.postMessage", "html", times=1)
    for kind in ("429", "500", "html", "drop_before"):
        world.booking.faults.add("messages.latest", kind)
    world.booking.faults.add("messages.confirm", "401")
    first = world.guest("c1", "Is the zeppelin included?", attributes={"x": "autogyro"})
    await world.start()
    world.booking.booking.queue_junk({"content": "ornithopter", "sender": ["Ada Lovelock"]})
    second = world.guest("c1", "And the dirigible?")
    third = world.guest("closed", "zeppelin")
    await world.until(lambda: all(map(world.shown, (first, second, third))))
    await world.until(lambda: world.messages(ALERTS))


async def _staff_answer(world: World) -> None:
    edited = world.staff("c1", "Only the biplane is.")
    world.slack.workspace.person_edits(ANNA, GUESTS, edited, "Only the gyrocopter is.")
    deleted = world.staff("c1", "The triplane too.")
    world.slack.workspace.person_deletes(GUESTS, deleted)
    world.staff("c1", "// ask about the unicycle")
    world.staff("c1", "Take the rickshaw", user=PAT)
    world.staff("c1", "Take the rickshaw", user=TOM)
    await world.until(lambda: world.got("c1") == ["Only the gyrocopter is."])


async def _replies_fail(world: World) -> None:
    world.booking.faults.add("conversations.post", "drop_after")
    world.staff("c1", "There is a hovercraft.")
    world.booking.booking.set_access("closed", "read_only")
    refused = world.staff("closed", "Take the velocipede.")
    too_long = world.staff("closed", "penny-farthing " * 400)
    await world.until(lambda: "There is a hovercraft." in world.got("c1"))
    await world.until(lambda: world.marks(refused) and world.marks(too_long))


async def _people_ask(world: World) -> None:
    act = world.slack.interactions
    for user in (ANNA, TOM):
        act.slash_command(user, GUESTS, "/reservation", "palanquin")
        act.slash_command(user, GUESTS, "/reservation", "Ada Lovelock")
        act.slash_command(user, GUESTS, "/unanswered", "palanquin")
    await world.until(lambda: len(world.slack.workspace.ephemerals) >= 6)
    world.slack.sockets.refusing = True
    await world.slack.sockets.disconnect()
    await world.until(lambda: "slack_gone" in world.log.read_text("utf-8"))


def _secrets(world: World) -> dict[str, str]:
    """List every token that was used, those that were exchanged included."""
    own = world.environment()
    named = {name: own[f"BRIDGEBOT_{name}"] for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN")}
    tokens = world.booking.booking.accounts["id"].tokens
    exchanged = {f"exchanged token {number}": each for number, each in enumerate(tokens)}
    assert exchanged
    return {
        **named,
        **exchanged,
        "the machine account's secret": own["BRIDGEBOT_BOOKING_CLIENT_SECRET"],
        "a socket's ticket": "ticket=",
        "an address to answer at": "/slack/response/",
    }


@pytest.mark.parametrize("form", ["json", "console"])
async def test_no_words_names_or_tokens_are_logged_at_any_level(world: World, form: str) -> None:
    """Whatever happens, logs hold ids and constant words; in JSON every line is JSON."""
    world.more |= {"LOG_LEVEL": "debug", "LOG_FORMAT": form, "MAX_REPLY_CHARS": "1000"}
    world.more["BOOKING_CLIENT_SECRET"] = world.booking.booking.accounts["id"].client_secret = (
        "hush-hush"
    )

    await _a_day(world)

    log = world.log.read_text("utf-8")
    assert log.count("received") > 2
    assert {what for what, word in (WORDS | _secrets(world)).items() if word in log} == set()
    if form == "json":
        assert all(isinstance(json.loads(line), dict) for line in log.splitlines())
