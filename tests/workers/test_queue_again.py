"""What the queue brings again, late, or mixed up: known by its id, with clocks by its times."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bridgebot.store import conversations, retention
from bridgebot.store.rows import ConversationRow
from bridgebot.store.schema import inbox, messages
from bridgebot.workers.poller import Poller
from tests.workers.booking_bench import BookingBench, booking_bench

DAY = 86_400.0


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[BookingBench]:
    """Give a queue, a store, and a clock that is moved."""
    async with booking_bench(tmp_path) as made:
        yield made


def _poller(bench: BookingBench) -> Poller:
    provider = bench.provider("queue")
    assert provider.source is not None
    context = bench.context(provider)
    return Poller(context, provider, provider.source, monotonic=bench.clock.monotonic)


async def _take(bench: BookingBench) -> None:
    """Let a process of its own empty the queue."""
    poller = _poller(bench)
    while bench.account.queue:
        await bench.clock.sleep(await poller.step())


async def _row(bench: BookingBench) -> ConversationRow:
    found = await bench.store.read(lambda c: conversations.find(c, "booking", "c1"))
    assert found is not None
    return found


@pytest.mark.parametrize("days", [0.01, 3, 400])
async def test_a_message_that_comes_again_days_later_is_shown_once(
    bench: BookingBench, days: float
) -> None:
    """Also from another process, in the middle of new ones, and more than once in a batch."""
    first = bench.guest("c1", "Hello")
    await _take(bench)
    await bench.clock.sleep(days * DAY)
    second = bench.guest("c1", "Are you there?")
    bench.booking.queue_again(first)
    bench.booking.queue_again(first)
    third = bench.guest("c1", "Hello?")

    await _take(bench)

    assert await bench.shown() == [first, second, third]


async def test_a_message_that_comes_again_after_it_was_erased_stays_erased(
    bench: BookingBench,
) -> None:
    """Its id is kept when its words are not."""
    first = bench.guest("c1", "Hello")
    # Nobody waits for an answer any more.
    answer = bench.booking.property_writes("c1", "Answered in the extranet")
    await _take(bench)
    await bench.clock.sleep(100 * DAY)
    now = bench.context_ms()
    await bench.store.write(
        lambda c: c.execute(update(inbox).values(state="completed", finished_at=now))
    )
    await bench.store.write(
        lambda c: retention.erase_old(c, before=now - int(50 * DAY * 1000), now=now, limit=100)
    )
    bench.booking.queue_again(first)

    await _take(bench)

    assert await bench.rows(select(messages.c.message_id, messages.c.content)) == [
        (first, ""),
        (answer, ""),
    ]
    assert await bench.shown() == [first, answer]


async def test_an_answer_that_comes_back_days_later_answers_nothing_new(
    bench: BookingBench,
) -> None:
    """The copy of what was written elsewhere ends no clock that began after it."""
    bench.guest("c1", "Hello")
    answer = bench.booking.property_writes("c1", "Answered in the extranet")
    await _take(bench)
    await bench.clock.sleep(3 * DAY)
    bench.guest("c1", "And breakfast?")
    await _take(bench)
    waits = (await _row(bench)).awaiting_since
    bench.booking.queue_again(answer)

    await _take(bench)

    assert waits is not None
    assert (await _row(bench)).awaiting_since == waits


@pytest.mark.parametrize("ours_last", [True, False])
async def test_a_batch_that_is_mixed_up_turns_the_clocks_by_its_times(
    bench: BookingBench, ours_last: bool
) -> None:
    """Each is shown once; who waits is told by when things were written, not by their places."""
    ids = [bench.guest("c1", "Hello")]
    await bench.clock.sleep(60)
    if not ours_last:
        ids.append(bench.booking.property_writes("c1", "Answered in the extranet"))
        await bench.clock.sleep(60)
    ids.append(bench.guest("c1", "And breakfast?"))
    last = bench.context_ms()
    await bench.clock.sleep(60)
    if ours_last:
        ids.append(bench.booking.property_writes("c1", "Answered in the extranet"))
    bench.account.queue.reverse()

    await _take(bench)

    assert sorted(await bench.shown()) == sorted(ids)
    row = await _row(bench)
    assert row.awaiting_since == (None if ours_last else last)
    assert row.last_guest_at == last
