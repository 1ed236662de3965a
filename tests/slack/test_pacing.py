"""Pacing: bursts, rates, holds and who waits for whom."""

from __future__ import annotations

import asyncio
import math

import pytest

from bridgebot.slack.pacing import LIMITS, POST, WORKSPACE, Pacer

TIERS = {
    "reactions.remove": 20,
    "chat.update": 50,
    "reactions.add": 50,
    "conversations.history": 50,
    "conversations.replies": 50,
    "users.info": 100,
    "views.publish": 100,
    "chat.postEphemeral": 100,
}


class Clock:
    """A clock that moves when somebody sleeps on it, to the earliest of all alarms."""

    def __init__(self) -> None:
        self.time = 1000.0
        self._alarms: list[tuple[float, asyncio.Event]] = []

    def now(self) -> float:
        """Tell the time."""
        return self.time

    async def sleep(self, seconds: float) -> None:
        """Sleep until the clock was moved that far."""
        rung = asyncio.Event()
        self._alarms.append((self.time + seconds, rung))
        await rung.wait()

    async def run(self, *tasks: asyncio.Task[None]) -> None:
        """Move from alarm to alarm until the tasks are done."""
        while True:
            for _ in range(50):
                await asyncio.sleep(0)
            if all(task.done() for task in tasks):
                return
            self._alarms.sort(key=lambda alarm: alarm[0])
            self.time, rung = self._alarms.pop(0)
            rung.set()


@pytest.fixture
def clock() -> Clock:
    """Give a clock that stands still."""
    return Clock()


async def _turns(
    clock: Clock, pacer: Pacer, calls: list[tuple[str, str | None]]
) -> list[tuple[float, str | None]]:
    """Ask for turns at once; list when each came."""
    began, seen = clock.time, []

    async def call(method: str, channel: str | None) -> None:
        await pacer.turn(method, channel)
        seen.append((round(clock.time - began, 3), channel))

    await clock.run(*[asyncio.create_task(call(*each)) for each in calls])
    return seen


async def test_posts_in_a_channel_come_in_a_burst_then_one_a_second(clock: Clock) -> None:
    """Five posts go at once, those after them a second apart."""
    pacer = Pacer(clock.now, clock.sleep)
    seen = await _turns(clock, pacer, [(POST, "C1")] * 8)
    assert [at for at, _ in seen] == [0, 0, 0, 0, 0, 1, 2, 3]


async def test_a_full_channel_does_not_delay_another(clock: Clock) -> None:
    """Who waits for one channel never stands in the way of the others."""
    pacer = Pacer(clock.now, clock.sleep, burst=1)
    seen = await _turns(clock, pacer, [(POST, "C1"), (POST, "C1"), (POST, "C1"), (POST, "C2")])
    assert seen == [(0, "C1"), (0, "C2"), (1, "C1"), (2, "C1")]


async def test_all_posts_together_stay_below_the_workspace_limit(clock: Clock) -> None:
    """However many channels there are, the workspace has its own pace."""
    pacer = Pacer(clock.now, clock.sleep)
    calls: list[tuple[str, str | None]] = [(POST, f"C{n}") for n in range(WORKSPACE.burst + 4)]
    seen = await _turns(clock, pacer, calls)
    assert [at for at, _ in seen][-5:] == [0, 0.25, 0.5, 0.75, 1.0]


async def test_zero_posts_a_second_means_unpaced(clock: Clock) -> None:
    """With 0 a second posts wait for nothing but a refusal."""
    pacer = Pacer(clock.now, clock.sleep, posts_per_second=0)
    seen = await _turns(clock, pacer, [(POST, "C1")] * 500)
    assert {at for at, _ in seen} == {0}
    pacer.refused(POST, "C1", 7)
    assert await _turns(clock, pacer, [(POST, "C1")] * 2) == [(7, "C1")] * 2


@pytest.mark.parametrize(("method", "tier"), TIERS.items())
async def test_no_minute_sees_more_calls_than_the_tier(
    clock: Clock, method: str, tier: int
) -> None:
    """The burst and a minute's refill together stay below what Slack allows in a minute."""
    assert LIMITS[method].burst + LIMITS[method].per_minute < tier
    pacer = Pacer(clock.now, clock.sleep)
    seen = await _turns(clock, pacer, [(method, "C1")] * (tier * 2))
    times = [at for at, _ in seen]
    for begin in times:
        assert sum(begin <= at < begin + 60 for at in times) <= tier


