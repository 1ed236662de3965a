"""The pool: what comes to a free one is taken at once, places of a busy one are gathered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from bridgebot.errors import StoreError
from bridgebot.store.leases import LEASE_MS
from bridgebot.workers import pool
from bridgebot.workers.context import Pulse
from bridgebot.workers.pool import AGAIN, DOUBTFUL, GATHER, Pool


@dataclass(frozen=True, slots=True)
class Row:
    """A delivery."""

    id: int


class Queue:
    """Rows, a clock, and calls that end when they are told to."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.claims: list[int] = []
        self.there = 10_000
        self.ends: list[asyncio.Event] = []
        self.doubts = 0
        self.locked: set[int] = set()
        self.error: Exception = StoreError("the database refused")
        self.recovers: list[int] = []
        self.released: list[float] = []
        self.pulse = Pulse(lambda: self.seconds)
        self.pool: Pool[Row] = Pool(
            size=8,
            claim=self._claim,
            handle=self._handle,
            recover=self._recover,
            release=self._release,
            doubts=lambda: self.doubts,
            pulse=self.pulse,
            wake=asyncio.Event(),
        )

    async def _claim(self, room: int) -> Sequence[Row]:
        self.claims.append(room)
        first, found = len(self.ends), min(room, self.there)
        self.there -= found
        self.ends += [asyncio.Event() for _ in range(found)]
        return [Row(first + number) for number in range(found)]

    async def _recover(self, row: Row) -> None:
        self.recovers.append(row.id)
        if row.id in self.locked:
            raise self.error

    async def _release(self, _known: object) -> None:
        self.released.append(self.seconds)

    async def _handle(self, row: Row) -> None:
        await self.ends[row.id].wait()
        if row.id in self.locked:
            raise StoreError("the database refused")

    async def end(self, number: int) -> None:
        """Let so many of the oldest calls end."""
        for event in [each for each in self.ends if not each.is_set()][:number]:
            event.set()
        for _ in range(4):
            await asyncio.sleep(0)


async def test_places_are_gathered_for_a_moment() -> None:
    """One place of eight that comes free waits for others, but not longer than the moment."""
    queue = Queue()
    await queue.pool.fill()
    await queue.end(1)

    await queue.pool.fill()
    assert 0 < queue.pool.gathers <= GATHER
    await queue.end(1)
    queue.seconds += GATHER
    await queue.pool.fill()

    assert queue.claims == [8, 2]
    await queue.end(99)


async def test_a_pool_with_room_takes_at_once() -> None:
    """Half of the places are free: nothing is gained by waiting."""
    queue = Queue()
    await queue.pool.fill()
    await queue.end(4)

    assert queue.pool.gathers == 0
    await queue.pool.fill()

    assert queue.claims == [8, 4]
    await queue.end(99)


async def test_a_pool_that_found_too_little_does_not_ask_again_at_once() -> None:
    """What comes wakes; to ask every moment what waits costs more the more there is."""
    queue = Queue()
    queue.there = 7
    await queue.pool.fill()

    assert queue.pool.busy == 7
    assert queue.pool.gathers == 0
    await queue.end(99)


async def test_a_claim_whose_answer_was_lost_is_looked_for_again() -> None:
    """The server may commit it long after the client gave it up."""
    queue = Queue()
    queue.doubts, queue.there = 1, 0
    for second in range(100):
        queue.seconds = float(second)
        await queue.pool.fill()

    assert queue.released == [AGAIN * turn for turn in range(int(DOUBTFUL / AGAIN) + 1)]


async def test_an_end_that_cannot_be_recorded_holds_up_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It keeps its place, and is tried again, until it is written down what became of it."""
    monkeypatch.setattr(pool, "RECOVER_AGAIN", 0.0)
    queue = Queue()
    queue.locked = {0}
    await queue.pool.fill()
    await queue.end(8)

    assert (queue.pool.busy, set(queue.recovers)) == (1, {0})
    await queue.pool.fill()
    assert queue.claims == [8, 7]
    queue.locked.clear()
    await queue.end(7)

    assert queue.pool.busy == 0


async def test_what_is_unforeseen_in_a_recovery_is_raised_by_the_next_look() -> None:
    """The row's end is not known: nobody shall take it for one that was never sent."""
    queue = Queue()
    queue.locked, queue.error = {0}, ZeroDivisionError()
    await queue.pool.fill()
    await queue.end(8)

    with pytest.raises(ZeroDivisionError):
        await queue.pool.fill()
    assert queue.released == []


async def test_nothing_is_claimed_while_the_lease_has_run_out() -> None:
    """It could not be sent, and others would take it for what a dead node held."""
    queue = Queue()
    queue.pulse.beat(0.0)
    queue.seconds = LEASE_MS / 1000
    await queue.pool.fill()
    assert queue.claims == []

    queue.pulse.beat(queue.seconds)
    await queue.pool.fill()
    assert queue.claims == [8]
    await queue.end(99)


async def test_what_is_unforeseen_is_raised_by_the_next_look() -> None:
    """Its place is free then."""
    queue = Queue()
    queue.there = 1
    await queue.pool.fill()
    queue.ends.clear()
    await asyncio.sleep(0)

    with pytest.raises(IndexError):
        await queue.pool.fill()
    assert queue.pool.busy == 0
