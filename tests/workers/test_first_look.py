"""The first look after a start waits for what was answered elsewhere, and for nobody in vain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from bridgebot.bridge.waiting import MINUTE, Step
from bridgebot.store.rows import ConversationRow
from bridgebot.store.schema import messages
from bridgebot.workers.poller import Poller
from bridgebot.workers.receiver import Receiver
from bridgebot.workers.walker import Walker
from bridgebot.workers.watchman import LONGEST_WAIT, Watchman
from tests.workers.bench import HOSTEL, bench_on
from tests.workers.booking_bench import HOTELS, BookingBench, booking_bench
from tests.workers.desk import Node, Office, rules


@dataclass
class Source:
    """Something that brings messages in, as far as the watchman sees it."""

    caught_up: bool = False
    standby: bool = False


async def _restarted(office: Office, *sources: Source) -> tuple[Node, ConversationRow]:
    """Start a process while a guest waits for an hour already."""
    office.desk = rules(steps=(Step(after=30 * MINUTE, to="here"),))
    row = await office.guest(await office.node("before"))
    office.later(60)
    node = await office.node("after")
    node.watchman = Watchman(node.context, office.desk, sources)
    await node.work()
    return node, row


async def test_who_was_answered_elsewhere_meanwhile_is_no_alert(office: Office) -> None:
    """The queue brings the answer after the start: nobody is called for that guest at night."""
    queue, other = Source(), Source(caught_up=True)
    node, waiting = await _restarted(office, queue, other)
    assert office.alerts() == []

    await office.guest(node, "c2")
    await office.answer(node, waiting)
    queue.caught_up = True
    await node.work()
    assert (office.alerts(), office.calls()) == ([], [])

    office.later(16)
    queue.caught_up = False
    await node.work()
    assert office.states() == ["open"]
    assert "c2" in str(office.alerts()[0]["metadata"])


async def test_a_source_that_is_never_heard_delays_the_look_by_a_minute_at_most(
    office: Office,
) -> None:
    """Then what is known counts, and is raised with all its steps."""
    node, _ = await _restarted(office, Source())
    office.clock.seconds += LONGEST_WAIT - 1
    await node.work()
    assert office.alerts() == []

    office.clock.seconds += 1
    await node.work()

    assert (office.states(), len(office.calls())) == (["open"], 1)


async def test_a_node_that_stands_by_looks_when_the_other_one_surely_lives(office: Office) -> None:
    """The lease may be that of one that died: this node is about to poll, and hears it then."""
    source = Source(standby=True)
    node, _ = await _restarted(office, source)
    assert office.alerts() == []

    office.clock.seconds += 12
    await node.work()

    assert office.states() == ["open"]


def _consumer(bench: BookingBench, kind: str) -> Walker | Poller | Receiver:
    """Make what takes messages from one of Booking.com's sources."""
    if kind == "receiver":
        return bench.receiver()
    return bench.both()[kind == "poller"]


@pytest.mark.parametrize("kind", ["poller", "walker"])
async def test_a_source_has_caught_up_when_all_that_was_there_is_stored(
    tmp_path: Path, kind: str
) -> None:
    """Not by its first fetch, and not before the last message is in the store."""
    async with booking_bench(tmp_path) as bench:
        for number in range(120):
            bench.clock.seconds += 1
            bench.guest(f"c{number}", "Hello", HOTELS[number % 2])
        consumer = _consumer(bench, kind)
        while not consumer.caught_up:
            await bench.clock.sleep(await consumer.step())

        assert len(await bench.rows(select(messages.c.id))) == 120


@pytest.mark.parametrize("kind", ["poller", "walker"])
async def test_a_provider_that_is_away_delays_nothing_beyond_its_first_failure(
    tmp_path: Path, kind: str
) -> None:
    """What is known counts then."""
    async with booking_bench(tmp_path) as bench:
        for endpoint in ("messages.latest", "conversations.list"):
            bench.stand_in.faults.add(endpoint, "503", times=1_000)
        consumer = _consumer(bench, kind)

        await consumer.step()

        assert consumer.caught_up


async def test_notifications_are_caught_up_when_none_is_kept(tmp_path: Path) -> None:
    """What the endpoint kept is all there is to know of them."""
    async with booking_bench(tmp_path) as bench:
        receiver = _consumer(bench, "receiver")
        assert not receiver.caught_up

        await receiver.step()

        assert receiver.caught_up


async def test_a_list_is_caught_up_when_its_conversations_are_read(tmp_path: Path) -> None:
    """Hostel Mate has a list in place of a queue."""
    async with bench_on(tmp_path) as bench:
        for number in range(30):
            bench.mate.open_thread(HOSTEL, thread_id=f"t{number}")
            bench.mate.guest_writes(f"t{number}", "Hello")
        reader = bench.reader()
        while not reader.caught_up:
            await bench.clock.sleep(await reader.step())

        assert len(await bench.stored()) == 30