async def test_methods_have_budgets_of_their_own(clock: Clock) -> None:
    """Reactions that wait do not delay a post."""
    pacer = Pacer(clock.now, clock.sleep)
    calls: list[tuple[str, str | None]] = [("reactions.remove", "C1")] * 9
    seen = await _turns(clock, pacer, [*calls, (POST, "C9")])
    assert (0, "C9") in seen
    assert seen[-1][0] > 10


async def test_a_refusal_holds_the_bucket_and_takes_the_burst_away(clock: Clock) -> None:
    """After a 429 nothing goes for ``Retry-After`` seconds, and then at the ordinary pace."""
    pacer = Pacer(clock.now, clock.sleep)
    pacer.refused(POST, "C1", 30)
    assert pacer.ready_in(POST, "C1") == 30
    assert pacer.ready_in(POST, "C2") == 0
    seen = await _turns(clock, pacer, [(POST, "C1")] * 3)
    assert [at for at, _ in seen] == [30, 31, 32]


async def test_a_refusal_reaches_those_who_wait_already(clock: Clock) -> None:
    """Who was waiting for a turn waits for the refusal's end as well."""
    pacer = Pacer(clock.now, clock.sleep, burst=1)
    await pacer.turn(POST, "C1")
    waiting = asyncio.create_task(pacer.turn(POST, "C1"))
    await asyncio.sleep(0)
    pacer.refused(POST, "C1", 10)
    began = clock.time
    await clock.run(waiting)
    assert clock.time - began == 10


async def test_readiness_counts_those_who_wait(clock: Clock) -> None:
    """``ready_in`` tells what a new caller would wait, the queue before it included."""
    pacer = Pacer(clock.now, clock.sleep, burst=1)
    assert pacer.ready_in(POST, "C1") == 0
    await pacer.turn(POST, "C1")
    assert pacer.ready_in(POST, "C1") == pytest.approx(1.0)
    waiting = [asyncio.create_task(pacer.turn(POST, "C1")) for _ in range(3)]
    await asyncio.sleep(0)
    assert pacer.ready_in(POST, "C1") == pytest.approx(4.0)
    await clock.run(*waiting)


async def test_a_caller_who_gives_up_leaves_no_trace(clock: Clock) -> None:
    """A cancelled turn uses no token and is no longer counted."""
    pacer = Pacer(clock.now, clock.sleep, burst=1)
    await pacer.turn(POST, "C1")
    waiting = asyncio.create_task(pacer.turn(POST, "C1"))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert pacer.ready_in(POST, "C1") == pytest.approx(1.0)


async def test_room_is_what_could_go_at_once(clock: Clock) -> None:
    """The channel's tokens, or the workspace's; less by those who wait; none while it is held."""
    pacer = Pacer(clock.now, clock.sleep, burst=3)
    assert (pacer.room(POST, "C1"), pacer.room(POST)) == (3, WORKSPACE.burst)
    waiting = [asyncio.create_task(pacer.turn(POST, "C1")) for _ in range(5)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (pacer.room(POST, "C1"), pacer.room(POST, "C2")) == (0, 3)
    await clock.run(*waiting)
    clock.time += 1.5
    assert pacer.room(POST, "C1") == 1
    pacer.refused(POST, "C1", 10)
    assert pacer.room(POST, "C1") == 0
    assert Pacer(clock.now, clock.sleep, posts_per_second=0).room(POST, "C1") == math.inf


async def test_who_waits_for_a_channel_takes_no_room_from_the_others(clock: Clock) -> None:
    """Many may wait for one that Slack holds, while the workspace has tokens for the rest."""
    pacer = Pacer(clock.now, clock.sleep)
    for _ in range(WORKSPACE.burst):
        await pacer.turn("chat.postMessage")
    clock.time += 1
    pacer.refused(POST, "C1", 30)
    waiting = [asyncio.create_task(pacer.turn(POST, "C1")) for _ in range(5)]
    await asyncio.sleep(0)
    assert (pacer.room(POST), pacer.room(POST, "C2"), pacer.full(POST)) == (4, 4, ["C1"])
    await asyncio.wait_for(pacer.turn(POST, "C2"), 1)
    await clock.run(*waiting)
