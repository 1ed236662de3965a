"""What this node does when its database comes back, and what may not make its heartbeat late."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from bridgebot.errors import StoreError
from bridgebot.store.database import Store
from bridgebot.store.leases import LEASE_MS
from bridgebot.workers.context import Context, Routing
from bridgebot.workers.heartbeat import Heartbeat
from tests.workers.bench import Clock


class Away:
    """A store that refuses some of its writes."""

    def __init__(self, store: Store) -> None:
        self.refusals: list[bool] = []
        self._write = store.write_now

    async def write_now(self, unit: Any) -> Any:
        """Refuse, where it is this write's turn to be refused."""
        if self.refusals and self.refusals.pop(0):
            raise StoreError("the database refused")
        return await self._write(unit)


@pytest.fixture
def context(store: Store, clock: Clock) -> Context:
    """Give a node's context."""
    return Context(
        store=store,
        owner="host:1:a",
        now=clock.now,
        chance=lambda: 0.0,
        routing=Routing(guests="C1", alerts="C2"),
        providers={},
    )


@pytest.fixture
def clock() -> Clock:
    """Give a clock."""
    return Clock()


@pytest.fixture
def away(context: Context, monkeypatch: pytest.MonkeyPatch) -> Away:
    """Let the store refuse when told to."""
    made = Away(context.store)
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
