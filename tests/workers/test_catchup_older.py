"""Threads older than what roots tell are compared one by one, below Slack's limits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.session import open_session
from bridgebot.slack.gateway import Gateway, make_client
from bridgebot.slack.pacing import LIMITS, Pacer
from bridgebot.store import conversations, lookups, records
from bridgebot.store.database import Store
from bridgebot.store.schema import outbox
from bridgebot.workers.catchup import CURSOR, LIVELY_MS, Catchup
from bridgebot.workers.context import Context, Routing
from bridgebot.workers.found import ROOTS_MS
from tests.e2e.world import ALERTS, ANNA, BOT, GUESTS, World, serve
from tests.store.build import about
from tests.workers.bench import Clock

DAY = 86_400.0
READS = "conversations.replies"


@dataclass(slots=True)
class Years:
    """A channel with threads of every age, a clock that is moved, and who compares them."""

    world: World
    store: Store
    context: Context
    gateway: Gateway
    clock: Clock
    roots: dict[str, str] = field(default_factory=dict)

    async def thread(self, name: str, *, opened: float, active: float) -> None:
        """Open a thread so many days ago, the oldest first; the guest wrote last ``active`` ago."""
        at = self.clock.seconds
        self.clock.seconds = at - opened * DAY
        root = await self.gateway.post(GUESTS, name)
        last = self.context.ms() + int((opened - active) * DAY * 1000)
        self.clock.seconds = at

        async def unit(connection: AsyncConnection) -> None:
            row = await conversations.ensure(connection, about(name), channel=GUESTS, now=last)
            await conversations.bind_thread(connection, row.id, GUESTS, root)
            await conversations.note_guest(connection, row.id, last)

        await self.store.write(unit)
        self.roots[name] = root

    async def leaves(self) -> None:
        """Remember that somebody listens until now, then let an hour pass."""
        at = self.context.ms()
        await self.store.write(lambda c: records.set_cursor(c, CURSOR, {"at": at}))
        self.clock.seconds += 3600

    def writes(self, name: str) -> str:
        """Let Anna answer in a thread."""
        workspace = self.world.slack.workspace
        return workspace.person_writes(ANNA, GUESTS, "Hello", thread_ts=self.roots[name])

    async def found(self) -> set[str]:
        """List the replies that were found, by ts."""
        return set((await self.store.read(lambda c: c.execute(select(outbox.c.ts)))).scalars())

    def read(self) -> list[str]:
        """List the conversations whose threads were read, in order."""
        names = {root: name for name, root in self.roots.items()}
        calls = (each for each in self.world.slack.workspace.wire if each["what"] == READS)
        return [names[str(each["request"]["ts"])] for each in calls]

    def catchup(self, pacer: Pacer) -> Catchup:
        """Make what compares, behind a pacer of its own."""
        return Catchup(
            self.context,
            Gateway(self.gateway._client, pacer, sleep=self.clock.sleep),
            bot_user=BOT.user_id,
            connected=lambda: True,
            after_seconds=3.0,
        )


@pytest.fixture
async def years(tmp_path: Path) -> AsyncIterator[Years]:
    """Give a channel without threads; Slack's limits are on once threads are compared."""
    store, clock = await Store.open(f"sqlite:///{tmp_path}/bridgebot.db"), Clock()
    async with serve(tmp_path) as world, open_session() as session:
        workspace = world.slack.workspace
        workspace.now = lambda: clock.now().timestamp()
        workspace.wire = type(workspace.wire)(maxlen=5000)
        client = make_client(BOT.bot_token, f"http://127.0.0.1:{world.port}/slack/api/", session)
        context = Context(
            store=store,
            owner="host:1:a",
            now=clock.now,
            chance=lambda: 0.0,
            routing=Routing(guests=GUESTS, alerts=ALERTS),
            providers={},
        )
        yield Years(world, store, context, Gateway(client, Pacer(posts_per_second=0)), clock)
    await store.close()


def _limited(years: Years) -> Pacer:
    """Switch Slack's limits on, and make a pacer for them."""
    limits = years.world.slack.limits
    limits.now, limits.enabled = years.clock.monotonic, True
    return Pacer(years.clock.monotonic, years.clock.sleep)


OLD = 80


async def test_older_conversations_are_compared_one_by_one_below_the_limits(years: Years) -> None:
    """A call for each in which something happened lately; none for the others; no 429 at all."""
    for name, count, opened, active in (
        ("asleep", 3, 90, 40),
        ("old", OLD, 20, 5),
        ("recent", 3, 3, 1),
    ):
        for number in range(count):
            await years.thread(f"{name}{number}", opened=opened, active=active)
    await years.leaves()
    wanted = {years.writes(name) for name in ("old0", "old41", f"old{OLD - 1}", "recent1")}
    pacer, began = _limited(years), years.clock.seconds

    await years.catchup(pacer).step()

    assert await years.found() == wanted
    read = years.read()
    assert sorted(read) == sorted([*(f"old{number}" for number in range(OLD)), "recent1"])
    assert years.world.slack.limits.limited == 0
    tier = LIMITS[READS]
    paced = (len(read) - tier.burst) / tier.per_minute * 60
    assert paced - 1 < years.clock.seconds - began < paced + 5


async def test_a_short_absence_does_not_read_older_threads(years: Years) -> None:
    """They cost a call each: after a moment's cut only what the roots tell is read."""
    await years.thread("old", opened=20, active=5)
    await years.thread("recent", opened=3, active=1)
    await years.leaves()
    compare = years.catchup(_limited(years))
    await compare.step()
    before = len(years.read())
    old, recent = years.writes("old"), years.writes("recent")

    compare.was_absent(0.5)
    await compare.step()
    assert await years.found() == {recent}
    assert years.read()[before:] == ["recent"]
    compare.was_absent(60)
    await compare.step()

    assert await years.found() == {recent, old}


async def test_what_counts_as_old_and_as_lively(years: Years) -> None:
    """A fortnight for the roots, a month for what happened, by the guest or by the hotel."""
    day = DAY * 1000
    for name, opened, active in (
        ("edge", 60, LIVELY_MS / day - 0.1),
        ("asleep", 59, LIVELY_MS / day + 0.1),
        ("answered", 58, 50),
        ("older", ROOTS_MS / day + 0.1, 1),
        ("roots", ROOTS_MS / day - 0.1, 1),
    ):
        await years.thread(name, opened=opened, active=active)
    lately = years.context.ms() - int(day)

    async def unit(connection: AsyncConnection) -> list[str]:
        row = await conversations.find(connection, "booking", "answered")
        assert row is not None
        await conversations.note_answer(connection, row.id, lately, "slack:U1")
        now = years.context.ms()
        found = await lookups.older_threads(
            connection, before=f"{(now - ROOTS_MS) / 1000:.6f}", active=now - LIVELY_MS
        )
        return [each.about.conversation_id for each in found]

    assert await years.store.write(unit) == ["edge", "answered", "older"]
