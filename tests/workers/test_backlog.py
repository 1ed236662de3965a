"""A backlog of 1,000 messages over 10 channels drains below Slack's limits, everybody in turn."""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bridgebot.model import (
    Batch,
    Conversation,
    ConversationId,
    Message,
    MessageId,
    PropertyId,
    ProviderName,
    Received,
    SenderKind,
)
from bridgebot.sandbox.slack.state import Channel
from bridgebot.session import open_session
from bridgebot.slack.files import Files
from bridgebot.slack.gateway import Gateway, make_client
from bridgebot.slack.pacing import WORKSPACE, Pacer
from bridgebot.store import inbox
from bridgebot.store.database import Store
from bridgebot.workers.context import Context, Pulse, Routing
from bridgebot.workers.intake import store_batch
from bridgebot.workers.poster import ELSEWHERE_SECONDS, Poster
from tests.e2e.world import ALERTS, BOT, GUESTS, World, serve

BOOKING = ProviderName("booking")
CHANNELS, GUESTS_EACH, MESSAGES_EACH = 10, 5, 20
ROUNDS = 10
"""Turns of the event loop in which nothing moves: whoever was woken is surely on the way."""

ALL = CHANNELS * GUESTS_EACH * MESSAGES_EACH


@dataclass(slots=True)
class Time:
    """A time that passes when all who are at work sleep."""

    seconds: float = 1_000_000.0
    sleepers: list[tuple[float, int, asyncio.Event]] = field(default_factory=list)
    slept: int = 0

    def now(self) -> datetime:
        """Tell the time of day."""
        return datetime(2026, 5, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """Tell the seconds."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Sleep until the time has passed."""
        woken = asyncio.Event()
        self.slept += 1
        heapq.heappush(self.sleepers, (self.seconds + seconds, self.slept, woken))
        await woken.wait()

    def passes(self, pause: float) -> None:
        """Let so much pass, or less: up to when the first sleeper wakes."""
        end = self.seconds + pause
        if self.sleepers and self.sleepers[0][0] <= end:
            end, _, woken = heapq.heappop(self.sleepers)
            woken.set()
        self.seconds = max(self.seconds, end)


class Queue(Pacer):
    """A pacer that knows how many wait in it for their turn."""

    inside = 0

    async def turn(self, method: str, channel: str | None = None) -> None:
        """Wait until this call may be made."""
        self.inside += 1
        try:
            await super().turn(method, channel)
        finally:
            self.inside -= 1


@dataclass(slots=True)
class Drain:
    """A poster between a store and a Slack with its limits on."""

    world: World
    context: Context
    poster: Poster
    pacer: Queue
    time: Time
    written: int = 0

    async def guests(self, *names: str, text: str = "Hello") -> None:
        """Let each of these guests write once; the first figure of a name is the property."""
        batch = []
        for name in names:
            self.written += 1
            about = Conversation(
                provider=BOOKING,
                conversation_id=ConversationId(name),
                property_id=PropertyId(name[:1]),
            )
            message = Message(
                message_id=MessageId(f"m{self.written}"),
                sender=SenderKind.GUEST,
                content=text,
                sent_at=self.time.now(),
            )
            batch.append(Received(conversation=about, message=message, raw="{}"))
        await self.context.store.write(
            lambda c: store_batch(c, self.context, BOOKING, Batch(messages=tuple(batch)))
        )

    async def work(self, seconds: float) -> None:
        """Post for so long, or until there is nothing to post for as long as a pause."""
        end = self.time.seconds + seconds
        while self.time.seconds < end:
            pause = await self.poster.step()
            await self._until_all_wait()
            if pause:
                self.time.passes(pause)

    async def _until_all_wait(self) -> None:
        """Let everybody go on until each one who is at work waits for the time to pass."""
        still = 0
        while still < ROUNDS:
            await asyncio.sleep(0)
            still = still + 1 if self.poster.pool.busy == self.pacer.inside else 0

    def posts(self) -> list[tuple[int, str]]:
        """List number and text of the messages that are shown."""
        return [
            (int(message["metadata"]["event_payload"]["message_id"][1:]), message["text"])
            for channel in self.world.slack.workspace.channels.values()
            for message in channel.messages.values()
            if (message.get("metadata") or {}).get("event_type") == "bridgebot_message"
        ]


@pytest.fixture
async def drain(tmp_path: Path) -> AsyncIterator[Drain]:
    """Give a poster with ten channels, none of them asked anything yet."""
    time = Time()
    store = await Store.open(f"sqlite:///{tmp_path}/bridgebot.db")
    async with serve(tmp_path) as world, open_session() as session:
        workspace, limits = world.slack.workspace, world.slack.limits
        workspace.now = lambda: time.now().timestamp()
        limits.now, limits.enabled = time.monotonic, True
        places = {str(number): f"C0PLACE{number}" for number in range(CHANNELS)}
        for channel in places.values():
            workspace.add_channel(Channel(channel, channel.lower(), members={BOT.user_id}))
        context = Context(
            store=store,
            owner="host:1:a",
            now=time.now,
            chance=lambda: 0.5,
            routing=Routing(guests=GUESTS, alerts=ALERTS, by_property=places),
            providers={},
        )
        client = make_client(BOT.bot_token, f"http://127.0.0.1:{world.port}/slack/api/", session)
        pacer = Queue(time.monotonic, time.sleep)
        gateway = Gateway(client, pacer, sleep=time.sleep)
        yield Drain(world, context, Poster(context, gateway, Files(gateway, client)), pacer, time)
    await store.close()


async def test_a_thousand_messages_drain_at_the_paced_rate_and_everybody_in_turn(
    drain: Drain,
) -> None:
    """No 429 at all, not slower than the limits, no guest far behind, and the newest not last."""
    names = [f"{place}-{guest}" for guest in range(GUESTS_EACH) for place in range(CHANNELS)]
    for _ in range(MESSAGES_EACH):
        await drain.guests(*names)
    began, per_second = drain.time.seconds, WORKSPACE.per_minute / 60

    await drain.work(ALL / per_second / 2)
    shown = Counter((number - 1) % len(names) for number, _ in drain.posts())
    assert len(shown) == len(names)
    # Turns taken in the same millisecond go by age: a few conversations are a turn behind.
    assert max(shown.values()) - min(shown.values()) <= 3
    await drain.guests("3-new", text="I stand before the door")
    await drain.work(20)
    assert any("before the door" in text for _, text in drain.posts())
    while len(drain.posts()) < ALL + 1:
        await drain.work(5)

    assert drain.world.slack.limits.limited == 0
    roots = len(names) + 1
    assert drain.time.seconds - began < (ALL + 1 + roots) / per_second + 15
    assert sorted(number for number, _ in drain.posts()) == [*range(1, ALL + 2)]


async def test_who_writes_in_a_flood_stands_behind_nobody_who_has_to_wait(drain: Drain) -> None:
    """What Slack's limits hold back is not claimed, in the same channel either."""
    for _ in range(3):
        await drain.guests(*(f"3-{guest}" for guest in range(20)))
    await drain.work(20)
    shown = len(drain.posts())
    assert shown < 3 * 20
    # Each of the others has had a turn, so that somebody new is the next.
    await drain.work(30)
    for name in ("new", "newer", "newest"):
        await drain.guests(f"3-{name}", text=f"I stand before the {name} door")
        await drain.work(4)
        assert any(f"the {name} door" in text for _, text in drain.posts())


async def test_what_waits_is_left_alone_where_no_channel_has_its_turn(
    drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look reads all that waits; one channel that is ready, or some seconds, make it worth it."""
    looks: list[int] = []
    every, ready = drain.context.routing.channels(), set[str]()

    async def claim(*_arguments: object, **_more: object) -> list[object]:
        looks.append(1)
        return []

    monkeypatch.setattr(inbox, "claim", claim)
    monkeypatch.setattr(Gateway, "full", lambda _self: every - ready)
    context = replace(drain.context, pulse=Pulse(drain.time.monotonic))
    poster = Poster(context, drain.poster._gateway, drain.poster._gallery._files)

    for _ in range(3):
        await poster.step()
    assert len(looks) == 1
    ready.add("C0PLACE3")
    await poster.step()
    assert len(looks) == 2
    ready.clear()
    drain.time.seconds += ELSEWHERE_SECONDS
    await poster.step()
    assert len(looks) == 3
