"""Taking in what the endpoint has kept."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bridgebot.bridge.delivery import State
from bridgebot.sandbox.messaging.booking import Conversation
from bridgebot.sandbox.messaging.notifications import Notifier, PushSwitches
from bridgebot.store import notifications
from bridgebot.store.schema import conversations, messages, outbox
from bridgebot.store.schema import notifications as table
from bridgebot.workers.lease import STANDBY_SECONDS
from bridgebot.workers.receiver import REMEMBERED_MS
from tests.workers.booking_bench import HOTELS, BookingBench, booking_bench


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[BookingBench]:
    """Give a receiver's surroundings."""
    async with booking_bench(tmp_path) as made:
        yield made


async def _keep(bench: BookingBench, body: dict[str, Any], key: str) -> None:
    raw = json.dumps(body)
    await bench.store.write(
        lambda c: notifications.keep(
            c, provider="booking", key=key, kind="x", body=raw, now=bench.context_ms()
        )
    )


def _body(bench: BookingBench, message_id: str, sender: str = "queue") -> dict[str, Any]:
    """Write the notification of a message, as the stand-in does."""
    notifier = Notifier(bench.booking, switches=PushSwitches(sender=sender))  # type: ignore[arg-type]
    for conversation in bench.booking.conversations.values():
        for message in conversation.messages:
            if message.message_id == message_id:
                return notifier._body(conversation, message)
    raise KeyError(message_id)


async def test_what_waits_is_taken_in_by_time_and_once(bench: BookingBench) -> None:
    """Out of order and twice; afterwards no text is left among the notifications."""
    receiver, sent = bench.receiver(), []
    for number in range(5):
        bench.clock.seconds += 1
        sent.append(bench.guest("c1", f"message {number}"))
    for number in (3, 0, 4, 2, 1, 3):
        await _keep(bench, _body(bench, sent[number]), f"u{number} {bench.clock.seconds}")
        bench.clock.seconds += 0.001

    await receiver.step()

    assert await bench.shown() == sent
    assert {row[0] for row in await bench.rows(select(table.c.body))} == {None}


@pytest.mark.parametrize("word", ["queue", "search", "other"])
async def test_whose_words_they_are_is_known_or_found_out(bench: BookingBench, word: str) -> None:
    """The words for the sender are not documented; guests wait, the property's words do not."""
    receiver = bench.receiver()
    for name, write in (("g", bench.booking.guest_writes), ("p", bench.booking.property_writes)):
        bench.booking.add_conversation(Conversation(name, HOTELS[0], "Ada Example", f"9{name}"))
        await _keep(bench, _body(bench, write(name, "Hello"), word), name)

    await receiver.step()

    query = select(conversations.c.conversation_id, messages.c.sender).join(messages)
    assert dict(await bench.rows(query)) == {"g": "guest", "p": "property"}
    waits = select(conversations.c.conversation_id).where(
        conversations.c.awaiting_since.is_not(None)
    )
    assert await bench.rows(waits) == [("g",)]


async def test_a_sender_nobody_can_name_now_waits_and_holds_nobody_up(bench: BookingBench) -> None:
    """The provider is away: others go on; after two minutes it is shown all the same."""
    receiver = bench.receiver()
    odd, plain = bench.guest("c1", "Hello"), bench.guest("c2", "Hello")
    await _keep(bench, _body(bench, odd, "other"), "u1")
    await _keep(bench, _body(bench, plain), "u2")
    bench.stand_in.faults.add("conversations.by_id", "503", times=1000)
    await receiver.step()
    assert await bench.shown() == [plain]

    await bench.clock.sleep(130)
    await receiver.step()

    assert await bench.shown() == [plain, odd]


async def test_the_echo_of_a_reply_that_is_still_out_is_known(bench: BookingBench) -> None:
    """It comes by a notification with a word of its own, before the answer to our post."""
    receiver = bench.receiver()
    await _keep(bench, _body(bench, bench.guest("c1", "Hello")), "u1")
    await receiver.step()
    values = {
        "conversation": 1,
        "channel": "C1",
        "ts": "1.1",
        "thread_ts": "1.0",
        "user_id": "U1",
        "event": "{}",
        "kind": "reply",
        "content": "Welcome",
        "state": State.EXECUTING.value,
        "due_at": 0,
        "started_at": bench.context_ms(),
        "created_at": 0,
    }
    await bench.store.write(lambda c: c.execute(outbox.insert().values(**values)))
    echo = bench.booking.property_writes("c1", "Welcome", api=True)
    await _keep(bench, _body(bench, echo, "other"), "u2")

    await receiver.step()

    assert echo not in await bench.shown()
    query = select(messages.c.origin, messages.c.reply).where(messages.c.message_id == echo)
    assert await bench.rows(query) == [("slack", 1)]


async def test_one_node_takes_in_and_another_goes_on(bench: BookingBench) -> None:
    """The second stands by until the first is gone; nothing is taken in twice."""
    first, second = bench.receiver("host:1:a"), bench.receiver("host:2:b")
    await first.step()
    sent = bench.guest("c1", "Hello")
    await _keep(bench, _body(bench, sent), "u1")

    assert await second.step() == STANDBY_SECONDS
    await bench.clock.sleep(20)
    await second.step()
    await bench.clock.sleep(20)
    await first.step()

    assert await bench.shown() == [sent]


async def test_a_body_that_cannot_be_read_is_put_aside(bench: BookingBench) -> None:
    """Whole, with an alert; the one beside it goes on."""
    receiver = bench.receiver()
    good = bench.guest("c1", "Hello")
    broken = _body(bench, good)
    broken["payload"] = {**broken["payload"], "message_id": "other", "timestamp": "soon"}
    await _keep(bench, broken, "u1")
    await _keep(bench, {"metadata": {}, "payload": "text"}, "u2")
    await _keep(bench, _body(bench, good), "u3")

    await receiver.step()

    assert await bench.shown() == [good]
    assert [kind for kind, _, _ in await bench.alerts()] == ["quarantined"] * 2


async def test_what_was_taken_in_long_ago_is_forgotten(bench: BookingBench) -> None:
    """The keys of two weeks stay; what waits is never forgotten."""
    receiver = bench.receiver()
    await _keep(bench, _body(bench, bench.guest("c1", "Hello")), "u1")
    await receiver.step()
    await bench.clock.sleep(REMEMBERED_MS / 1000 + 3600)
    await receiver.step()

    assert await bench.rows(select(func.count()).select_from(table)) == [(0,)]
