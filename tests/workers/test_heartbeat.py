"""What this node does when its database comes back, and what may not make its heartbeat late."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from bridgebot.errors import StoreError
from bridgebot.store.database import Store
from bridgebot.store.leases import LEASE_MS
from bridgebot.workers.context import Context, Pulse
from bridgebot.workers.heartbeat import Heartbeat
from tests.workers.bench import Clock, bare_context


class Away:
    """A store that refuses some of its writes, each of which takes so many seconds."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.seconds = 0.0
        self._clock = clock
        self.refusals: list[bool] = []
        self._write = store.write_now

    async def write_now(self, unit: Any) -> Any:
        """Refuse, where it is this write's turn to be refused."""
        self._clock.seconds += self.seconds
        if self.refusals and self.refusals.pop(0):
            raise StoreError("the database refused")
        return await self._write(unit)


@pytest.fixture
def context(store: Store, clock: Clock) -> Context:
    """Give a node's context."""
    return bare_context(store, clock, pulse=Pulse(clock.monotonic))


@pytest.fixture
def clock() -> Clock:
    """Give a clock."""
    return Clock()


@pytest.fixture
def away(context: Context, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Away:
    """Let the store refuse when told to."""
    made = Away(context.store, clock)
    monkeypatch.setattr(context.store, "write_now", made.write_now)
    return made


async def test_everybody_goes_on_when_the_database_is_back(context: Context, away: Away) -> None:
    """Their pauses have grown meanwhile; nobody waits for the end of one."""
    gaps: list[float] = []
    heartbeat = Heartbeat(context, on_return=gaps.append)
    await heartbeat.begin()
    away.refusals = [True]
    with pytest.raises(StoreError):
        await heartbeat.step()
    assert gaps == []

    await heartbeat.step()

    assert len(gaps) == 1
    assert context.store.writer.doubts == 1
    for each in fields(context.signals):
        assert getattr(context.signals, each.name).is_set(), each.name


async def test_a_rescue_that_is_refused_does_not_make_the_next_beat_late(
    context: Context, away: Away
) -> None:
    """It is tried again with the next beat."""
    heartbeat = Heartbeat(context)
    await heartbeat.begin()
    away.refusals = [False, True, True]

    assert await heartbeat.step() == LEASE_MS / 3000
    assert away.refusals == []


async def test_a_rescue_that_takes_long_does_not_make_the_next_beat_late(
    context: Context, away: Away, clock: Clock
) -> None:
    """The pause is as much shorter; the lease is renewed on time."""
    heartbeat = Heartbeat(context)
    await heartbeat.begin()
    away.seconds = 1.0

    assert await heartbeat.step() == LEASE_MS / 3000 - 3.0
    away.seconds = 2.0
    assert await heartbeat.step() == 0.0
