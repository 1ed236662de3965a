"""What the shipped process writes down at debug level, over a day in which much goes wrong."""

from __future__ import annotations

import json
from datetime import timedelta

import httpx
import jwt
import pytest

from bridgebot.sandbox.messaging.attachments import guest_sends
from bridgebot.sandbox.slack.files import person_uploads
from tests.e2e.snaps import jpeg, png
from tests.e2e.test_saved import drafted, fill, kept, listed
from tests.e2e.test_sources import HOOK, SECRET, use
from tests.e2e.world import ALERTS, ANNA, GUESTS, HOSTEL_KEY, PAT, TOM, World

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


CARD = "4111 1111 1111 1111"
MORE_WORDS = {
    "a guest's text that was notified of": "phaeton",
    "a guest's text that was found by reading": "landau",
    "a guest's text beside a picture": "brougham",
    "the name of a guest's picture": "barouche",
    "a guest's text at Hostel Mate": "tilbury",
    "a guest's name at Hostel Mate": "Sam Lodger",
    "the name of a saved reply": "Curricle",
    "a saved reply": "hansom",
    "what was written in a form": "stanhope",
    "a reply beside a picture": "berline",
    "the name of staff's picture": "diligence",
    "a file that cannot go": "tarantass",
    "an old message": "troika",
    "a card number": CARD,
    "a guest's name": "Ada Lovelock",
    "a colleague's name": "Anna Keller",
    "the secret of notifications": SECRET,
    "the address of the webhook": HOOK,
    "Hostel Mate's key": HOSTEL_KEY,
    # Three letters alone stand in many a random id.
    "a token for notifications": jwt.encode({}, "x" * 32, algorithm="HS256").partition(".")[0],
}


async def _another_day(world: World) -> None:
    """Let the workers have something to do that the first day leaves idle."""
    mate, booking = world.hostelmate.mate, world.booking.booking
    world.conversation("c1", guest_name="Ada Lovelock")
    booking.guest_writes("c1", "troika")
    booking.conversations["c1"].messages[0].at -= timedelta(days=40)
    booking.accounts["id"].queue.clear()
    await world.start()
    mate.open_thread("hostelmate", thread_id="t1", guest_name="Sam Lodger")
    here = [world.guest("c1", f"phaeton {CARD}"), mate.guest_writes("t1", "tilbury")]
    await world.until(lambda: all(map(world.shown, here)))
    await _pictures_go(world)
    await _notifications_fail(world)
    await _a_saved_reply_goes(world)
    root = world.root("c1")
    assert root is not None
    world.slack.interactions.press_button(ANNA, GUESTS, root["ts"], "older_show")
    await world.until(lambda: "troika" in str(world.thread("c1")))
    # The alert about the guest of the other provider, who waits, with what was written.
    await world.until(lambda: "tilbury" in str(world.messages(ALERTS)))
    assert await world.stop() == 0


async def _pictures_go(world: World) -> None:
    """Pictures both ways, with faults on their way, and one file that cannot go."""
    world.booking.faults.add("attachments.info", "503")
    world.slack.faults.add("files.completeUploadExternal", "drop_after")
    guest_sends(world.booking.booking, "c1", "barouche.jpg", jpeg(), "brougham")
    await world.until(lambda: any("files" in post for post in world.thread("c1")))
    guest_sends(world.booking.booking, "c1", "barouche.jpg", b"%PDF-1.4", "brougham")
    await world.until(lambda: "is not shown" in str(world.thread("c1")))
    workspace = world.slack.workspace
    sent = person_uploads(workspace, ANNA, "diligence.png", png())
    refused = person_uploads(workspace, ANNA, "tarantass.pdf", b"%PDF-1.4")
    world.staff("c1", "berline", files=[sent])
    await world.until(lambda: world.got("c1") == ["berline"])
    world.staff("c1", "berline", files=[refused])
    await world.until(lambda: "tarantass.pdf" in str(world.thread("c1")))


async def _notifications_fail(world: World) -> None:
    """One is lost and the message found by reading; one comes twice; one is forged."""
    world.notifier.faults.add("notifications.push", "drop_before")
    found = world.guest("c2", "landau")
    await world.until(lambda: world.shown(found))
    world.notifier.faults.add("notifications.push", "drop_after")
    twice = world.guest("c2", "phaeton")
    await world.until(lambda: world.shown(twice))
    url = f"http://{world.more['HTTP_BIND']}/booking/notifications"
    forged = {"Authorization": "Bearer eyJ.forged.token"}
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(url, json={"payload": "landau"}, headers=forged)
    assert answer.status_code == 401


async def _a_saved_reply_goes(world: World) -> None:
    """Somebody writes it, chooses it in the thread, changes it, and sends it."""
    await listed(world)
    await kept(world, "Curricle", "hansom for {guest}")
    world.slack.modals.close(ANNA)
    await drafted(world)
    fill(world, "stanhope for Ada Lovelock")
    await world.until(lambda: "stanhope for Ada Lovelock" in world.got("c1"))


async def _told(world: World, *arguments: str) -> tuple[str, str]:
    """Run a command beside the bridge; give what it printed and what it logged."""
    status, out, errors = await world.command(*arguments)
    assert status == 0, errors
    return out, errors


async def test_no_worker_and_no_command_logs_words(world: World) -> None:
    """Pictures, notifications, reading, Hostel Mate, saved replies, alerts; export and erasure."""
    use(world, "notifications", "conversations")
    world.more |= {
        "LOG_LEVEL": "debug",
        "HOSTELMATE_API_KEY": HOSTEL_KEY,
        "HOSTELMATE_WEBHOOK_SECRET": HOOK,
        "ALERT_AFTER_MINUTES": "0.01",
        "RETENTION_DAYS": "30",
    }
    world.webhook.url = f"http://{world.more['HTTP_BIND']}/hostelmate/events/{HOOK}"

    await _another_day(world)
    exported, exporting = await _told(world, "db", "export", "--reservation", "9c1")
    _, erasing = await _told(world, "db", "forget", "--reservation", "9c1", "--yes")

    log = world.log.read_text("utf-8") + exporting + erasing
    for event in ("picture_handled", "enclosed", "pushed", "received", "reply_sent"):
        assert f'"event": "{event}"' in log, event
    assert "brougham" in exported
    assert {what for what, word in (MORE_WORDS | _secrets(world)).items() if word in log} == set()
