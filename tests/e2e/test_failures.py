"""Failures on either side and in the middle: nothing lost, nothing twice, nothing out of order."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest

from bridgebot.bridge.delivery import REFUSED_DELAY
from tests.e2e.world import ALERTS, BOT, GUESTS, World

pytestmark = pytest.mark.e2e


async def test_killed_and_started_again_nothing_is_lost_or_twice(world: World) -> None:
    """After ``kill -9`` in the middle of the work, each message is there once."""
    messages = [world.guest(f"c{number % 4}", f"message {number}") for number in range(40)]
    await world.start()
    await world.until(lambda: sum(map(world.shown, messages)) > 3)
    await world.kill()

    await world.start()

    await world.until(lambda: all(map(world.shown, messages)))
    assert [world.shown(each) for each in messages] == [1] * 40
    assert [len(world.roots(f"c{number}")) for number in range(4)] == [1] * 4


async def test_replies_under_way_at_a_kill_arrive_once_and_in_order(world: World) -> None:
    """Replies captured before ``kill -9`` are sent once, in order, after it."""
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    words = [f"line {number}" for number in range(12)]
    stamps = [world.staff("c1", each) for each in words]
    await world.until(lambda: len(world.got("c1")) >= 3)
    await world.kill()

    await world.start()

    await world.until(lambda: all(map(world.marks, stamps)))
    assert world.got("c1") == words


@pytest.mark.parametrize("kind", ["drop_after", "internal_error"])
async def test_a_post_whose_answer_is_lost_stands_once(world: World, kind: str) -> None:
    """Posts and roots that Slack took without saying so are found, not repeated."""
    world.slack.faults.add("chat.postMessage", kind, times=3)  # type: ignore[arg-type]
    messages = [world.guest("c1", "one"), world.guest("c1", "two"), world.guest("c2", "three")]
    await world.start()

    await world.until(lambda: all(map(world.shown, messages)))
    await world.until(lambda: world.queued() == 0)

    assert [world.shown(each) for each in messages] == [1, 1, 1]
    assert [len(world.roots(each)) for each in ("c1", "c2")] == [1, 1]


async def test_a_reply_whose_answer_is_lost_arrives_once(world: World) -> None:
    """A reply that Booking.com took without saying so is found in the conversation."""
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    world.booking.faults.add("conversations.post", "drop_after", times=2)

    stamps = [world.staff("c1", each) for each in ("ok", "ok", "bye")]

    await world.until(lambda: all(map(world.marks, stamps)))
    assert world.got("c1") == ["ok", "ok", "bye"]
    await world.until(lambda: world.queued() == 0)
    assert len(world.thread("c1")) == 4


async def test_a_reply_that_was_dropped_on_the_way_is_sent_again(world: World) -> None:
    """What surely is not there after the other side's time goes out once more."""
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    world.booking.faults.add("conversations.post", "drop_before")

    ts = world.staff("c1", "Welcome")

    await world.until(lambda: world.marks(ts) == ["white_check_mark"])
    assert world.got("c1") == ["Welcome"]


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "500"])
async def test_a_confirm_whose_outcome_is_unknown_takes_nothing_away(
    world: World, kind: str
) -> None:
    """After an unclear confirm everything still arrives once."""
    world.booking.faults.add("messages.confirm", kind)  # type: ignore[arg-type]
    first = [world.guest("c1", f"message {number}") for number in range(120)]
    await world.start()
    await world.until(lambda: world.shown(first[0]))
    later = [world.guest("c2", f"later {number}") for number in range(5)]

    await world.until(lambda: all(map(world.shown, [*first, *later])))
    await world.until(lambda: world.queued() == 0)
    assert [world.shown(each) for each in (*first, *later)] == [1] * 125


async def test_a_message_delivered_again_is_shown_once(world: World) -> None:
    """The queue may repeat what was confirmed."""
    message = world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.queued() == 0 and world.shown(message))

    for _ in range(3):
        world.booking.booking.queue_again(message)

    await world.until(lambda: world.queued() == 0)
    assert world.shown(message) == 1


async def test_an_event_delivered_twice_is_one_reply(world: World) -> None:
    """Socket Mode delivers at least once."""
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    world.slack.sockets.duplicating = 3

    stamps = [world.staff("c1", each) for each in ("one", "two")]

    await world.until(lambda: all(map(world.marks, stamps)))
    assert world.got("c1") == ["one", "two"]


async def test_refusals_of_both_sides_pass(world: World) -> None:
    """429, 500 and HTML on every call for a while lose and repeat nothing."""
    await world.start()
    for kind in ("429", "500", "html"):
        world.slack.faults.add("*", kind, times=2, chance=0.5, seconds=1)
        world.booking.faults.add("*", kind, times=2, chance=0.5)
    messages = [world.guest(f"c{number % 3}", f"message {number}") for number in range(9)]

    await world.until(lambda: all(map(world.shown, messages)), 40)
    stamps = [world.staff("c1", each) for each in ("one", "two")]

    await world.until(lambda: all(map(world.marks, stamps)), 40)
    assert [world.shown(each) for each in messages] == [1] * 9
    assert world.got("c1") == ["one", "two"]


