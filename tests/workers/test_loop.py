"""The loop that all workers share."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from bridgebot.errors import StoreError
from bridgebot.workers import loop

FAILURES = 2_000
"""More than the largest number has powers of two: half a day, at one try each half minute."""


class Hindered:
    """A worker that fails for a long time, and wakes itself so that no pause is waited for."""

    name = "hindered"

    def __init__(self, failures: int) -> None:
        self.turns = 0
        self.wake, self.stop = asyncio.Event(), asyncio.Event()
        self._failures = failures

    async def step(self) -> float:
        """Fail, or order the end."""
        self.wake.set()
        self.turns += 1
        if self.turns <= self._failures:
            raise StoreError("the database refused")
        self.stop.set()
        return 0.0


async def test_a_worker_that_is_hindered_for_half_a_day_goes_on() -> None:
    """Its pause has a longest, and its log two lines."""
    worker = Hindered(FAILURES)
    with capture_logs() as logs:
        await loop.run(worker, wake=worker.wake, stop=worker.stop)

    assert worker.turns == FAILURES + 1
    assert [each["event"] for each in logs] == ["worker_hindered", "worker_goes_on"]


async def test_a_worker_may_have_a_longest_pause_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What all others wait for looks again soon."""
    pauses: list[float] = []

    async def pause(seconds: float, _wake: asyncio.Event) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(loop, "_pause", pause)
    worker = Hindered(4)
    worker.longest_pause = 2.0  # type: ignore[attr-defined]
    with capture_logs():
        await loop.run(worker, wake=worker.wake, stop=worker.stop)

    assert pauses == [1.0, 2.0, 2.0, 2.0, 0.0]


async def test_what_is_unforeseen_ends_the_worker() -> None:
    """It takes the process down with it, which is started again."""

    class Broken(Hindered):
        async def step(self) -> float:
            raise ZeroDivisionError

    worker = Broken(0)
    with pytest.raises(ZeroDivisionError), capture_logs() as logs:
        await loop.run(worker, wake=worker.wake, stop=worker.stop)

    assert [each["event"] for each in logs] == ["worker_died"]
