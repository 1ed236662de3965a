"""Comparisons of the threads that are disturbed while they go on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.app import utc_now
from bridgebot.slack.gateway import Gateway, make_client
from bridgebot.slack.pacing import Pacer
from bridgebot.slack.session import open_session
from bridgebot.store import conversations, records
from bridgebot.store.database import Store
from bridgebot.store.schema import outbox
from bridgebot.workers.catchup import CURSOR, Catchup
from bridgebot.workers.context import Context, Routing
from tests.e2e.world import ALERTS, ANNA, BOT, GUESTS, World, serve
from tests.store.build import about


class Disturbed(Gateway):
    """A gateway before whose n-th reading of a thread something happens."""

    happens: list[Callable[[], object] | None]

    async def thread(
        self, channel: str, ts: str, *, oldest: str | None = None, limit: int = 200
    ) -> AsyncIterator[Mapping[str, Any]]:
        """Let it happen, then walk the thread."""
        now = self.happens.pop(0) if self.happens else None
        if now is not None:
            now()
        async for message in super().thread(channel, ts, oldest=oldest, limit=limit):
            yield message


@dataclass(slots=True)
class Absence:
    """Two threads in which Anna wrote while nobody listened, and who compares them."""

    world: World
    store: Store
    gateway: Disturbed
    catchup: Catchup
    roots: list[str] = field(default_factory=list)

    def writes(self, number: int, text: str) -> str:
        """Let Anna write in a thread."""
        workspace = self.world.slack.workspace
        return workspace.person_writes(ANNA, GUESTS, text, thread_ts=self.roots[number])

    def vanish(self, number: int) -> None:
        """Delete a thread: its replies, then its root."""
        workspace = self.world.slack.workspace
        for ts in [*workspace.channels[GUESTS].threads[self.roots[number]], self.roots[number]]:
            workspace.person_deletes(GUESTS, ts)

    async def found(self) -> set[str]:
        """List the replies that were found, by ts."""
        return set((await self.store.read(lambda c: c.execute(select(outbox.c.ts)))).scalars())


@pytest.fixture
async def absence(tmp_path: Path) -> AsyncIterator[Absence]:
    """Give two conversations with a thread each; the last presence was before them."""
    store = await Store.open(f"sqlite:///{tmp_path}/bridgebot.db")
    async with serve(tmp_path) as world, open_session() as session:
        client = make_client(BOT.bot_token, f"http://127.0.0.1:{world.port}/slack/api/", session)
        gateway = Disturbed(client, Pacer(posts_per_second=0))
        gateway.happens = []
        context = Context(
            store=store,
            owner="host:1:a",
            now=utc_now,
            chance=lambda: 0.0,
            routing=Routing(guests=GUESTS, alerts=ALERTS),
            providers={},
        )
        at = context.ms()
        await store.write(lambda c: records.set_cursor(c, CURSOR, {"at": at}))
        catchup = Catchup(
            context, gateway, bot_user=BOT.user_id, connected=lambda: True, after_seconds=3.0
        )
        opened = Absence(world, store, gateway, catchup)
        for name in ("c1", "c2"):
            ts = await gateway.post(GUESTS, name)
            opened.roots.append(ts)

            async def unit(connection: AsyncConnection, name: str = name, ts: str = ts) -> None:
                row = await conversations.ensure(connection, about(name), channel=GUESTS, now=at)
                await conversations.bind_thread(connection, row.id, GUESTS, ts)

            await store.write(unit)
        yield opened
    await store.close()


@pytest.mark.parametrize("number", [0, 1])
async def test_a_thread_that_vanishes_during_a_comparison_does_not_stop_it(
    absence: Absence, number: int
) -> None:
    """It was listed and is gone when it is read; the other one is read all the same."""
    absence.writes(number, "In the thread that goes")
    kept = absence.writes(1 - number, "In the one that stays")
    absence.gateway.happens = [lambda: absence.vanish(number)]

    await absence.catchup.step()

    assert kept in await absence.found()
    assert absence.catchup.held() == set()


async def test_a_cut_during_a_comparison_is_an_absence_of_its_own(absence: Absence) -> None:
    """What is written in a thread that was read already, while nobody listens, is found as well."""
    first, second = absence.writes(0, "One"), absence.writes(1, "Two")
    late: list[str] = []

    def cut() -> None:
        late.extend([absence.writes(0, "Three"), absence.writes(1, "Four")])
        absence.catchup.was_absent(0.5)
        assert absence.catchup.held() is None

    absence.gateway.happens = [None, cut]
    await absence.catchup.step()

    assert await absence.found() == {first, second, *late}
    assert absence.catchup.held() == set()