async def test_a_cut_socket_comes_back_and_loses_nothing(world: World) -> None:
    """What was written while the socket was gone is delivered when it is back."""
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))

    await world.slack.sockets.disconnect()
    ts = world.staff("c1", "Written in the gap")

    await world.until(lambda: world.marks(ts), 30)
    assert world.got("c1") == ["Written in the gap"]


def _credentials(world: World) -> list[str]:
    """List how the alerts about refused credentials stand."""
    told = [
        (each.get("metadata") or {}).get("event_payload", {}) for each in world.messages(ALERTS)
    ]
    return [each["state"] for each in told if each.get("kind") == "credentials"]


async def test_refused_credentials_discard_nothing(world: World) -> None:
    """While credentials are refused replies wait, under one alert; then they go out, in order."""
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    account = world.booking.booking.accounts["id"]
    account.tokens.clear()
    account.client_secret = "changed"
    began = time.monotonic()
    words = ["Welcome", "until eleven"]

    stamps = [world.staff("c1", each) for each in words]
    await world.until(lambda: _credentials(world))
    await world.until(lambda: b"reply_failed" in world.log.read_bytes())
    refused = world.booking.booking.refused
    await world.until(lambda: world.booking.booking.refused > refused + 1)
    assert _credentials(world) == ["open"]
    assert "warning" not in itertools.chain(*map(world.marks, stamps))
    account.client_secret = "secret"

    await world.until(lambda: world.got("c1") == words, 60)
    await world.until(lambda: _credentials(world) == ["closed"])
    await world.until(lambda: [world.marks(ts) for ts in stamps] == [["white_check_mark"]] * 2)
    # The reply knocked twice a minute, and not again and again.
    tries = world.log.read_bytes().count(b'"reply_failed"')
    assert tries <= 1 + (time.monotonic() - began) / REFUSED_DELAY


async def test_a_token_that_slack_refuses_discards_nothing(world: World) -> None:
    """While Slack refuses the bot's token messages wait; then they are shown, once and in order."""
    first = world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.shown(first))
    world.slack.workspace.revoked.add(BOT.bot_token)
    began = time.monotonic()
    later = [world.guest("c1", "one"), world.guest("c1", "two"), world.guest("c2", "three")]
    await world.until(lambda: world.log.read_bytes().count(b'"post_failed"') >= 2)
    await world.until(lambda: world.queued() == 0)
    world.slack.workspace.revoked.clear()

    await world.until(lambda: all(map(world.shown, later)), 60)

    assert [world.shown(each) for each in (first, *later)] == [1] * 4
    assert [each["text"] for each in world.thread("c1")] == ["Hello", "one", "two"]
    assert "could not be shown" not in str(world.messages(ALERTS))
    tries = world.log.read_bytes().count(b'"post_failed"')
    assert tries <= 2 * (1 + (time.monotonic() - began) / REFUSED_DELAY)


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "internal_error"])
async def test_a_long_message_goes_on_after_the_part_that_arrived(world: World, kind: str) -> None:
    """Slack's answer to its second part is lost: each part stands once, and none is missing."""
    first = world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.shown(first))
    text = "\n\n".join(f"Paragraph {number} " + "words " * 80 for number in range(30))
    world.slack.faults.add("chat.postMessage", "delay")
    world.slack.faults.add("chat.postMessage", kind)  # type: ignore[arg-type]

    world.guest("c1", text)
    last = world.guest("c1", "That was long")
    await world.until(lambda: world.shown(last))

    posts = world.thread("c1")[1:-1]
    told = [post["metadata"]["event_payload"] for post in posts]
    assert len(posts) > 2
    assert [each["part"] for each in told] == [*range(1, told[0]["parts"] + 1)]
    assert "".join("".join(post["text"].split()) for post in posts) == "".join(text.split())


async def test_a_thread_whose_root_was_deleted_opens_anew(world: World) -> None:
    """A guest who writes after somebody removed the thread gets a new one."""
    first = world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.shown(first))
    root = world.root("c1")
    assert root is not None
    for message in [*world.thread("c1"), root]:
        world.slack.workspace.person_deletes(GUESTS, message["ts"])

    second = world.guest("c1", "Anybody there?")

    await world.until(lambda: world.shown(second))
    assert len(world.roots("c1")) == 1


async def test_a_second_process_on_the_database_shares_the_work(
    world: World, tmp_path: Path
) -> None:
    """Two processes on one database: one polls, both deliver, each message once."""
    world.more["DATABASE_URL"] = f"sqlite:///{tmp_path}/shared.db"
    await world.start()
    first = world.process
    await world.start()
    messages = [world.guest(f"c{number % 5}", f"message {number}") for number in range(60)]
    await world.until(lambda: all(map(world.shown, messages)))
    stamps = [world.staff("c1", f"line {number}") for number in range(6)]
    await world.until(lambda: all(map(world.marks, stamps)))

    assert [world.shown(each) for each in messages] == [1] * 60
    assert world.got("c1") == [f"line {number}" for number in range(6)]
    assert first is not None
    first.kill()
    await first.wait()
    later = world.guest("c9", "After one died")
    await world.until(lambda: world.shown(later), 40)
