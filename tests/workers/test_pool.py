"""The pool: what comes to a free one is taken at once, places of a busy one are gathered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from bridgebot.workers.context import Pulse
from bridgebot.workers.pool import GATHER, Pool


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
        self.pool: Pool[Row] = Pool(
            size=8,
            claim=self._claim,
            handle=self._handle,
            recover=lambda _row: asyncio.sleep(0),
            release=lambda _known: asyncio.sleep(0),
            doubts=lambda: 0,
            pulse=Pulse(lambda: self.seconds),
            wake=asyncio.Event(),
        )

    async def _claim(self, room: int) -> Sequence[Row]:
        self.claims.append(room)
        first, found = len(self.ends), min(room, self.there)
        self.there -= found
        self.ends += [asyncio.Event() for _ in range(found)]
        return [Row(first + number) for number in range(found)]

    async def _handle(self, row: Row) -> None:
        await self.ends[row.id].wait()

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
