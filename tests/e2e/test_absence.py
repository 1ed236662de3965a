"""What happened in Slack while nobody listened is found in the threads."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from tests.e2e.world import ALERTS, ANNA, GUESTS, World

pytestmark = pytest.mark.e2e


async def _opened(world: World) -> None:
    """Run the bot until a thread is open, then let Slack's repetitions fail at once."""
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    world.slack.sockets.retries = ()


async def test_replies_edits_and_deletions_of_an_absence_are_found(world: World) -> None:
    """After a start the threads are compared: what waits there is sent, as it stands now."""
    await _opened(world)
    await world.stop()
    workspace = world.slack.workspace
    first = world.staff("c1", "Written while you were away")
    edited, deleted = world.staff("c1", "Helo"), world.staff("c1", "Oops")
    workspace.person_edits(ANNA, GUESTS, edited, "Hello")
    workspace.person_deletes(GUESTS, deleted)
    note = world.staff("c1", "// internal")
    await world.until_dropped(6)

    await world.start()

    await world.until(lambda: world.marks(first) and world.marks(edited) and world.marks(note))
    assert world.got("c1") == ["Written while you were away", "Hello"]
    assert world.marks(note) == ["lock"]


async def test_a_second_start_sends_nothing_again(world: World) -> None:
    """What was sent before is known, however often the threads are compared."""
    await _opened(world)
    ts = world.staff("c1", "Welcome")
    await world.until(lambda: world.marks(ts))
    for _ in range(2):
        await world.stop()
        await world.start()

    last = world.staff("c1", "Bye")
    await world.until(lambda: world.marks(last))

    assert world.got("c1") == ["Welcome", "Bye"]


async def test_a_long_cut_is_followed_by_a_comparison(world: World) -> None:
    """A reply whose event was given up while the socket was away is found without a restart."""
    world.more["RECONCILE_AFTER_SECONDS"] = "0.5"
    await _opened(world)
    world.slack.sockets.refusing = True
    world.slack.sockets.cut()
    await world.until(lambda: b"slack_gone" in world.log.read_bytes(), 40)
    ts = world.staff("c1", "In the gap")
    await world.until_dropped(1)
    world.slack.sockets.refusing = False

    await world.until(lambda: world.marks(ts), 60)
    assert world.got("c1") == ["In the gap"]


async def test_a_reply_found_late_is_asked_about_first(world: World) -> None:
    """Older than the limit: its author decides by a button."""
    await _opened(world)
    await world.stop()
    ts = world.staff("c1", "From yesterday")
    await world.until_dropped(1)
    world.more["REPLY_MAX_AGE_HOURS"] = "0.00001"

    await world.start()
    await world.until(lambda: "Send it now?" in world.thread("c1")[-1]["text"])
    assert world.got("c1") == []
    world.slack.interactions.press_button(ANNA, GUESTS, world.thread("c1")[-1]["ts"], "held_send")

    await world.until(lambda: world.marks(ts) == ["white_check_mark"])
    assert world.got("c1") == ["From yesterday"]


async def test_a_reply_found_late_is_not_overtaken(world: World) -> None:
    """Replies written after the start wait until their thread has been compared."""
    await _opened(world)
    await world.stop()
    world.staff("c1", "Written first")
    await world.until_dropped(1)
    world.slack.faults.add("conversations.replies", "delay", seconds=1.5)

    await world.start()
    last = world.staff("c1", "Written second")

    await world.until(lambda: world.marks(last))
    assert world.got("c1") == ["Written first", "Written second"]


async def test_a_reply_lost_in_a_short_cut_is_not_overtaken(world: World) -> None:
    """Even a connection that is replaced at once is followed by a look at the recent threads."""
    await _opened(world)
    sockets = world.slack.sockets
    sockets.retries = (60.0,)
    await sockets.hang_up()
    world.staff("c1", "Written first")
    await world.until(lambda: sockets.connections)

    last = world.staff("c1", "Written second")

    await world.until(lambda: world.marks(last))
    assert world.got("c1") == ["Written first", "Written second"]


async def test_a_guest_who_was_answered_elsewhere_meanwhile_is_no_alert(world: World) -> None:
    """The queue brings the answer after the start: nobody is called before it could."""
    world.more |= {"ESCALATE_AFTER_MINUTES": "30", "ESCALATE_TO": "here"}
    await _opened(world)
    await world.stop()
    with contextlib.closing(sqlite3.connect(world.directory / "bridgebot.db")) as other:
        hour = "UPDATE conversations SET awaiting_since = awaiting_since - 3600000, watch_at = 0"
        other.execute(hour)
        other.commit()
    answer = world.booking.booking.property_writes("c1", "Answered in the extranet")
    world.booking.faults.add("messages.latest", "delay", seconds=2.5)

    await world.start()
    await world.until(lambda: world.shown(answer))
    await world.until(lambda: "answered" in str(world.root("c1")))

    assert world.messages(ALERTS) == []
